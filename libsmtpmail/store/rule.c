/* SPDX-License-Identifier: MIT */
/*
 * store/rule.c - rows against rows. First what is in no place or twice in one
 * is mended, then what counts it.
 */
#include "store/rule.h"

#include <string.h>

#include "base/format.h"

const struct smail__rule smail__rules[] = {
    { "mailbox %lld names a message, %lld, that is not there (uid %lld)",
      "SELECT p.mailbox, p.email, p.uid FROM email_mailbox p "
      "WHERE p.account = $1 AND NOT EXISTS (SELECT 1 FROM email e "
      "WHERE e.account = p.account AND e.id = p.email)",
      "DELETE FROM email_mailbox WHERE account = $1 AND NOT EXISTS (SELECT 1 "
      "FROM email e WHERE e.account = email_mailbox.account "
      "AND e.id = email_mailbox.email)" },
    { "message %lld is in a mailbox, %lld, that is not there (uid %lld)",
      "SELECT p.email, p.mailbox, p.uid FROM email_mailbox p "
      "WHERE p.account = $1 AND NOT EXISTS (SELECT 1 FROM mailbox m "
      "WHERE m.account = p.account AND m.id = p.mailbox)",
      "DELETE FROM email_mailbox WHERE account = $1 AND NOT EXISTS (SELECT 1 "
      "FROM mailbox m WHERE m.account = email_mailbox.account "
      "AND m.id = email_mailbox.mailbox)" },
    { "message %lld is twice in mailbox %lld (%lld times)",
      "SELECT email, mailbox, count(*) FROM email_mailbox WHERE account = $1 "
      "GROUP BY email, mailbox HAVING count(*) > 1",
      "DELETE FROM email_mailbox WHERE account = $1 AND EXISTS (SELECT 1 FROM "
      "email_mailbox p WHERE p.account = email_mailbox.account "
      "AND p.mailbox = email_mailbox.mailbox "
      "AND p.email = email_mailbox.email AND p.uid < email_mailbox.uid)" },
    { "message %lld of account %lld is in no mailbox (%lld)",
      "SELECT e.id, e.account, 0 FROM email e WHERE e.account = $1 "
      "AND NOT EXISTS (SELECT 1 FROM email_mailbox p "
      "WHERE p.account = e.account AND p.email = e.id)",
      "INSERT INTO email_mailbox (account, mailbox, uid, email, received_at, "
      "modseq) SELECT e.account, m.id, m.uidnext - 1 + row_number() OVER "
      "(ORDER BY e.id), e.id, e.received_at, e.modseq FROM email e "
      "JOIN mailbox m ON m.account = e.account AND m.role = 1 "
      "WHERE e.account = $1 AND NOT EXISTS (SELECT 1 FROM email_mailbox p "
      "WHERE p.account = e.account AND p.email = e.id)" },
    { "account %lld has a preview of a message, %lld, that is not there (%lld)",
      "SELECT d.account, d.email, 0 FROM email_derived d "
      "WHERE d.account = $1 AND NOT EXISTS (SELECT 1 FROM email e "
      "WHERE e.account = d.account AND e.id = d.email)",
      "DELETE FROM email_derived WHERE account = $1 AND NOT EXISTS (SELECT 1 "
      "FROM email e WHERE e.account = email_derived.account "
      "AND e.id = email_derived.email)" },
    { "mailbox %lld has a parent, %lld, that is not there (%lld)",
      "SELECT m.id, m.parent, 0 FROM mailbox m WHERE m.account = $1 "
      "AND m.parent <> 0 AND NOT EXISTS (SELECT 1 FROM mailbox p "
      "WHERE p.account = m.account AND p.id = m.parent)",
      "UPDATE mailbox SET parent = 0, name = name || ' (' || id || ')' "
      "WHERE account = $1 AND parent <> 0 AND NOT EXISTS (SELECT 1 FROM "
      "mailbox p WHERE p.account = mailbox.account "
      "AND p.id = mailbox.parent)" },
    { "message %lld has %lld octets, its blob has %lld",
      "SELECT e.id, e.size, b.size FROM email e JOIN blob b ON b.id = e.blob "
      "WHERE e.account = $1 AND e.size <> b.size",
      "UPDATE email SET size = (SELECT b.size FROM blob b "
      "WHERE b.id = email.blob) WHERE account = $1 AND size <> "
      "(SELECT b.size FROM blob b WHERE b.id = email.blob)" },
    { "account %lld counts %lld messages and has %lld",
      "SELECT id, used_emails, (SELECT count(*) FROM email "
      "WHERE account = $1) n FROM account WHERE id = $1 AND used_emails <> "
      "(SELECT count(*) FROM email WHERE account = $1)",
      "UPDATE account SET used_emails = (SELECT count(*) FROM email "
      "WHERE account = $1) WHERE id = $1" },
    { "account %lld counts %lld bytes and has %lld",
      "SELECT id, used_bytes, (SELECT coalesce(sum(size), 0) FROM email "
      "WHERE account = $1) FROM account WHERE id = $1 AND used_bytes <> "
      "(SELECT coalesce(sum(size), 0) FROM email WHERE account = $1)",
      "UPDATE account SET used_bytes = (SELECT coalesce(sum(size), 0) "
      "FROM email WHERE account = $1) WHERE id = $1" },
    { "account %lld would hand out the id %lld, message %lld has it or more",
      "SELECT a.id, a.next_id, max(e.id) FROM account a JOIN email e "
      "ON e.account = a.id WHERE a.id = $1 GROUP BY a.id, a.next_id "
      "HAVING max(e.id) >= a.next_id",
      "UPDATE account SET next_id = (SELECT max(id) + 1 FROM email "
      "WHERE account = $1) WHERE id = $1" },
    { "account %lld is at modseq %lld, a message at %lld",
      "SELECT a.id, a.modseq, max(e.modseq) FROM account a JOIN email e "
      "ON e.account = a.id WHERE a.id = $1 GROUP BY a.id, a.modseq "
      "HAVING max(e.modseq) > a.modseq",
      "UPDATE account SET modseq = (SELECT max(modseq) FROM email "
      "WHERE account = $1) WHERE id = $1" },
    { "mailbox %lld counts %lld messages and has %lld",
      "SELECT m.id, m.total, (SELECT count(*) FROM email_mailbox p "
      "WHERE p.account = m.account AND p.mailbox = m.id) n FROM mailbox m "
      "WHERE m.account = $1 AND m.total <> (SELECT count(*) FROM "
      "email_mailbox p WHERE p.account = m.account AND p.mailbox = m.id)",
      "UPDATE mailbox SET total = (SELECT count(*) FROM email_mailbox p "
      "WHERE p.account = mailbox.account AND p.mailbox = mailbox.id) "
      "WHERE account = $1" },
    { "mailbox %lld counts %lld unread messages and has %lld",
      "SELECT id, unread, n FROM (SELECT m.id, m.unread, (SELECT count(*) "
      "FROM email_mailbox p JOIN email e ON e.account = p.account "
      "AND e.id = p.email WHERE p.account = m.account AND p.mailbox = m.id "
      "AND (e.flags & 1) = 0) n FROM mailbox m WHERE m.account = $1) x "
      "WHERE unread <> n",
      "UPDATE mailbox SET unread = (SELECT count(*) FROM email_mailbox p "
      "JOIN email e ON e.account = p.account AND e.id = p.email "
      "WHERE p.account = mailbox.account AND p.mailbox = mailbox.id "
      "AND (e.flags & 1) = 0) WHERE account = $1" },
    { "mailbox %lld would hand out uid %lld, a message has %lld",
      "SELECT m.id, m.uidnext, max(p.uid) FROM mailbox m "
      "JOIN email_mailbox p ON p.account = m.account AND p.mailbox = m.id "
      "WHERE m.account = $1 GROUP BY m.id, m.uidnext "
      "HAVING max(p.uid) >= m.uidnext",
      "UPDATE mailbox SET uidnext = (SELECT max(uid) + 1 FROM email_mailbox p "
      "WHERE p.account = mailbox.account AND p.mailbox = mailbox.id) "
      "WHERE account = $1 AND uidnext <= (SELECT max(uid) FROM "
      "email_mailbox p WHERE p.account = mailbox.account "
      "AND p.mailbox = mailbox.id)" },
};

const size_t smail__rule_count = sizeof(smail__rules) / sizeof(smail__rules[0]);

/* The text with the columns of the row in it. */
static void put_line(char *out, size_t room, const char *text,
                     struct smail__statement *row)
{
    size_t len = 0;
    int column = 0;

    while (*text != '\0' && len + 32 < room) {
        if (strncmp(text, "%lld", 4) != 0) {
            out[len++] = *text++;
            continue;
        }
        len += smail__format(out + len, room - len, "%lld",
                             (long long)smail__column_int(row, column++));
        text += 4;
    }
    out[len] = '\0';
}

int smail__rule_apply(const struct smail__rule *rule, struct smail__db *db,
                      smail_id account,
                      void (*each)(const char *text, void *user), void *user,
                      smail_error *err)
{
    struct smail__statement *row;
    char text[300];
    int found = 0;
    int code = smail__db_prepare(&row, db, rule->sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    while ((code = smail__statement_step(row, err)) > 0) {
        put_line(text, sizeof(text), rule->text, row);
        if (each != NULL)
            each(text, user);
        found++;
    }
    return code < 0 ? code : found;
}

int smail__rule_next_account(smail_id *account, struct smail__db *db,
                             smail_error *err)
{
    int code = smail__db_value(account, db,
                               "SELECT id FROM account WHERE id > $1 "
                               "ORDER BY id LIMIT 1",
                               *account, INT64_MIN, err);

    return code == SMAIL_ENOTFOUND ? 0 : code < 0 ? code : 1;
}
