/* SPDX-License-Identifier: MIT */
/* A message being written, and how it becomes an Email object. */
import { Address, BodyPart, EmailBody, EmailHead, Id, Identity } from "../jmap/types";
import { parseAddresses } from "../mail/address";
import { htmlToText } from "../mail/plain";
import { editorHtml } from "../mail/sanitise";
import { escapeHtml, quoteText, textToHtml } from "../mail/text";

export interface Attachment {
    key: string;
    name: string;
    type: string;
    size: number;
    blobId: Id | null;
    cid: string | null;
    /* A picture that stands in the quotation, and goes with it. */
    inQuote: boolean;
    /* 0 to 1 while it is sent to the server */
    progress: number;
    problem: string | null;
}

/* What is answered or passed on: kept as it came, out of the editor, so that
 * nothing of it is changed, and nothing of it can reach the page. */
export interface Quote {
    head: string;
    html: string | null;
    text: string;
    forward: boolean;
}

export type Field = "to" | "cc" | "bcc";

export interface Draft {
    key: string;
    emailId: Id | null;
    identityId: Id | null;
    to: Address[];
    cc: Address[];
    bcc: Address[];
    /* Typed, not yet a recipient. */
    typed: Record<Field, string>;
    showCc: boolean;
    subject: string;
    rich: boolean;
    html: string;
    text: string;
    quote: Quote | null;
    inReplyTo: string[] | null;
    references: string[] | null;
    /* The email this answers or passes on, and the keyword it then gets. */
    source: { id: Id; keyword: "$answered" | "$forwarded" } | null;
    attachments: Attachment[];
}

export function emptyDraft(key: string, identityId: Id | null): Draft {
    return {
        key,
        emailId: null,
        identityId,
        to: [],
        cc: [],
        bcc: [],
        typed: { to: "", cc: "", bcc: "" },
        showCc: false,
        subject: "",
        rich: true,
        html: "",
        text: "",
        quote: null,
        inReplyTo: null,
        references: null,
        source: null,
        attachments: [],
    };
}

/* Whoever typed an address and went straight to "Send" meant it. */
export function recipients(draft: Draft, field: Field): Address[] {
    return [...draft[field], ...parseAddresses(draft.typed[field])];
}

export function bodyText(draft: Draft): string {
    return draft.rich ? htmlToText(draft.html) : draft.text;
}

export function isEmpty(draft: Draft): boolean {
    return (
        (["to", "cc", "bcc"] as Field[]).every((field) => recipients(draft, field).length === 0) &&
        draft.subject.trim() === "" &&
        bodyText(draft).trim() === "" &&
        draft.attachments.length === 0
    );
}

/* What would be saved: two drafts with the same are the same. */
export function fingerprint(draft: Draft): string {
    const { key: _key, emailId: _id, attachments, ...rest } = draft;
    return JSON.stringify([rest, attachments.map((each) => [each.blobId, each.name])]);
}

export function quoteAsText(quote: Quote): string {
    return quote.forward ? `${quote.head}\n\n${quote.text}` : `${quote.head}\n${quoteText(quote.text)}`;
}

function quoteAsHtml(quote: Quote): string {
    const inner = quote.html ?? textToHtml(quote.text);
    const head = escapeHtml(quote.head).replace(/\n/g, "<br>");
    if (quote.forward) return `<div class="smail-quote"><div>${head}</div><br><div>${inner}</div></div>`;
    return `<div class="smail-quote"><div>${head}</div><blockquote type="cite">${inner}</blockquote></div>`;
}

function fullText(draft: Draft): string {
    const own = bodyText(draft);
    return draft.quote ? `${own}\n\n${quoteAsText(draft.quote)}\n` : `${own}\n`;
}

function fullHtml(draft: Draft): string {
    const own = editorHtml(draft.html);
    const quote = draft.quote ? `<br>${quoteAsHtml(draft.quote)}` : "";
    return `<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>${own}${quote}</body></html>`;
}

/* A picture of the quotation stands in it, or goes on beside a forwarded text
 * that has lost its form, or is left out with the quotation. */
function partOf(draft: Draft, each: Attachment): Record<string, unknown>[] {
    if (!each.blobId) return [];
    const part = { blobId: each.blobId, type: each.type || "application/octet-stream", name: each.name };
    if (!each.inQuote) return [{ ...part, disposition: "attachment" }];
    if (draft.rich && draft.quote?.html) return [{ ...part, disposition: "inline", cid: each.cid }];
    return draft.quote?.forward ? [{ ...part, disposition: "attachment" }] : [];
}

/* For Email/set (RFC 8621, 4.6). */
export function emailOf(draft: Draft, identity: Identity | null, mailboxIds: Record<Id, boolean>): Record<string, unknown> {
    const values: Record<string, { value: string }> = { text: { value: fullText(draft) } };
    const email: Record<string, unknown> = {
        mailboxIds,
        keywords: { $draft: true, $seen: true },
        from: identity ? [{ name: identity.name || null, email: identity.email }] : null,
        to: recipients(draft, "to"),
        cc: recipients(draft, "cc"),
        bcc: recipients(draft, "bcc"),
        subject: draft.subject,
        textBody: [{ partId: "text", type: "text/plain" }],
        bodyValues: values,
    };
    if (identity?.replyTo?.length) email["replyTo"] = identity.replyTo;
    if (draft.inReplyTo) email["inReplyTo"] = draft.inReplyTo;
    if (draft.references) email["references"] = draft.references;
    if (draft.rich) {
        email["htmlBody"] = [{ partId: "html", type: "text/html" }];
        values["html"] = { value: fullHtml(draft) };
    }
    const parts = draft.attachments.flatMap((each) => partOf(draft, each));
    if (parts.length > 0) email["attachments"] = parts;
    /* An address list with nobody in it is left out, not sent empty. */
    for (const field of ["to", "cc", "bcc"]) {
        if ((email[field] as Address[]).length === 0) delete email[field];
    }
    return email;
}

export function attachmentOf(part: BodyPart, key: string, html: string | null): Attachment {
    const cid = part.cid?.replace(/^<|>$/g, "") ?? null;
    return {
        key,
        name: part.name ?? (part.type === "message/rfc822" ? "message.eml" : "attachment"),
        type: part.type,
        size: part.size,
        blobId: part.blobId,
        cid,
        inQuote: cid !== null && html !== null && html.includes(`cid:${cid}`),
        progress: 1,
        problem: null,
    };
}

/* The text of the parts that are read in order, without attachments. */
export function bodyOf(body: EmailBody, kind: "text" | "html"): string {
    const parts = kind === "text" ? body.textBody : body.htmlBody;
    const wanted = kind === "text" ? "text/plain" : "text/html";
    const pieces: string[] = [];
    for (const part of parts) {
        const value = part.partId ? body.bodyValues[part.partId]?.value : undefined;
        if (value === undefined) continue;
        if (part.type.toLowerCase() === wanted) pieces.push(value);
        else if (kind === "html" && part.type.toLowerCase() === "text/plain") pieces.push(textToHtml(value));
        else if (kind === "text" && part.type.toLowerCase() === "text/html") pieces.push(htmlToText(value));
    }
    return pieces.join(kind === "text" ? "\n" : "");
}

export function hasHtml(body: EmailBody): boolean {
    return body.htmlBody.some((part) => part.type.toLowerCase() === "text/html");
}

export function subjectWith(prefix: "Re" | "Fwd", subject: string | null): string {
    const words = subject ?? "";
    const has = prefix === "Re" ? /^\s*re\s*:/i : /^\s*fwd?\s*:/i;
    return has.test(words) ? words.trim() : `${prefix}: ${words.trim()}`;
}

/* References of an answer (RFC 5322, 3.6.4). */
export function referencesFor(body: EmailBody): string[] {
    const before = body.references ?? (body.inReplyTo?.length === 1 ? body.inReplyTo : []) ?? [];
    return [...before, ...(body.messageId ?? [])].slice(-100);
}

export interface Source {
    head: EmailHead;
    body: EmailBody;
}
