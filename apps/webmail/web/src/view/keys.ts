/* SPDX-License-Identifier: MIT */
/* The keyboard, for whoever reads a lot of mail. */
import { Mail } from "../state/mail";
import { go, openThread, openView, place } from "../state/view";
import { isDraft } from "../state/emails";
import { Id } from "../jmap/types";
import { Act } from "./act";

export const KEYS: [keys: string, what: string][] = [
    ["j / k", "Next, previous conversation"],
    ["Enter or o", "Open it"],
    ["u or Esc", "Back to the list"],
    ["x", "Select it"],
    ["e", "Archive"],
    ["#", "Delete"],
    ["s", "Star"],
    ["Shift + U", "Mark read or unread"],
    ["r / a / f", "Reply, reply all, forward"],
    ["c", "Write a message"],
    ["Ctrl + Enter", "Send it"],
    ["/", "Search"],
    ["g then i, s, d, t", "Go to Inbox, Sent, Drafts, Trash"],
    ["?", "This help"],
];

function typing(target: EventTarget | null): boolean {
    return target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable=true], dialog, [role=menu]") !== null;
}

function current(mail: Mail): Id | null {
    const { threadId } = place.get();
    const list = mail.listing.list.get().ids;
    if (threadId) {
        const row = list.find((id) => mail.emails.head(id)?.threadId === threadId);
        if (row) return row;
        return mail.emails.thread(threadId).at(-1)?.id ?? null;
    }
    return mail.selection.cursor.get();
}

function chosen(mail: Mail): Id[] {
    const ticked = [...mail.selection.ticked.get()];
    if (ticked.length > 0) return ticked;
    const id = current(mail);
    return id ? [id] : [];
}

function openRow(mail: Mail, id: Id | null): void {
    const head = id ? mail.emails.head(id) : null;
    if (!head) return;
    if (isDraft(head) && mail.emails.siblings(head).length === 1) void mail.continueDraft(head);
    else openThread(head.threadId);
}

function step(mail: Mail, by: number): void {
    const open = place.get().threadId;
    if (open) {
        const row = mail.listing.list.get().ids.find((id) => mail.emails.head(id)?.threadId === open);
        if (row) mail.selection.cursor.set(row);
    }
    const id = mail.selection.move(by);
    if (!id) return;
    if (open) openRow(mail, id);
    document.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"] .row-open`)?.focus();
}

function answer(mail: Mail, how: "reply" | "all" | "forward"): void {
    const { threadId } = place.get();
    const heads = threadId ? mail.emails.thread(threadId).filter((head) => !isDraft(head)) : [];
    const last = heads.sort((a, b) => a.receivedAt.localeCompare(b.receivedAt)).at(-1);
    if (!last) return;
    if (how === "forward") void mail.forward(last);
    else void mail.reply(last, how === "all");
}

function escape(mail: Mail): void {
    if (mail.selection.ticked.get().size > 0) return mail.selection.untick();
    const { threadId, settings } = place.get();
    if (settings) return go({ settings: null });
    if (!threadId) return;
    const id = current(mail);
    openThread(null);
    if (id) window.setTimeout(() => document.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"] .row-open`)?.focus(), 0);
}

const PLACES: Record<string, string> = { i: "inbox", s: "sent", d: "drafts", t: "trash", a: "archive", j: "junk" };

export function listenToKeys(mail: Mail, act: Act, help: () => void): () => void {
    let afterG = 0;
    const table: Record<string, () => void> = {
        j: () => step(mail, 1),
        k: () => step(mail, -1),
        Enter: () => openRow(mail, current(mail)),
        o: () => openRow(mail, current(mail)),
        u: () => escape(mail),
        Escape: () => escape(mail),
        x: () => {
            const id = current(mail);
            if (id) mail.selection.toggle(id);
        },
        e: () => act.archive(chosen(mail)),
        "#": () => act.remove(chosen(mail)),
        Delete: () => act.remove(chosen(mail)),
        s: () => act.star(chosen(mail)),
        U: () => act.toggleRead(chosen(mail)),
        r: () => answer(mail, "reply"),
        a: () => answer(mail, "all"),
        f: () => answer(mail, "forward"),
        c: () => mail.compose(),
        "/": () => dispatchEvent(new Event("smtpmail-search")),
        "?": help,
        g: () => (afterG = Date.now()),
    };
    const listen = (event: KeyboardEvent) => {
        if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
        /* Enter on a button presses the button. */
        if (event.key === "Enter" && event.target instanceof Element && event.target.closest("button, a, summary")) return;
        if (document.querySelector("dialog[open]")) return;
        const role = Date.now() - afterG < 1500 ? PLACES[event.key] : undefined;
        if (role) {
            afterG = 0;
            event.preventDefault();
            openView({ kind: "role", role });
            return;
        }
        const run = table[event.key];
        if (!run || place.get().settings) {
            if (event.key === "Escape") escape(mail);
            return;
        }
        event.preventDefault();
        run();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
}
