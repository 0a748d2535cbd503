/* SPDX-License-Identifier: MIT */
/*
 * State changes by EventSource (RFC 8620, 7.3). One tab of a browser holds the
 * stream and tells the others: HTTP/1.1 has six connections to one host, and
 * seven tabs would starve each other.
 */
import { Changed, Id, StateChange } from "./types";
import { Client } from "./client";

const PING_SECONDS = 30;
const SILENCE_MAX = 80_000;
const WAIT_MIN = 1_000;
const WAIT_MAX = 30_000;

export interface PushHandler {
    changed: (changed: Changed) => void;
    /* The stream is (again) open: ask what was missed. */
    opened: () => void;
    /* The stream broke; true: go on trying. */
    broke: () => Promise<boolean>;
}

interface Note {
    account: Id;
    changed: Changed | null;
}

export class Push {
    private source: EventSource | null = null;
    private wait = WAIT_MIN;
    private heard = 0;
    private retry = 0;
    private watch = 0;
    private stopped = false;
    private release: (() => void) | null = null;
    private channel: BroadcastChannel | null = null;

    constructor(
        private client: Client,
        private handler: PushHandler,
    ) {}

    start(): void {
        const name = `smtpmail-push-${this.client.accountId}-${this.client.session.username}`;
        if (!("locks" in navigator) || !("BroadcastChannel" in window)) {
            this.open();
            return;
        }
        this.channel = new BroadcastChannel(name);
        this.channel.onmessage = (event: MessageEvent<Note>) => {
            if (event.data.account !== this.client.accountId) return;
            if (event.data.changed) this.handler.changed(event.data.changed);
            else this.handler.opened();
        };
        void navigator.locks.request(name, () => {
            if (this.stopped) return undefined;
            this.open();
            return new Promise<void>((release) => (this.release = release));
        });
    }

    stop(): void {
        this.stopped = true;
        this.close();
        this.channel?.close();
        this.release?.();
    }

    /* Try now, without waiting for the next attempt. */
    nudge(): void {
        if (this.stopped || this.source?.readyState === EventSource.OPEN) return;
        if (!this.release && this.channel) return;
        this.close();
        this.wait = WAIT_MIN;
        this.open();
    }

    private open(): void {
        const source = new EventSource(this.client.eventSourceUrl(PING_SECONDS));
        this.source = source;
        this.heard = Date.now();
        source.onopen = () => {
            this.heard = Date.now();
            this.wait = WAIT_MIN;
            this.handler.opened();
            this.tell(null);
        };
        source.addEventListener("state", (event) => this.read(event as MessageEvent<string>));
        source.addEventListener("ping", () => (this.heard = Date.now()));
        source.onerror = () => this.again();
        this.watch = window.setInterval(() => {
            if (Date.now() - this.heard > SILENCE_MAX) this.again();
        }, 5_000);
    }

    private read(event: MessageEvent<string>): void {
        this.heard = Date.now();
        let change: StateChange;
        try {
            change = JSON.parse(event.data) as StateChange;
        } catch {
            return;
        }
        const mine = change.changed?.[this.client.accountId];
        if (!mine) return;
        this.handler.changed(mine);
        this.tell(mine);
    }

    private tell(changed: Changed | null): void {
        const note: Note = { account: this.client.accountId, changed };
        this.channel?.postMessage(note);
    }

    private close(): void {
        window.clearTimeout(this.retry);
        window.clearInterval(this.watch);
        this.source?.close();
        this.source = null;
    }

    private again(): void {
        this.close();
        if (this.stopped) return;
        void this.handler.broke().then((goOn) => {
            if (!goOn || this.stopped || this.source) return;
            const jitter = this.wait * (0.75 + Math.random() / 2);
            this.wait = Math.min(this.wait * 2, WAIT_MAX);
            window.clearTimeout(this.retry);
            this.retry = window.setTimeout(() => this.open(), jitter);
        });
    }
}
