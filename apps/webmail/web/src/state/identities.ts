/* SPDX-License-Identifier: MIT */
/* The names and addresses that one may send with. */
import { Cell } from "../cell";
import { Client } from "../jmap/client";
import { GetResponse, Id, Identity, SetResponse } from "../jmap/types";
import { SetFailure } from "../words";

export class Identities {
    readonly all = new Cell<Identity[]>([]);

    constructor(
        private client: Client,
        private address: string,
    ) {}

    async load(): Promise<void> {
        const answer = await this.client.call<GetResponse<Identity>>("Identity/get", { ids: null });
        this.all.set(answer.list);
    }

    byId(id: Id | null): Identity | null {
        return this.all.get().find((each) => each.id === id) ?? this.all.get()[0] ?? null;
    }

    /* One's own addresses, in lower case. */
    own(): Set<string> {
        return new Set([this.address, ...this.all.get().map((each) => each.email)].map((each) => each.toLowerCase()));
    }

    async change(id: Id, change: Partial<Identity>): Promise<void> {
        const answer = await this.client.call<SetResponse>("Identity/set", { update: { [id]: change } });
        const failed = answer.notUpdated?.[id];
        if (failed) throw new SetFailure(failed);
        await this.load();
    }
}
