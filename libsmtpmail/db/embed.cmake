# Turns schema/NNNN.sql and schema/NNNN_DRIVER.sql into one C file, so that the
# library needs no file beside it.
#   cmake -DFOLDER=.../schema -DOUT=schema.c -P embed.cmake

# A constant as a C string, line by line.
function(as_string out file)
    file(READ ${file} text)
    string(REPLACE "\\" "\\\\" text "${text}")
    string(REPLACE "\"" "\\\"" text "${text}")
    string(REPLACE "\n" "\\n\"\n    \"" text "${text}")
    set(${out} "\"${text}\"" PARENT_SCOPE)
endfunction()

set(entries)
file(GLOB files ${FOLDER}/[0-9][0-9][0-9][0-9].sql)
list(SORT files)
foreach(file IN LISTS files)
    get_filename_component(version ${file} NAME_WE)
    as_string(common ${file})
    foreach(driver sqlite postgres)
        set(${driver} "\"\"")
        if(EXISTS ${FOLDER}/${version}_${driver}.sql)
            as_string(${driver} ${FOLDER}/${version}_${driver}.sql)
        endif()
    endforeach()
    string(REGEX REPLACE "^0+" "" version ${version})
    string(APPEND entries
        "    {\n    ${version},\n    ${common},\n    ${sqlite},\n    ${postgres}\n    },\n")
endforeach()

file(WRITE ${OUT} "/* Made from schema/ by embed.cmake. */
#include \"db/migrate.h\"

const struct smail__migration smail__migrations[] = {
${entries}};
const size_t smail__migration_count =
    sizeof(smail__migrations) / sizeof(smail__migrations[0]);
")
