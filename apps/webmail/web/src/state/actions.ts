/* SPDX-License-Identifier: MIT */
/*
 * What one does to mail: star, read, move, delete. Each shows at once, is
 * undone when the server refuses, and can be taken back by a click.
 */
import { Client } from "../jmap/client";
import { EmailHead, Flags, Id, SetError, SetResponse } from "../jmap/types";
import { inWords, setErrorInWords } from "../words";
import { Emails, isDraft, isStarred, isUnread } from "./emails";
import { Listing } from "./listing";
import { boxName, Mailboxes } from "./mailboxes";
import { complain, say, speak } from "./toasts";
import { View } from "./view";

type Changes = Map<Id, Partial<Pick<EmailHead, "mailboxIds" | "keywords">>>;

export class Actions {
    constructor(
        private client: Client,
        private emails: Emails,
        private boxes: Mailboxes,
        private listing: Listing,
    ) {}

    /* What a row in this view stands for: its thread's emails that are there. */
    scope(view: View, rowIds: Id[]): EmailHead[] {
        const box = this.boxes.of(view);
        const found = new Map<Id, EmailHead>();
        for (const id of rowIds) {
            const head = this.emails.head(id);
            if (!head) continue;
            const all = this.emails.siblings(head);
            const here = box
                ? all.filter((each) => each.mailboxIds[box.id])
                : all.filter((each) => !this.boxes.isIn(each, "trash") && !this.boxes.isIn(each, "junk"));
            for (const each of here.length > 0 ? here : [head]) found.set(each.id, each);
        }
        return [...found.values()];
    }

    /* Apply now, tell the server, go back if it refuses. */
    private async apply(changes: Changes): Promise<boolean> {
        const before: Changes = new Map();
        for (const [id, change] of changes) {
            const head = this.emails.head(id);
            if (head) before.set(id, { mailboxIds: head.mailboxIds, keywords: head.keywords });
            this.emails.patch(id, change);
        }
        this.emails.touched();
        try {
            const failed = await this.update(changes, before);
            if (failed.size === 0) return true;
            this.revert(before, [...failed.keys()]);
            const first = [...failed.values()][0];
            if (first) complain(setErrorInWords(first));
        } catch (error) {
            this.revert(before, [...before.keys()]);
            complain(inWords(error));
        }
        void this.listing.refresh();
        return false;
    }

    private revert(before: Changes, ids: Id[]): void {
        for (const id of ids) this.emails.patch(id, before.get(id) ?? {});
        this.emails.touched();
    }

    private async update(changes: Changes, before: Changes): Promise<Map<Id, SetError>> {
        const failed = new Map<Id, SetError>();
        const all = [...changes];
        const step = Math.min(this.client.limits.maxObjectsInSet, 250);
        for (let i = 0; i < all.length; i += step) {
            const update: Record<Id, Record<string, unknown>> = {};
            for (const [id, change] of all.slice(i, i + step)) update[id] = patchOf(change, before.get(id));
            const answer = await this.client.call<SetResponse>("Email/set", { update });
            for (const [id, error] of Object.entries(answer.notUpdated ?? {})) failed.set(id, error);
        }
        return failed;
    }

    private async keyword(heads: EmailHead[], keyword: string, on: boolean): Promise<boolean> {
        const changes: Changes = new Map();
        for (const head of heads) {
            if ((head.keywords[keyword] === true) === on) continue;
            const keywords: Flags = { ...head.keywords };
            if (on) keywords[keyword] = true;
            else delete keywords[keyword];
            changes.set(head.id, { keywords });
        }
        return changes.size === 0 || this.apply(changes);
    }

    async star(view: View, rowIds: Id[]): Promise<void> {
        const rows = rowIds.flatMap((id) => this.emails.head(id) ?? []);
        const starred = this.scope(view, rowIds).filter(isStarred);
        const on = starred.length === 0;
        const heads = on ? rows : starred;
        const done = await this.keyword(heads, "$flagged", on);
        if (!done) return;
        void this.listing.refresh();
        void this.boxes.countImportant();
        say(on ? "Starred" : "Star removed", {
            label: "Undo",
            run: () => void this.keyword(this.fresh(heads), "$flagged", !on).then(() => this.listing.refresh()),
        });
    }

    async starOne(head: EmailHead): Promise<void> {
        await this.keyword([head], "$flagged", !isStarred(head));
        void this.boxes.countImportant();
    }

    private fresh(heads: EmailHead[]): EmailHead[] {
        return heads.flatMap((head) => this.emails.head(head.id) ?? []);
    }

    async markRead(heads: EmailHead[]): Promise<void> {
        await this.keyword(heads.filter(isUnread), "$seen", true);
    }

    /* Reading again starts at the newest: only that one becomes unread. */
    async markUnread(view: View, rowIds: Id[]): Promise<void> {
        const newest = rowIds.flatMap((id) => {
            const all = this.scope(view, [id]).filter((each) => !isDraft(each));
            return all.sort((a, b) => b.receivedAt.localeCompare(a.receivedAt))[0] ?? [];
        });
        if (await this.keyword(newest, "$seen", false)) speak("Marked as unread");
    }

    async toggleRead(view: View, rowIds: Id[]): Promise<void> {
        const heads = this.scope(view, rowIds);
        if (!heads.some(isUnread)) return this.markUnread(view, rowIds);
        await this.markRead(heads);
        speak("Marked as read");
    }

    /* Move to a mailbox: out of where they are, into that one. */
    private async move(rowIds: Id[], heads: EmailHead[], to: Id, done: string): Promise<void> {
        const changes: Changes = new Map();
        const before: Changes = new Map();
        for (const head of heads) {
            before.set(head.id, { mailboxIds: head.mailboxIds });
            changes.set(head.id, { mailboxIds: { [to]: true } });
        }
        if (changes.size === 0) return;
        this.listing.drop(rowIds);
        if (!(await this.apply(changes))) return;
        say(done, {
            label: "Undo",
            run: () => void this.apply(before).then((ok) => (ok ? this.listing.refresh().then(() => speak("Undone")) : undefined)),
        });
    }

    private done(rowIds: Id[], what: string): string {
        const words = rowIds.length === 1 ? what : `${rowIds.length} conversations ${what}`;
        return words.charAt(0).toUpperCase() + words.slice(1);
    }

    async moveTo(view: View, rowIds: Id[], to: Id): Promise<void> {
        const box = this.boxes.byId(to);
        await this.move(rowIds, this.scope(view, rowIds), to, this.done(rowIds, `moved to ${box ? boxName(box) : "folder"}`));
    }

    private async roleBox(role: string): Promise<Id | null> {
        const id = this.boxes.roleId(role);
        if (id) return id;
        try {
            return await this.boxes.create(role.charAt(0).toUpperCase() + role.slice(1), role);
        } catch (error) {
            complain(inWords(error));
            return null;
        }
    }

    async archive(view: View, rowIds: Id[]): Promise<void> {
        const to = await this.roleBox("archive");
        if (!to) return;
        const own = (head: EmailHead) =>
            ["sent", "drafts", "archive"].some((role) => this.boxes.isIn(head, role)) && this.boxes.of(view)?.role !== "sent";
        const heads = this.scope(view, rowIds).filter((head) => !own(head));
        await this.move(rowIds, heads, to, this.done(rowIds, "archived"));
    }

    async junk(view: View, rowIds: Id[]): Promise<void> {
        const inJunk = this.boxes.of(view)?.role === "junk";
        const to = await this.roleBox(inJunk ? "inbox" : "junk");
        if (to) await this.move(rowIds, this.scope(view, rowIds), to, inJunk ? "Not junk: moved to Inbox" : "Moved to Junk");
    }

    /* To the trash; what is in the trash or junk already goes for good. */
    isFinal(view: View): boolean {
        return this.boxes.of(view)?.role === "trash";
    }

    async trash(view: View, rowIds: Id[]): Promise<void> {
        const to = await this.roleBox("trash");
        if (to) await this.move(rowIds, this.scope(view, rowIds), to, this.done(rowIds, "moved to Trash"));
    }

    async trashOne(head: EmailHead): Promise<void> {
        const to = await this.roleBox("trash");
        if (to) await this.move([head.id], [head], to, "Moved to Trash");
    }

    async destroy(heads: EmailHead[], rowIds: Id[]): Promise<boolean> {
        this.listing.drop(rowIds);
        try {
            const answer = await this.client.call<SetResponse>("Email/set", { destroy: heads.map((head) => head.id) });
            this.emails.forget(answer.destroyed ?? []);
            this.emails.touched();
            const failed = Object.values(answer.notDestroyed ?? {})[0];
            if (failed) complain(setErrorInWords(failed));
            else say(this.done(rowIds, "deleted for good"));
            void this.listing.refresh();
            return !failed;
        } catch (error) {
            complain(inWords(error));
            void this.listing.refresh();
            return false;
        }
    }

    /* Back to where each came from, as far as that shows. */
    async restore(view: View, rowIds: Id[], own: Set<string>): Promise<void> {
        const changes: Changes = new Map();
        const before: Changes = new Map();
        const heads = this.scope(view, rowIds);
        for (const head of heads) {
            const mine = own.has((head.from?.[0]?.email ?? "").toLowerCase());
            const toMe = [...(head.to ?? []), ...(head.cc ?? [])].some((each) => own.has(each.email.toLowerCase()));
            const role = isDraft(head) ? "drafts" : mine && !toMe ? "sent" : "inbox";
            const to = await this.roleBox(role);
            if (!to) return;
            before.set(head.id, { mailboxIds: head.mailboxIds });
            changes.set(head.id, { mailboxIds: { [to]: true } });
        }
        this.listing.drop(rowIds);
        if (!(await this.apply(changes))) return;
        say(this.done(rowIds, "restored"), {
            label: "Undo",
            run: () => void this.apply(before).then(() => this.listing.refresh()),
        });
    }

    /* All of a mailbox, for good. */
    async empty(mailboxId: Id): Promise<void> {
        try {
            for (let round = 0; round < 200; round++) {
                const found = await this.client.call<{ ids: Id[] }>("Email/query", {
                    filter: { inMailbox: mailboxId },
                    limit: Math.min(this.client.limits.maxObjectsInSet, 250),
                });
                if (found.ids.length === 0) break;
                const answer = await this.client.call<SetResponse>("Email/set", { destroy: found.ids });
                this.emails.forget(answer.destroyed ?? []);
                const failed = Object.values(answer.notDestroyed ?? {})[0];
                if (failed) {
                    complain(setErrorInWords(failed));
                    break;
                }
            }
            say("Emptied");
        } catch (error) {
            complain(inWords(error));
        }
        this.emails.touched();
        void this.listing.refresh();
    }
}

/* Only what differs is sent (RFC 8620, 5.3): a keyword that another client
 * set meanwhile is left alone. */
function patchOf(change: Partial<EmailHead>, before: Partial<EmailHead> | undefined): Record<string, unknown> {
    const patch: Record<string, unknown> = {};
    for (const key of ["mailboxIds", "keywords"] as const) {
        const to = change[key];
        if (!to) continue;
        const from = before?.[key] ?? {};
        for (const name of Object.keys(from)) if (!to[name]) patch[`${key}/${escapePointer(name)}`] = null;
        for (const name of Object.keys(to)) if (!from[name]) patch[`${key}/${escapePointer(name)}`] = true;
    }
    return patch;
}

function escapePointer(name: string): string {
    return name.replace(/~/g, "~0").replace(/\//g, "~1");
}
