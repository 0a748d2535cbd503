/* SPDX-License-Identifier: MIT */
import { JSX } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useCell } from "../cell";
import { reachable } from "../http";
import { Address } from "../jmap/types";
import { plain } from "../mail/address";
import { fetchInline } from "../mail/inline";
import { htmlToText } from "../mail/plain";
import { editorHtml } from "../mail/sanitise";
import { escapeHtml, textToHtml } from "../mail/text";
import { sizeInWords } from "../mail/when";
import { Composer, Saving } from "../state/composer";
import { Attachment, Draft, Field, Quote, quoteAsText } from "../state/draft";
import { useMail } from "../state/mail";
import { fileIcon, fileName } from "./attachments";
import { Chips } from "./chips";
import { RichEditor } from "./editor";
import { MailFrame } from "./frame";
import { Icon, IconButton } from "./icon";
import { Menu, MenuItem, Spinner } from "./parts";
import { SendLater } from "./scheduled";
import { PlainText } from "./text";

const NO_INLINE: Record<string, string> = {};

function SaveState({ saving }: { saving: Saving }): JSX.Element {
    const online = useCell(reachable);
    let words = "";
    if (saving.kind === "saving") words = "Saving…";
    else if (saving.kind === "saved") {
        words = `Saved ${new Date(saving.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`;
    } else if (saving.kind === "changed") words = online ? "Not saved yet" : "Kept on this device";
    else if (saving.kind === "failed") words = saving.why;
    return (
        <span class={`save-state ${saving.kind === "failed" ? "bad" : ""}`} role="status" aria-live="polite">
            {words}
        </span>
    );
}

function Recipients({ composer, draft, focus }: { composer: Composer; draft: Draft; focus: boolean }): JSX.Element {
    const problem = useCell(composer.problem);
    const chips = (field: Field, label: string, after?: JSX.Element | false) => (
        <Chips
            label={label}
            list={draft[field]}
            typed={draft.typed[field]}
            problems={problem?.recipients ?? {}}
            focus={field === "to" && focus}
            onList={(list) => composer.edit({ [field]: list })}
            onTyped={(text) => composer.edit({ typed: { ...composer.draft.get().typed, [field]: text } })}
            onCommit={() => composer.commit(field)}
            onPick={(who: Address) => {
                const now = composer.draft.get();
                composer.edit({ [field]: [...now[field], { name: who.name, email: who.email }], typed: { ...now.typed, [field]: "" } });
            }}
            after={after ?? null}
        />
    );
    const more = !draft.showCc && (
        <button type="button" class="btn-link-quiet chips-more" onClick={() => composer.edit({ showCc: true })}>
            Cc Bcc
        </button>
    );
    return (
        <>
            {chips("to", "To", more)}
            {draft.showCc && chips("cc", "Cc")}
            {draft.showCc && chips("bcc", "Bcc")}
        </>
    );
}

function Sender({ composer, draft }: { composer: Composer; draft: Draft }): JSX.Element | null {
    const mail = useMail();
    const identities = useCell(mail.identities.all);
    const id = useId();
    if (identities.length < 2) return null;
    return (
        <div class="chips">
            <label class="chips-label" for={id}>
                From
            </label>
            <select id={id} class="form-select sender" value={draft.identityId ?? ""} onChange={(event) => composer.edit({ identityId: event.currentTarget.value })}>
                {identities.map((each) => (
                    <option key={each.id} value={each.id}>
                        {each.name ? `${each.name} <${each.email}>` : each.email}
                    </option>
                ))}
            </select>
        </div>
    );
}

interface QuoteProps {
    composer: Composer;
    quote: Quote;
    rich: boolean;
    pictures: Attachment[];
}

function QuoteBlock({ composer, quote, rich, pictures }: QuoteProps): JSX.Element {
    const mail = useMail();
    const [shown, setShown] = useState(quote.forward);
    const [inline, setInline] = useState(NO_INLINE);
    useEffect(() => {
        const parts = pictures.filter((each) => each.inQuote);
        if (!shown || parts.length === 0 || quote.html === null) return;
        void fetchInline(mail.client, quote.html, parts).then(setInline);
    }, [shown, quote.html]);
    /* Into the editor, to answer between the lines. */
    const edit = () => {
        const draft = composer.draft.get();
        if (rich) {
            const head = escapeHtml(quote.head).replace(/\n/g, "<br>");
            const inner = quote.html ? editorHtml(quote.html) : textToHtml(quote.text);
            const block = quote.forward ? `<div>${head}</div>${inner}` : `<div>${head}</div><blockquote type="cite">${inner}</blockquote>`;
            composer.edit({ html: `${draft.html}<div><br></div>${block}`, quote: null });
        } else composer.edit({ text: `${draft.text}\n\n${quoteAsText(quote)}\n`, quote: null });
        composer.reset.update((n) => n + 1);
    };
    return (
        <div class="quote-block">
            <div class="quote-bar">
                <button type="button" class="quote-toggle" aria-expanded={shown} onClick={() => setShown(!shown)}>
                    <Icon name={shown ? "chevron-up" : "chevron-down"} size={12} />
                    <bdi>{quote.forward ? "Forwarded message" : plain(quote.head)}</bdi>
                </button>
                <button type="button" class="btn-link-quiet" onClick={edit}>
                    Edit
                </button>
                <IconButton icon="x" label="Remove the quoted text" size={12} onClick={() => composer.edit({ quote: null })} />
            </div>
            {shown && (
                <div class="quote-inside">
                    {rich && quote.html !== null ? (
                        <MailFrame title="Quoted message" html={quote.html} inline={inline} remote={false} />
                    ) : (
                        <PlainText text={quote.text} onMailto={(href) => mail.composeTo(href)} />
                    )}
                </div>
            )}
        </div>
    );
}

function AttachmentChip({ composer, each }: { composer: Composer; each: Attachment }): JSX.Element {
    const name = fileName(each);
    const busy = !each.blobId && !each.problem;
    const percent = Math.round(each.progress * 100);
    return (
        <li class={`attachment attachment-draft ${each.problem ? "bad" : ""}`}>
            <Icon name={fileIcon(each.type)} size={18} />
            <span class="attachment-words">
                <bdi class="attachment-name">{name}</bdi>
                <span class="attachment-size">{each.problem ?? (busy ? `${percent} % of ${sizeInWords(each.size)}` : sizeInWords(each.size))}</span>
                {busy && <progress class="attachment-progress" max={100} value={percent} aria-label={`Sending ${name}`} />}
            </span>
            {each.problem && composer.canRetry(each.key) && (
                <IconButton icon="refresh" label={`Try again: ${name}`} size={14} onClick={() => composer.retry(each.key)} />
            )}
            <IconButton icon="x" label={busy ? `Cancel ${name}` : `Remove ${name}`} size={12} onClick={() => composer.detach(each.key)} />
        </li>
    );
}

function PlainEditor({ composer, draft, onReady }: { composer: Composer; draft: Draft; onReady: (focus: () => void) => void }): JSX.Element {
    const ref = useRef<HTMLTextAreaElement>(null);
    useLayoutEffect(() => {
        onReady(() => {
            ref.current?.focus();
            ref.current?.setSelectionRange(0, 0);
        });
    }, []);
    return (
        <div class="editor">
            <textarea ref={ref} class="editor-plain" aria-label="Message" dir="auto" value={draft.text} onInput={(event) => composer.edit({ text: event.currentTarget.value })} />
        </div>
    );
}

function useDrop(onFiles: (files: File[]) => void): { over: boolean; handlers: Record<string, (event: DragEvent) => void> } {
    const [over, setOver] = useState(false);
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    return {
        over,
        handlers: {
            onDragOver: (event) => {
                if (!hasFiles(event)) return;
                event.preventDefault();
                setOver(true);
            },
            onDragLeave: (event) => {
                if (!(event.relatedTarget instanceof Node) || !(event.currentTarget as Node).contains(event.relatedTarget)) setOver(false);
            },
            onDropCapture: (event) => {
                setOver(false);
                const files = [...(event.dataTransfer?.files ?? [])];
                if (files.length === 0) return;
                event.preventDefault();
                event.stopPropagation();
                onFiles(files);
            },
        },
    };
}

function switchMode(composer: Composer): void {
    const draft = composer.draft.get();
    if (draft.rich) composer.edit({ rich: false, text: htmlToText(draft.html) });
    else composer.edit({ rich: true, html: textToHtml(draft.text) });
    composer.reset.update((n) => n + 1);
}

export function ComposerPanel({ composer, large, onLarge }: { composer: Composer; large: boolean; onLarge: () => void }): JSX.Element {
    const mail = useMail();
    const draft = useCell(composer.draft);
    const saving = useCell(composer.saving);
    const sending = useCell(composer.sending);
    const problem = useCell(composer.problem);
    const folded = useCell(composer.folded);
    const reset = useCell(composer.reset);
    const file = useRef<HTMLInputElement>(null);
    const focusText = useRef<(() => void) | null>(null);
    const [startsInText] = useState(draft.to.length > 0);
    const attach = (files: File[]) => composer.attach(files);
    const drop = useDrop(attach);
    const [later, setLater] = useState(false);
    const attached = draft.attachments.filter((each) => !each.inQuote);
    const title = plain(draft.subject) || "New message";
    /* Whoever was somewhere before is there again afterwards. */
    const [before] = useState(() => document.activeElement);
    useEffect(() => {
        return () => {
            window.setTimeout(() => {
                if (document.activeElement !== document.body) return;
                if (before instanceof HTMLElement && before.isConnected) before.focus();
            }, 0);
        };
    }, []);
    const ready = (focus: () => void) => {
        const first = focusText.current === null;
        focusText.current = focus;
        if (first && startsInText) focus();
    };

    const keys = (event: KeyboardEvent) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            void mail.send(composer);
        } else if (event.key === "Escape" && !event.defaultPrevented && !(event.target as Element).closest("dialog, .menu")) {
            event.preventDefault();
            void mail.shut(composer);
        }
        event.stopPropagation();
    };
    const items: (MenuItem | null)[] = [
        { label: draft.rich ? "Plain text" : "Rich text", icon: "file-text", run: () => switchMode(composer) },
        { label: "Save and close", icon: "check", hint: "Esc", run: () => void mail.shut(composer) },
        null,
        { label: "Discard draft", icon: "trash", danger: true, run: () => void mail.discard(composer) },
    ];

    return (
        <section class={`composer ${folded ? "folded" : ""} ${large ? "large" : ""} ${drop.over ? "over" : ""}`} role="dialog" aria-label={`Write: ${title}`}
            data-key={composer.key} onKeyDown={keys} onFocusCapture={() => mail.front.set(composer.key)} {...drop.handlers}>
            <header class="composer-head">
                <button type="button" class="composer-title" aria-expanded={!folded} onClick={() => composer.folded.set(!folded)}>
                    <bdi>{title}</bdi>
                </button>
                <SaveState saving={saving} />
                <IconButton icon="dash" label={folded ? "Unfold" : "Fold"} class="not-phone" size={14} onClick={() => composer.folded.set(!folded)} />
                <IconButton icon="fullscreen" label={large ? "Smaller" : "Larger"} class="not-phone" size={12} onClick={onLarge} />
                <IconButton icon="x" label="Save and close" size={14} onClick={() => void mail.shut(composer)} />
            </header>
            {!folded && (
                <>
                    <div class="composer-body">
                        {problem && (
                            <p class="notice notice-bad" role="alert">
                                <Icon name="warning" /> <span>{problem.text}</span>
                            </p>
                        )}
                        <Sender composer={composer} draft={draft} />
                        <Recipients composer={composer} draft={draft} focus={!startsInText} />
                        <input class="subject-input" type="text" placeholder="Subject" aria-label="Subject" dir="auto" value={draft.subject}
                            onInput={(event) => composer.edit({ subject: event.currentTarget.value })} />
                        {draft.rich ? (
                            <RichEditor html={draft.html} reset={reset} onChange={(html) => composer.edit({ html })} onFiles={attach} onReady={ready} />
                        ) : (
                            <PlainEditor composer={composer} draft={draft} onReady={ready} />
                        )}
                        {draft.quote && <QuoteBlock composer={composer} quote={draft.quote} rich={draft.rich} pictures={draft.attachments} />}
                        {attached.length > 0 && (
                            <ul class="attachments" aria-label="Attachments">
                                {attached.map((each) => (
                                    <AttachmentChip key={each.key} composer={composer} each={each} />
                                ))}
                            </ul>
                        )}
                    </div>
                    <footer class="composer-foot">
                        <button type="button" class="btn btn-primary" disabled={sending} title="Send (Ctrl+Enter)" onClick={() => void mail.send(composer)}>
                            {sending ? <Spinner label="Sending" /> : <Icon name="send" size={15} />} Send
                        </button>
                        {mail.client.maxDelayedSend > 0 && <IconButton icon="clock" label="Send later" disabled={sending} onClick={() => setLater(true)} />}
                        <input ref={file} type="file" multiple hidden tabIndex={-1} aria-hidden="true"
                            onChange={(event) => {
                                attach([...(event.currentTarget.files ?? [])]);
                                event.currentTarget.value = "";
                            }} />
                        <IconButton icon="paperclip" label="Attach files" onClick={() => file.current?.click()} />
                        <span class="bar-gap" />
                        <Menu label="More" items={items} up />
                        <IconButton icon="trash" label="Discard draft" onClick={() => void mail.discard(composer)} />
                    </footer>
                    {later && (
                        <SendLater onClose={() => setLater(false)} onPick={(at) => {
                            setLater(false);
                            void mail.send(composer, at);
                        }} />
                    )}
                    <div class="drop-here" aria-hidden="true">
                        Drop to attach
                    </div>
                </>
            )}
        </section>
    );
}

export function Composers(): JSX.Element {
    const mail = useMail();
    const composers = useCell(mail.composers);
    const front = useCell(mail.front);
    const [large, setLarge] = useState<string | null>(null);
    return (
        <div class="composers">
            {composers.map((composer) => (
                <div key={composer.key} class={`composer-place ${composer.key === front ? "front" : ""}`}>
                    <ComposerPanel composer={composer} large={large === composer.key}
                        onLarge={() => setLarge(large === composer.key ? null : composer.key)} />
                </div>
            ))}
        </div>
    );
}
