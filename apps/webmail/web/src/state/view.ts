/* SPDX-License-Identifier: MIT */
/* Where somebody is: kept in the address bar, so that back, reload and
 * bookmarks work. */
import { Cell } from "../cell";
import { Id } from "../jmap/types";

export type View =
    | { kind: "role"; role: string }
    | { kind: "folder"; mailboxId: Id }
    | { kind: "flagged" }
    | { kind: "scheduled" }
    | { kind: "removed" }
    | { kind: "search"; text: string };

export interface Place {
    view: View;
    threadId: Id | null;
    settings: string | null;
}

export const ROLES = ["inbox", "drafts", "sent", "archive", "junk", "trash"];

const HOME: Place = { view: { kind: "role", role: "inbox" }, threadId: null, settings: null };

export function viewKey(view: View): string {
    if (view.kind === "role") return view.role;
    if (view.kind === "folder") return `folder/${encodeURIComponent(view.mailboxId)}`;
    if (view.kind === "flagged") return "important";
    if (view.kind === "scheduled" || view.kind === "removed") return view.kind;
    return `search/${encodeURIComponent(view.text)}`;
}

function decode(text: string | undefined): string {
    try {
        return decodeURIComponent(text ?? "");
    } catch {
        return "";
    }
}

export function parsePlace(hash: string): Place {
    const parts = hash.replace(/^#?\/?/, "").split("/");
    const first = parts[0] ?? "";
    if (first === "settings") return { ...HOME, settings: parts[1] || "profile" };
    const thread = (at: number) => decode(parts[at]) || null;
    if (first === "important") return { view: { kind: "flagged" }, threadId: thread(1), settings: null };
    if (first === "scheduled" || first === "removed") return { view: { kind: first }, threadId: null, settings: null };
    if (first === "folder" && parts[1]) {
        return { view: { kind: "folder", mailboxId: decode(parts[1]) }, threadId: thread(2), settings: null };
    }
    if (first === "search" && parts[1]) {
        return { view: { kind: "search", text: decode(parts[1]) }, threadId: thread(2), settings: null };
    }
    if (ROLES.includes(first)) return { view: { kind: "role", role: first }, threadId: thread(1), settings: null };
    return HOME;
}

export function placeHash(place: Place): string {
    if (place.settings) return `#/settings/${place.settings}`;
    const base = `#/${viewKey(place.view)}`;
    return place.threadId ? `${base}/${encodeURIComponent(place.threadId)}` : base;
}

export const place = new Cell<Place>(parsePlace(location.hash));

window.addEventListener("hashchange", () => {
    const next = parsePlace(location.hash);
    if (placeHash(next) !== placeHash(place.get())) place.set(next);
});

export function go(next: Partial<Place>, replace = false): void {
    const to: Place = { ...place.get(), settings: null, ...next };
    const hash = placeHash(to);
    if (hash === placeHash(place.get())) return;
    place.set(to);
    if (replace) history.replaceState(null, "", hash);
    else history.pushState(null, "", hash);
}

export function openView(view: View): void {
    go({ view, threadId: null });
}

/* From one conversation to the next, "back" still leads to the list. */
export function openThread(threadId: Id | null): void {
    go({ threadId }, place.get().threadId !== null && threadId !== null);
}

window.addEventListener("popstate", () => {
    const next = parsePlace(location.hash);
    if (placeHash(next) !== placeHash(place.get())) place.set(next);
});
