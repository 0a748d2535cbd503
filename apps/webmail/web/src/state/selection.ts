/* SPDX-License-Identifier: MIT */
/* Which rows are ticked, and which one the keyboard is at. */
import { Cell } from "../cell";
import { Id } from "../jmap/types";
import { Listing } from "./listing";

export class Selection {
    readonly ticked = new Cell<ReadonlySet<Id>>(new Set());
    readonly cursor = new Cell<Id | null>(null);
    private anchor: Id | null = null;

    constructor(private listing: Listing) {
        /* A row that left the list is not ticked any more. */
        listing.list.subscribe(() => {
            const now = new Set(listing.list.get().ids);
            const ticked = this.ticked.get();
            if ([...ticked].some((id) => !now.has(id))) this.ticked.set(new Set([...ticked].filter((id) => now.has(id))));
        });
    }

    clear(): void {
        this.ticked.set(new Set());
        this.cursor.set(null);
        this.anchor = null;
    }

    untick(): void {
        if (this.ticked.get().size > 0) this.ticked.set(new Set());
    }

    toggle(id: Id): void {
        const next = new Set(this.ticked.get());
        if (!next.delete(id)) next.add(id);
        this.anchor = id;
        this.ticked.set(next);
    }

    /* From the last one ticked to this one, both with. */
    extend(id: Id): void {
        const ids = this.listing.list.get().ids;
        const from = ids.indexOf(this.anchor ?? this.cursor.get() ?? id);
        const to = ids.indexOf(id);
        if (from < 0 || to < 0) return this.toggle(id);
        const range = ids.slice(Math.min(from, to), Math.max(from, to) + 1);
        this.ticked.set(new Set([...this.ticked.get(), ...range]));
    }

    tickAll(): void {
        const ids = this.listing.list.get().ids;
        this.ticked.set(this.ticked.get().size >= ids.length ? new Set() : new Set(ids));
    }

    move(step: number): Id | null {
        const ids = this.listing.list.get().ids;
        if (ids.length === 0) return null;
        const now = ids.indexOf(this.cursor.get() ?? "");
        const next = now < 0 ? (step > 0 ? 0 : ids.length - 1) : Math.min(Math.max(now + step, 0), ids.length - 1);
        const id = ids[next] ?? null;
        this.cursor.set(id);
        return id;
    }
}
