/* SPDX-License-Identifier: MIT */
/* smtpmail/export.h - what is visible outside, and C++ manners. */
#ifndef SMAIL_EXPORT_H
#define SMAIL_EXPORT_H

#ifdef __cplusplus
#define SMAIL_BEGIN_DECLS extern "C" {
#define SMAIL_END_DECLS }
#else
#define SMAIL_BEGIN_DECLS
#define SMAIL_END_DECLS
#endif

#ifndef SMAIL_API
#if defined(__GNUC__)
#define SMAIL_API __attribute__((visibility("default")))
#else
#define SMAIL_API
#endif
#endif

#endif
