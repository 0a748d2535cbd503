/* SPDX-License-Identifier: MIT */
/* Keeps what is on the screen equal to what is at the server. */
import { reachable, request, Problem, renewSession, Unreachable } from "../http";
import { Client, MethodError } from "../jmap/client";
import { Push } from "../jmap/push";
import { Changed, ChangesResponse, GetResponse, Id } from "../jmap/types";
import { nameOf, plain } from "../mail/address";
import { Emails, isUnread } from "./emails";
import { Listing } from "./listing";
import { Mailboxes } from "./mailboxes";
import { Scheduled } from "./scheduled";
import { Submissions } from "./submissions";
import { speak } from "./toasts";

const CHANGES_MAX = 500;
const CREATED_MAX = 100;

export class Sync {
    private push: Push;
    private running: Promise<void> | null = null;
    private again = false;
    private stops: (() => void)[] = [];

    constructor(
        private client: Client,
        private emails: Emails,
        private boxes: Mailboxes,
        private listing: Listing,
        private submissions: Submissions,
        private scheduled: Scheduled,
    ) {
        this.push = new Push(client, {
            changed: (changed) => this.changed(changed),
            opened: () => void this.catchUp(),
            broke: () => this.check(),
        });
    }

    start(): void {
        this.push.start();
        const wake = () => {
            if (document.visibilityState !== "visible" || !navigator.onLine) return;
            this.push.nudge();
            if (!reachable.get()) void this.catchUp();
        };
        const lost = () => reachable.set(false);
        window.addEventListener("online", wake);
        window.addEventListener("offline", lost);
        document.addEventListener("visibilitychange", wake);
        const timer = window.setInterval(() => {
            if (!reachable.get()) void this.catchUp();
        }, 5_000);
        this.stops = [
            reachable.subscribe(() => {
                if (reachable.get()) this.push.nudge();
            }),
            () => window.removeEventListener("online", wake),
            () => window.removeEventListener("offline", lost),
            () => document.removeEventListener("visibilitychange", wake),
            () => window.clearInterval(timer),
        ];
    }

    stop(): void {
        this.push.stop();
        for (const stop of this.stops) stop();
    }

    private changed(changed: Changed): void {
        if (changed["EmailSubmission"]) {
            void this.submissions.refresh().catch(() => undefined);
            void this.scheduled.load().catch(() => undefined);
        }
        const news =
            (changed["Email"] && changed["Email"] !== this.emails.state) ||
            (changed["Mailbox"] && changed["Mailbox"] !== this.boxes.state) ||
            changed["Thread"];
        if (news) void this.catchUp();
    }

    /* An EventSource does not say why it broke: ask who we are. */
    private async check(): Promise<boolean> {
        try {
            await request("/auth/session", { plain: true });
        } catch (error) {
            if (error instanceof Problem && error.status === 401) await renewSession();
            if (error instanceof Unreachable) return true;
        }
        return true;
    }

    /* Ask for what changed since we last knew; calls meanwhile make one more. */
    catchUp(): Promise<void> {
        if (this.running) {
            this.again = true;
            return this.running;
        }
        this.running = this.catchUpOnce()
            .catch(() => undefined)
            .finally(() => {
                this.running = null;
                if (!this.again) return;
                this.again = false;
                void this.catchUp();
            });
        return this.running;
    }

    private async catchUpOnce(): Promise<void> {
        await this.boxes.load();
        const changed = await this.emailChanges();
        if (!changed) return;
        await this.listing.refresh();
        void this.boxes.countImportant();
    }

    /* True when anything is different. */
    private async emailChanges(): Promise<boolean> {
        if (this.emails.state === null) {
            await this.rememberState();
            return true;
        }
        let moved = false;
        for (;;) {
            let changes: ChangesResponse;
            try {
                changes = await this.client.call<ChangesResponse>("Email/changes", {
                    sinceState: this.emails.state,
                    maxChanges: CHANGES_MAX,
                });
            } catch (error) {
                if (!(error instanceof MethodError)) throw error;
                /* The server no longer knows: all we have may be old. */
                await this.reloadAll();
                return true;
            }
            await this.take(changes);
            moved ||= changes.newState !== changes.oldState;
            this.emails.state = changes.newState;
            if (!changes.hasMoreChanges) return moved;
        }
    }

    private async take(changes: ChangesResponse): Promise<void> {
        this.emails.forget(changes.destroyed);
        const updated = changes.updated.filter((id) => this.emails.heads.has(id));
        const created = changes.created.filter((id) => !this.emails.heads.has(id));
        /* Of a large import the list asks for what it shows. */
        const few = created.length <= CREATED_MAX ? created : [];
        if (updated.length + few.length > 0) await this.emails.load([...updated, ...few]);
        this.emails.touched();
        this.announce(few);
    }

    private announce(ids: Id[]): void {
        const fresh = ids.flatMap((id) => this.emails.head(id) ?? []);
        const news = fresh.filter((head) => isUnread(head) && this.boxes.isIn(head, "inbox"));
        const first = news[0];
        if (!first) return;
        const from = first.from?.[0] ? nameOf(first.from[0]) : "nobody";
        if (news.length === 1) speak(`New message from ${from}: ${plain(first.subject) || "no subject"}`);
        else speak(`${news.length} new messages`);
    }

    async rememberState(): Promise<void> {
        const answer = await this.client.call<GetResponse<unknown>>("Email/get", { ids: [], properties: ["id"] });
        this.emails.state = answer.state;
    }

    private async reloadAll(): Promise<void> {
        await this.rememberState();
        await this.emails.load([...this.emails.heads.keys()].slice(0, REFETCH_MAX));
    }
}

const REFETCH_MAX = 600;
