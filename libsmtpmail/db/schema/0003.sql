-- Schema 3: what thread_ref holds, for what came last, in order of arrival, so
-- that deliveries write behind each other. hashes: 8 octets each, big-endian.
-- Moved to thread_ref by the thousand; the last row stays, so that ids only
-- grow.
CREATE TABLE thread_new (
    id {ID} PRIMARY KEY,
    account {INT} NOT NULL,
    thread {INT} NOT NULL,
    hashes {BLOB} NOT NULL
);
