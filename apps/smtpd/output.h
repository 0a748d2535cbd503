/* SPDX-License-Identifier: MIT */
/* output.h - log lines to standard error, the ready file. */
#ifndef SMTPD_OUTPUT_H
#define SMTPD_OUTPUT_H

#include "base/log.h"
#include "config/config.h"
#include "ports.h"

/* A whole line at once, so that lines of several threads do not mix. */
void output_line(const char *line, size_t len);

/* Makes `log` write such lines; `is_json` must outlive it. */
void output_log(struct smail__log *log, enum smail__log_level level,
                bool *is_json);

/* "KIND ADDR PORT" for each, in place at once or not at all. */
int output_ready(const char *path, const struct ports *ports, smail_error *err);

/* "KIND ADDR PORT", with the longest path of a socket. */
#define OUTPUT_PLACE_SIZE 144

/* The same line for the log. */
void output_place(char out[OUTPUT_PLACE_SIZE],
                  const struct smail__listen *listen, uint16_t port);

#endif
