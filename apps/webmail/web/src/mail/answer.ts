/* SPDX-License-Identifier: MIT */
/* The beginnings of a reply, of a forwarded message, and of a draft that is
 * taken up again. */
import { Address, Id, Identity } from "../jmap/types";
import { Attachment, attachmentOf, bodyOf, Draft, emptyDraft, hasHtml, Quote, referencesFor, Source, subjectWith } from "../state/draft";
import { fullAddress, nameOf, plain, without } from "./address";
import { quoteSplit } from "./quote";
import { editorHtml, messageHtml } from "./sanitise";
import { quoteTime } from "./when";

/* The identity that a message was sent to, or the first. */
export function identityFor(identities: Identity[], head: Source["head"]): Identity | null {
    const people = [...(head.to ?? []), ...(head.cc ?? [])].map((each) => each.email.toLowerCase());
    return identities.find((each) => people.includes(each.email.toLowerCase())) ?? identities[0] ?? null;
}

function quoteOf(source: Source, head: string, forward: boolean): Quote {
    const html = hasHtml(source.body) ? messageHtml(bodyOf(source.body, "html"), forward) : null;
    return { head, html, text: bodyOf(source.body, "text"), forward };
}

function attachmentsOf(source: Source, quote: Quote | null, newKey: () => string): Attachment[] {
    const parts = source.body.attachments.filter((part) => part.blobId);
    return parts.map((part) => attachmentOf(part, newKey(), quote?.html ?? null));
}

export function replyDraft(key: string, source: Source, identities: Identity[], all: boolean, newKey: () => string): Draft {
    const { head, body } = source;
    const identity = identityFor(identities, head);
    const own = identities.map((each) => each.email);
    const isMine = own.some((email) => email.toLowerCase() === (head.from?.[0]?.email ?? "").toLowerCase());
    const senders = body.replyTo?.length ? body.replyTo : (head.from ?? []);

    const draft = emptyDraft(key, identity?.id ?? null);
    /* Answering one's own mail goes on talking to the same people. */
    const first: Address[] = isMine && (head.to?.length ?? 0) > 0 ? (head.to ?? []) : senders;
    draft.to = without(first, isMine ? [] : own);
    if (draft.to.length === 0) draft.to = without(first, []);
    if (all) {
        const others = isMine ? [] : (head.to ?? []);
        const taken = [...own, ...draft.to.map((each) => each.email)];
        draft.cc = without([...others, ...(head.cc ?? [])], taken);
    }
    draft.showCc = draft.cc.length > 0;
    draft.subject = subjectWith("Re", head.subject);
    draft.inReplyTo = body.messageId?.slice(-1) ?? null;
    const references = referencesFor(body);
    draft.references = references.length > 0 ? references : null;
    draft.source = { id: head.id, keyword: "$answered" };
    const who = head.from?.[0] ? nameOf(head.from[0]) : "somebody";
    draft.quote = quoteOf(source, `On ${quoteTime(head.sentAt ?? head.receivedAt)}, ${who} wrote:`, false);
    draft.attachments = attachmentsOf(source, draft.quote, newKey).filter((each) => each.inQuote);
    return draft;
}

function forwardHead(source: Source): string {
    const { head } = source;
    const people = (list: Address[] | null) => (list ?? []).map(fullAddress).join(", ");
    const lines = [
        "---------- Forwarded message ----------",
        `From: ${people(head.from)}`,
        `Date: ${quoteTime(head.sentAt ?? head.receivedAt)}`,
        `Subject: ${plain(head.subject)}`,
        `To: ${people(head.to)}`,
    ];
    if (head.cc?.length) lines.push(`Cc: ${people(head.cc)}`);
    return lines.join("\n");
}

export function forwardDraft(key: string, source: Source, identities: Identity[], newKey: () => string): Draft {
    const draft = emptyDraft(key, identityFor(identities, source.head)?.id ?? null);
    draft.subject = subjectWith("Fwd", source.head.subject);
    const references = referencesFor(source.body);
    draft.references = references.length > 0 ? references : null;
    draft.source = { id: source.head.id, keyword: "$forwarded" };
    draft.quote = quoteOf(source, forwardHead(source), true);
    draft.attachments = attachmentsOf(source, draft.quote, newKey);
    return draft;
}

/* A draft from the server. Its quotation was marked when it was saved. */
export function reopenDraft(key: string, source: Source, identities: Identity[], newKey: () => string): Draft {
    const { head, body } = source;
    const from = (head.from?.[0]?.email ?? "").toLowerCase();
    const identity = identities.find((each) => each.email.toLowerCase() === from) ?? identities[0] ?? null;
    const draft = emptyDraft(key, identity?.id ?? null);
    draft.emailId = head.id as Id;
    draft.to = head.to ?? [];
    draft.cc = head.cc ?? [];
    draft.bcc = body.bcc ?? [];
    draft.showCc = draft.cc.length + draft.bcc.length > 0;
    draft.subject = head.subject ?? "";
    draft.inReplyTo = body.inReplyTo;
    draft.references = body.references;
    draft.rich = hasHtml(body);
    if (draft.rich) {
        const split = quoteSplit(bodyOf(body, "html"));
        draft.html = editorHtml(split.own);
        draft.quote = split.quote;
    } else draft.text = bodyOf(body, "text").replace(/\n$/, "");
    draft.attachments = attachmentsOf(source, draft.quote, newKey);
    return draft;
}

function halves(text: string, at: string): [string, string] {
    const i = text.indexOf(at);
    return i < 0 ? [text, ""] : [text.slice(0, i), text.slice(i + 1)];
}

/* mailto: links (RFC 6068), from a message or from another program. */
export function mailtoDraft(key: string, href: string, identityId: Id | null, parse: (text: string) => Address[]): Draft {
    const draft = emptyDraft(key, identityId);
    const [path, query] = halves(href.replace(/^mailto:/i, ""), "?");
    const decode = (text: string) => {
        try {
            return decodeURIComponent(text);
        } catch {
            return text;
        }
    };
    draft.to = parse(decode(path));
    for (const pair of query.split("&")) {
        const [name, value] = halves(pair, "=");
        const text = decode(value);
        if (/^to$/i.test(name)) draft.to = [...draft.to, ...parse(text)];
        else if (/^cc$/i.test(name)) draft.cc = [...draft.cc, ...parse(text)];
        else if (/^subject$/i.test(name)) draft.subject = plain(text);
        else if (/^body$/i.test(name)) {
            draft.rich = false;
            draft.text = text.replace(/\r\n?/g, "\n");
        }
    }
    draft.showCc = draft.cc.length > 0;
    return draft;
}
