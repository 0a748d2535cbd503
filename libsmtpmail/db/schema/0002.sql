-- Schema 2: what JMAP keeps: uploads, submissions, and indexes for its lists.

-- Bytes that a client sent to use them in a message soon; they go when
-- expires_at is past.
CREATE TABLE upload (
    account {INT} NOT NULL REFERENCES account (id),
    blob {BLOB} NOT NULL REFERENCES blob (id),
    type {TEXT} NOT NULL,
    size {INT} NOT NULL,
    created_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    PRIMARY KEY (account, blob)
) {CLUSTERED};
CREATE INDEX upload_by_blob ON upload (blob);
CREATE INDEX upload_by_expiry ON upload (expires_at);

-- A message that was sent (RFC 8621, 7). email and thread may be gone.
CREATE TABLE submission (
    account {INT} NOT NULL REFERENCES account (id),
    id {INT} NOT NULL,
    identity {INT} NOT NULL,
    email {INT} NOT NULL,
    thread {INT} NOT NULL,
    sender {BLOB} NOT NULL,
    sent_at {INT} NOT NULL,
    PRIMARY KEY (account, id)
) {CLUSTERED};
CREATE INDEX submission_by_email ON submission (account, email);

-- delivered: 0 queued, 1 yes, 2 no, 3 unknown.
CREATE TABLE submission_recipient (
    account {INT} NOT NULL,
    submission {INT} NOT NULL,
    id {INT} NOT NULL,
    recipient {BLOB} NOT NULL,
    delivered {INT} NOT NULL,
    reply {BLOB} NOT NULL,
    PRIMARY KEY (account, submission, id)
) {CLUSTERED};

-- The modseq of the last change of a type that changes rarely, so that nobody
-- has to look for it among those that change all the time.
CREATE TABLE type_state (
    account {INT} NOT NULL REFERENCES account (id),
    type {INT} NOT NULL,
    modseq {INT} NOT NULL,
    PRIMARY KEY (account, type)
) {CLUSTERED};

-- A list of its own in every mail program, and short.
CREATE INDEX email_flagged ON email (account, id) WHERE (flags & 2) <> 0;
