/* SPDX-License-Identifier: MIT */
import { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useCell } from "../cell";
import { plain } from "../mail/address";
import { useMail } from "../state/mail";
import { viewName } from "../state/mailboxes";
import { go, openView, place, View } from "../state/view";
import { dense } from "../state/looks";
import { useAct } from "./act";
import { Icon, IconButton, IconName } from "./icon";
import { Confirm, Empty, Menu, MenuItem, Question, Spinner } from "./parts";
import { Row } from "./row";
import { SearchHelp } from "./search-help";

const EMPTY: Record<string, { icon: IconName; title: string; text: string }> = {
    inbox: { icon: "check-all", title: "All read, all done", text: "New mail shows here by itself." },
    drafts: { icon: "file-text", title: "No drafts", text: "What you begin to write is kept here until you send it." },
    sent: { icon: "send", title: "Nothing sent yet", text: "Each message you send is kept here, with what became of it." },
    archive: { icon: "archive", title: "Nothing archived", text: "Press e on a conversation to put it away without deleting it." },
    junk: { icon: "junk", title: "No junk", text: "Long may it last." },
    trash: { icon: "trash", title: "The trash is empty", text: "Deleted mail stays here until you delete it for good." },
};

function emptyWords(view: View): { icon: IconName; title: string; text: string } {
    if (view.kind === "flagged") return { icon: "star", title: "Nothing is starred", text: "Press s to star what matters; it shows here." };
    if (view.kind === "search") return { icon: "search", title: "Nothing found", text: `No message has all of "${view.text}" in it. Try fewer words, or fewer conditions.` };
    if (view.kind === "role" && EMPTY[view.role]) return EMPTY[view.role] as { icon: IconName; title: string; text: string };
    return { icon: "folder", title: "This folder is empty", text: "Move conversations here with v." };
}

function SearchBox(): JSX.Element {
    const now = useCell(place);
    const current = now.view.kind === "search" ? now.view.text : "";
    const [text, setText] = useState(current);
    const input = useRef<HTMLInputElement>(null);
    useEffect(() => setText(current), [current]);
    useEffect(() => {
        const focus = () => {
            input.current?.focus();
            input.current?.select();
        };
        addEventListener("smtpmail-search", focus);
        return () => removeEventListener("smtpmail-search", focus);
    }, []);
    const search = (event: Event) => {
        event.preventDefault();
        const words = text.trim();
        openView(words ? { kind: "search", text: words } : { kind: "role", role: "inbox" });
    };
    const clear = () => {
        setText("");
        if (current) openView({ kind: "role", role: "inbox" });
    };
    return (
        <form class="search" role="search" onSubmit={search}>
            <Icon name="search" size={15} />
            <input ref={input} type="search" class="search-input" placeholder="Search mail" aria-label="Search mail" title="Search mail (/)"
                value={text} onInput={(event) => setText(event.currentTarget.value)}
                onKeyDown={(event) => {
                    if (event.key !== "Escape") return;
                    event.stopPropagation();
                    if (text) clear();
                    else event.currentTarget.blur();
                }} />
            {text && <IconButton icon="x" label="Clear search" size={13} onClick={clear} />}
            <SearchHelp onPick={(words) => {
                setText((before) => (before.trim() ? `${before.trimEnd()} ${words}` : words));
                input.current?.focus();
            }} />
        </form>
    );
}

function SelectBar({ view, onAsk }: { view: View; onAsk: (question: Question) => void }): JSX.Element {
    const mail = useMail();
    const ticked = useCell(mail.selection.ticked);
    const act = useAct(onAsk);
    const ids = [...ticked];
    const role = mail.boxes.of(view)?.role ?? null;
    return (
        <div class="select-bar" role="toolbar" aria-label="Selected conversations">
            <IconButton icon="x" label="Clear selection" hint="Esc" onClick={() => mail.selection.untick()} />
            <span class="select-count">{ids.length} selected</span>
            <span class="bar-gap" />
            {role === "trash" ? (
                <IconButton icon="restore" label="Restore" onClick={() => act.restore(ids)} />
            ) : (
                role !== "archive" && role !== "drafts" && <IconButton icon="archive" label="Archive" hint="e" onClick={() => act.archive(ids)} />
            )}
            <IconButton icon="trash" label={role === "trash" ? "Delete for good" : "Delete"} hint="#" onClick={() => act.remove(ids)} />
            <IconButton icon="mail-open" label="Mark read or unread" hint="Shift+U" onClick={() => act.toggleRead(ids)} />
            <IconButton icon="star" label="Star" hint="s" onClick={() => act.star(ids)} />
            <Menu label="Move to" icon="folder" items={act.moveItems(ids)} />
        </div>
    );
}

function Skeleton(): JSX.Element {
    return (
        <div class="skeletons" role="status" aria-label="Loading messages">
            {[0, 1, 2, 3, 4, 5, 6].map((n) => (
                <div key={n} class="skeleton">
                    <span class="bone bone-round" />
                    <span class="bone bone-name" />
                    <span class="bone bone-line" />
                </div>
            ))}
        </div>
    );
}

/* Asks for more when its end comes near. */
function More({ onNear, busy }: { onNear: () => void; busy: boolean }): JSX.Element {
    const ref = useRef<HTMLDivElement>(null);
    const near = useRef(onNear);
    near.current = onNear;
    useEffect(() => {
        const element = ref.current;
        if (!element) return undefined;
        const observer = new IntersectionObserver(
            (entries) => {
                if (entries.some((entry) => entry.isIntersecting)) near.current();
            },
            { rootMargin: "600px" },
        );
        observer.observe(element);
        return () => observer.disconnect();
    }, [busy]);
    return (
        <div ref={ref} class="list-more">
            {busy && <Spinner label="Loading more" />}
        </div>
    );
}

function Rows({ view }: { view: View }): JSX.Element {
    const mail = useMail();
    const list = useCell(mail.listing.list);
    const cursor = useCell(mail.selection.cursor);
    const ticked = useCell(mail.selection.ticked);
    const submissions = useCell(mail.submissions.byEmail);
    useCell(mail.emails.version);
    useCell(mail.boxes.all);
    const now = useCell(place);
    const box = useRef<HTMLDivElement>(null);
    const stop = cursor && list.ids.includes(cursor) ? cursor : list.ids[0];

    const isSent = mail.boxes.of(view)?.role === "sent";
    useEffect(() => {
        if (!isSent) return;
        const heads = mail.actions.scope(view, list.ids);
        void mail.submissions.want(heads.map((head) => head.id)).catch(() => undefined);
    }, [isSent, list.ids]);

    const keys = (event: KeyboardEvent) => {
        const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
        if (!step) return;
        event.preventDefault();
        const id = mail.selection.move(step);
        if (id && event.shiftKey) mail.selection.extend(id);
        if (id) box.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"] .row-open`)?.focus();
    };

    return (
        <div ref={box} class="rows" role="list" aria-label={`Conversations in ${viewName(view, mail.boxes)}`} onKeyDown={keys}>
            {list.ids.map((id) => {
                const head = mail.emails.head(id);
                if (!head) return null;
                return (
                    <Row key={id} id={id} head={head} all={mail.emails.siblings(head)} view={view} isOpen={now.threadId === head.threadId}
                        became={isSent ? submissions : null} isStop={stop === id} isTicked={ticked.has(id)} anyTicked={ticked.size > 0} />
                );
            })}
            {!list.ended && <More busy={list.phase === "more"} onNear={() => void mail.listing.more()} />}
        </div>
    );
}

function Body({ view }: { view: View }): JSX.Element {
    const mail = useMail();
    const list = useCell(mail.listing.list);
    if (list.phase === "loading") return <Skeleton />;
    if (list.phase === "failed") {
        return (
            <Empty icon="warning" title="This could not be loaded">
                <p>{list.problem}</p>
                <button type="button" class="btn btn-quiet" onClick={() => void mail.listing.refresh()}>
                    Try again
                </button>
            </Empty>
        );
    }
    if (list.ids.length === 0) {
        const words = emptyWords(view);
        return (
            <Empty icon={words.icon} title={words.title}>
                <p>{plain(words.text)}</p>
            </Empty>
        );
    }
    return <Rows view={view} />;
}

export function ListPane({ onMenu }: { onMenu: () => void }): JSX.Element {
    const mail = useMail();
    const view = useCell(mail.listing.list).view;
    const list = useCell(mail.listing.list);
    const ticked = useCell(mail.selection.ticked);
    const isDense = useCell(dense);
    useCell(mail.boxes.all);
    const [question, setQuestion] = useState<Question | null>(null);
    const box = mail.boxes.of(view);
    const isTrash = box?.role === "trash" || box?.role === "junk";

    const items: (MenuItem | null)[] = [
        { label: "Select all shown", icon: "check-all", run: () => mail.selection.tickAll() },
        { label: "Refresh", icon: "refresh", run: () => void mail.catchUp() },
    ];
    if (isTrash && box) {
        items.push(null, {
            label: box.role === "trash" ? "Empty trash" : "Empty junk",
            icon: "trash",
            danger: true,
            run: () =>
                setQuestion({
                    title: "Delete everything here?",
                    text: "All messages in this folder are deleted for good.",
                    yes: "Delete all",
                    danger: true,
                    run: () => void mail.actions.empty(box.id).then(() => go({ threadId: null })),
                }),
        });
    }

    return (
        <section class={`list-pane ${isDense ? "dense" : ""}`} aria-label="Message list">
            <div class="list-top">
                <IconButton icon="list" label="Menu" class="only-narrow" onClick={onMenu} />
                <SearchBox />
            </div>
            {ticked.size > 0 ? (
                <SelectBar view={view} onAsk={setQuestion} />
            ) : (
                <div class="list-head">
                    <h1 tabIndex={-1}>
                        <bdi>{viewName(view, mail.boxes)}</bdi>
                    </h1>
                    {list.total !== null && list.total > 0 && <span class="list-total">{list.total}</span>}
                    <span class="bar-gap" />
                    <Menu label="List options" items={items} />
                </div>
            )}
            {view.kind === "search" && <p class="list-note">Results for <bdi>“{plain(view.text)}”</bdi></p>}
            {view.kind === "search" && list.unindexed > 0 && (
                <p class="list-note" role="status">
                    {list.unindexed === 1 ? "1 message is" : `${list.unindexed.toLocaleString()} messages are`} still being indexed; of what is in{" "}
                    {list.unindexed === 1 ? "it" : "them"}, only subject, sender and recipients are searched.
                </p>
            )}
            {list.problem && list.phase === "ready" && <p class="notice notice-bad list-note" role="alert">{list.problem}</p>}
            <div class="list-scroll" aria-busy={list.phase === "loading"}>
                <Body view={view} />
            </div>
            {question && <Confirm question={question} onClose={() => setQuestion(null)} />}
        </section>
    );
}

