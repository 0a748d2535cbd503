/* SPDX-License-Identifier: MIT */
/* Where sent mail is (RFC 8621, 7): per recipient, for the Sent view. */
import { Client, MethodError } from "../jmap/client";
import { DeliveryStatus, EmailSubmission, GetResponse, Id } from "../jmap/types";
import { quoteTime, relativeTime } from "../mail/when";
import { Cell } from "../cell";

export const PROPERTIES = ["id", "emailId", "identityId", "sendAt", "undoStatus", "deliveryStatus"];

export class Submissions {
    readonly byEmail = new Cell<ReadonlyMap<Id, EmailSubmission[]>>(new Map());
    private wanted = new Set<Id>();
    private canQuery = true;

    constructor(private client: Client) {}

    async want(emailIds: Id[]): Promise<void> {
        const fresh = emailIds.filter((id) => !this.wanted.has(id));
        if (fresh.length === 0) return;
        for (const id of fresh) this.wanted.add(id);
        await this.load(fresh);
    }

    async refresh(): Promise<void> {
        if (this.wanted.size > 0) await this.load([...this.wanted]);
    }

    private async load(emailIds: Id[]): Promise<void> {
        const list = await this.fetch(emailIds);
        const next = new Map(this.byEmail.get());
        for (const id of emailIds) next.set(id, list.filter((each) => each.emailId === id));
        this.byEmail.set(next);
    }

    private async fetch(emailIds: Id[]): Promise<EmailSubmission[]> {
        if (this.canQuery) {
            const batch = this.client.batch();
            const query = batch.add<{ ids: Id[] }>("EmailSubmission/query", { filter: { emailIds } });
            const get = batch.add<GetResponse<EmailSubmission>>("EmailSubmission/get", {
                "#ids": query.ref("/ids"),
                properties: PROPERTIES,
            });
            await batch.send();
            try {
                query.get();
                return get.get().list;
            } catch (error) {
                if (!(error instanceof MethodError)) throw error;
                this.canQuery = false;
            }
        }
        const all = await this.client.call<GetResponse<EmailSubmission>>("EmailSubmission/get", {
            ids: null,
            properties: PROPERTIES,
        });
        return all.list;
    }
}

export interface Delivery {
    recipient: string;
    state: "delivered" | "failed" | "waiting";
    words: string;
    reply: string;
}

/* The server's reply without its codes, for a person. */
export function replyInWords(reply: string): string {
    return reply.replace(/^\d{3}[ -]?/, "").replace(/^\d\.\d{1,3}\.\d{1,3}\s*/, "").trim();
}

export function deliveries(list: EmailSubmission[]): Delivery[] {
    return list.flatMap((submission) =>
        Object.entries(submission.deliveryStatus ?? {}).map(([recipient, status]) =>
            submission.undoStatus === "pending" && status.delivered === "queued"
                ? { recipient, state: "waiting" as const, words: `Leaves ${quoteTime(submission.sendAt)}`, reply: "" }
                : inWords(recipient, status),
        ),
    );
}

function handedOver(status: DeliveryStatus): string {
    const host = status.host ? `Handed to ${status.host}` : "Handed to the next server";
    const when = status.lastAttempt ? ` ${relativeTime(status.lastAttempt)}` : "";
    const how = status.host === undefined ? "" : status.tls ? ", encrypted" : ", not encrypted";
    return host + when + how;
}

function stillTrying(status: DeliveryStatus, why: string): string {
    const next = status.nextAttempt ? `; next attempt ${quoteTime(status.nextAttempt)}` : "";
    /* What was said when it was put into the queue is no trouble. */
    const trouble = /^4/.test(status.smtpReply) || (status.lastAttempt && why);
    return trouble ? `Still trying: ${why}${next}` : "On its way";
}

function inWords(recipient: string, status: DeliveryStatus): Delivery {
    const why = replyInWords(status.smtpReply ?? "");
    if (status.delivered === "yes") return { recipient, state: "delivered", words: "Delivered", reply: why };
    if (status.delivered === "no") {
        const words = why === "Cancelled" ? "Taken back, not sent" : why ? `Not delivered: ${why}` : "Not delivered";
        return { recipient, state: "failed", words, reply: why };
    }
    if (status.delivered === "unknown") {
        return { recipient, state: "delivered", words: handedOver(status), reply: status.tls ? `${why} (${status.tls})` : why };
    }
    return { recipient, state: "waiting", words: stillTrying(status, why), reply: why };
}
