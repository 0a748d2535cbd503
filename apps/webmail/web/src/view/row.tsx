/* SPDX-License-Identifier: MIT */
import { JSX } from "preact";
import { Address, EmailHead, EmailSubmission, Id } from "../jmap/types";
import { firstName, nameOf, plain } from "../mail/address";
import { isDraft, isStarred, isUnread } from "../state/emails";
import { Mail, useMail } from "../state/mail";
import { trouble } from "../state/submissions";
import { openThread, View } from "../state/view";
import { Icon } from "./icon";
import { Avatar, Time } from "./parts";

/* Whom a row is about: the writers, or in Sent and Drafts the readers. */
function people(mail: Mail, view: View, head: EmailHead, all: EmailHead[]): { first: Address | undefined; words: string } {
    const role = mail.boxes.of(view)?.role;
    if (role === "sent" || role === "drafts") {
        const to = [...(head.to ?? []), ...(head.cc ?? [])];
        const names = to.map((each) => (to.length > 2 ? firstName(each) : nameOf(each)));
        return { first: to[0], words: names.length > 0 ? `To: ${names.join(", ")}` : "(no recipients)" };
    }
    const own = mail.identities.own();
    const from = new Map<string, Address>();
    for (const each of all) {
        const who = each.from?.[0];
        if (who && !isDraft(each)) from.set(who.email.toLowerCase(), who);
    }
    const writers = [...from.values()];
    const named = (who: Address) => (own.has(who.email.toLowerCase()) ? "me" : writers.length > 1 ? firstName(who) : nameOf(who));
    const other = writers.filter((who) => !own.has(who.email.toLowerCase()));
    return { first: other.at(-1) ?? head.from?.[0], words: writers.map(named).join(", ") || "(no sender)" };
}

interface RowProps {
    id: Id;
    head: EmailHead;
    all: EmailHead[];
    view: View;
    isOpen: boolean;
    /* Of what was sent, what became of it; only where that is shown. */
    became: ReadonlyMap<Id, EmailSubmission[]> | null;
    isStop: boolean;
    isTicked: boolean;
    anyTicked: boolean;
}

export function Row({ id, head, all, view, isOpen, became, isStop, isTicked, anyTicked }: RowProps): JSX.Element {
    const mail = useMail();
    const here = mail.actions.scope(view, [id]);
    const unread = here.some(isUnread);
    const starred = all.some(isStarred);
    const draft = isDraft(head);
    const count = all.filter((each) => !isDraft(each)).length;
    const hasDraft = all.some((each) => isDraft(each) && !mail.boxes.isIn(each, "trash"));
    const { first, words } = people(mail, view, head, all);
    const fault = became && trouble(here.flatMap((each) => became.get(each.id) ?? []));
    const subject = plain(head.subject) || "(no subject)";

    const open = (event: MouseEvent) => {
        mail.selection.cursor.set(id);
        if (event.shiftKey) return mail.selection.extend(id);
        if (event.ctrlKey || event.metaKey) return mail.selection.toggle(id);
        if (draft && all.length === 1) return void mail.continueDraft(head);
        openThread(head.threadId);
    };
    const tick = (event: MouseEvent) => {
        event.stopPropagation();
        mail.selection.cursor.set(id);
        if (event.shiftKey) mail.selection.extend(id);
        else mail.selection.toggle(id);
    };

    const marks = `${unread ? "unread" : ""} ${isOpen ? "open" : ""} ${isTicked ? "ticked" : ""} ${anyTicked ? "ticking" : ""}`;
    return (
        <div role="listitem" class={`row-mail ${marks}`} data-id={id}>
            <button type="button" class="row-tick" role="checkbox" aria-checked={isTicked} tabIndex={isStop ? 0 : -1}
                aria-label={`Select: ${subject}`} title="Select (x)" onClick={tick}>
                <Avatar who={first} />
                <span class="tick" aria-hidden="true">
                    <Icon name="check" size={18} />
                </span>
            </button>
            <button type="button" class="row-open" tabIndex={isStop ? 0 : -1} aria-current={isOpen ? "true" : undefined} onClick={open}
                onFocus={() => mail.selection.cursor.set(id)}>
                <span class="row-line">
                    {unread && <span class="visually-hidden">Unread. </span>}
                    <span class="row-people">
                        <bdi>{words}</bdi>
                        {hasDraft && !draft && <span class="row-draft"> Draft</span>}
                        {draft && <span class="row-draft"> Draft</span>}
                    </span>
                    {count > 1 && <span class="row-count" title={`${count} messages`}>{count}</span>}
                    {all.some((each) => each.hasAttachment) && (
                        <span class="row-clip" title="Has attachments">
                            <Icon name="paperclip" size={14} />
                            <span class="visually-hidden">Has attachments.</span>
                        </span>
                    )}
                    {fault && (
                        <span class={`row-fault row-fault-${fault.state}`} title={plain(fault.words)}>
                            <Icon name={fault.state === "failed" ? "warning" : "clock"} size={14} />
                            <span class="visually-hidden">{plain(fault.words)}.</span>
                        </span>
                    )}
                    <span class="row-time">
                        <Time at={head.receivedAt} />
                    </span>
                </span>
                <span class="row-subject">
                    <bdi>{subject}</bdi>
                </span>
                <span class="row-preview">
                    <bdi>{plain(head.preview) || "\u00a0"}</bdi>
                </span>
            </button>
            <button type="button" class={`row-star ${starred ? "on" : ""}`} tabIndex={isStop ? 0 : -1} aria-pressed={starred}
                aria-label={`Star: ${subject}`} title={starred ? "Remove star (s)" : "Star (s)"}
                onClick={() => void mail.actions.star(view, [id])}>
                <Icon name={starred ? "star-fill" : "star"} size={16} />
            </button>
        </div>
    );
}
