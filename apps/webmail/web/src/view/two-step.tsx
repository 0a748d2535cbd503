/* SPDX-License-Identifier: MIT */
/* Settings of the log-in: a second step, and who logged in. */
import { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import qrcode from "qrcode-generator";
import { beginTwoStep, confirmTwoStep, endTwoStep, listLogIns, LogInEvent, renewCodes, twoStep, TwoStep as Status, wantsCode } from "../auth";
import { useCell } from "../cell";
import { Problem } from "../http";
import { plain } from "../mail/address";
import { exactTime, relativeTime } from "../mail/when";
import { useMail } from "../state/mail";
import { complain, say } from "../state/toasts";
import { inWords } from "../words";
import { Icon } from "./icon";
import { Field, Spinner } from "./parts";

type About = { field: "password" | "code"; text: string } | null;

function aboutOf(error: unknown): About {
    if (wantsCode(error)) return { field: "code", text: inWords(error) };
    const wrong = error instanceof Problem && error.code === "invalidCredentials";
    return { field: "password", text: wrong ? "This is not your password." : inWords(error) };
}

/* Drawn here: the secret goes nowhere. Dark on light, whatever the theme:
 * cameras want it so. */
function Qr({ text }: { text: string }): JSX.Element {
    const [size, path] = useMemo(() => {
        const code = qrcode(0, "M");
        code.addData(text);
        code.make();
        const count = code.getModuleCount();
        let drawn = "";
        for (let y = 0; y < count; y++) for (let x = 0; x < count; x++) if (code.isDark(y, x)) drawn += `M${x + 4} ${y + 4}h1v1h-1z`;
        return [count + 8, drawn];
    }, [text]);
    return (
        <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label="QR code for your app; the secret below is the same" shape-rendering="crispEdges">
            <rect width={size} height={size} fill="#fff" />
            <path d={path} fill="#000" />
        </svg>
    );
}

function Codes({ codes, onClose }: { codes: string[]; onClose: () => void }): JSX.Element {
    const who = useCell(useMail().who);
    const text = codes.join("\n");
    const copy = () => {
        navigator.clipboard?.writeText(text).then(
            () => say("Copied"),
            () => complain("Copying is not allowed here. Select them and copy them."),
        );
    };
    const keep = () => {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(new Blob([`Recovery codes of ${who.address}\nEach works once.\n\n${text}\n`], { type: "text/plain" }));
        link.download = "recovery-codes.txt";
        link.click();
        URL.revokeObjectURL(link.href);
    };
    return (
        <div class="fresh" role="status">
            <p>
                <b>Recovery codes</b>, for the day your app is gone. Each works once, and they are shown this once: print them or write them down.
            </p>
            <ul class="recovery-codes">
                {codes.map((code) => (
                    <li key={code}>
                        <code>{code}</code>
                    </li>
                ))}
            </ul>
            <div class="fresh-buttons">
                <button type="button" class="btn btn-primary btn-sm" onClick={copy}>
                    Copy
                </button>
                <button type="button" class="btn btn-quiet btn-sm" onClick={keep}>
                    Save as a file
                </button>
                <button type="button" class="btn btn-quiet btn-sm" onClick={() => window.print()}>
                    Print
                </button>
                <button type="button" class="btn btn-quiet btn-sm" onClick={onClose}>
                    Done
                </button>
            </div>
        </div>
    );
}

/* Password, then secret, then a code that it makes. */
function SetUp({ onDone }: { onDone: (codes: string[]) => void }): JSX.Element {
    const [secret, setSecret] = useState<{ secret: string; uri: string } | null>(null);
    const [password, setPassword] = useState("");
    const [code, setCode] = useState("");
    const [about, setAbout] = useState<About>(null);
    const [busy, setBusy] = useState(false);
    const run = (event: Event, what: Promise<void>) => {
        event.preventDefault();
        setBusy(true);
        setAbout(null);
        what.catch((error: unknown) => setAbout(aboutOf(error))).finally(() => setBusy(false));
    };
    if (!secret) {
        const begin = async () => {
            setSecret(await beginTwoStep(password));
            setPassword("");
        };
        return (
            <form onSubmit={(event) => run(event, begin())} noValidate>
                <Field label="Your password" type="password" autocomplete="current-password" value={password} onInput={setPassword}
                    problem={about?.text ?? null} />
                <button type="submit" class="btn btn-primary" disabled={busy || !password}>
                    Set it up
                </button>
            </form>
        );
    }
    const confirm = async () => onDone(await confirmTwoStep(code));
    return (
        <form onSubmit={(event) => run(event, confirm())} noValidate>
            <p>Scan this with an authenticator app, or type the secret into it.</p>
            <Qr text={secret.uri} />
            <code class="fresh-password">{secret.secret.replace(/(.{4})(?=.)/g, "$1 ")}</code>
            <Field label="The code it shows" digits autocomplete="one-time-code" value={code} onInput={setCode} problem={about?.text ?? null} autofocus />
            <button type="submit" class="btn btn-primary" disabled={busy || !code.trim()}>
                {busy ? <Spinner label="Checking" /> : "Turn it on"}
            </button>
        </form>
    );
}

function Change({ status, onCodes, onOff }: { status: Status; onCodes: (codes: string[]) => void; onOff: () => void }): JSX.Element {
    const [password, setPassword] = useState("");
    const [code, setCode] = useState("");
    const [about, setAbout] = useState<About>(null);
    const [busy, setBusy] = useState(false);
    const run = (what: () => Promise<void>) => {
        setBusy(true);
        setAbout(null);
        what()
            .then(() => {
                setPassword("");
                setCode("");
            })
            .catch((error: unknown) => setAbout(aboutOf(error)))
            .finally(() => setBusy(false));
    };
    const ready = !busy && password !== "" && code.trim() !== "";
    return (
        <form onSubmit={(event) => event.preventDefault()} noValidate>
            <p class="notice">
                <Icon name="check" /> On{status.confirmedAt ? ` since ${exactTime(status.confirmedAt)}` : ""}. {status.codesLeft} of 10 recovery codes are left.
            </p>
            <p class="field-help">To change this, say who you are once more.</p>
            <Field label="Your password" type="password" autocomplete="current-password" value={password} onInput={setPassword}
                problem={about?.field === "password" ? about.text : null} />
            <Field label="Code" digits autocomplete="one-time-code" value={code} onInput={setCode} help="Of your app, or a recovery code."
                problem={about?.field === "code" ? about.text : null} />
            <div class="fresh-buttons">
                <button type="button" class="btn btn-primary" disabled={!ready} onClick={() => run(async () => onCodes(await renewCodes(password, code)))}>
                    New recovery codes
                </button>
                <button type="button" class="btn btn-danger" disabled={!ready}
                    onClick={() => run(async () => { await endTwoStep(password, code); onOff(); })}>
                    Turn it off
                </button>
            </div>
        </form>
    );
}

export function TwoStep(): JSX.Element {
    const [status, setStatus] = useState<Status | null>(null);
    const [codes, setCodes] = useState<string[] | null>(null);
    const load = () => {
        twoStep().then(setStatus, (error: unknown) => complain(inWords(error)));
    };
    useEffect(load, []);
    const show = (fresh: string[]) => {
        setCodes(fresh);
        load();
    };
    return (
        <>
            <p class="settings-lead">
                A code of an app on your phone besides your password, so that whoever learns the password is not in yet. Mail programs need an
                app password then.
            </p>
            {codes && <Codes codes={codes} onClose={() => setCodes(null)} />}
            {status === null ? <Spinner label="Loading" />
                : status.inForce ? <Change status={status} onCodes={show} onOff={() => { say("Two-step log-in is off"); setCodes(null); load(); }} />
                : <SetUp onDone={show} />}
        </>
    );
}

const SERVICES: Record<string, string> = { page: "at this page", http: "by a program", submission: "to send mail" };
const OUTCOMES: Record<LogInEvent["outcome"], string> = {
    ok: "Logged in",
    wrong: "Wrong password",
    code: "Right password, wrong code",
    disabled: "The account is disabled",
};

export function LogIns(): JSX.Element {
    const [list, setList] = useState<LogInEvent[] | null>(null);
    useEffect(() => {
        listLogIns().then(setList, (error: unknown) => complain(inWords(error)));
    }, []);
    return (
        <>
            <p class="settings-lead">Who logged in, and who tried. What is the same is noted once an hour. If somebody knew your password and it was not you, change it.</p>
            {list === null ? <Spinner label="Loading" /> : list.length === 0 ? <p class="settings-none">Nothing yet.</p> : (
                <ul class="cards">
                    {list.map((each, n) => (
                        <li key={n} class="card-line">
                            <Icon name={each.outcome === "ok" ? "check" : "warning"} />
                            <span class="card-words">
                                <span>
                                    {OUTCOMES[each.outcome] ?? each.outcome} {SERVICES[each.service] ?? each.service}, from <bdi>{plain(each.peer)}</bdi>
                                </span>
                                <small title={exactTime(each.at)}>
                                    {relativeTime(each.at)}, {plain(each.method)}
                                </small>
                            </span>
                        </li>
                    ))}
                </ul>
            )}
        </>
    );
}
