/* SPDX-License-Identifier: MIT */
/* play.h - plays one rule against the server. */
#ifndef CONFORMANCE_PLAY_H
#define CONFORMANCE_PLAY_H

#include "rule.h"
#include "session.h"

enum outcome { OUTCOME_PASS, OUTCOME_FAIL, OUTCOME_SKIP };

/* `why` says what was wrong, or what is missing. `trace`: write the dialogue
   to stderr. */
enum outcome play(struct text *why, const struct rule *rule,
                  const struct target *target, const struct offer *offer,
                  bool trace);

#endif
