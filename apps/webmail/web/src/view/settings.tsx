/* SPDX-License-Identifier: MIT */
import { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { addAppPassword, AppPassword, changePassword, endSession, listAppPasswords, listSessions, removeAppPassword, SessionInfo } from "../auth";
import { useCell } from "../cell";
import { Problem } from "../http";
import { plain } from "../mail/address";
import { exactTime, relativeTime } from "../mail/when";
import { chooseDense, chooseTheme, chooseUndo, dense, theme, Theme, UNDO_CHOICES, undoSeconds } from "../state/looks";
import { useMail } from "../state/mail";
import { complain, say } from "../state/toasts";
import { go, place } from "../state/view";
import { inWords } from "../words";
import { Icon, IconButton, IconName } from "./icon";
import { Field, Spinner } from "./parts";
import { LogIns, TwoStep } from "./two-step";

const PAGES: { key: string; name: string; icon: IconName }[] = [
    { key: "profile", name: "Profile", icon: "person" },
    { key: "look", name: "Appearance", icon: "sun" },
    { key: "sending", name: "Sending", icon: "send" },
    { key: "password", name: "Password", icon: "lock" },
    { key: "two-step", name: "Two-step log-in", icon: "junk" },
    { key: "apps", name: "App passwords", icon: "key" },
    { key: "sessions", name: "Sessions", icon: "laptop" },
    { key: "log-ins", name: "Log-ins", icon: "clock" },
];

function Profile(): JSX.Element {
    const mail = useMail();
    const identities = useCell(mail.identities.all);
    const who = useCell(mail.who);
    const first = identities[0];
    const [name, setName] = useState(first?.name ?? who.name);
    const [signature, setSignature] = useState(first?.textSignature ?? "");
    const [busy, setBusy] = useState(false);
    const submit = (event: Event) => {
        event.preventDefault();
        if (!first) return;
        setBusy(true);
        const change: Record<string, string> = {};
        if (name.trim() !== first.name) change["name"] = name.trim();
        if (signature !== first.textSignature) change["textSignature"] = signature;
        mail.identities
            .change(first.id, change)
            .then(() => say("Saved"), (error: unknown) => complain(inWords(error)))
            .finally(() => setBusy(false));
    };
    return (
        <form onSubmit={submit} noValidate>
            <Field label="Name" value={name} onInput={setName} autocomplete="name" help="Shown to the people you write to." />
            <Field label="Address" value={who.address} onInput={() => undefined} readOnly />
            <div class="field">
                <label for="signature">Signature</label>
                <textarea id="signature" class="form-control" rows={4} value={signature} onInput={(event) => setSignature(event.currentTarget.value)} />
                <p class="field-help">Stands at the end of what you write.</p>
            </div>
            <button type="submit" class="btn btn-primary" disabled={busy || !first}>
                Save
            </button>
        </form>
    );
}

function Sending(): JSX.Element {
    const mail = useMail();
    const now = useCell(undoSeconds);
    if (mail.client.maxDelayedSend === 0) return <p class="settings-none">This server sends at once.</p>;
    return (
        <fieldset class="field">
            <legend>Undo</legend>
            <div class="choices">
                {UNDO_CHOICES.map((each) => (
                    <label key={each} class={`choice ${now === each ? "on" : ""}`}>
                        <input type="radio" name="undo" checked={now === each} onChange={() => chooseUndo(each)} />
                        {each === 0 ? "Off" : `${each} seconds`}
                    </label>
                ))}
            </div>
            <p class="field-help">For so long a message waits after Send, and can be taken back.</p>
        </fieldset>
    );
}

function Look(): JSX.Element {
    const now = useCell(theme);
    const isDense = useCell(dense);
    const choices: { key: Theme; name: string; icon: IconName }[] = [
        { key: "auto", name: "As the system", icon: "laptop" },
        { key: "light", name: "Light", icon: "sun" },
        { key: "dark", name: "Dark", icon: "moon" },
    ];
    return (
        <>
            <fieldset class="field">
                <legend>Colours</legend>
                <div class="choices">
                    {choices.map((choice) => (
                        <label key={choice.key} class={`choice ${now === choice.key ? "on" : ""}`}>
                            <input type="radio" name="theme" value={choice.key} checked={now === choice.key} onChange={() => chooseTheme(choice.key)} />
                            <Icon name={choice.icon} /> {choice.name}
                        </label>
                    ))}
                </div>
            </fieldset>
            <fieldset class="field">
                <legend>Density of the list</legend>
                <div class="choices">
                    {[false, true].map((each) => (
                        <label key={String(each)} class={`choice ${isDense === each ? "on" : ""}`}>
                            <input type="radio" name="dense" checked={isDense === each} onChange={() => chooseDense(each)} />
                            {each ? "Compact" : "Comfortable"}
                        </label>
                    ))}
                </div>
            </fieldset>
        </>
    );
}

function Password(): JSX.Element {
    const [current, setCurrent] = useState("");
    const [next, setNext] = useState("");
    const [again, setAgain] = useState("");
    const [busy, setBusy] = useState(false);
    const [problem, setProblem] = useState<{ field: string; text: string } | null>(null);
    const about = (field: string) => (problem?.field === field ? problem.text : null);
    const submit = (event: Event) => {
        event.preventDefault();
        if (!current) return setProblem({ field: "current", text: "Enter the password you have now." });
        if (next !== again) return setProblem({ field: "again", text: "The two are not the same." });
        setBusy(true);
        setProblem(null);
        changePassword(current, next)
            .then(() => {
                setCurrent("");
                setNext("");
                setAgain("");
                say("Password changed. All other sessions were ended.");
            })
            .catch((error: unknown) => {
                const wrong = error instanceof Problem && error.status === 401;
                setProblem({ field: wrong ? "current" : "new", text: wrong ? "This is not your password." : inWords(error) });
            })
            .finally(() => setBusy(false));
    };
    return (
        <form onSubmit={submit} noValidate>
            <Field label="Current password" type="password" autocomplete="current-password" value={current} onInput={setCurrent} problem={about("current")} />
            <Field label="New password" type="password" autocomplete="new-password" value={next} onInput={setNext} problem={about("new")} />
            <Field label="New password, once more" type="password" autocomplete="new-password" value={again} onInput={setAgain} problem={about("again")} />
            <button type="submit" class="btn btn-primary" disabled={busy}>
                {busy ? <Spinner label="Changing" /> : "Change password"}
            </button>
            <p class="field-help">Whoever is logged in elsewhere will have to log in again.</p>
        </form>
    );
}

function Fresh({ password, name, onClose }: { password: string; name: string; onClose: () => void }): JSX.Element {
    const copy = () => {
        navigator.clipboard?.writeText(password).then(
            () => say("Copied"),
            () => complain("Copying is not allowed here. Select it and copy it."),
        );
    };
    return (
        <div class="fresh" role="status">
            <p>
                The password for <b>{plain(name)}</b>. It is shown this once.
            </p>
            <code class="fresh-password">{password}</code>
            <div class="fresh-buttons">
                <button type="button" class="btn btn-primary btn-sm" onClick={copy}>
                    Copy
                </button>
                <button type="button" class="btn btn-quiet btn-sm" onClick={onClose}>
                    Done
                </button>
            </div>
        </div>
    );
}

function Apps(): JSX.Element {
    const [list, setList] = useState<AppPassword[] | null>(null);
    const [name, setName] = useState("");
    const [fresh, setFresh] = useState<{ name: string; password: string } | null>(null);
    const [problem, setProblem] = useState<string | null>(null);
    const load = () => {
        listAppPasswords().then(setList, (error: unknown) => complain(inWords(error)));
    };
    useEffect(load, []);
    const add = (event: Event) => {
        event.preventDefault();
        if (!name.trim()) return setProblem("Give it a name, such as the program's.");
        setProblem(null);
        addAppPassword(name.trim()).then(
            (made) => {
                setFresh({ name: name.trim(), password: made.password });
                setName("");
                load();
            },
            (error: unknown) => setProblem(inWords(error)),
        );
    };
    const remove = (each: AppPassword) => {
        removeAppPassword(each.id).then(
            () => {
                say(`"${plain(each.name)}" can no longer log in`);
                load();
            },
            (error: unknown) => complain(inWords(error)),
        );
    };
    return (
        <>
            <p class="settings-lead">One for each mail program or script, so that none of them knows your password and each can be shut out alone.</p>
            {fresh && <Fresh {...fresh} onClose={() => setFresh(null)} />}
            <form class="inline-form" onSubmit={add} noValidate>
                <Field label="Name" value={name} onInput={setName} problem={problem} after={
                    <button type="submit" class="btn btn-primary">
                        Create
                    </button>
                } />
            </form>
            {list === null ? <Spinner label="Loading" /> : list.length === 0 ? <p class="settings-none">None yet.</p> : (
                <ul class="cards">
                    {list.map((each) => (
                        <li key={each.id} class="card-line">
                            <Icon name="key" />
                            <span class="card-words">
                                <bdi>{plain(each.name)}</bdi>
                                <small title={exactTime(each.created)}>
                                    Made {relativeTime(each.created)}, {each.lastUsed ? `last used ${relativeTime(each.lastUsed)}` : "never used"}
                                </small>
                            </span>
                            <IconButton icon="trash" label={`Remove ${plain(each.name)}`} onClick={() => remove(each)} />
                        </li>
                    ))}
                </ul>
            )}
        </>
    );
}

function Sessions(): JSX.Element {
    const [list, setList] = useState<SessionInfo[] | null>(null);
    const load = () => {
        listSessions().then(setList, (error: unknown) => complain(inWords(error)));
    };
    useEffect(load, []);
    const end = (each: SessionInfo) => {
        endSession(each.id).then(
            () => {
                say("Session ended");
                load();
            },
            (error: unknown) => complain(inWords(error)),
        );
    };
    return (
        <>
            <p class="settings-lead">Where you are logged in. End what you do not know, then change your password.</p>
            {list === null ? <Spinner label="Loading" /> : (
                <ul class="cards">
                    {list.map((each) => (
                        <li key={each.id} class="card-line">
                            <Icon name="laptop" />
                            <span class="card-words">
                                <span>
                                    From {plain(each.peer)} {each.current && <span class="tag">this one</span>}
                                </span>
                                <small title={exactTime(each.created)}>
                                    Began {relativeTime(each.created)}, last used {relativeTime(each.lastUsed)}
                                </small>
                            </span>
                            {!each.current && (
                                <button type="button" class="btn btn-quiet btn-sm" onClick={() => end(each)}>
                                    End
                                </button>
                            )}
                        </li>
                    ))}
                </ul>
            )}
        </>
    );
}

const BODIES: Record<string, () => JSX.Element> = {
    profile: Profile, look: Look, sending: Sending, password: Password, "two-step": TwoStep, apps: Apps, sessions: Sessions, "log-ins": LogIns,
};

export function Settings({ onMenu }: { onMenu: () => void }): JSX.Element {
    const { settings } = useCell(place);
    const page = PAGES.find((each) => each.key === settings) ?? PAGES[0];
    const Body = BODIES[page?.key ?? "profile"] ?? Profile;
    return (
        <section class="settings" aria-label="Settings">
            <header class="settings-head">
                <IconButton icon="list" label="Menu" class="only-narrow" onClick={onMenu} />
                <h1 tabIndex={-1}>Settings</h1>
                <span class="bar-gap" />
                <IconButton icon="x" label="Close settings" hint="Esc" onClick={() => go({ settings: null })} />
            </header>
            <div class="settings-inside">
                <nav class="settings-nav" aria-label="Settings pages">
                    {PAGES.map((each) => (
                        <a key={each.key} href={`#/settings/${each.key}`} class={each === page ? "active" : ""} aria-current={each === page ? "page" : undefined}>
                            <Icon name={each.icon} /> {each.name}
                        </a>
                    ))}
                </nav>
                <div class="settings-page">
                    <h2>{page?.name}</h2>
                    <Body key={page?.key} />
                </div>
            </div>
        </section>
    );
}
