/* SPDX-License-Identifier: MIT */
/* Mail that leaves later: when a message shall, and all that waits. */
import { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { useCell } from "../cell";
import { fullAddress, plain } from "../mail/address";
import { exactTime, quoteTime } from "../mail/when";
import { useMail } from "../state/mail";
import { Waiting } from "../state/scheduled";
import { Icon, IconButton } from "./icon";
import { Dialog, Empty } from "./parts";

const EVENING = 18;
const MORNING = 8;

function at(now: Date, days: number, hour: number): Date {
    return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
}

export function presets(now: Date): { name: string; at: Date }[] {
    const monday = (8 - now.getDay()) % 7 || 7;
    const all = [
        { name: "This evening", at: at(now, 0, EVENING) },
        { name: "Tomorrow morning", at: at(now, 1, MORNING) },
        { name: "Monday morning", at: at(now, monday, MORNING) },
    ];
    return all.filter((each, i) => each.at.getTime() > now.getTime() + 600_000 && (i < 2 || monday > 1));
}

/* What <input type="datetime-local"> takes. */
function localValue(time: Date): string {
    const two = (n: number) => String(n).padStart(2, "0");
    return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}T${two(time.getHours())}:${two(time.getMinutes())}`;
}

export function SendLater({ onPick, onClose }: { onPick: (at: Date) => void; onClose: () => void }): JSX.Element {
    const mail = useMail();
    const [now] = useState(() => new Date());
    const [value, setValue] = useState(() => localValue(at(now, 1, MORNING)));
    const [problem, setProblem] = useState<string | null>(null);
    const id = useId();
    const last = new Date(now.getTime() + mail.client.maxDelayedSend * 1000);
    const submit = (event: Event) => {
        event.preventDefault();
        const time = new Date(value);
        if (Number.isNaN(time.getTime())) return setProblem("Choose a day and a time.");
        if (time.getTime() <= Date.now()) return setProblem("This time has passed.");
        if (time > last) return setProblem(`It can wait until ${quoteTime(last.toISOString())} at most.`);
        onPick(time);
    };
    return (
        <Dialog title="Send later" onClose={onClose}>
            <ul class="later-presets">
                {presets(now).map((each) => (
                    <li key={each.name}>
                        <button type="button" class="btn btn-quiet later-preset" onClick={() => onPick(each.at)}>
                            <span>{each.name}</span> <small>{quoteTime(each.at.toISOString())}</small>
                        </button>
                    </li>
                ))}
            </ul>
            <form onSubmit={submit} noValidate>
                <div class="field">
                    <label for={id}>Day and time</label>
                    <input id={id} type="datetime-local" class={`form-control ${problem ? "is-invalid" : ""}`} value={value} min={localValue(now)} max={localValue(last)}
                        aria-invalid={problem ? true : undefined} aria-describedby={problem ? `${id}-problem` : undefined}
                        onInput={(event) => setValue(event.currentTarget.value)} />
                    {problem && (
                        <p id={`${id}-problem`} class="field-problem" role="alert">
                            {problem}
                        </p>
                    )}
                </div>
                <div class="dialog-buttons">
                    <button type="button" class="btn btn-quiet" onClick={onClose}>
                        Cancel
                    </button>
                    <button type="submit" class="btn btn-primary">
                        Schedule
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

function Line({ each }: { each: Waiting }): JSX.Element {
    const mail = useMail();
    const [busy, setBusy] = useState(false);
    const { head, submission } = each;
    const subject = plain(head.subject) || "(no subject)";
    const to = [...(head.to ?? []), ...(head.cc ?? [])].map(fullAddress).join(", ");
    const run = (what: Promise<void>) => {
        setBusy(true);
        void what.finally(() => setBusy(false));
    };
    return (
        <li class="card-line later-line">
            <Icon name="clock" />
            <span class="card-words">
                <bdi>{subject}</bdi>
                <small>
                    To <bdi>{to || Object.keys(submission.deliveryStatus ?? {}).map(plain).join(", ")}</bdi>
                </small>
                <small title={exactTime(submission.sendAt)}>Leaves {quoteTime(submission.sendAt)}</small>
            </span>
            <span class="later-tools">
                <button type="button" class="btn btn-quiet btn-sm" disabled={busy} aria-label={`Send now: ${subject}`} onClick={() => run(mail.sendNow(each))}>
                    Send now
                </button>
                <button type="button" class="btn btn-quiet btn-sm" disabled={busy} aria-label={`Edit: ${subject}`} onClick={() => run(mail.unschedule(each, true))}>
                    Edit
                </button>
                <button type="button" class="btn btn-quiet btn-sm" disabled={busy} aria-label={`Cancel sending: ${subject}`}
                    onClick={() => run(mail.unschedule(each, false))}>
                    Cancel
                </button>
            </span>
        </li>
    );
}

export function ScheduledPane({ onMenu }: { onMenu: () => void }): JSX.Element {
    const mail = useMail();
    const list = useCell(mail.scheduled.list);
    return (
        <section class="settings" aria-label="Scheduled">
            <header class="settings-head">
                <IconButton icon="list" label="Menu" class="only-narrow" onClick={onMenu} />
                <h1 tabIndex={-1}>Scheduled</h1>
            </header>
            <div class="single-page">
                {list.length === 0 ? (
                    <Empty icon="clock" title="Nothing waits">
                        <p>What you send later is kept here until its time.</p>
                    </Empty>
                ) : (
                    <ul class="cards" aria-label="Scheduled messages">
                        {list.map((each) => (
                            <Line key={each.submission.id} each={each} />
                        ))}
                    </ul>
                )}
            </div>
        </section>
    );
}
