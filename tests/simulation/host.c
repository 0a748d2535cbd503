/* SPDX-License-Identifier: MIT */
/*
 * host.c - one session with a host: SMTP as RFC 5321 has it, when faults
 * leave it alone. It believes nothing: a bare CR or LF, a message that is not
 * what was queued, mail in the clear that must not be, all are failures.
 */
#include "sim.h"

void host_begin(struct sim *sim, struct link *link)
{
    smail__buf_init(&link->session.content, 1024 * 1024, NULL);
    if (!fault_is_over(sim, link) && sim_chance(sim, link->host->storms / 4)) {
        bool never = sim_chance(sim, 500);

        fault_say(link,
                  never ? "554 5.3.2 nobody is in" : "421 4.3.2 too busy");
        if (never) /* and that is the end of its mail */
            link->host->domain->is_good = false;
        link->session.is_over = true;
        return;
    }
    fault_reply(sim, link, "220 ready");
}

void host_secured(struct link *link, bool verified)
{
    struct session *session = &link->session;

    session->secured = true;
    session->verified = verified;
    session->greeted = false;
    session->line_len = 0;
}

void host_free(struct link *link)
{
    smail__buf_dispose(&link->session.content);
}

/* --- Acknowledged -------------------------------------------------------- */

static void note_ack(struct link *link, struct person **persons, size_t count)
{
    struct session *session = &link->session;
    struct ack *ack;

    if (session->ack_count == sizeof(session->acks) / sizeof(session->acks[0]))
        memmove(session->acks, session->acks + 1,
                --session->ack_count * sizeof(*session->acks));
    ack = &session->acks[session->ack_count++];
    ack->end = session->said;
    ack->count = count;
    memcpy(ack->persons, persons, count * sizeof(*persons));
}

void host_read_by(struct link *link, uint64_t consumed)
{
    struct session *session = &link->session;

    while (session->ack_count > 0 && session->acks[0].end <= consumed) {
        for (size_t i = 0; i < session->acks[0].count; i++)
            session->acks[0].persons[i]->answered++;
        memmove(session->acks, session->acks + 1,
                --session->ack_count * sizeof(*session->acks));
    }
}

/* --- Commands ------------------------------------------------------------ */

static void forget_mail(struct session *session)
{
    session->mail_said = false;
    session->person_count = 0;
    session->notice_to[0] = '\0';
    session->in_data = false;
    session->in_chunk = false;
    smail__buf_clear(&session->content);
}

static bool starts(const struct session *session, const char *word)
{
    return smail__span_istarts((smail_span){ session->line, session->line_len },
                               word);
}

static void on_hello(struct sim *sim, struct link *link)
{
    const struct host *host = link->host;
    char lines[512];
    bool is_lmtp = host->domain->kind == DOMAIN_LMTP;

    forget_mail(&link->session);
    smail__format(link->session.hello, sizeof(link->session.hello), "%s",
                  link->session.line_len > 5 ? link->session.line + 5 : "");
    if (starts(&link->session, "HELO")) {
        link->session.greeted = true;
        fault_reply(sim, link, "250 hello");
        return;
    }
    if (!host->esmtp && !is_lmtp) {
        fault_reply(sim, link, "502 5.5.1 what?");
        return;
    }
    link->session.greeted = true;
    smail__format(
        lines, sizeof(lines), "250-hello%s%s%s%s%s%s%s%s%s%s\r\n250 OK",
        host->pipelining ? "\r\n250-PIPELINING" : "",
        host->chunking ? "\r\n250-CHUNKING" : "",
        host->eight_bit ? "\r\n250-8BITMIME" : "",
        host->utf8 ? "\r\n250-SMTPUTF8" : "", host->dsn ? "\r\n250-DSN" : "",
        host->tls != TLS_NONE && !link->session.secured ? "\r\n250-STARTTLS"
                                                        : "",
        host->wants_login && link->session.secured ? "\r\n250-AUTH PLAIN" : "",
        host->require_tls && link->session.secured ? "\r\n250-REQUIRETLS" : "",
        host->deliver_by ? "\r\n250-DELIVERBY" : "",
        host->priority ? "\r\n250-MT-PRIORITY" : "");
    if (host->size)
        smail__format(lines + strlen(lines) - 6, 64, "250-SIZE %llu\r\n250 OK",
                      (unsigned long long)host->size_max);
    fault_reply(sim, link, lines);
}

static void address_in(char *out, size_t size, const char *line)
{
    const char *from = strchr(line, '<'), *to = strrchr(line, '>');

    out[0] = '\0';
    if (from == NULL || to == NULL || to < from)
        return;
    smail__format(out, size, "%.*s", (int)(to - from - 1), from + 1);
}

static void on_mail(struct sim *sim, struct link *link)
{
    struct session *session = &link->session;

    forget_mail(session);
    address_in(session->sender, sizeof(session->sender), session->line);
    if (!session->greeted) {
        sim_fail(sim, "MAIL before EHLO");
        fault_reply(sim, link, "503 5.5.1 hello first");
        return;
    }
    if (link->host->domain->must_tls && !session->verified)
        sim_fail(sim, "%s wants a proof, and got mail without",
                 link->host->name);
    if (sim->has_own_way && link->host->domain->kind < DOMAIN_NULL &&
        (strcmp(session->sender, SIM_LOCAL_SENDER) == 0) !=
            (strcmp(session->hello, SIM_OTHER_NAME) == 0))
        sim_fail(sim, "'%s' by the wrong way, of %s", session->sender,
                 session->hello);
    if (link->host->wants_login && !session->logged_in)
        sim_fail(sim, "MAIL before AUTH");
    if (session->mails >= link->host->mails_max) {
        fault_say(link, "421 4.7.0 enough for one session");
        session->is_over = true;
        return;
    }
    if (!fault_is_over(sim, link) && sim_chance(sim, link->host->storms / 2)) {
        fault_reply(sim, link, "451 4.3.0 not now");
        return;
    }
    if (fault_reply(sim, link, "250 2.1.0 go on"))
        session->mail_said = true;
}

static const char *verdict_on(struct sim *sim, struct link *link,
                              struct person *person)
{
    person->tries++;
    if (link->session.person_count >= link->host->recipients_max ||
        link->session.person_count >= SIM_PERSONS)
        return "452 4.5.3 too many";
    if (!fault_is_over(sim, link) && sim_chance(sim, link->host->storms))
        return "450 4.2.0 a storm";
    switch (person->kind) {
    case 'n':
        return "550 5.1.1 nobody of that name";
    case 'f':
        return person->tries <= person->full_for ? "452 4.2.2 full" : NULL;
    case 'g':
        if (person->first_seen == 0)
            person->first_seen = sim->now + 1;
        return sim->now < person->first_seen + 300000 ? "450 4.7.1 greylisted"
                                                      : NULL;
    case 'w':
        return "450 4.2.1 never";
    default:
        return NULL;
    }
}

static void on_rcpt(struct sim *sim, struct link *link)
{
    struct session *session = &link->session;
    char address[128];
    struct person *person;
    const char *no;

    address_in(address, sizeof(address), session->line);
    if (!session->mail_said) {
        fault_reply(sim, link, "503 5.5.1 MAIL first");
        return;
    }
    person = mail_person(sim, smail__span(address));
    if (person == NULL) {
        if (session->sender[0] != '\0')
            sim_fail(sim, "mail for '%s', whom nobody wrote to", address);
        if (fault_reply(sim, link, "250 2.1.5 yes"))
            memcpy(session->notice_to, address, sizeof(address));
        return;
    }
    if (person->recorded > 0 && sim->thefts == 0)
        sim_fail(sim, "%s is sent to after its end", person->address);
    no = verdict_on(sim, link, person);
    if (no != NULL)
        fault_reply(sim, link, no);
    else if (fault_reply(sim, link, "250 2.1.5 yes"))
        session->persons[session->person_count++] = person;
}

/* --- Content ------------------------------------------------------------- */

/* It is the host's from now on; whether the sender learns of it is not
 * sure. */
static void accept_mail(struct sim *sim, struct link *link)
{
    struct session *session = &link->session;

    mail_taken(sim, link);
    sim_trace(sim, "%s takes it for %zu", link->host->name,
              session->person_count);
    if (fault_reply(sim, link, "250 2.0.0 taken"))
        note_ack(link, session->persons, session->person_count);
}

static void accept_by_one(struct sim *sim, struct link *link)
{
    struct session *session = &link->session;
    struct person *all[SIM_PERSONS];
    size_t count = session->person_count;

    memcpy(all, session->persons, sizeof(all));
    for (size_t i = 0; i < count; i++) {
        if (!fault_is_over(sim, link) && sim_chance(sim, link->host->storms)) {
            fault_reply(sim, link, "452 4.2.2 full");
            continue;
        }
        session->persons[0] = all[i];
        session->person_count = 1;
        mail_taken(sim, link);
        if (!fault_reply(sim, link, "250 2.0.0 taken"))
            return;
        note_ack(link, &all[i], 1);
    }
    if (count == 0)
        fault_reply(sim, link, "250 2.0.0 taken");
}

static void end_content(struct sim *sim, struct link *link)
{
    struct session *session = &link->session;
    bool is_lmtp = link->host->domain->kind == DOMAIN_LMTP;

    session->mails++;
    if (session->person_count == 0 && session->notice_to[0] == '\0')
        fault_reply(sim, link, "554 5.5.1 for nobody");
    else if (is_lmtp && session->notice_to[0] == '\0')
        accept_by_one(sim, link);
    else if (!fault_is_over(sim, link) &&
             sim_chance(sim, link->host->storms / 2))
        fault_reply(sim, link, "451 4.3.0 not now");
    else if (session->content.len > link->host->size_max)
        fault_reply(sim, link, "552 5.3.4 too large");
    else if (!fault_is_over(sim, link) &&
             sim_chance(sim, link->host->faults / 4))
        session->is_over = true;
    else
        accept_mail(sim, link);
    forget_mail(session);
}

static void on_data(struct sim *sim, struct link *link)
{
    struct session *session = &link->session;

    if (session->person_count == 0 && session->notice_to[0] == '\0') {
        fault_reply(sim, link, "554 5.5.1 no recipients");
        return;
    }
    if (fault_reply(sim, link, "354 go on"))
        session->in_data = true;
}

static void on_bdat(struct link *link)
{
    struct session *session = &link->session;
    smail_span rest = { session->line, session->line_len };
    smail_span number;

    smail__span_cut(&rest, ' ');
    number = smail__span_cut(&rest, ' ');
    session->chunk_left = 0;
    for (size_t i = 0; i < number.len; i++)
        session->chunk_left =
            session->chunk_left * 10 + (uint64_t)(number.data[i] - '0');
    session->last_chunk = rest.len > 0;
    session->in_chunk = true;
}

static void end_chunk(struct sim *sim, struct link *link)
{
    struct session *session = &link->session;
    bool has_any = session->person_count > 0 || session->notice_to[0] != '\0';

    session->in_chunk = false;
    if (!has_any) {
        fault_reply(sim, link, "503 5.5.1 no recipients");
        return;
    }
    if (session->last_chunk)
        end_content(sim, link);
    else
        fault_reply(sim, link, "250 2.0.0 octets");
}

/* alice, secret */
#define SECRET "AGFsaWNlAHNlY3JldA=="

static void on_auth(struct sim *sim, struct link *link)
{
    struct session *session = &link->session;

    if (!session->verified)
        sim_fail(sim, "a password without a proof");
    if (!fault_is_over(sim, link) && sim_chance(sim, link->host->storms / 2)) {
        fault_reply(sim, link, "454 4.7.0 not now");
    } else if (!starts(session, "AUTH PLAIN " SECRET)) {
        sim_fail(sim, "a wrong log-in: %s", session->line);
        fault_reply(sim, link, "535 5.7.8 no");
    } else if (fault_reply(sim, link, "235 2.7.0 welcome")) {
        session->logged_in = true;
    }
}

static void on_starttls(struct sim *sim, struct link *link)
{
    if (link->host->tls == TLS_NONE || link->session.secured)
        fault_reply(sim, link, "502 5.5.1 no");
    else if (!fault_is_over(sim, link) &&
             sim_chance(sim, link->host->faults / 2))
        fault_reply(sim, link, "454 4.7.0 not now");
    else
        fault_reply(sim, link, "220 go on");
}

static void on_command(struct sim *sim, struct link *link)
{
    struct session *session = &link->session;

    session->line[session->line_len] = '\0';
    sim_trace(sim, "%s < %s", link->host->name, session->line);
    if (starts(session, "EHLO") || starts(session, "HELO") ||
        starts(session, "LHLO")) {
        on_hello(sim, link);
    } else if (starts(session, "MAIL FROM:")) {
        on_mail(sim, link);
    } else if (starts(session, "RCPT TO:")) {
        on_rcpt(sim, link);
    } else if (starts(session, "DATA")) {
        on_data(sim, link);
    } else if (starts(session, "BDAT")) {
        on_bdat(link);
    } else if (starts(session, "AUTH ")) {
        on_auth(sim, link);
    } else if (starts(session, "STARTTLS")) {
        on_starttls(sim, link);
    } else if (starts(session, "RSET") || starts(session, "NOOP")) {
        if (starts(session, "RSET"))
            forget_mail(session);
        fault_reply(sim, link, "250 2.0.0 fine");
    } else if (starts(session, "QUIT")) {
        fault_reply(sim, link, "221 2.0.0 bye");
        session->is_over = true;
    } else {
        sim_fail(sim, "an unknown command: %s", session->line);
        fault_reply(sim, link, "500 5.5.2 what?");
    }
}

/* --- Octets -------------------------------------------------------------- */

static void on_content_line(struct sim *sim, struct link *link)
{
    struct session *session = &link->session;
    smail_span line = { session->line, session->line_len };

    if (smail__span_is(line, ".")) {
        session->in_data = false;
        end_content(sim, link);
        return;
    }
    if (line.len > 0 && line.data[0] == '.')
        line = smail__span_from(line, 1);
    if (line.len > 998)
        sim_fail(sim, "a line of %zu octets", line.len);
    smail__buf_append(&session->content, line);
    smail__buf_append(&session->content, SMAIL__SPAN("\r\n"));
}

static void on_octet(struct sim *sim, struct link *link, char octet)
{
    struct session *session = &link->session;
    size_t len = session->line_len;
    bool after_cr = len > 0 && session->line[len - 1] == '\r';

    if ((octet == '\n') != after_cr)
        sim_fail(sim, "a bare CR or LF");
    if (octet == '\n') {
        session->line_len = len - (after_cr ? 1 : 0);
        if (session->in_data)
            on_content_line(sim, link);
        else
            on_command(sim, link);
        session->line_len = 0;
        return;
    }
    if (len + 1 >= sizeof(session->line)) {
        sim_fail(sim, "a line without an end");
        session->line_len = 0;
        return;
    }
    session->line[session->line_len++] = octet;
}

void host_input(struct sim *sim, struct link *link, smail_span input)
{
    struct session *session = &link->session;

    for (size_t i = 0; i < input.len && !session->is_over && !session->is_hung;
         i++) {
        if (!session->in_chunk || session->chunk_left == 0) {
            on_octet(sim, link, input.data[i]);
        } else {
            smail__buf_putc(&session->content, input.data[i]);
            session->chunk_left--;
        }
        if (session->in_chunk && session->chunk_left == 0)
            end_chunk(sim, link);
    }
}
