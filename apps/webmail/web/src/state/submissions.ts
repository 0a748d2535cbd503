/* SPDX-License-Identifier: MIT */
/* Where sent mail is (RFC 8621, 7): per recipient, for the Sent view. */
import { Client, MethodError } from "../jmap/client";
import { DeliveryStatus, EmailSubmission, GetResponse, Id } from "../jmap/types";
import { quoteTime, relativeTime } from "../mail/when";
import { Cell } from "../cell";

export const PROPERTIES = ["id", "emailId", "identityId", "sendAt", "undoStatus", "deliveryStatus"];

const ON_ITS_WAY = "On its way";
const TAKEN_BACK = "Taken back, not sent";

/* A page of the list, and far below what the server takes at once. */
const AT_ONCE = 100;

function isSettled(list: EmailSubmission[] | undefined): boolean {
    if (!list?.length) return false;
    return list.every((each) => Object.values(each.deliveryStatus ?? {}).every((status) => status.delivered === "yes" || status.delivered === "no"));
}

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
        /* Of what came everywhere, or to nobody, nothing more is heard. */
        const open = [...this.wanted].filter((id) => !isSettled(this.byEmail.get().get(id)));
        await this.load(open);
    }

    private async load(emailIds: Id[]): Promise<void> {
        for (let i = 0; i < emailIds.length; i += AT_ONCE) {
            const some = emailIds.slice(i, i + AT_ONCE);
            const list = await this.fetch(some);
            const next = new Map(this.byEmail.get());
            for (const id of some) next.set(id, list.filter((each) => each.emailId === id));
            this.byEmail.set(next);
        }
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
    state: "delivered" | "failed" | "trying" | "waiting";
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
                : inWords(recipient, status, submission.sendAt),
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
    return trouble ? `Still trying: ${why}${next}` : ON_ITS_WAY;
}

function inWords(recipient: string, status: DeliveryStatus, sendAt: string): Delivery {
    const why = replyInWords(status.smtpReply ?? "");
    if (status.delivered === "yes") return { recipient, state: "delivered", words: `Delivered ${relativeTime(status.lastAttempt ?? sendAt)}`, reply: why };
    if (status.delivered === "no") {
        const words = why === "Cancelled" ? TAKEN_BACK : why ? `Not delivered: ${why}` : "Not delivered";
        return { recipient, state: "failed", words, reply: why };
    }
    if (status.delivered === "unknown") {
        return { recipient, state: "delivered", words: handedOver(status), reply: status.tls ? `${why} (${status.tls})` : why };
    }
    const words = stillTrying(status, why);
    return { recipient, state: words === ON_ITS_WAY ? "waiting" : "trying", words, reply: why };
}

/* What a list says of a message: the worst that became of it, if that is
 * worth a look. */
export function trouble(list: EmailSubmission[]): { state: "failed" | "trying" | "scheduled"; words: string } | null {
    const all = deliveries(list).filter((each) => each.words !== TAKEN_BACK);
    const failed = all.filter((each) => each.state === "failed");
    if (failed.length > 0) return { state: "failed", words: `Not delivered to ${failed.map((each) => each.recipient).join(", ")}` };
    const trying = all.filter((each) => each.state === "trying");
    if (trying.length > 0) return { state: "trying", words: `Still trying to reach ${trying.map((each) => each.recipient).join(", ")}` };
    const waits = list.find((each) => each.undoStatus === "pending");
    return waits ? { state: "scheduled", words: `Leaves ${quoteTime(waits.sendAt)}` } : null;
}
