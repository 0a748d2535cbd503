/* SPDX-License-Identifier: MIT */
import { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useCell } from "../cell";
import { EmailHead, Id } from "../jmap/types";
import { plain } from "../mail/address";
import { isDraft, isUnread } from "../state/emails";
import { Mail, useMail } from "../state/mail";
import { openThread, place } from "../state/view";
import { inWords } from "../words";
import { useAct } from "./act";
import { Icon, IconButton } from "./icon";
import { Message } from "./message";
import { Confirm, Empty, Menu, Question } from "./parts";

/* What of the thread is shown: trash and junk only where one is in them. */
function shown(mail: Mail, threadId: Id): EmailHead[] {
    const all = mail.emails.thread(threadId);
    const role = mail.boxes.of(mail.listing.list.get().view)?.role;
    const hidden = (head: EmailHead) =>
        ["trash", "junk"].some((each) => {
            const id = mail.boxes.roleId(each);
            return each !== role && id !== null && head.mailboxIds[id] && Object.keys(head.mailboxIds).length === 1;
        });
    const visible = role === "trash" || role === "junk" ? all.filter((head) => mail.boxes.isIn(head, role)) : all.filter((head) => !hidden(head));
    return (visible.length > 0 ? visible : all).slice().sort((a, b) => a.receivedAt.localeCompare(b.receivedAt));
}

/* The newest one, whatever is unread, and nothing that was read before. */
function opened(heads: EmailHead[]): Set<Id> {
    const open = new Set(heads.filter(isUnread).map((head) => head.id));
    const last = heads.filter((head) => !isDraft(head)).at(-1);
    if (last) open.add(last.id);
    return open;
}

function Toolbar({ rowId, onAsk }: { rowId: Id | null; onAsk: (question: Question) => void }): JSX.Element {
    const mail = useMail();
    const act = useAct(onAsk);
    const ids = rowId ? [rowId] : [];
    const role = mail.boxes.of(mail.listing.list.get().view)?.role;
    const none = !rowId;
    return (
        <div class="conversation-bar" role="toolbar" aria-label="Conversation">
            <IconButton icon="arrow-left" label="Back to list" hint="Esc" class="only-narrow" onClick={() => openThread(null)} />
            {role === "trash" ? (
                <button type="button" class="bar-button" disabled={none} title="Restore" onClick={() => act.restore(ids)}>
                    <Icon name="restore" /> <span>Restore</span>
                </button>
            ) : (
                role !== "archive" && (
                    <button type="button" class="bar-button" disabled={none} title="Archive (e)" onClick={() => act.archive(ids)}>
                        <Icon name="archive" /> <span>Archive</span>
                    </button>
                )
            )}
            <button type="button" class="bar-button" disabled={none} title="Delete (#)" onClick={() => act.remove(ids)}>
                <Icon name="trash" /> <span>{role === "trash" ? "Delete for good" : "Delete"}</span>
            </button>
            <button type="button" class="bar-button" disabled={none} title="Mark unread (Shift+U)" onClick={() => act.markUnread(ids)}>
                <Icon name="mail" /> <span>Unread</span>
            </button>
            <span class="bar-gap" />
            {!none && <Menu label="Move to" icon="folder" items={act.moveItems(ids)} />}
            {!none && (
                <Menu label="More" items={[
                    { label: "Star or unstar", icon: "star", hint: "s", run: () => act.star(ids) },
                    { label: role === "junk" ? "Not junk" : "Report as junk", icon: "junk", run: () => act.junk(ids) },
                ]} />
            )}
        </div>
    );
}

function ReplyBar({ head }: { head: EmailHead }): JSX.Element {
    const mail = useMail();
    const others = (head.to?.length ?? 0) + (head.cc?.length ?? 0) > 1;
    return (
        <div class="reply-bar">
            <button type="button" class="btn btn-quiet" title="Reply (r)" onClick={() => void mail.reply(head, false)}>
                <Icon name="reply" /> Reply
            </button>
            {others && (
                <button type="button" class="btn btn-quiet" title="Reply all (a)" onClick={() => void mail.reply(head, true)}>
                    <Icon name="reply-all" /> Reply all
                </button>
            )}
            <button type="button" class="btn btn-quiet" title="Forward (f)" onClick={() => void mail.forward(head)}>
                <Icon name="forward" /> Forward
            </button>
        </div>
    );
}

type Phase = "loading" | "ready" | "gone" | { failed: string };

function useThread(threadId: Id): { phase: Phase; again: () => void } {
    const mail = useMail();
    const [phase, setPhase] = useState<Phase>("loading");
    const [turn, setTurn] = useState(0);
    const version = useCell(mail.emails.version);
    const known = mail.emails.threads.has(threadId);

    useEffect(() => {
        let gone = false;
        if (!known) {
            mail.emails.loadThread(threadId).then(
                (found) => gone || setPhase(found ? "ready" : "gone"),
                (error: unknown) => gone || setPhase({ failed: inWords(error) }),
            );
        } else setPhase("ready");
        return () => {
            gone = true;
        };
    }, [threadId, known, turn]);

    /* Bodies of what is new in the thread, too. */
    useEffect(() => {
        const ids = mail.emails.thread(threadId).filter((head) => !isDraft(head)).map((head) => head.id);
        const missing = ids.filter((id) => !mail.emails.bodies.has(id));
        if (missing.length === 0) return;
        mail.emails.loadBodies(missing.slice(-30)).catch((error: unknown) => setPhase({ failed: inWords(error) }));
    }, [threadId, version, turn]);

    const again = () => {
        setPhase("loading");
        setTurn(turn + 1);
    };
    return { phase, again };
}

function Thread({ threadId }: { threadId: Id }): JSX.Element {
    const mail = useMail();
    const { phase, again } = useThread(threadId);
    const list = useCell(mail.listing.list);
    useCell(mail.boxes.all);
    const [question, setQuestion] = useState<Question | null>(null);
    const [toggled, setToggled] = useState<ReadonlyMap<Id, boolean>>(new Map());
    const heads = shown(mail, threadId);
    const first = useRef<Set<Id> | null>(null);
    if (!first.current && heads.length > 0 && mail.emails.threads.has(threadId)) first.current = opened(heads);
    const scroll = useRef<HTMLDivElement>(null);
    const title = useRef<HTMLHeadingElement>(null);

    const unread = heads.filter(isUnread).map((head) => head.id).join(" ");
    const handled = useRef(new Set<Id>());
    useEffect(() => {
        if (phase !== "ready" || document.visibilityState !== "visible") return;
        const fresh = heads.filter((head) => isUnread(head) && !handled.current.has(head.id));
        if (fresh.length === 0) return;
        for (const head of fresh) {
            handled.current.add(head.id);
            first.current?.add(head.id);
        }
        void mail.actions.markRead(fresh);
    }, [phase, unread]);

    useLayoutEffect(() => {
        if (matchMedia("(max-width: 899px)").matches) title.current?.focus({ preventScroll: true });
    }, []);

    if (phase === "loading" && heads.length === 0) {
        return (
            <div class="conversation-empty" role="status" aria-label="Loading conversation">
                <span class="bone bone-title" />
                <span class="bone bone-text" />
            </div>
        );
    }
    if (phase === "gone" || (phase === "ready" && heads.length === 0)) {
        return (
            <Empty icon="mail" title="This conversation is no longer there">
                <button type="button" class="btn btn-quiet" onClick={() => openThread(null)}>
                    Back to the list
                </button>
            </Empty>
        );
    }
    if (typeof phase === "object") {
        return (
            <Empty icon="warning" title="This could not be loaded">
                <p>{phase.failed}</p>
                <button type="button" class="btn btn-quiet" onClick={again}>
                    Try again
                </button>
            </Empty>
        );
    }

    const last = heads.filter((head) => !isDraft(head)).at(-1) ?? null;
    const rowId = list.ids.find((id) => mail.emails.head(id)?.threadId === threadId) ?? last?.id ?? null;
    const isOpen = (head: EmailHead) => toggled.get(head.id) ?? first.current?.has(head.id) ?? head === last;
    return (
        <>
            <Toolbar rowId={rowId} onAsk={setQuestion} />
            <div class="conversation-scroll" ref={scroll}>
                <h2 class="conversation-title" tabIndex={-1} ref={title}>
                    <bdi>{plain(heads[0]?.subject) || "(no subject)"}</bdi>
                    {heads.length > 1 && <span class="conversation-count">{heads.length} messages</span>}
                </h2>
                <div class="messages">
                    {heads.map((head) => (
                        <Message key={head.id} head={head} body={mail.emails.bodies.get(head.id)} open={isOpen(head)} canFold={heads.length > 1}
                            onToggle={() => setToggled(new Map(toggled).set(head.id, !isOpen(head)))} />
                    ))}
                </div>
                {last && <ReplyBar head={last} />}
            </div>
            {question && <Confirm question={question} onClose={() => setQuestion(null)} />}
        </>
    );
}

export function ConversationPane(): JSX.Element {
    const { threadId } = useCell(place);
    return (
        <section class="conversation" aria-label="Conversation">
            {threadId ? (
                <Thread key={threadId} threadId={threadId} />
            ) : (
                <Empty icon="mail-open" title="Nothing opened">
                    <p>
                        Choose a conversation, or press <kbd>j</kbd> and <kbd>Enter</kbd>.
                    </p>
                </Empty>
            )}
        </section>
    );
}
