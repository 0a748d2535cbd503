/* SPDX-License-Identifier: MIT */
/*
 * webmail/routes.h - which function answers which call of docs/http.md.
 */
#ifndef WEBMAIL_ROUTES_H
#define WEBMAIL_ROUTES_H

#include "request.h"

/* Find who answers, and let it. */
void routes_handle(struct request *request);

/* login.c */
void login_show(struct request *request);
void login_begin(struct request *request);
void login_end(struct request *request);
void password_change(struct request *request);
void sessions_list(struct request *request);
void sessions_end(struct request *request);

/* The answer to a log-in: a new session, its cookie and what goes with it. */
void login_answer(struct request *request, int status, smail_id account);

/* two_step.c */
void totp_show(struct request *request);
void totp_begin(struct request *request);
void totp_confirm(struct request *request);
void totp_renew(struct request *request);
void totp_disable(struct request *request);
void logins_list(struct request *request);

/* signup.c */
void signup_show(struct request *request);
void signup_begin(struct request *request);

/* app_passwords.c */
void app_passwords_list(struct request *request);
void app_passwords_add(struct request *request);
void app_passwords_remove(struct request *request);

/* mail.c */
void mail_session(struct request *request);
void mail_api(struct request *request);
/* What the front is to let through to it. */
void mail_limits(struct smail__front_limit out[2], const struct app *app);
void mail_upload(struct request *request);
void mail_download(struct request *request);

/* page.c */
void page_show(struct request *request);

#endif
