-- Full text, SQLite's own: rowid = account << 32 | email. Contentless: the
-- bytes are in blob; a row whose email is gone is dropped when it is found.
CREATE VIRTUAL TABLE email_text USING fts5 (
    subject, addresses, body,
    content = '', detail = 'full', prefix = '2 3',
    tokenize = 'unicode61 remove_diacritics 2'
);
