/* SPDX-License-Identifier: MIT */
/* webmail/output.h - log lines to standard error, the ready file. */
#ifndef WEBMAIL_OUTPUT_H
#define WEBMAIL_OUTPUT_H

#include "base/log.h"
#include "net/endpoint.h"

/* Makes `log` write whole lines; `is_json` must outlive it. */
void output_log(struct smail__log *log, enum smail__log_level level,
                const bool *is_json);

/* "http 127.0.0.1 8080" */
#define OUTPUT_PLACE_SIZE 96
void output_place(char out[OUTPUT_PLACE_SIZE], const char *kind,
                  const struct smail__endpoint *endpoint);

/* Put `text` into the file at `path`, at once or not at all. */
int output_ready(const char *path, const char *text, smail_error *err);

#endif
