/* SPDX-License-Identifier: MIT */
/*
 * webmail/page.h - the files of the page, as the build put them into the
 * program (embed.cmake).
 */
#ifndef WEBMAIL_PAGE_H
#define WEBMAIL_PAGE_H

#include <stdbool.h>
#include <stddef.h>

struct page_file {
    const char *path; /* "/index.html" */
    const char *type;
    const char *tag;    /* of its content: the ETag, without quotes */
    const char *fields; /* whole lines with CRLF */
    bool is_immutable;  /* its name changes with its content */
    const unsigned char *data;
    size_t len;
    const unsigned char *packed; /* by gzip; NULL: not */
    size_t packed_len;
};

extern const struct page_file page_files[];
extern const size_t page_file_count;

#endif
