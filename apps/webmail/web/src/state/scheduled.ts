/* SPDX-License-Identifier: MIT */
/* What waits at the server for its time to leave (RFC 8621, 7). */
import { Cell } from "../cell";
import { Client } from "../jmap/client";
import { EmailHead, EmailSubmission, GetResponse, Id, SetResponse } from "../jmap/types";
import { SetFailure } from "../words";
import { HEAD } from "./emails";
import { Mailboxes } from "./mailboxes";
import { PROPERTIES } from "./submissions";

const SHOWN_MAX = 200;
/* Behind the time itself, for the clocks of two machines. */
const AFTER_MS = 1_500;
const TIMER_MAX_MS = 3_600_000;

export interface Waiting {
    submission: EmailSubmission;
    head: EmailHead;
}

export class Scheduled {
    readonly list = new Cell<Waiting[]>([]);
    /* Sent a moment ago: its way back is the note about it. */
    private hidden = new Set<Id>();
    private timer = 0;
    private turn = 0;

    constructor(
        private client: Client,
        private boxes: Mailboxes,
    ) {}

    stop(): void {
        window.clearTimeout(this.timer);
    }

    hide(id: Id): void {
        this.hidden.add(id);
    }

    async load(): Promise<void> {
        if (this.client.maxDelayedSend === 0) return;
        const turn = ++this.turn;
        const batch = this.client.batch();
        const query = batch.add<{ ids: Id[] }>("EmailSubmission/query", {
            filter: { undoStatus: "pending" },
            sort: [{ property: "sentAt", isAscending: true }],
            limit: SHOWN_MAX,
        });
        const get = batch.add<GetResponse<EmailSubmission>>("EmailSubmission/get", { "#ids": query.ref("/ids"), properties: PROPERTIES });
        const emails = batch.add<GetResponse<EmailHead>>("Email/get", { "#ids": get.ref("/list/*/emailId"), properties: HEAD });
        await batch.send();
        if (turn !== this.turn) return;
        const heads = new Map(emails.get().list.map((head) => [head.id, head]));
        const waiting = get.get().list.filter((each) => each.undoStatus === "pending");
        const all = waiting.flatMap((submission) => {
            const head = heads.get(submission.emailId);
            return head && !this.hidden.has(submission.id) ? { submission, head } : [];
        });
        all.sort((a, b) => a.submission.sendAt.localeCompare(b.submission.sendAt));
        this.list.set(all);
        this.wake(all[0]);
    }

    /* That something left by its time is no change that is pushed. */
    private wake(first: Waiting | undefined): void {
        window.clearTimeout(this.timer);
        if (!first) return;
        const wait = new Date(first.submission.sendAt).getTime() - Date.now() + AFTER_MS;
        this.timer = window.setTimeout(() => void this.load().catch(() => undefined), Math.min(Math.max(wait, AFTER_MS), TIMER_MAX_MS));
    }

    private async takeBack(id: Id, after: Record<string, unknown> | null): Promise<void> {
        const answer = await this.client.call<SetResponse>("EmailSubmission/set", {
            update: { [id]: { undoStatus: "canceled" } },
            ...(after ? { onSuccessUpdateEmail: { [id]: after } } : {}),
        });
        const failed = answer.notUpdated?.[id];
        if (failed) throw new SetFailure(failed);
        this.list.update((list) => list.filter((each) => each.submission.id !== id));
    }

    private asDraft(): Record<string, unknown> {
        const drafts = this.boxes.roleId("drafts") ?? this.boxes.roleId("inbox") ?? "";
        const sent = this.boxes.roleId("sent");
        const patch: Record<string, unknown> = { "keywords/$draft": true };
        if (sent && sent !== drafts) Object.assign(patch, { [`mailboxIds/${sent}`]: null, [`mailboxIds/${drafts}`]: true });
        return patch;
    }

    /* It does not leave, and its message is a draft again. */
    async cancel(id: Id): Promise<void> {
        await this.takeBack(id, this.asDraft());
        void this.load().catch(() => undefined);
    }

    /* First off the queue, then sent: it cannot go out twice. */
    async sendNow({ submission, head }: Waiting): Promise<void> {
        await this.takeBack(submission.id, null);
        const answer = await this.client.call<SetResponse>("EmailSubmission/set", {
            create: { send: { identityId: submission.identityId, emailId: head.id } },
        });
        const failed = answer.notCreated?.["send"];
        if (!failed) return;
        await this.client.call<SetResponse>("Email/set", { update: { [head.id]: this.asDraft() } });
        throw new SetFailure(failed);
    }
}
