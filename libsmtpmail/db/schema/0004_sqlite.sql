-- Full text of what smail__fold_words() made, which knows more of case and
-- accents than the tokenizer, and letters that are words. No index of prefixes:
-- it was more than half of all, and the words that begin so stand side by side.
-- All is indexed anew, behind deliveries.
DROP TABLE email_text;
CREATE VIRTUAL TABLE email_text USING fts5 (
    subject, sender, recipients, body,
    content = '', detail = 'full',
    tokenize = 'unicode61 remove_diacritics 2'
);
DELETE FROM email_derived;
DELETE FROM unindexed;
INSERT INTO unindexed (account, email)
    SELECT account, id FROM email ORDER BY account, id;
