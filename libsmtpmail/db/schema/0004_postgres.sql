-- Full text, PostgreSQL's own, in the shape of the other: rowid = account <<
-- 32 | email. Contentless as well: the trigger turns what comes, which
-- smail__fold_words() made, into words, and keeps nothing else. Words are
-- parted at whatever is ASCII and neither letter nor digit, as the questions
-- are.
CREATE TABLE email_text (
    rowid {INT} PRIMARY KEY NOT NULL,
    subject {TEXT},
    sender {TEXT},
    recipients {TEXT},
    body {TEXT},
    words TSVECTOR NOT NULL
);
CREATE INDEX email_text_words ON email_text USING gin (words);

CREATE FUNCTION email_text_question(question TEXT)
RETURNS TSQUERY LANGUAGE sql IMMUTABLE AS $$
    SELECT to_tsquery('simple', question)
$$;

CREATE FUNCTION email_text_part(part TEXT, weight "char", room INT)
RETURNS TSVECTOR LANGUAGE sql IMMUTABLE AS $$
    SELECT setweight(to_tsvector('simple', regexp_replace(
        left(coalesce(part, ''), room),
        '[^0-9A-Za-z\u0080-\U0010ffff]+', ' ', 'g')), weight)
$$;

-- A vector has at most 1 MiB; the words behind that are not found.
CREATE FUNCTION email_text_fill() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        NEW.words := email_text_part(NEW.subject, 'A', 10000)
            || email_text_part(NEW.sender, 'B', 10000)
            || email_text_part(NEW.recipients, 'C', 100000)
            || email_text_part(NEW.body, 'D', 1000000);
    EXCEPTION WHEN program_limit_exceeded THEN
        NEW.words := email_text_part(NEW.subject, 'A', 1000)
            || email_text_part(NEW.sender, 'B', 1000)
            || email_text_part(NEW.recipients, 'C', 10000)
            || email_text_part(NEW.body, 'D', 50000);
    END;
    NEW.subject := NULL;
    NEW.sender := NULL;
    NEW.recipients := NULL;
    NEW.body := NULL;
    RETURN NEW;
END
$$;
CREATE TRIGGER email_text_fill BEFORE INSERT ON email_text
    FOR EACH ROW EXECUTE FUNCTION email_text_fill();
