/* SPDX-License-Identifier: MIT */
/* Recently deleted: what can be had again, and until when. */
import { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useCell } from "../cell";
import { RemovedEmail } from "../jmap/types";
import { plain } from "../mail/address";
import { exactTime, quoteTime, relativeTime } from "../mail/when";
import { useMail } from "../state/mail";
import { Icon, IconButton } from "./icon";
import { Empty, Spinner } from "./parts";

function Line({ each, onGone }: { each: RemovedEmail; onGone: () => void }): JSX.Element {
    const mail = useMail();
    const [busy, setBusy] = useState(false);
    const subject = plain(each.subject) || "(no subject)";
    const restore = () => {
        setBusy(true);
        void mail.undelete(each).then((done) => (done ? onGone() : setBusy(false)));
    };
    return (
        <li class="card-line later-line">
            <Icon name="trash" />
            <span class="card-words">
                <bdi>{subject}</bdi>
                <small>
                    <bdi>{plain(each.from) || "(no sender)"}</bdi>
                </small>
                <small title={`${exactTime(each.removedAt)}. Received ${exactTime(each.receivedAt)}`}>
                    Deleted {relativeTime(each.removedAt)}, can be restored until {quoteTime(each.expiresAt)}
                </small>
            </span>
            <button type="button" class="btn btn-quiet btn-sm" disabled={busy} aria-label={`Restore: ${subject}`} onClick={restore}>
                <Icon name="restore" size={14} /> Restore
            </button>
        </li>
    );
}

export function RemovedPane({ onMenu }: { onMenu: () => void }): JSX.Element {
    const mail = useMail();
    const list = useCell(mail.removed.list);
    const version = useCell(mail.emails.version);
    const title = useRef<HTMLHeadingElement>(null);
    useEffect(() => void mail.removed.load(), [version]);
    return (
        <section class="settings" aria-label="Recently deleted">
            <header class="settings-head">
                <IconButton icon="list" label="Menu" class="only-narrow" onClick={onMenu} />
                <h1 ref={title} tabIndex={-1}>
                    Recently deleted
                </h1>
                {list.total > 0 && <span class="list-total">{list.total}</span>}
            </header>
            <div class="single-page" aria-busy={list.phase === "loading"}>
                {list.problem && (
                    <p class="notice notice-bad" role="alert">
                        {list.problem}{" "}
                        <button type="button" class="btn btn-quiet btn-sm" onClick={() => void mail.removed.load()}>
                            Try again
                        </button>
                    </p>
                )}
                {list.phase === "loading" && <Spinner label="Loading" />}
                {list.phase === "ready" && list.all.length === 0 && (
                    <Empty icon="trash" title="Nothing to restore">
                        <p>What is deleted for good, out of the trash too, can be had again here for a while.</p>
                    </Empty>
                )}
                {list.all.length > 0 && (
                    <ul class="cards" aria-label="Recently deleted messages">
                        {list.all.map((each) => (
                            <Line key={each.id} each={each} onGone={() => title.current?.focus()} />
                        ))}
                    </ul>
                )}
                {list.all.length > 0 && list.all.length < list.total && (
                    <button type="button" class="btn btn-quiet single-more" onClick={() => void mail.removed.load(true)}>
                        Show more
                    </button>
                )}
            </div>
        </section>
    );
}
