/* SPDX-License-Identifier: MIT */
/* One message being written: kept here, saved in Drafts, sent. */
import { Cell } from "../cell";
import { Problem, Unreachable } from "../http";
import { Client } from "../jmap/client";
import { Cancelled, upload, Upload } from "../jmap/upload";
import { Id, SetError, SetResponse } from "../jmap/types";
import { fullAddress, isAddress, parseAddresses } from "../mail/address";
import { sizeInWords } from "../mail/when";
import { inWords, setErrorInWords, SetFailure } from "../words";
import { Attachment, Draft, emailOf, Field, fingerprint, isEmpty, recipients } from "./draft";
import { Identities } from "./identities";
import { Mailboxes } from "./mailboxes";
import { Shelf } from "./shelf";

const SAVE_AFTER_MS = 2_000;
const RETRY_MS = 10_000;

export type Saving =
    | { kind: "clean" }
    | { kind: "changed" }
    | { kind: "saving" }
    | { kind: "saved"; at: number }
    | { kind: "failed"; why: string };

export interface SendProblem {
    text: string;
    /* The recipients it is about, with the reason for each. */
    recipients: Record<string, string>;
}

/* What of FUTURERELEASE (RFC 4865) goes with the sender: seconds, or a time. */
export type Hold = { HOLDFOR: string } | { HOLDUNTIL: string };

/* What was handed to the server, and how to write on should it come back. */
export interface Sent {
    submissionId: Id;
    draft: Draft;
    isPending: boolean;
}

export interface ComposerTools {
    client: Client;
    boxes: Mailboxes;
    identities: Identities;
    shelf: Shelf;
    newKey: () => string;
}

export class Composer {
    readonly draft: Cell<Draft>;
    readonly saving = new Cell<Saving>({ kind: "clean" });
    readonly sending = new Cell(false);
    readonly problem = new Cell<SendProblem | null>(null);
    readonly folded = new Cell(false);
    /* Goes up when the editor must take its content anew. */
    readonly reset = new Cell(0);

    private kept = true;
    private uploads = new Map<string, Upload>();
    private savedAs: string;
    private timer = 0;
    private running: Promise<void> | null = null;
    private closed = false;

    constructor(
        private tools: ComposerTools,
        draft: Draft,
        isNew: boolean,
    ) {
        this.draft = new Cell(draft);
        this.savedAs = isNew ? fingerprint(draft) : "";
        if (!isNew) this.changed();
    }

    get key(): string {
        return this.draft.get().key;
    }

    edit(change: Partial<Draft>): void {
        if (this.closed) return;
        this.draft.update((draft) => ({ ...draft, ...change }));
        this.changed();
    }

    private changed(): void {
        const draft = this.draft.get();
        this.kept = this.tools.shelf.keep(draft);
        if (fingerprint(draft) === this.savedAs) return;
        if (this.saving.get().kind !== "saving") this.saving.set({ kind: "changed" });
        this.later(SAVE_AFTER_MS);
    }

    private later(ms: number): void {
        window.clearTimeout(this.timer);
        this.timer = window.setTimeout(() => void this.save(), ms);
    }

    /* What is typed in an address field becomes its recipients. */
    commit(field: Field): void {
        const draft = this.draft.get();
        if (draft.typed[field].trim() === "") return;
        const added = parseAddresses(draft.typed[field]).filter(
            (each) => !draft[field].some((old) => old.email.toLowerCase() === each.email.toLowerCase()),
        );
        this.edit({ [field]: [...draft[field], ...added], typed: { ...draft.typed, [field]: "" } });
    }

    /* Into Drafts; one at a time, the newest state each time. */
    save(): Promise<void> {
        window.clearTimeout(this.timer);
        if (this.running) return this.running.then(() => this.save());
        if (this.closed) return Promise.resolve();
        const draft = this.draft.get();
        const print = fingerprint(draft);
        if (print === this.savedAs) return Promise.resolve();
        if (isEmpty(draft) && !draft.emailId) {
            this.saving.set({ kind: "clean" });
            return Promise.resolve();
        }
        this.saving.set({ kind: "saving" });
        this.running = this.saveOnce(draft, print).finally(() => {
            this.running = null;
        });
        return this.running;
    }

    private async saveOnce(draft: Draft, print: string): Promise<void> {
        try {
            const id = await this.put(draft);
            this.savedAs = print;
            this.draft.update((now) => ({ ...now, emailId: id }));
            this.tools.shelf.keep(this.draft.get());
            const same = fingerprint(this.draft.get()) === print;
            this.saving.set(same ? { kind: "saved", at: Date.now() } : { kind: "changed" });
            if (!same) this.later(SAVE_AFTER_MS);
        } catch (error) {
            if (this.closed) return;
            const offline = error instanceof Unreachable || (error instanceof Problem && error.status >= 500);
            this.saving.set({ kind: "failed", why: offline ? this.keptInWords() : inWords(error) });
            if (offline) this.later(RETRY_MS);
        }
    }

    private keptInWords(): string {
        return this.kept ? "Kept on this device" : "Not saved: keep this page open";
    }

    /* Would something be lost if the page went away now? */
    wouldLose(): boolean {
        if (this.uploads.size > 0) return true;
        return !this.kept && fingerprint(this.draft.get()) !== this.savedAs;
    }

    private draftsBox(): Id {
        return this.tools.boxes.roleId("drafts") ?? this.tools.boxes.roleId("inbox") ?? "";
    }

    /* An email is never changed, only replaced (RFC 8621, 4); the old copy
     * goes only once the new one is there. */
    private async put(draft: Draft): Promise<Id> {
        const identity = this.tools.identities.byId(draft.identityId);
        const answer = await this.tools.client.call<SetResponse>("Email/set", {
            create: { draft: emailOf(draft, identity, { [this.draftsBox()]: true }) },
        });
        const failed = answer.notCreated?.["draft"];
        if (failed) throw new SetFailure(failed);
        this.destroyCopy(draft.emailId);
        return answer.created?.["draft"]?.id ?? "";
    }

    private destroyCopy(id: Id | null): void {
        if (id) void this.tools.client.call<SetResponse>("Email/set", { destroy: [id] }).catch(() => undefined);
    }

    /* What stands against sending, before the server is asked. */
    private check(draft: Draft): SendProblem | null {
        const all = (["to", "cc", "bcc"] as Field[]).flatMap((field) => recipients(draft, field));
        if (all.length === 0) return { text: "Say who it should go to first.", recipients: {} };
        const bad = all.filter((each) => !isAddress(each.email));
        if (bad.length > 0) {
            const text = `This is not a complete address: ${bad.map((each) => each.email).join(", ")}`;
            return { text, recipients: Object.fromEntries(bad.map((each) => [each.email, "Not a complete address"])) };
        }
        const waiting = draft.attachments.filter((each) => !each.blobId);
        if (waiting.some((each) => each.problem)) {
            return { text: "An attachment could not be sent to the server. Try it again or remove it.", recipients: {} };
        }
        if (waiting.length > 0) return { text: "An attachment is still on its way to the server.", recipients: {} };
        return null;
    }

    /* What went out. On any failure the draft stays as it is. */
    async send(hold: Hold | null): Promise<Sent | null> {
        if (this.sending.get()) return null;
        for (const field of ["to", "cc", "bcc"] as Field[]) this.commit(field);
        this.problem.set(this.check(this.draft.get()));
        if (this.problem.get()) return null;
        this.sending.set(true);
        window.clearTimeout(this.timer);
        try {
            await this.running;
            return await this.submit(this.draft.get(), hold);
        } catch (error) {
            this.problem.set({ text: inWords(error).replace("Nothing was changed.", "The message is kept."), recipients: {} });
            this.later(SAVE_AFTER_MS);
            return null;
        } finally {
            this.sending.set(false);
        }
    }

    /* Only an envelope can say that it is to wait (RFC 8621, 7). */
    private envelope(draft: Draft, sender: string, hold: Hold): Record<string, unknown> {
        const all = (["to", "cc", "bcc"] as Field[]).flatMap((field) => recipients(draft, field));
        const unique = new Map(all.map((each) => [each.email.toLowerCase(), each.email]));
        const rcptTo = [...unique.values()].map((email) => ({ email, parameters: null }));
        return { mailFrom: { email: sender, parameters: hold }, rcptTo };
    }

    private async submit(draft: Draft, hold: Hold | null): Promise<Sent | null> {
        const { client, boxes, identities } = this.tools;
        const identity = identities.byId(draft.identityId);
        const drafts = this.draftsBox();
        const sent = boxes.roleId("sent");
        const batch = client.batch();
        const set = batch.add<SetResponse>("Email/set", {
            create: { draft: emailOf(draft, identity, { [drafts]: true }) },
        });
        const after: Record<string, unknown> = { "keywords/$draft": null };
        if (sent && sent !== drafts) Object.assign(after, { [`mailboxIds/${drafts}`]: null, [`mailboxIds/${sent}`]: true });
        const send: Record<string, unknown> = { identityId: identity?.id ?? null, emailId: "#draft" };
        if (hold && identity) send["envelope"] = this.envelope(draft, identity.email, hold);
        const submission = batch.add<SetResponse>("EmailSubmission/set", {
            create: { send },
            onSuccessUpdateEmail: { "#send": after },
        });
        await batch.send();

        const made = set.get();
        const notMade = made.notCreated?.["draft"];
        if (notMade) return this.refuse(notMade);
        this.destroyCopy(draft.emailId);
        this.savedAs = fingerprint(draft);
        this.draft.update((now) => ({ ...now, emailId: made.created?.["draft"]?.id ?? null }));
        this.tools.shelf.keep(this.draft.get());
        this.saving.set({ kind: "saved", at: Date.now() });
        const notSent = submission.get().notCreated?.["send"];
        if (notSent) return this.refuse(notSent);
        this.markSource(draft);
        this.close();
        const created = submission.get().created?.["send"];
        return { submissionId: created?.id ?? "", draft: this.draft.get(), isPending: created?.undoStatus === "pending" };
    }

    private markSource(draft: Draft): void {
        const { source } = draft;
        if (!source) return;
        const update = { [source.id]: { [`keywords/${source.keyword}`]: true } };
        void this.tools.client.call<SetResponse>("Email/set", { update }).catch(() => undefined);
    }

    private refuse(error: SetError): null {
        const list = error.invalidRecipients ?? [];
        const why = (error.description ?? "").trim();
        if (list.length > 0 || error.type === "invalidRecipients") {
            const reason = why || "The server does not accept this address.";
            const text = list.length > 0 ? `Not sent. ${list.join(", ")}: ${reason}` : `Not sent. ${reason}`;
            this.problem.set({ text, recipients: Object.fromEntries(list.map((each) => [each.toLowerCase(), reason])) });
        } else {
            this.problem.set({ text: `Not sent. ${setErrorInWords(error)}`, recipients: {} });
        }
        return null;
    }

    attach(files: Iterable<File>): void {
        for (const file of files) this.attachOne(file);
    }

    private attachOne(file: File): void {
        const key = this.tools.newKey();
        const attachment: Attachment = {
            key,
            name: file.name || "attachment",
            type: file.type || "application/octet-stream",
            size: file.size,
            blobId: null,
            cid: null,
            inQuote: false,
            progress: 0,
            problem: null,
        };
        const max = this.tools.client.limits.maxSizeUpload;
        if (file.size > max) {
            attachment.problem = `Larger than the server accepts (${sizeInWords(max)}).`;
        }
        this.edit({ attachments: [...this.draft.get().attachments, attachment] });
        if (!attachment.problem) this.upload(key, file);
    }

    private patchAttachment(key: string, change: Partial<Attachment>): void {
        const attachments = this.draft.get().attachments.map((each) => (each.key === key ? { ...each, ...change } : each));
        this.edit({ attachments });
    }

    private files = new Map<string, File>();

    private upload(key: string, file: File): void {
        const { limits } = this.tools.client;
        const url = this.tools.client.uploadUrl();
        this.files.set(key, file);
        this.patchAttachment(key, { progress: 0, problem: null });
        const upload_ = upload(url, file, Math.min(limits.maxConcurrentUpload, 3), (progress) => this.patchAttachment(key, { progress }));
        this.uploads.set(key, upload_);
        upload_.done
            .then((answer) => {
                this.files.delete(key);
                this.patchAttachment(key, { blobId: answer.blobId, size: answer.size, progress: 1 });
            })
            .catch((error: unknown) => {
                if (error instanceof Cancelled) return;
                const why = error instanceof Unreachable ? "The connection broke." : inWords(error);
                this.patchAttachment(key, { problem: why });
            })
            .finally(() => this.uploads.delete(key));
    }

    canRetry(key: string): boolean {
        return this.files.has(key);
    }

    retry(key: string): void {
        const file = this.files.get(key);
        if (file) this.upload(key, file);
    }

    detach(key: string): void {
        this.uploads.get(key)?.cancel();
        this.files.delete(key);
        this.edit({ attachments: this.draft.get().attachments.filter((each) => each.key !== key) });
    }

    hasTypedAnything(): boolean {
        return !isEmpty(this.draft.get());
    }

    /* The draft at the server goes too. */
    async discard(): Promise<Draft> {
        const draft = this.draft.get();
        this.close();
        await this.running;
        const id = this.draft.get().emailId;
        if (id) await this.tools.client.call<SetResponse>("Email/set", { destroy: [id] });
        return { ...draft, emailId: null };
    }

    close(): void {
        window.clearTimeout(this.timer);
        this.closed = true;
        for (const each of this.uploads.values()) each.cancel();
        this.tools.shelf.drop(this.key);
    }
}

export function describeRecipients(draft: Draft): string {
    const all = [...recipients(draft, "to"), ...recipients(draft, "cc"), ...recipients(draft, "bcc")];
    return all.map(fullAddress).join(", ");
}
