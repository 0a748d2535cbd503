/* SPDX-License-Identifier: MIT */
/* display.h - text that strangers wrote, made safe for a terminal. */
#ifndef DISPLAY_H
#define DISPLAY_H

#include "base/buf.h"

/*
 * Append `text` with controls, and what turns the direction of writing,
 * written as \n, \x1b or \u202e. `is_block` leaves line ends and tabs.
 */
void display_text(struct smail__buf *out, smail_span text, bool is_block);

/* Columns that already safe `text` takes. */
size_t display_width(smail_span text);

/* The longest front of it that takes at most `width` columns. */
smail_span display_clip(smail_span text, size_t width);

#endif
