/* SPDX-License-Identifier: MIT */
/* settings.h - from the file to the options of the server. */
#ifndef SMTPD_SETTINGS_H
#define SMTPD_SETTINGS_H

#include <smtpmail/outbound.h>
#include <smtpmail/server.h>

#include "base/log.h"
#include "config/config.h"

/* Without a store there is no DNS: nothing is refused for it. The strings stay
   those of `config`. */
void settings_fill(smail_server_options *options,
                   const struct smail__config *config, bool has_store);

void settings_fill_outbound(smail_outbound_options *options,
                            const struct smail__config *config);

/* Tell the log what has changed, and what of it wants a restart. */
void settings_compare(const struct smail__log *log,
                      const struct smail__config *old,
                      const struct smail__config *fresh);

#endif
