/* SPDX-License-Identifier: MIT */
/* What is known of emails and threads, whichever list asked for it. */
import { Cell } from "../cell";
import { Batch, Call, Client } from "../jmap/client";
import { EmailBody, EmailHead, GetResponse, Id, Thread } from "../jmap/types";

export const HEAD = ["id", "threadId", "mailboxIds", "keywords", "from", "to", "cc", "subject", "preview", "receivedAt",
    "sentAt", "size", "hasAttachment"];
const BODY = ["id", "blobId", "bcc", "replyTo", "messageId", "inReplyTo", "references", "textBody", "htmlBody",
    "attachments", "bodyValues"];
const PART = ["partId", "blobId", "size", "name", "type", "charset", "disposition", "cid"];

/* Longer texts are shown up to here, with the rest to download. */
export const BODY_MAX = 1 << 20;

export class Emails {
    readonly heads = new Map<Id, EmailHead>();
    readonly threads = new Map<Id, Id[]>();
    readonly bodies = new Map<Id, EmailBody>();
    /* Goes up with every change of the above. */
    readonly version = new Cell(0);
    state: string | null = null;

    constructor(private client: Client) {}

    touched(): void {
        this.version.update((n) => n + 1);
    }

    head(id: Id): EmailHead | null {
        return this.heads.get(id) ?? null;
    }

    /* The thread's emails that are known, oldest first. */
    thread(threadId: Id): EmailHead[] {
        const ids = this.threads.get(threadId) ?? [];
        return ids.flatMap((id) => this.heads.get(id) ?? []);
    }

    /* Known or not, one email stands for its thread until the thread came. */
    siblings(head: EmailHead): EmailHead[] {
        const all = this.thread(head.threadId);
        return all.some((each) => each.id === head.id) ? all : [head];
    }

    put(heads: EmailHead[]): void {
        for (const head of heads) this.heads.set(head.id, head);
    }

    patch(id: Id, change: Partial<EmailHead>): void {
        const head = this.heads.get(id);
        if (head) this.heads.set(id, { ...head, ...change });
    }

    forget(ids: Id[]): void {
        for (const id of ids) {
            const head = this.heads.get(id);
            this.heads.delete(id);
            this.bodies.delete(id);
            const thread = head && this.threads.get(head.threadId);
            if (head && thread) {
                this.threads.set(head.threadId, thread.filter((each) => each !== id));
            }
        }
    }

    /* After an Email/query or with known ids: heads, threads, and the heads
     * of all in those threads, in one request. */
    addHeads(batch: Batch, ids: Id[] | Call<{ ids: Id[] }>): () => void {
        const asked = Array.isArray(ids) ? { ids } : { "#ids": ids.ref("/ids") };
        const heads = batch.add<GetResponse<EmailHead>>("Email/get", { ...asked, properties: HEAD });
        const threads = batch.add<GetResponse<Thread>>("Thread/get", { "#ids": heads.ref("/list/*/threadId") });
        const rest = batch.add<GetResponse<EmailHead>>("Email/get", {
            "#ids": threads.ref("/list/*/emailIds"),
            properties: HEAD,
        });
        return () => {
            const got = heads.get();
            this.put(got.list);
            if (got.notFound?.length) this.forget(got.notFound);
            /* A page of very long threads can be too much at once; then the
             * rows stand alone until a thread is opened. */
            const others = rest.maybe();
            if (others) {
                this.put(others.list);
                for (const thread of threads.maybe()?.list ?? []) this.threads.set(thread.id, thread.emailIds);
            }
            this.touched();
        };
    }

    async load(ids: Id[]): Promise<void> {
        const step = 60;
        for (let i = 0; i < ids.length; i += step) {
            const batch = this.client.batch();
            const take = this.addHeads(batch, ids.slice(i, i + step));
            await batch.send();
            take();
        }
    }

    async loadThread(threadId: Id): Promise<boolean> {
        const batch = this.client.batch();
        const thread = batch.add<GetResponse<Thread>>("Thread/get", { ids: [threadId] });
        const heads = batch.add<GetResponse<EmailHead>>("Email/get", {
            "#ids": thread.ref("/list/*/emailIds"),
            properties: HEAD,
        });
        await batch.send();
        const found = thread.get().list[0];
        if (!found) return false;
        this.put(heads.get().list);
        this.threads.set(found.id, found.emailIds);
        this.touched();
        return true;
    }

    async loadBodies(ids: Id[]): Promise<void> {
        const wanted = ids.filter((id) => !this.bodies.has(id));
        for (let i = 0; i < wanted.length; i += 20) {
            const answer = await this.client.call<GetResponse<EmailBody>>("Email/get", {
                ids: wanted.slice(i, i + 20),
                properties: BODY,
                bodyProperties: PART,
                fetchTextBodyValues: true,
                fetchHTMLBodyValues: true,
                maxBodyValueBytes: BODY_MAX,
            });
            for (const body of answer.list) this.bodies.set(body.id, body);
        }
        if (wanted.length > 0) this.touched();
    }
}

export function isUnread(head: EmailHead): boolean {
    return !head.keywords["$seen"] && !head.keywords["$draft"];
}

export function isStarred(head: EmailHead): boolean {
    return head.keywords["$flagged"] === true;
}

export function isDraft(head: EmailHead): boolean {
    return head.keywords["$draft"] === true;
}
