#!/bin/sh
# SPDX-License-Identifier: MIT
# Talks to the program given: takes mail for its own domain and no other.
set -eu

said=$(printf '%s\r\n' 'EHLO client.example' 'MAIL FROM:<a@client.example>' \
    'RCPT TO:<x@elsewhere.example>' 'RCPT TO:<bob@example.test>' 'DATA' \
    'Subject: hello' '' 'text' '.' 'QUIT' | "$1" | tr -d '\r')
wanted='220 mx.example.test ESMTP
250-mx.example.test
250-PIPELINING
250-SIZE 33554432
250-8BITMIME
250 ENHANCEDSTATUSCODES
250 2.1.0 OK
550 5.7.1 Relaying denied
250 2.1.5 OK
354 End data with <CR><LF>.<CR><LF>
250 2.0.0 Thrown away, as asked
221 2.0.0 Goodbye'
if [ "$said" != "$wanted" ]; then
    printf 'said:\n%s\n' "$said" >&2
    exit 1
fi
