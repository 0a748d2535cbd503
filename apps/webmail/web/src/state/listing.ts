/* SPDX-License-Identifier: MIT */
/* The list on the screen: a query, read page by page and kept up to date. */
import { Cell } from "../cell";
import { Client, MethodError } from "../jmap/client";
import { Id, QueryResponse } from "../jmap/types";
import { inWords } from "../words";
import { Emails } from "./emails";
import { Mailboxes } from "./mailboxes";
import { View, viewKey } from "./view";

const PAGE = 40;
const REFRESH_MAX = 500;

/* Folders whose conversations are counted. */
const COUNTED_MAX = 20000;

/* Until a search is asked again of which the index had not seen all. */
const BEHIND_MS = 3000;

const NAMES_PLACE = /(^|\s)-?in:/i;

export interface List {
    view: View;
    ids: Id[];
    phase: "loading" | "ready" | "more" | "failed";
    ended: boolean;
    total: number | null;
    unindexed: number;
    problem: string | null;
}

function empty(view: View): List {
    return { view, ids: [], phase: "loading", ended: false, total: null, unindexed: 0, problem: null };
}

type Filter = Record<string, unknown>;

export class Listing {
    readonly list: Cell<List>;
    private turn = 0;
    private kept = new Map<string, List>();
    private refreshing: Promise<void> | null = null;
    private stale = false;

    constructor(
        private client: Client,
        private emails: Emails,
        private boxes: Mailboxes,
        view: View,
    ) {
        this.list = new Cell(empty(view));
    }

    /* Show another view; what it held last time is there at once. */
    async open(view: View): Promise<void> {
        const key = viewKey(view);
        const now = this.list.get();
        if (now.phase !== "failed" && now.phase !== "loading") this.kept.set(viewKey(now.view), now);
        const kept = this.kept.get(key);
        this.turn++;
        this.list.set(kept ? { ...kept, phase: "ready", problem: null } : empty(view));
        await this.refresh();
    }

    private filters(view: View): Filter[] {
        const box = this.boxes.of(view);
        if (view.kind === "role" || view.kind === "folder") return box ? [{ inMailbox: box.id }] : [];
        /* These are no lists of emails, and have panes of their own. */
        if (view.kind === "scheduled" || view.kind === "removed") return [];
        const hidden = ["trash", "junk"].flatMap((role) => this.boxes.roleId(role) ?? []);
        if (view.kind === "flagged") return this.without(hidden, { hasKeyword: "$flagged" });
        if (!this.client.knowsQuestions) return this.without(hidden, { text: view.text });
        const question: Filter = { question: view.text };
        /* Who says where to look means that place. */
        return NAMES_PLACE.test(view.text) ? [question] : this.without(hidden, question).slice(0, 1);
    }

    private without(hidden: Id[], base: Filter): Filter[] {
        /* The second is for servers that know only the simple one. */
        return hidden.length > 0 ? [{ ...base, inMailboxOtherThan: hidden }, base] : [base];
    }

    private async query(view: View, position: number, limit: number): Promise<QueryResponse | null> {
        const filters = this.filters(view);
        let failure: unknown = null;
        for (const filter of filters) {
            const batch = this.client.batch();
            const query = batch.add<QueryResponse>("Email/query", {
                filter,
                sort: [{ property: "receivedAt", isAscending: false }],
                collapseThreads: true,
                position,
                limit,
                /* Of a search or a very large folder it would mean to look at all. */
                calculateTotal: position === 0 && view.kind !== "search" && (this.boxes.of(view)?.totalEmails ?? 0) <= COUNTED_MAX,
            });
            const take = limit <= PAGE * 2 ? this.emails.addHeads(batch, query) : null;
            await batch.send();
            try {
                const answer = query.get();
                if (take) take();
                else await this.emails.load(answer.ids.filter((id) => !this.emails.head(id)));
                return answer;
            } catch (error) {
                failure = error;
                if (!(error instanceof MethodError) || error.type !== "unsupportedFilter") break;
            }
        }
        if (failure) throw failure;
        return null;
    }

    /* Ask again for what is on the screen. Calls during a call make one more. */
    refresh(): Promise<void> {
        if (this.refreshing) {
            this.stale = true;
            return this.refreshing;
        }
        this.refreshing = this.refreshOnce().finally(() => {
            this.refreshing = null;
            if (!this.stale) return;
            this.stale = false;
            void this.refresh();
        });
        return this.refreshing;
    }

    private async refreshOnce(): Promise<void> {
        const turn = this.turn;
        const before = this.list.get();
        const limit = Math.min(Math.max(PAGE, before.ids.length), REFRESH_MAX);
        try {
            const answer = await this.query(before.view, 0, limit);
            if (turn !== this.turn) {
                this.stale = true;
                return;
            }
            const ids = answer?.ids ?? [];
            const total = answer?.total ?? null;
            const ended = total !== null ? ids.length >= total : ids.length < limit;
            const unindexed = answer?.unindexed ?? 0;
            this.list.set({ view: before.view, ids, phase: "ready", ended, total, unindexed, problem: null });
            if (unindexed > 0) setTimeout(() => turn === this.turn && void this.refresh(), BEHIND_MS);
        } catch (error) {
            if (turn !== this.turn) {
                this.stale = true;
                return;
            }
            const failed = before.ids.length === 0;
            this.list.update((list) => ({ ...list, phase: failed ? "failed" : "ready", problem: inWords(error) }));
        }
    }

    async more(): Promise<void> {
        const before = this.list.get();
        if (before.phase !== "ready" || before.ended) return;
        const turn = this.turn;
        this.list.set({ ...before, phase: "more" });
        try {
            const answer = await this.query(before.view, before.ids.length, PAGE);
            if (turn !== this.turn) return;
            this.list.update((list) => {
                const known = new Set(list.ids);
                const ids = [...list.ids, ...(answer?.ids ?? []).filter((id) => !known.has(id))];
                const ended = (answer?.ids.length ?? 0) === 0 || (list.total !== null && ids.length >= list.total);
                return { ...list, ids, phase: "ready", ended, problem: null };
            });
        } catch (error) {
            if (turn !== this.turn) return;
            this.list.update((list) => ({ ...list, phase: "ready", problem: inWords(error) }));
        }
    }

    /* Take rows out at once, before the server confirmed it. */
    drop(ids: Id[]): void {
        const gone = new Set(ids);
        this.list.update((list) => ({ ...list, ids: list.ids.filter((id) => !gone.has(id)) }));
    }
}
