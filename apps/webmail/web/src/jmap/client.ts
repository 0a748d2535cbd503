/* SPDX-License-Identifier: MIT */
/* JMAP requests: several calls in one, with references between them. */
import { requestJson } from "../http";
import { ApiResponse, CoreLimits, Id, Invocation, SessionObject } from "./types";

const CORE = "urn:ietf:params:jmap:core";
const MAIL = "urn:ietf:params:jmap:mail";
const SUBMISSION = "urn:ietf:params:jmap:submission";
/* Ours: what a person types, understood by the server (docs/search.md). */
const SEARCH = "urn:libsmtpmail:jmap:search";

/* Ours: what was deleted and can be had again (docs/http.md). */
const REMOVED = "urn:libsmtpmail:jmap:removed";

/* At once; the server allows 8, and other tabs want some. */
const REQUESTS_MAX = 4;

const DEFAULT_LIMITS: CoreLimits = {
    maxSizeUpload: 50 << 20,
    maxConcurrentUpload: 2,
    maxSizeRequest: 10 << 20,
    maxConcurrentRequests: 4,
    maxCallsInRequest: 16,
    maxObjectsInGet: 500,
    maxObjectsInSet: 500,
};

/* A method-level error (RFC 8620, 3.6.2). */
export class MethodError extends Error {
    constructor(
        readonly type: string,
        readonly method: string,
        readonly description: string | null,
    ) {
        super(description ?? type);
    }
}

type Args = Record<string, unknown>;

/* One call of a batch; its answer is there after send(). */
export class Call<T> {
    private answer: Invocation | null = null;

    constructor(
        readonly name: string,
        readonly args: Args,
        readonly id: string,
    ) {}

    /* For the "#argument" of a later call (RFC 8620, 3.7). */
    ref(path: string): { resultOf: string; name: string; path: string } {
        return { resultOf: this.id, name: this.name, path };
    }

    take(answers: Invocation[]): void {
        const mine = answers.filter((answer) => answer[2] === this.id);
        this.answer = mine.find((answer) => answer[0] === "error" || answer[0] === this.name) ?? null;
    }

    get(): T {
        if (!this.answer) throw new MethodError("serverFail", this.name, null);
        const [name, args] = this.answer;
        if (name === "error") {
            const description = typeof args["description"] === "string" ? args["description"] : null;
            throw new MethodError(String(args["type"]), this.name, description);
        }
        return args as T;
    }

    /* The answer, or null when the method failed. */
    maybe(): T | null {
        try {
            return this.get();
        } catch {
            return null;
        }
    }
}

export class Batch {
    private calls: Call<unknown>[] = [];

    constructor(private client: Client) {}

    add<T>(name: string, args: Args): Call<T> {
        const call = new Call<T>(name, { accountId: this.client.accountId, ...args }, `c${this.calls.length}`);
        this.calls.push(call);
        return call;
    }

    async send(): Promise<void> {
        const answers = await this.client.post(this.calls.map((call) => [call.name, call.args, call.id]));
        for (const call of this.calls) call.take(answers);
    }
}

export class Client {
    readonly accountId: Id;
    readonly limits: CoreLimits;
    readonly knowsQuestions: boolean;
    readonly knowsRemoved: boolean;
    private readonly using: string[];
    /* Seconds that the server keeps mail for; 0: it does not. */
    readonly maxDelayedSend: number;
    private running = 0;
    private waiting: (() => void)[] = [];

    constructor(readonly session: SessionObject) {
        this.accountId = session.primaryAccounts[MAIL] ?? Object.keys(session.accounts)[0] ?? "";
        this.knowsQuestions = session.capabilities[SEARCH] !== undefined;
        const sending = session.accounts[this.accountId]?.accountCapabilities[SUBMISSION] as { maxDelayedSend?: number } | undefined;
        this.maxDelayedSend = sending?.maxDelayedSend ?? 0;
        this.knowsRemoved = session.capabilities[REMOVED] !== undefined;
        this.using = [CORE, MAIL, SUBMISSION, ...[SEARCH, REMOVED].filter((each) => session.capabilities[each] !== undefined)];
        this.limits = { ...DEFAULT_LIMITS, ...(session.capabilities[CORE] as Partial<CoreLimits> | undefined) };
    }

    static async open(): Promise<Client> {
        return new Client(await requestJson<SessionObject>("/.well-known/jmap"));
    }

    batch(): Batch {
        return new Batch(this);
    }

    async call<T>(name: string, args: Args): Promise<T> {
        const batch = this.batch();
        const call = batch.add<T>(name, args);
        await batch.send();
        return call.get();
    }

    async post(methodCalls: Invocation[]): Promise<Invocation[]> {
        await this.enter();
        try {
            const json = { using: this.using, methodCalls };
            const answer = await requestJson<ApiResponse>(this.local(this.session.apiUrl), { method: "POST", json });
            return answer.methodResponses;
        } finally {
            this.leave();
        }
    }

    downloadUrl(blobId: Id, name: string, type: string): string {
        return this.expand(this.session.downloadUrl, { blobId, name, type });
    }

    uploadUrl(): string {
        return this.expand(this.session.uploadUrl, {});
    }

    eventSourceUrl(ping: number): string {
        return this.expand(this.session.eventSourceUrl, { types: "*", closeafter: "no", ping: String(ping) });
    }

    private expand(template: string, values: Record<string, string>): string {
        const all: Record<string, string> = { accountId: this.accountId, ...values };
        return this.local(template.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(all[key] ?? "")));
    }

    /* The page's own origin, whatever host name the server believes to have:
     * behind a proxy the two differ, and a cookie goes to ours alone. */
    private local(url: string): string {
        return url.replace(/^https?:\/\/[^/]*/, "");
    }

    private async enter(): Promise<void> {
        while (this.running >= REQUESTS_MAX) await new Promise<void>((wake) => this.waiting.push(wake));
        this.running++;
    }

    private leave(): void {
        this.running--;
        this.waiting.shift()?.();
    }
}
