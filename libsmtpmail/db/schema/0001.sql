-- Schema 1. {ID} is a 64-bit row id that the database hands out, {INT} a
-- 64-bit number, {BLOB} bytes, {TEXT} UTF-8 of our own making; header text
-- that strangers wrote is {BLOB}. {CLUSTERED} keeps rows in key order where
-- the driver can, {NEVER_REUSED} says that the id of a row that is gone is not
-- handed out again. Booleans are 0 or 1, times are seconds since the epoch.
--
-- account leads the key of every mail table; `blob` is the stated exception.

-- What the store knows of itself: store_id, as in blobs/OWNER.
CREATE TABLE setting (
    name {TEXT} PRIMARY KEY NOT NULL,
    value {TEXT} NOT NULL
) {CLUSTERED};

-- The bytes of a message as they came, once for all recipients and the
-- queue. id: 48 bits of milliseconds, 80 random bits, made before the
-- transaction; also the file's name when the bytes are not in `data`.
CREATE TABLE blob (
    id {BLOB} PRIMARY KEY NOT NULL,
    sha256 {BLOB} NOT NULL,
    size {INT} NOT NULL,
    last_used {INT} NOT NULL,
    data {BLOB}
);

-- name: lower case, A-labels.
CREATE TABLE domain (
    id {ID} PRIMARY KEY,
    name {TEXT} NOT NULL UNIQUE,
    is_open {INT} NOT NULL DEFAULT 0,
    created_at {INT} NOT NULL
);

-- next_id numbers every object of the account, modseq every change.
CREATE TABLE account (
    id {ID} PRIMARY KEY {NEVER_REUSED},
    address {TEXT} NOT NULL UNIQUE,
    name {TEXT} NOT NULL DEFAULT '',
    password {TEXT},
    credential_version {INT} NOT NULL DEFAULT 1,
    is_admin {INT} NOT NULL DEFAULT 0,
    is_disabled {INT} NOT NULL DEFAULT 0,
    quota_bytes {INT} NOT NULL DEFAULT 0,
    quota_emails {INT} NOT NULL DEFAULT 0,
    used_bytes {INT} NOT NULL DEFAULT 0,
    used_emails {INT} NOT NULL DEFAULT 0,
    next_id {INT} NOT NULL DEFAULT 1,
    modseq {INT} NOT NULL DEFAULT 0,
    created_at {INT} NOT NULL
);

-- The addresses of accounts, folded: one is primary, and in account too.
CREATE TABLE address (
    domain {INT} NOT NULL REFERENCES domain (id),
    local {TEXT} NOT NULL,
    account {INT} NOT NULL REFERENCES account (id),
    is_primary {INT} NOT NULL DEFAULT 0,
    PRIMARY KEY (domain, local)
) {CLUSTERED};
CREATE INDEX address_by_account ON address (account);

-- Mail for local@domain goes on to target, an address in text, folded; it may
-- be an alias itself. local '' is the catch-all. A list has several rows.
CREATE TABLE alias (
    domain {INT} NOT NULL REFERENCES domain (id),
    local {TEXT} NOT NULL,
    target {TEXT} NOT NULL,
    PRIMARY KEY (domain, local, target)
) {CLUSTERED};
CREATE INDEX alias_by_target ON alias (target);

-- secret: SHA-256 of a generated password of 128 bits or more; scram: salt,
-- iterations and keys for SCRAM-SHA-256.
CREATE TABLE app_password (
    account {INT} NOT NULL REFERENCES account (id),
    id {INT} NOT NULL,
    name {TEXT} NOT NULL,
    secret {BLOB} NOT NULL,
    scram {BLOB},
    scope {TEXT} NOT NULL DEFAULT '',
    created_at {INT} NOT NULL,
    expires_at {INT} NOT NULL DEFAULT 0,
    last_used {INT} NOT NULL DEFAULT 0,
    PRIMARY KEY (account, id)
) {CLUSTERED};
CREATE UNIQUE INDEX app_password_by_secret ON app_password (secret);

-- token: SHA-256 of what the client holds.
CREATE TABLE session (
    account {INT} NOT NULL REFERENCES account (id),
    id {INT} NOT NULL,
    token {BLOB} NOT NULL UNIQUE,
    created_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    last_used {INT} NOT NULL,
    peer {TEXT} NOT NULL DEFAULT '',
    PRIMARY KEY (account, id)
);

CREATE TABLE identity (
    account {INT} NOT NULL REFERENCES account (id),
    id {INT} NOT NULL,
    name {TEXT} NOT NULL DEFAULT '',
    address {TEXT} NOT NULL,
    reply_to {TEXT} NOT NULL DEFAULT '',
    bcc {TEXT} NOT NULL DEFAULT '',
    text_signature {TEXT} NOT NULL DEFAULT '',
    html_signature {TEXT} NOT NULL DEFAULT '',
    PRIMARY KEY (account, id)
) {CLUSTERED};

-- parent 0: top. role: smail_role. total and unread are kept exactly.
CREATE TABLE mailbox (
    account {INT} NOT NULL REFERENCES account (id),
    id {INT} NOT NULL,
    parent {INT} NOT NULL DEFAULT 0,
    name {TEXT} NOT NULL,
    role {INT} NOT NULL DEFAULT 0,
    sort_order {INT} NOT NULL DEFAULT 0,
    is_subscribed {INT} NOT NULL DEFAULT 1,
    uidvalidity {INT} NOT NULL,
    uidnext {INT} NOT NULL DEFAULT 1,
    total {INT} NOT NULL DEFAULT 0,
    unread {INT} NOT NULL DEFAULT 0,
    modseq {INT} NOT NULL,
    PRIMARY KEY (account, id)
) {CLUSTERED};
CREATE UNIQUE INDEX mailbox_by_name ON mailbox (account, parent, name);

-- flags: bits of the keywords that RFC 8621 and RFC 9051 name; keywords: the
-- others, folded, sorted, parted by spaces. The header fields are as they
-- stand in the message, unfolded and not decoded.
CREATE TABLE email (
    account {INT} NOT NULL REFERENCES account (id),
    id {INT} NOT NULL,
    blob {BLOB} NOT NULL REFERENCES blob (id),
    thread {INT} NOT NULL,
    received_at {INT} NOT NULL,
    sent_at {INT} NOT NULL DEFAULT 0,
    size {INT} NOT NULL,
    flags {INT} NOT NULL DEFAULT 0,
    keywords {TEXT} NOT NULL DEFAULT '',
    modseq {INT} NOT NULL,
    message_id {BLOB} NOT NULL,
    subject {BLOB} NOT NULL,
    sender {BLOB} NOT NULL,
    recipients {BLOB} NOT NULL,
    PRIMARY KEY (account, id)
) {CLUSTERED};
CREATE INDEX email_by_blob ON email (blob);
CREATE INDEX email_by_thread ON email (account, thread);

-- What was derived from the bytes, any time anew; no row: not indexed yet.
CREATE TABLE email_derived (
    account {INT} NOT NULL,
    email {INT} NOT NULL,
    generation {INT} NOT NULL,
    has_attachment {INT} NOT NULL,
    preview {TEXT} NOT NULL,
    PRIMARY KEY (account, email)
) {CLUSTERED};

-- What the indexer has yet to do, in order of arrival. attempts is counted
-- before each, so that a message on which the parser dies is let go.
CREATE TABLE unindexed (
    id {ID} PRIMARY KEY,
    account {INT} NOT NULL,
    email {INT} NOT NULL,
    attempts {INT} NOT NULL DEFAULT 0
);

CREATE TABLE email_mailbox (
    account {INT} NOT NULL,
    mailbox {INT} NOT NULL,
    uid {INT} NOT NULL,
    email {INT} NOT NULL,
    received_at {INT} NOT NULL,
    modseq {INT} NOT NULL,
    PRIMARY KEY (account, mailbox, uid)
) {CLUSTERED};
CREATE INDEX email_mailbox_by_time
    ON email_mailbox (account, mailbox, received_at, email);
CREATE INDEX email_mailbox_by_email ON email_mailbox (account, email);

CREATE TABLE expunged (
    account {INT} NOT NULL,
    mailbox {INT} NOT NULL,
    uid {INT} NOT NULL,
    modseq {INT} NOT NULL,
    PRIMARY KEY (account, mailbox, uid)
) {CLUSTERED};

-- Every id in Message-ID, In-Reply-To and References, the first 64 bits of
-- its SHA-256. A thread id never changes, threads are never merged
-- (RFC 8621, 3).
CREATE TABLE thread_ref (
    account {INT} NOT NULL,
    hash {INT} NOT NULL,
    thread {INT} NOT NULL,
    PRIMARY KEY (account, hash)
) {CLUSTERED};

-- What /changes, QRESYNC and push read. type: smail__object; op: smail__op.
CREATE TABLE change (
    account {INT} NOT NULL,
    modseq {INT} NOT NULL,
    type {INT} NOT NULL,
    object {INT} NOT NULL,
    op {INT} NOT NULL,
    PRIMARY KEY (account, modseq, type, object)
) {CLUSTERED};

-- Mail on its way. One row a message, one a recipient, one an attempt.
CREATE TABLE queue_message (
    id {ID} PRIMARY KEY {NEVER_REUSED},
    blob {BLOB} NOT NULL REFERENCES blob (id),
    account {INT} NOT NULL DEFAULT 0,
    email {INT} NOT NULL DEFAULT 0,
    sender {BLOB} NOT NULL,
    envelope_id {BLOB} NOT NULL,
    ret {INT} NOT NULL DEFAULT 0,
    priority {INT} NOT NULL DEFAULT 0,
    created_at {INT} NOT NULL,
    expires_at {INT} NOT NULL
);
CREATE INDEX queue_message_by_blob ON queue_message (blob);

CREATE TABLE queue_recipient (
    message {INT} NOT NULL REFERENCES queue_message (id),
    id {INT} NOT NULL,
    recipient {BLOB} NOT NULL,
    destination {TEXT} NOT NULL,
    status {INT} NOT NULL,
    next_attempt {INT} NOT NULL,
    lease_token {INT} NOT NULL DEFAULT 0,
    lease_until {INT} NOT NULL DEFAULT 0,
    attempts {INT} NOT NULL DEFAULT 0,
    notify {INT} NOT NULL DEFAULT 0,
    original_recipient {BLOB} NOT NULL,
    last_reply {BLOB} NOT NULL,
    PRIMARY KEY (message, id)
) {CLUSTERED};
CREATE INDEX queue_recipient_due ON queue_recipient (status, next_attempt);

CREATE TABLE attempt (
    message {INT} NOT NULL,
    recipient {INT} NOT NULL,
    number {INT} NOT NULL,
    started_at {INT} NOT NULL,
    host {TEXT} NOT NULL,
    address {TEXT} NOT NULL,
    tls {TEXT} NOT NULL,
    outcome {INT} NOT NULL,
    reply {BLOB} NOT NULL,
    PRIMARY KEY (message, recipient, number)
) {CLUSTERED};

-- Explainable mail: each check, rule and verdict, in order.
CREATE TABLE decision (
    account {INT} NOT NULL,
    email {INT} NOT NULL,
    step {INT} NOT NULL,
    what {TEXT} NOT NULL,
    verdict {TEXT} NOT NULL,
    detail {BLOB} NOT NULL,
    PRIMARY KEY (account, email, step)
) {CLUSTERED};
