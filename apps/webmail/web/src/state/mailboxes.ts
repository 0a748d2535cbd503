/* SPDX-License-Identifier: MIT */
/* The folders and their counts. */
import { Cell } from "../cell";
import { Client } from "../jmap/client";
import { EmailHead, GetResponse, Id, Mailbox, QueryResponse, SetResponse } from "../jmap/types";
import { plain } from "../mail/address";
import { SetFailure } from "../words";
import { View } from "./view";

const NAMES: Record<string, string> = {
    inbox: "Inbox",
    drafts: "Drafts",
    sent: "Sent",
    archive: "Archive",
    junk: "Junk",
    trash: "Trash",
};

export class Mailboxes {
    readonly all = new Cell<Mailbox[]>([]);
    readonly unreadImportant = new Cell(0);
    state: string | null = null;

    constructor(private client: Client) {}

    async load(): Promise<void> {
        const answer = await this.client.call<GetResponse<Mailbox>>("Mailbox/get", { ids: null });
        this.state = answer.state;
        this.all.set(answer.list);
    }

    async countImportant(): Promise<void> {
        const answer = await this.client
            .call<QueryResponse>("Email/query", {
                filter: { hasKeyword: "$flagged", notKeyword: "$seen" },
                calculateTotal: true,
                limit: 1,
            })
            .catch(() => null);
        this.unreadImportant.set(answer?.total ?? answer?.ids.length ?? 0);
    }

    byRole(role: string): Mailbox | null {
        return this.all.get().find((box) => box.role === role) ?? null;
    }

    byId(id: Id): Mailbox | null {
        return this.all.get().find((box) => box.id === id) ?? null;
    }

    roleId(role: string): Id | null {
        return this.byRole(role)?.id ?? null;
    }

    /* The mailbox a view shows; none for lists across mailboxes. */
    of(view: View): Mailbox | null {
        if (view.kind === "role") return this.byRole(view.role);
        if (view.kind === "folder") return this.byId(view.mailboxId);
        return null;
    }

    isIn(head: EmailHead, role: string): boolean {
        const id = this.roleId(role);
        return id !== null && head.mailboxIds[id] === true;
    }

    /* Folders without a role, as a flat tree in order. */
    custom(): { box: Mailbox; depth: number }[] {
        const boxes = this.all.get().filter((box) => !box.role || !(box.role in NAMES));
        const known = new Set(boxes.map((box) => box.id));
        const order = (a: Mailbox, b: Mailbox) => a.sortOrder - b.sortOrder || a.name.localeCompare(b.name);
        const out: { box: Mailbox; depth: number }[] = [];
        const walk = (parent: Id | null, depth: number) => {
            const inside = boxes.filter((box) =>
                parent === null ? !box.parentId || !known.has(box.parentId) : box.parentId === parent,
            );
            for (const box of inside.sort(order)) {
                out.push({ box, depth });
                if (depth < 8) walk(box.id, depth + 1);
            }
        };
        walk(null, 0);
        return out;
    }

    async create(name: string, role: string | null = null): Promise<Id> {
        const answer = await this.client.call<SetResponse>("Mailbox/set", {
            create: { folder: { name, parentId: null, ...(role ? { role } : {}) } },
        });
        const failed = answer.notCreated?.["folder"];
        if (failed) throw new SetFailure(failed);
        await this.load();
        return answer.created?.["folder"]?.id ?? "";
    }

    async rename(id: Id, name: string): Promise<void> {
        const answer = await this.client.call<SetResponse>("Mailbox/set", { update: { [id]: { name } } });
        const failed = answer.notUpdated?.[id];
        if (failed) throw new SetFailure(failed);
        await this.load();
    }

    async remove(id: Id): Promise<void> {
        const answer = await this.client.call<SetResponse>("Mailbox/set", {
            destroy: [id],
            onDestroyRemoveEmails: false,
        });
        const failed = answer.notDestroyed?.[id];
        if (failed) throw new SetFailure(failed);
        await this.load();
    }
}

export function boxName(box: Mailbox): string {
    return (box.role && NAMES[box.role]) || plain(box.name) || "(no name)";
}

/* What to print beside a folder: unread conversations, or all of the drafts. */
export function badge(box: Mailbox): number {
    if (box.role === "drafts") return box.totalEmails;
    if (box.role === "sent" || box.role === "trash" || box.role === "archive") return 0;
    return box.unreadThreads ?? box.unreadEmails;
}

export function viewName(view: View, boxes: Mailboxes): string {
    if (view.kind === "flagged") return "Important";
    if (view.kind === "search") return "Search";
    if (view.kind === "scheduled") return "Scheduled";
    if (view.kind === "removed") return "Recently deleted";
    const box = boxes.of(view);
    if (box) return boxName(box);
    return view.kind === "role" ? (NAMES[view.role] ?? view.role) : "Folder";
}
