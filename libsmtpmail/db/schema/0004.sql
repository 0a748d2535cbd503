-- Schema 4: a second factor, the log of log-ins, limits of an account; mail
-- that was removed and can be had again; the queue as mail leaves by it.

-- Time-based one-time passwords (RFC 6238). confirmed_at 0: not in force yet.
-- last_step: the step of the last code that was taken, which no other takes
-- again. next_try: see account/totp.c.
CREATE TABLE totp (
    account {INT} PRIMARY KEY NOT NULL REFERENCES account (id),
    secret {BLOB} NOT NULL,
    confirmed_at {INT} NOT NULL DEFAULT 0,
    last_step {INT} NOT NULL DEFAULT 0,
    next_try {INT} NOT NULL DEFAULT 0
);

-- code: SHA-256 of a generated code that stands in for a one-time password
-- once. used_at 0: it still does.
CREATE TABLE recovery_code (
    account {INT} NOT NULL REFERENCES account (id),
    id {INT} NOT NULL,
    code {BLOB} NOT NULL,
    used_at {INT} NOT NULL DEFAULT 0,
    PRIMARY KEY (account, id)
) {CLUSTERED};

-- Who logged in or tried to, newest last, bounded for each account.
CREATE TABLE login_event (
    account {INT} NOT NULL REFERENCES account (id),
    id {INT} NOT NULL,
    at {INT} NOT NULL,
    service {TEXT} NOT NULL,
    method {TEXT} NOT NULL,
    peer {TEXT} NOT NULL,
    outcome {INT} NOT NULL,
    PRIMARY KEY (account, id)
) {CLUSTERED};

-- Limits of one account that differ from the server's, by the name of their
-- key.
CREATE TABLE account_limit (
    account {INT} NOT NULL REFERENCES account (id),
    name {TEXT} NOT NULL,
    value {INT} NOT NULL,
    PRIMARY KEY (account, name)
) {CLUSTERED};

-- What an account sent of late. slot: a quarter of an hour, as the seconds
-- since the epoch by 900; rows behind a day go. account need not be one of ours:
-- a policy of somebody else's may have let it in.
CREATE TABLE sent_count (
    account {INT} NOT NULL,
    slot {INT} NOT NULL,
    messages {INT} NOT NULL,
    recipients {INT} NOT NULL,
    PRIMARY KEY (account, slot)
) {CLUSTERED};

-- Mail that was removed, until expires_at. mailboxes: ids, parted by spaces.
-- The rest is as it stood in email.
CREATE TABLE removed (
    account {INT} NOT NULL REFERENCES account (id),
    email {INT} NOT NULL,
    blob {BLOB} NOT NULL REFERENCES blob (id),
    thread {INT} NOT NULL,
    mailboxes {TEXT} NOT NULL,
    flags {INT} NOT NULL,
    keywords {TEXT} NOT NULL,
    received_at {INT} NOT NULL,
    size {INT} NOT NULL,
    removed_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    sent_at {INT} NOT NULL,
    message_id {BLOB} NOT NULL,
    subject {BLOB} NOT NULL,
    sender {BLOB} NOT NULL,
    recipients {BLOB} NOT NULL,
    PRIMARY KEY (account, email)
) {CLUSTERED};
CREATE INDEX removed_by_blob ON removed (blob);
CREATE INDEX removed_by_age ON removed (account, removed_at, email);
CREATE INDEX removed_by_expiry ON removed (expires_at);

-- What an account has in removed: it is bounded.
CREATE TABLE removed_total (
    account {INT} PRIMARY KEY NOT NULL,
    emails {INT} NOT NULL,
    bytes {INT} NOT NULL
);

-- How far a mailbox that empties itself had got, at a time.
CREATE TABLE mailbox_mark (
    account {INT} NOT NULL,
    mailbox {INT} NOT NULL,
    at {INT} NOT NULL,
    uidvalidity {INT} NOT NULL,
    uidnext {INT} NOT NULL,
    PRIMARY KEY (account, mailbox, at)
) {CLUSTERED};

-- Mail on its way, for which nothing was written before. One row a message:
-- what MAIL said, and which bytes. blob NULL: everybody has been told, the
-- row stays for its history. name: the id that replies and logs give it, the
-- blob's. skip: octets at the front of the blob that are
-- not sent (Return-Path); prefix: what goes in front of the rest (signatures).
-- kind: smail__queue_kind. open: recipients without an outcome.
DROP TABLE attempt;
DROP TABLE queue_recipient;
DROP TABLE queue_message;
CREATE TABLE queue_message (
    id {ID} PRIMARY KEY {NEVER_REUSED},
    name {BLOB} NOT NULL,
    blob {BLOB} REFERENCES blob (id),
    skip {INT} NOT NULL DEFAULT 0,
    prefix {BLOB} NOT NULL,
    size {INT} NOT NULL,
    kind {INT} NOT NULL DEFAULT 0,
    account {INT} NOT NULL DEFAULT 0,
    email {INT} NOT NULL DEFAULT 0,
    submission {INT} NOT NULL DEFAULT 0,
    sender {BLOB} NOT NULL,
    envelope_id {BLOB} NOT NULL,
    message_id {BLOB} NOT NULL,
    subject {BLOB} NOT NULL,
    body {INT} NOT NULL DEFAULT 0,
    ret {INT} NOT NULL DEFAULT 0,
    flags {INT} NOT NULL DEFAULT 0,
    priority {INT} NOT NULL DEFAULT 0,
    by_mode {INT} NOT NULL DEFAULT 0,
    by_at {INT} NOT NULL DEFAULT 0,
    created_at {INT} NOT NULL,
    release_at {INT} NOT NULL DEFAULT 0,
    warn_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    open {INT} NOT NULL,
    closed_at {INT} NOT NULL DEFAULT 0
);
CREATE INDEX queue_message_by_blob ON queue_message (blob)
    WHERE blob IS NOT NULL;
CREATE INDEX queue_message_by_name ON queue_message (name);
CREATE INDEX queue_message_by_account ON queue_message (account, id);
CREATE INDEX queue_message_by_submission ON queue_message (account, submission)
    WHERE submission <> 0;
CREATE INDEX queue_message_by_close ON queue_message (closed_at)
    WHERE closed_at > 0;

-- One row a recipient. status: smail__queue_status. next_attempt: when it is
-- due; while it is leased, when the lease ends. strikes: leases that ended
-- without a word.
CREATE TABLE queue_recipient (
    message {INT} NOT NULL REFERENCES queue_message (id),
    id {INT} NOT NULL,
    recipient {BLOB} NOT NULL,
    destination {TEXT} NOT NULL,
    status {INT} NOT NULL,
    next_attempt {INT} NOT NULL,
    lease {INT} NOT NULL DEFAULT 0,
    strikes {INT} NOT NULL DEFAULT 0,
    attempts {INT} NOT NULL DEFAULT 0,
    warned_at {INT} NOT NULL DEFAULT 0,
    notify {INT} NOT NULL DEFAULT 0,
    original_recipient {BLOB} NOT NULL,
    last_attempt {INT} NOT NULL DEFAULT 0,
    last_host {TEXT} NOT NULL DEFAULT '',
    last_tls {TEXT} NOT NULL DEFAULT '',
    last_reply {BLOB} NOT NULL,
    PRIMARY KEY (message, id)
) {CLUSTERED};
CREATE INDEX queue_recipient_due
    ON queue_recipient (destination, next_attempt, message, id)
    WHERE status = 0;
CREATE INDEX queue_recipient_waiting
    ON queue_recipient (destination, status, message, id) WHERE status = 0;
CREATE INDEX queue_recipient_by_status
    ON queue_recipient (status, message, id);
CREATE INDEX queue_recipient_leased ON queue_recipient (lease)
    WHERE lease <> 0;

-- Where mail waits to go, and since when the first of it could: what is next
-- is found without reading the queue. A row goes with its last recipient.
CREATE TABLE queue_destination (
    name {TEXT} PRIMARY KEY NOT NULL,
    next_due {INT} NOT NULL,
    waiting {INT} NOT NULL DEFAULT 0,
    is_held {INT} NOT NULL DEFAULT 0
) {CLUSTERED};
CREATE INDEX queue_destination_due ON queue_destination (is_held, next_due);

CREATE TABLE attempt (
    message {INT} NOT NULL,
    recipient {INT} NOT NULL,
    number {INT} NOT NULL,
    started_at {INT} NOT NULL,
    ended_at {INT} NOT NULL,
    host {TEXT} NOT NULL,
    address {TEXT} NOT NULL,
    tls {TEXT} NOT NULL,
    outcome {INT} NOT NULL,
    phase {TEXT} NOT NULL,
    reply {BLOB} NOT NULL,
    PRIMARY KEY (message, recipient, number)
) {CLUSTERED};

-- Keys that sign (RFC 6376): private is PKCS #8, DER. retired_at 0: it signs;
-- else its record stays published for a while.
CREATE TABLE dkim_key (
    domain {INT} NOT NULL REFERENCES domain (id),
    selector {TEXT} NOT NULL,
    algorithm {TEXT} NOT NULL,
    private {BLOB} NOT NULL,
    created_at {INT} NOT NULL,
    retired_at {INT} NOT NULL DEFAULT 0,
    PRIMARY KEY (domain, selector)
) {CLUSTERED};

-- MTA-STS policies as they were fetched (RFC 8461, 5.1).
CREATE TABLE sts_policy (
    domain {TEXT} PRIMARY KEY NOT NULL,
    id {TEXT} NOT NULL,
    mode {INT} NOT NULL,
    hosts {TEXT} NOT NULL,
    fetched_at {INT} NOT NULL,
    expires_at {INT} NOT NULL
) {CLUSTERED};

-- How sessions to a domain fared with TLS, by day (RFC 8460, 4).
CREATE TABLE tls_result (
    day {INT} NOT NULL,
    domain {TEXT} NOT NULL,
    policy {INT} NOT NULL,
    host {TEXT} NOT NULL,
    result {TEXT} NOT NULL,
    sessions {INT} NOT NULL,
    PRIMARY KEY (day, domain, policy, host, result)
) {CLUSTERED};

-- Which bytes an account has, so that an import knows a message again. hash:
-- the first 8 octets of blob.sha256 as a number. Rows are made by imports
-- alone, for what they add and, before they begin, for what came otherwise; a
-- row may outlive its message.
CREATE TABLE email_content (
    account {INT} NOT NULL,
    hash {INT} NOT NULL,
    email {INT} NOT NULL,
    PRIMARY KEY (account, hash, email)
) {CLUSTERED};

-- The last message of an account that email_content was made up to.
CREATE TABLE email_content_end (
    account {INT} PRIMARY KEY NOT NULL,
    email {INT} NOT NULL
) {CLUSTERED};

-- Rows are laid into pages whole, and one of more than half a page wastes the
-- rest of it: the second half of such a message's bytes stands here.
ALTER TABLE blob ADD COLUMN rest {INT} NOT NULL DEFAULT 0;
CREATE TABLE blob_rest (
    id {ID} PRIMARY KEY,
    data {BLOB} NOT NULL
);
