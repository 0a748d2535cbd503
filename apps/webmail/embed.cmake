# Writes OUT: the files that MANIFEST lists, as C (see page.h). Without a
# MANIFEST the table is empty.
#
# MANIFEST is a JSON list of {path, type, immutable, gzip, fields}: the file
# stands beside it under its path, its packed form under the same with ".gz".
cmake_minimum_required(VERSION 3.20)

function(put_bytes name path)
    file(READ ${path} bytes HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" bytes
        "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    file(APPEND ${OUT}.new
        "static const unsigned char ${name}[] = {\n${bytes}\n0};\n")
endfunction()

file(WRITE ${OUT}.new "#include \"page.h\"\n\n")
set(rows)
set(count 0)
if(MANIFEST)
    file(READ ${MANIFEST} manifest)
    get_filename_component(folder ${MANIFEST} DIRECTORY)
    string(JSON count LENGTH "${manifest}")
endif()
if(count GREATER 0)
    math(EXPR last "${count} - 1")
    foreach(i RANGE ${last})
        string(JSON path GET "${manifest}" ${i} path)
        string(JSON type GET "${manifest}" ${i} type)
        string(JSON immutable GET "${manifest}" ${i} immutable)
        string(JSON gzip ERROR_VARIABLE none GET "${manifest}" ${i} gzip)
        string(JSON fields ERROR_VARIABLE none GET "${manifest}" ${i} fields)
        if(fields MATCHES "NOTFOUND$")
            set(fields "")
        endif()
        string(REPLACE "\\" "\\\\" fields "${fields}")
        string(REPLACE "\"" "\\\"" fields "${fields}")
        string(REGEX REPLACE "\r?\n" "\\\\r\\\\n" fields "${fields}")
        string(REGEX REPLACE "^/+" "" path "${path}")
        if(path STREQUAL "")
            set(path index.html)
        endif()
        file(SHA256 ${folder}/${path} tag)
        string(SUBSTRING ${tag} 0 32 tag)
        put_bytes(file_${i} ${folder}/${path})
        set(packed "NULL, 0")
        if(gzip AND EXISTS ${folder}/${path}.gz)
            put_bytes(packed_${i} ${folder}/${path}.gz)
            set(packed "packed_${i}, sizeof(packed_${i}) - 1")
        endif()
        if(immutable)
            set(immutable true)
        else()
            set(immutable false)
        endif()
        string(APPEND rows "    { \"/${path}\", \"${type}\",\n"
            "      \"${tag}\", \"${fields}\", ${immutable},\n"
            "      file_${i}, sizeof(file_${i}) - 1, ${packed} },\n")
    endforeach()
endif()
file(APPEND ${OUT}.new "\nconst struct page_file page_files[] = {\n${rows}"
    "    { NULL, NULL, NULL, NULL, false, NULL, 0, NULL, 0 },\n};\n\n"
    "const size_t page_file_count = ${count};\n")
file(RENAME ${OUT}.new ${OUT})
