# npm ci, unless what the lock file names is there already: two build folders
# share these packages, and a machine without a network may have them.
set(have node_modules/.package-lock.json)
if(EXISTS ${have} AND ${have} IS_NEWER_THAN package-lock.json)
    return()
endif()
execute_process(COMMAND ${NPM} ci --no-audit --no-fund --prefer-offline
    RESULT_VARIABLE failed)
if(failed)
    message(FATAL_ERROR "npm could not fetch the packages of tests/web")
endif()
