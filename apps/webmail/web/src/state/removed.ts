/* SPDX-License-Identifier: MIT */
/* What was deleted for good and can still be had again (docs/http.md). */
import { Cell } from "../cell";
import { Client } from "../jmap/client";
import { GetResponse, Id, QueryResponse, RemovedEmail, SetError } from "../jmap/types";
import { inWords, SetFailure } from "../words";

const PAGE = 50;

interface UndeleteResponse {
    undeleted: Record<Id, { id: Id }>;
    notUndeleted: Record<Id, SetError>;
}

export interface RemovedList {
    all: RemovedEmail[];
    phase: "loading" | "ready" | "failed";
    total: number;
    problem: string | null;
}

const NOTHING: RemovedList = { all: [], phase: "loading", total: 0, problem: null };

export class Removed {
    readonly list = new Cell<RemovedList>(NOTHING);
    private turn = 0;

    constructor(private client: Client) {}

    /* What is shown, anew; and a page more. */
    async load(more = false): Promise<void> {
        const turn = ++this.turn;
        const limit = Math.max(PAGE, this.list.get().all.length + (more ? PAGE : 0));
        try {
            const found = await this.fetch(limit);
            if (turn === this.turn) this.list.set({ ...found, phase: "ready", problem: null });
        } catch (error) {
            if (turn === this.turn) this.list.update((list) => ({ ...list, phase: "failed", problem: inWords(error) }));
        }
    }

    private async fetch(limit: number): Promise<{ all: RemovedEmail[]; total: number }> {
        const all: RemovedEmail[] = [];
        let total = 0;
        /* A step is as much as the server gives at once. */
        while (all.length < limit) {
            const batch = this.client.batch();
            const query = batch.add<QueryResponse>("RemovedEmail/query", {
                position: all.length,
                limit: Math.min(limit - all.length, this.client.limits.maxObjectsInGet),
                calculateTotal: true,
            });
            const get = batch.add<GetResponse<RemovedEmail>>("RemovedEmail/get", { "#ids": query.ref("/ids") });
            await batch.send();
            const { ids } = query.get();
            const byId = new Map(get.get().list.map((each) => [each.id, each]));
            all.push(...ids.flatMap((id) => byId.get(id) ?? []));
            total = query.get().total ?? all.length;
            if (ids.length === 0 || all.length >= total) break;
        }
        return { all, total };
    }

    /* Back to where it was. */
    async restore(id: Id): Promise<void> {
        const answer = await this.client.call<UndeleteResponse>("RemovedEmail/undelete", { ids: [id] });
        const failed = answer.notUndeleted[id];
        this.list.update((list) => {
            if (failed && failed.type !== "notFound") return list;
            return { ...list, all: list.all.filter((each) => each.id !== id), total: Math.max(0, list.total - 1) };
        });
        if (failed) throw new SetFailure(failed);
    }
}
