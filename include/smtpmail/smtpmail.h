/* SPDX-License-Identifier: MIT */
/* smtpmail/smtpmail.h - everything. Read base.h first, then store.h. */
#ifndef SMAIL_SMTPMAIL_H
#define SMAIL_SMTPMAIL_H

#include <smtpmail/account.h>
#include <smtpmail/address.h>
#include <smtpmail/base.h>
#include <smtpmail/dkim.h>
#include <smtpmail/domain_check.h>
#include <smtpmail/error.h>
#include <smtpmail/login.h>
#include <smtpmail/message.h>
#include <smtpmail/outbound.h>
#include <smtpmail/queue.h>
#include <smtpmail/server.h>
#include <smtpmail/smtp_client.h>
#include <smtpmail/smtp_server.h>
#include <smtpmail/store.h>
#include <smtpmail/test_server.h>
#include <smtpmail/totp.h>
#include <smtpmail/transfer.h>

#endif
