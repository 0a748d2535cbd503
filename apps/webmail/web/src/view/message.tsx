/* SPDX-License-Identifier: MIT */
/* One message of a conversation, folded or open. */
import { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { useCell } from "../cell";
import { Address, EmailBody, EmailHead } from "../jmap/types";
import { fullAddress, nameOf, plain } from "../mail/address";
import { fetchInline } from "../mail/inline";
import { exactTime, relativeTime, shortTime, sizeInWords } from "../mail/when";
import { bodyOf, hasHtml } from "../state/draft";
import { isDraft, isStarred, isUnread } from "../state/emails";
import { useMail } from "../state/mail";
import { deliveries, Delivery } from "../state/submissions";
import { Attachments } from "./attachments";
import { MailFrame } from "./frame";
import { Icon, IconButton } from "./icon";
import { Avatar, Menu, MenuItem, Person, Time } from "./parts";
import { PlainText } from "./text";

function PeopleLine({ label, list }: { label: string; list: Address[] | null }): JSX.Element | null {
    if (!list?.length) return null;
    return (
        <div class="detail">
            <dt>{label}</dt>
            <dd>
                {list.map((who, i) => (
                    <bdi key={i}>{fullAddress(who)}</bdi>
                ))}
            </dd>
        </div>
    );
}

function Details({ head, body }: { head: EmailHead; body: EmailBody | undefined }): JSX.Element {
    return (
        <dl class="details">
            <PeopleLine label="From" list={head.from} />
            <PeopleLine label="Reply to" list={body?.replyTo ?? null} />
            <PeopleLine label="To" list={head.to} />
            <PeopleLine label="Cc" list={head.cc} />
            <PeopleLine label="Bcc" list={body?.bcc ?? null} />
            <div class="detail">
                <dt>Date</dt>
                <dd>{exactTime(head.sentAt ?? head.receivedAt)}</dd>
            </div>
            <div class="detail">
                <dt>Received</dt>
                <dd>{exactTime(head.receivedAt)}</dd>
            </div>
            <div class="detail">
                <dt>Size</dt>
                <dd>{sizeInWords(head.size)}</dd>
            </div>
        </dl>
    );
}

function DeliveryState({ list }: { list: Delivery[] }): JSX.Element | null {
    if (list.length === 0) return null;
    const icon = { delivered: "check-all", failed: "warning", trying: "clock", waiting: "clock" } as const;
    return (
        <ul class="deliveries" aria-label="Delivery">
            {list.map((each) => (
                <li key={each.recipient} class={`delivery delivery-${each.state}`} title={each.reply}>
                    <Icon name={icon[each.state]} size={14} />
                    <bdi>{plain(each.recipient)}</bdi>
                    <span>{each.words}</span>
                </li>
            ))}
        </ul>
    );
}

function Html({ head, body }: { head: EmailHead; body: EmailBody }): JSX.Element {
    const mail = useMail();
    const html = useMemo(() => bodyOf(body, "html"), [body]);
    const parts = useMemo(() => [...body.attachments, ...body.htmlBody], [body]);
    const [inline, setInline] = useState<Record<string, string> | null>(html.includes("cid:") ? null : {});
    const [wants, setWants] = useState(false);
    const [remote, setRemote] = useState(false);

    useEffect(() => {
        let gone = false;
        if (inline === null) void fetchInline(mail.client, html, parts).then((found) => gone || setInline(found));
        return () => {
            gone = true;
        };
    }, [html]);

    return (
        <>
            {wants && !remote && (
                <div class="notice notice-remote">
                    <Icon name="image" />
                    <span>Remote pictures are not loaded: they would tell the sender that you read this.</span>
                    <button type="button" class="btn btn-quiet btn-sm" onClick={() => setRemote(true)}>
                        Show pictures
                    </button>
                </div>
            )}
            {inline && (
                <MailFrame title={`Message from ${head.from?.[0] ? nameOf(head.from[0]) : "nobody"}`} html={html} inline={inline} remote={remote}
                    fold onRemote={() => setWants(true)} onMailto={(href) => mail.composeTo(href)} />
            )}
        </>
    );
}

function Body({ head, body, asText }: { head: EmailHead; body: EmailBody; asText: boolean }): JSX.Element {
    const mail = useMail();
    const text = useMemo(() => bodyOf(body, "text"), [body]);
    const values = Object.values(body.bodyValues);
    const cut = values.some((value) => value.isTruncated);
    const odd = values.some((value) => value.isEncodingProblem);
    return (
        <>
            {odd && <p class="notice">Some characters of this message could not be read and are shown as �.</p>}
            {hasHtml(body) && !asText ? (
                <Html head={head} body={body} />
            ) : text.trim() ? (
                <PlainText text={text} onMailto={(href) => mail.composeTo(href)} />
            ) : (
                <p class="no-text">This message has no text.</p>
            )}
            {cut && (
                <p class="notice">
                    This message is very long; only its beginning is shown.{" "}
                    <a href={mail.client.downloadUrl(body.blobId, "message.eml", "message/rfc822")} download="message.eml">
                        Download all of it
                    </a>
                </p>
            )}
        </>
    );
}

interface MessageProps {
    head: EmailHead;
    body: EmailBody | undefined;
    open: boolean;
    canFold: boolean;
    onToggle: () => void;
}

function Summary({ head, onToggle }: { head: EmailHead; onToggle: () => void }): JSX.Element {
    const from = head.from?.[0];
    return (
        <button type="button" class={`message-folded ${isUnread(head) ? "unread" : ""}`} aria-expanded={false} onClick={onToggle}>
            <Avatar who={from} small />
            <bdi class="message-from">{from ? nameOf(from) : "(no sender)"}</bdi>
            <bdi class="message-preview">{plain(head.preview)}</bdi>
            {isStarred(head) && <Icon name="star-fill" size={13} />}
            <Time at={head.receivedAt} />
        </button>
    );
}

function DraftCard({ head }: { head: EmailHead }): JSX.Element {
    const mail = useMail();
    return (
        <article class="message message-draft" aria-label="Draft">
            <span class="row-draft">Draft</span>
            <bdi class="message-preview">{plain(head.preview) || "(nothing written yet)"}</bdi>
            <button type="button" class="btn btn-quiet btn-sm" onClick={() => void mail.continueDraft(head)}>
                <Icon name="pencil" size={14} /> Continue
            </button>
            <IconButton icon="trash" label="Discard draft" size={15} onClick={() => void mail.actions.trashOne(head)} />
        </article>
    );
}

export function Message({ head, body, open, canFold, onToggle }: MessageProps): JSX.Element {
    const mail = useMail();
    const submissions = useCell(mail.submissions.byEmail);
    const [details, setDetails] = useState(false);
    const [asText, setAsText] = useState(false);
    const from = head.from?.[0];
    const mine = mail.identities.own().has((from?.email ?? "").toLowerCase());

    useEffect(() => {
        if (open && mine && !isDraft(head)) void mail.submissions.want([head.id]).catch(() => undefined);
    }, [open, mine, head.id]);

    if (isDraft(head)) return <DraftCard head={head} />;
    if (!open) return <Summary head={head} onToggle={onToggle} />;

    const to = [...(head.to ?? []), ...(head.cc ?? [])];
    const items: (MenuItem | null)[] = [
        { label: "Reply", icon: "reply", hint: "r", run: () => void mail.reply(head, false) },
        { label: "Reply all", icon: "reply-all", hint: "a", run: () => void mail.reply(head, true) },
        { label: "Forward", icon: "forward", hint: "f", run: () => void mail.forward(head) },
        null,
        { label: "Delete this message", icon: "trash", run: () => void mail.actions.trashOne(head) },
    ];
    if (body && hasHtml(body)) {
        items.push({ label: asText ? "Show as designed" : "Show as plain text", icon: "file-text", run: () => setAsText(!asText) });
    }
    if (body) {
        const source = mail.client.downloadUrl(body.blobId, "message.eml", "message/rfc822");
        items.push({ label: "Download message", icon: "download", run: () => download(source) });
    }

    return (
        <article class="message" aria-label={`Message from ${from ? nameOf(from) : "nobody"}`}>
            <header class="message-head">
                <Avatar who={from} />
                <div class="message-who">
                    <div class="message-line">
                        {from ? <Person who={from} /> : <span class="person">(no sender)</span>}
                        {from && plain(from.name) && <bdi class="message-address">{plain(from.email)}</bdi>}
                    </div>
                    <button type="button" class="message-to" aria-expanded={details} onClick={() => setDetails(!details)}>
                        <span>
                            to <bdi>{to.length > 0 ? to.map(nameOf).join(", ") : "nobody"}</bdi>
                        </span>
                        <Icon name={details ? "chevron-up" : "chevron-down"} size={11} />
                        <span class="visually-hidden">{details ? "Hide details" : "Show details"}</span>
                    </button>
                </div>
                <div class="message-tools">
                    <time class="message-time" dateTime={head.receivedAt} title={exactTime(head.receivedAt)}>
                        <span class="long">{relativeTime(head.receivedAt)}</span>
                        <span class="short">{shortTime(head.receivedAt)}</span>
                    </time>
                    <IconButton icon={isStarred(head) ? "star-fill" : "star"} label={isStarred(head) ? "Remove star" : "Star this message"}
                        class={isStarred(head) ? "star on" : "star"} onClick={() => void mail.actions.starOne(head)} />
                    <IconButton icon="reply" label="Reply" class="not-phone" onClick={() => void mail.reply(head, false)} />
                    <Menu label="More for this message" items={items} />
                    {canFold && <IconButton icon="chevron-up" label="Fold this message" class="not-phone" size={14} onClick={onToggle} />}
                </div>
            </header>
            {details && <Details head={head} body={body} />}
            {mine && <DeliveryState list={deliveries(submissions.get(head.id) ?? [])} />}
            <div class="message-body">
                {body ? <Body head={head} body={body} asText={asText} /> : <div class="bone bone-text" role="status" aria-label="Loading" />}
            </div>
            {body && <Attachments body={body} />}
        </article>
    );
}

export function download(url: string): void {
    const link = document.createElement("a");
    link.href = url;
    link.download = "";
    link.click();
}
