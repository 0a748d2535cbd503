/* SPDX-License-Identifier: MIT */
/* All of one account's state, made at log-in and thrown away at log-out. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { Cell } from "../cell";
import { Who } from "../http";
import { Client } from "../jmap/client";
import { Address, EmailHead, Id, RemovedEmail } from "../jmap/types";
import { parseAddresses } from "../mail/address";
import { forwardDraft, mailtoDraft, reopenDraft, replyDraft } from "../mail/answer";
import { textToHtml } from "../mail/text";
import { quoteTime } from "../mail/when";
import { inWords } from "../words";
import { Actions } from "./actions";
import { Composer, Hold, Sent } from "./composer";
import { Draft, emptyDraft, Source } from "./draft";
import { Emails } from "./emails";
import { Identities } from "./identities";
import { Listing } from "./listing";
import { undoSeconds } from "./looks";
import { Mailboxes } from "./mailboxes";
import { Selection } from "./selection";
import { Shelf } from "./shelf";
import { Removed } from "./removed";
import { Scheduled, Waiting } from "./scheduled";
import { Submissions } from "./submissions";
import { Sync } from "./sync";
import { complain, say, speak } from "./toasts";
import { place, viewKey } from "./view";

export class Mail {
    readonly emails: Emails;
    readonly boxes: Mailboxes;
    readonly identities: Identities;
    readonly listing: Listing;
    readonly actions: Actions;
    readonly submissions: Submissions;
    readonly scheduled: Scheduled;
    readonly removed: Removed;
    readonly selection: Selection;
    readonly composers = new Cell<Composer[]>([]);
    /* The composer that a person is looking at. */
    readonly front = new Cell<string | null>(null);
    readonly who: Cell<Who>;
    private sync: Sync;
    private shelf: Shelf;
    private stopPlace: () => void = () => undefined;
    private readonly warn = (event: Event): void => {
        if (this.composers.get().some((composer) => composer.wouldLose())) event.preventDefault();
    };
    private keys = 0;

    constructor(
        readonly client: Client,
        who: Who,
    ) {
        this.who = new Cell(who);
        this.emails = new Emails(client);
        this.boxes = new Mailboxes(client);
        this.identities = new Identities(client, who.address);
        this.submissions = new Submissions(client);
        this.removed = new Removed(client);
        this.scheduled = new Scheduled(client, this.boxes);
        this.listing = new Listing(client, this.emails, this.boxes, place.get().view);
        this.actions = new Actions(client, this.emails, this.boxes, this.listing);
        this.selection = new Selection(this.listing);
        this.sync = new Sync(client, this.emails, this.boxes, this.listing, this.submissions, this.scheduled);
        this.shelf = new Shelf(client.accountId, who.address);
    }

    async start(): Promise<void> {
        await Promise.all([this.boxes.load(), this.identities.load(), this.sync.rememberState()]);
        let shown = viewKey(place.get().view);
        this.stopPlace = place.subscribe(() => {
            const next = viewKey(place.get().view);
            if (next === shown) return;
            shown = next;
            this.selection.clear();
            void this.listing.open(place.get().view);
        });
        void this.listing.open(place.get().view);
        void this.boxes.countImportant();
        void this.scheduled.load().catch(() => undefined);
        for (const draft of this.shelf.restore()) this.open(restored(draft), false);
        this.sync.start();
        window.addEventListener("beforeunload", this.warn);
    }

    stop(): void {
        this.sync.stop();
        this.scheduled.stop();
        this.shelf.stop();
        this.stopPlace();
        window.removeEventListener("beforeunload", this.warn);
    }

    catchUp(): Promise<void> {
        return this.sync.catchUp();
    }

    readonly newKey = (): string => {
        const random = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
        return `${Date.now().toString(36)}-${random.toString(36)}-${++this.keys}`;
    };

    /* Writing */

    private open(draft: Draft, isNew: boolean): Composer {
        const { client, boxes, identities, shelf, newKey } = this;
        const composer = new Composer({ client, boxes, identities, shelf, newKey }, draft, isNew);
        this.composers.update((list) => [...list, composer]);
        this.front.set(composer.key);
        return composer;
    }

    private identityId(): Id | null {
        return this.identities.all.get()[0]?.id ?? null;
    }

    compose(to: Address[] = []): void {
        const draft = emptyDraft(this.newKey(), this.identityId());
        draft.to = to;
        this.open(this.signed(draft), true);
    }

    composeTo(mailto: string): void {
        this.open(this.signed(mailtoDraft(this.newKey(), mailto, this.identityId(), parseAddresses)), true);
    }

    private signed(draft: Draft): Draft {
        const signature = this.identities.byId(draft.identityId)?.textSignature.trim();
        if (!signature) return draft;
        const text = `\n\n-- \n${signature}`;
        return { ...draft, text: draft.text + text, html: draft.html + textToHtml(text) };
    }

    private async source(head: EmailHead): Promise<Source | null> {
        try {
            await this.emails.loadBodies([head.id]);
            const body = this.emails.bodies.get(head.id);
            return body ? { head: this.emails.head(head.id) ?? head, body } : null;
        } catch (error) {
            complain(inWords(error));
            return null;
        }
    }

    async reply(head: EmailHead, all: boolean): Promise<void> {
        const source = await this.source(head);
        if (!source) return;
        const draft = replyDraft(this.newKey(), source, this.identities.all.get(), all, this.newKey);
        this.open(this.signed(draft), true);
    }

    async forward(head: EmailHead): Promise<void> {
        const source = await this.source(head);
        if (!source) return;
        this.open(this.signed(forwardDraft(this.newKey(), source, this.identities.all.get(), this.newKey)), true);
    }

    async continueDraft(head: EmailHead): Promise<void> {
        const known = this.composers.get().find((each) => each.draft.get().emailId === head.id);
        if (known) {
            known.folded.set(false);
            this.front.set(known.key);
            return;
        }
        const source = await this.source(head);
        if (source) this.open(reopenDraft(this.newKey(), source, this.identities.all.get(), this.newKey), true);
    }

    private leave(composer: Composer): void {
        this.composers.update((list) => list.filter((each) => each !== composer));
        if (this.front.get() === composer.key) this.front.set(this.composers.get().at(-1)?.key ?? null);
    }

    private holdFor(until: Date | null): Hold | null {
        const seconds = Math.min(undoSeconds.get(), this.client.maxDelayedSend);
        if (until) return { HOLDUNTIL: until.toISOString().replace(/\.\d+Z$/, "Z") };
        return seconds > 0 ? { HOLDFOR: String(seconds) } : null;
    }

    /* Now, which for some seconds can be taken back, or at a time. */
    async send(composer: Composer, until: Date | null = null): Promise<void> {
        const began = Date.now();
        const hold = this.holdFor(until);
        const { source } = composer.draft.get();
        const marked = source !== null && this.emails.head(source.id)?.keywords[source.keyword] === true;
        const sent = await composer.send(hold);
        if (!sent) return;
        this.leave(composer);
        if (sent.isPending && hold) {
            const words = until ? `Leaves ${quoteTime(until.toISOString())}` : "Message sent";
            const ends = "HOLDFOR" in hold ? began + Number(hold.HOLDFOR) * 1000 : null;
            if (!until) this.scheduled.hide(sent.submissionId);
            say(words, { label: "Undo", run: () => void this.unsend(sent, marked) }, ends);
        } else say("Message sent");
        void this.scheduled.load().catch(() => undefined);
        void this.sync.catchUp();
    }

    /* Back into the composer, as it was. */
    private async unsend({ submissionId, draft }: Sent, wasMarked: boolean): Promise<void> {
        try {
            await this.scheduled.cancel(submissionId);
        } catch (error) {
            complain(inWords(error));
            return;
        }
        this.open({ ...draft, key: this.newKey() }, true);
        speak("Not sent. You can write on.");
        const { source } = draft;
        if (source && !wasMarked) {
            const update = { [source.id]: { [`keywords/${source.keyword}`]: null } };
            void this.client.call("Email/set", { update }).catch(() => undefined);
        }
        void this.sync.catchUp();
    }

    /* Of what waits for its time: it is a draft again. */
    async unschedule(each: Waiting, edits: boolean): Promise<void> {
        try {
            await this.scheduled.cancel(each.submission.id);
            await this.sync.catchUp();
            if (!edits) say("Moved back to Drafts");
            else await this.continueDraft(each.head);
        } catch (error) {
            complain(inWords(error));
        }
    }

    /* True when it is back. */
    async undelete(each: RemovedEmail): Promise<boolean> {
        try {
            await this.removed.restore(each.id);
        } catch (error) {
            complain(inWords(error));
            return false;
        }
        say("Restored to where it was");
        void this.sync.catchUp();
        return true;
    }

    async sendNow(each: Waiting): Promise<void> {
        try {
            await this.scheduled.sendNow(each);
            say("Message sent");
        } catch (error) {
            complain(inWords(error));
        }
        void this.sync.catchUp();
    }

    /* Close and keep: what is not saved yet is saved first. */
    async shut(composer: Composer): Promise<void> {
        if (!composer.hasTypedAnything() && !composer.draft.get().emailId) {
            composer.close();
            this.leave(composer);
            return;
        }
        await composer.save();
        const saving = composer.saving.get();
        if (saving.kind === "failed") {
            complain(`The draft is not saved yet: ${saving.why}`);
            return;
        }
        composer.close();
        this.leave(composer);
        if (composer.draft.get().emailId) say("Draft saved");
    }

    async discard(composer: Composer): Promise<void> {
        this.leave(composer);
        try {
            const draft = await composer.discard();
            if (!composer.hasTypedAnything()) return;
            say("Draft discarded", { label: "Undo", run: () => void this.open({ ...draft, key: this.newKey() }, false) });
        } catch (error) {
            complain(inWords(error));
        }
    }

    /* People this account has written with, for completing addresses. */
    people(typed: string): Address[] {
        const words = typed.trim().toLowerCase();
        if (words.length < 1) return [];
        const found = new Map<string, Address & { count: number }>();
        for (const head of this.emails.heads.values()) {
            for (const each of [...(head.from ?? []), ...(head.to ?? []), ...(head.cc ?? [])]) {
                const key = each.email.toLowerCase();
                if (!key.startsWith(words) && !(each.name ?? "").toLowerCase().includes(words)) continue;
                const known = found.get(key);
                if (known) known.count++;
                else found.set(key, { ...each, count: 1 });
            }
        }
        return [...found.values()].sort((a, b) => b.count - a.count).slice(0, 6);
    }
}

/* An upload does not survive a reload: say so, do not pretend. */
function restored(draft: Draft): Draft {
    const attachments = draft.attachments.map((each) =>
        each.blobId ? each : { ...each, problem: "It was not sent to the server. Remove it and choose the file again." },
    );
    return { ...draft, attachments };
}

const MailContext = createContext<Mail | null>(null);

export const MailProvider = MailContext.Provider;

export function useMail(): Mail {
    const mail = useContext(MailContext);
    if (!mail) throw new Error("no account");
    return mail;
}
