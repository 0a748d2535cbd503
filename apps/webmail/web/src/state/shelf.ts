/* SPDX-License-Identifier: MIT */
/*
 * What is being written, kept in this browser until it is safe at the server:
 * a reload, a crash or a closed lid loses nothing. Each tab keeps its own;
 * what a closed tab left behind is taken up by the next.
 */
import { Id } from "../jmap/types";
import { Draft } from "./draft";

const BEAT_MS = 5_000;
const DEAD_MS = 20_000;

interface Entry {
    tab: string;
    beat: number;
    draft: Draft;
}

function tabName(): string {
    try {
        const known = sessionStorage.getItem("smtpmail-tab");
        if (known) return known;
        const made = crypto.getRandomValues(new Uint32Array(2)).join("-");
        sessionStorage.setItem("smtpmail-tab", made);
        return made;
    } catch {
        return "one";
    }
}

export class Shelf {
    private tab = tabName();
    private prefix: string;
    private held = new Map<string, Draft>();
    private timer: number;

    constructor(accountId: Id, address: string) {
        this.prefix = `smtpmail-draft:${accountId}:${address}:`;
        this.timer = window.setInterval(() => this.beat(), BEAT_MS);
    }

    stop(): void {
        window.clearInterval(this.timer);
    }

    private write(draft: Draft): boolean {
        const entry: Entry = { tab: this.tab, beat: Date.now(), draft };
        try {
            localStorage.setItem(this.prefix + draft.key, JSON.stringify(entry));
            return true;
        } catch {
            return false;
        }
    }

    private beat(): void {
        for (const draft of this.held.values()) this.write(draft);
    }

    /* False when the browser has no room or forbids it. */
    keep(draft: Draft): boolean {
        this.held.set(draft.key, draft);
        return this.write(draft);
    }

    drop(key: string): void {
        this.held.delete(key);
        try {
            localStorage.removeItem(this.prefix + key);
        } catch {
            /* Then nothing was kept either. */
        }
    }

    /* Ours from before a reload, and those of tabs that are gone. */
    restore(): Draft[] {
        const drafts: Draft[] = [];
        try {
            const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.prefix));
            for (const key of keys) {
                const entry = JSON.parse(localStorage.getItem(key) ?? "null") as Entry | null;
                if (!entry?.draft) continue;
                if (entry.tab === this.tab || Date.now() - entry.beat > DEAD_MS) drafts.push(entry.draft);
            }
        } catch {
            /* Unreadable is as good as nothing. */
        }
        for (const draft of drafts) this.keep(draft);
        return drafts;
    }
}
