/* SPDX-License-Identifier: MIT */
/* Logging in and signing up; the same form asks again when a session ended. */
import { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { logIn, signUp, signUpRules, SignUpRules, wantsCode } from "../auth";
import { Problem, Unreachable, Who } from "../http";
import { inWords } from "../words";
import { Icon } from "./icon";
import { Brand, Dialog, Field, Spinner } from "./parts";

interface Trouble {
    text: string;
    field: string | null;
}

function troubleOf(error: unknown): Trouble {
    if (error instanceof Unreachable) {
        return { text: navigator.onLine ? "The server does not answer. Try again in a moment." : "You are offline.", field: null };
    }
    const field = error instanceof Problem ? fieldOf(error) : null;
    return { text: inWords(error), field };
}

function fieldOf(problem: Problem): string | null {
    if (problem.field) return problem.field;
    if (/^(addressTaken|reservedAddress|invalidAddress|domainClosed)$/.test(problem.code)) return "address";
    return problem.code === "weakPassword" ? "password" : null;
}

function TroubleBox({ trouble }: { trouble: Trouble | null }): JSX.Element {
    return (
        <div role="alert" aria-live="assertive">
            {trouble && !trouble.field && (
                <p class="notice notice-bad">
                    <Icon name="warning" /> {trouble.text}
                </p>
            )}
        </div>
    );
}

interface LogInProps {
    onDone: (who: Who) => void;
    address?: string;
    fixed?: boolean;
}

/* The second step: `onDone` gets what was typed. */
function CodeStep({ busy, trouble, onDone, onBack }: { busy: boolean; trouble: Trouble | null; onDone: (code: string) => void; onBack: () => void }): JSX.Element {
    const [code, setCode] = useState("");
    const [paper, setPaper] = useState(false);
    const submit = (event: Event) => {
        event.preventDefault();
        if (!busy && code.trim()) onDone(code.trim());
    };
    return (
        <form onSubmit={submit} noValidate>
            <TroubleBox trouble={trouble} />
            <Field key={String(paper)} label={paper ? "Recovery code" : "Code"} value={code} onInput={setCode} digits={!paper} autofocus required
                autocomplete={paper ? "off" : "one-time-code"}
                help={paper ? "One of the ten that you kept. Each works once." : "The six digits that your app shows."} />
            <button type="submit" class="btn btn-primary btn-wide" disabled={busy}>
                {busy ? <Spinner label="Logging in" /> : "Log in"}
            </button>
            <p class="entry-other">
                <button type="button" class="btn-link-quiet" onClick={() => { setPaper(!paper); setCode(""); }}>
                    {paper ? "Use the app" : "Use a recovery code"}
                </button>{" "}
                <button type="button" class="btn-link-quiet" onClick={onBack}>
                    Back
                </button>
            </p>
        </form>
    );
}

export function LogInForm({ onDone, address: known = "", fixed }: LogInProps): JSX.Element {
    const [address, setAddress] = useState(known);
    const [password, setPassword] = useState("");
    const [second, setSecond] = useState(false);
    const [busy, setBusy] = useState(false);
    const [trouble, setTrouble] = useState<Trouble | null>(null);

    const tryWith = async (code?: string) => {
        setBusy(true);
        setTrouble(null);
        try {
            onDone(await logIn(address.trim(), password, code));
        } catch (error) {
            if (wantsCode(error)) setSecond(true);
            if (!wantsCode(error) || code !== undefined) setTrouble({ ...troubleOf(error), field: null });
            setBusy(false);
        }
    };
    const submit = (event: Event) => {
        event.preventDefault();
        if (busy) return;
        if (!address.trim() || !password) {
            setTrouble({ text: "Enter your address and your password.", field: null });
            return;
        }
        void tryWith();
    };
    const back = () => {
        setSecond(false);
        setTrouble(null);
        setPassword("");
    };

    if (second) return <CodeStep busy={busy} trouble={trouble} onDone={(code) => void tryWith(code)} onBack={back} />;
    return (
        <form onSubmit={submit} noValidate>
            <TroubleBox trouble={trouble} />
            <Field label="Address" type="email" autocomplete="username" value={address} onInput={setAddress}
                autofocus={!known} readOnly={fixed ?? false} required />
            <Field label="Password" type="password" autocomplete="current-password" value={password} onInput={setPassword}
                autofocus={known !== ""} required />
            <button type="submit" class="btn btn-primary btn-wide" disabled={busy}>
                {busy ? <Spinner label="Logging in" /> : "Log in"}
            </button>
        </form>
    );
}

function Domain({ rules, value, onChange }: { rules: SignUpRules; value: string; onChange: (domain: string) => void }): JSX.Element {
    if (rules.domains.length === 1) return <span class="field-domain">@{rules.domains[0]}</span>;
    return (
        <select class="form-select field-domain" aria-label="Domain" value={value} onChange={(e) => onChange(e.currentTarget.value)}>
            {rules.domains.map((domain) => (
                <option key={domain} value={domain}>
                    @{domain}
                </option>
            ))}
        </select>
    );
}

function SignUpForm({ rules, onDone }: { rules: SignUpRules; onDone: (who: Who) => void }): JSX.Element {
    const [name, setName] = useState("");
    const [local, setLocal] = useState("");
    const [domain, setDomain] = useState(rules.domains[0] ?? "");
    const [password, setPassword] = useState("");
    const [busy, setBusy] = useState(false);
    const [trouble, setTrouble] = useState<Trouble | null>(null);
    const about = (field: string) => (trouble?.field === field ? trouble.text : null);

    const submit = async (event: Event) => {
        event.preventDefault();
        if (busy) return;
        const typed = local.trim();
        if (!typed) return setTrouble({ text: "Choose an address.", field: "address" });
        if (password.length < rules.passwordMin) {
            return setTrouble({ text: `Use at least ${rules.passwordMin} characters.`, field: "password" });
        }
        setBusy(true);
        setTrouble(null);
        try {
            onDone(await signUp(typed.includes("@") ? typed : `${typed}@${domain}`, password, name.trim()));
        } catch (error) {
            setTrouble(troubleOf(error));
            setBusy(false);
        }
    };

    return (
        <form onSubmit={(event) => void submit(event)} noValidate>
            <TroubleBox trouble={trouble} />
            <Field label="Your name" autocomplete="name" value={name} onInput={setName} autofocus problem={about("name")}
                help="Shown to the people you write to." />
            <Field label="Address" autocomplete="username" value={local} onInput={setLocal} problem={about("address")} required
                after={local.includes("@") ? null : <Domain rules={rules} value={domain} onChange={setDomain} />} />
            <Field label="Password" type="password" autocomplete="new-password" value={password} onInput={setPassword}
                problem={about("password")} help={`At least ${rules.passwordMin} characters. A sentence is good.`} required />
            <button type="submit" class="btn btn-primary btn-wide" disabled={busy}>
                {busy ? <Spinner label="Signing up" /> : "Create account"}
            </button>
        </form>
    );
}

export function Entry({ onDone }: { onDone: (who: Who) => void }): JSX.Element {
    const [rules, setRules] = useState<SignUpRules | null>(null);
    const [mode, setMode] = useState<"in" | "up">(location.hash === "#/signup" ? "up" : "in");
    useEffect(() => {
        signUpRules().then(setRules, () => setRules(null));
    }, []);
    const canSignUp = rules !== null && rules.domains.length > 0;
    const up = mode === "up" && canSignUp;

    return (
        <main class="entry">
            <div class="entry-card">
                <Brand large />
                <h1>{up ? "Create your account" : "Welcome back"}</h1>
                <p class="entry-lead">{up ? "It takes half a minute." : "Log in to read your mail."}</p>
                {up && rules ? <SignUpForm rules={rules} onDone={onDone} /> : <LogInForm onDone={onDone} />}
                {canSignUp && (
                    <p class="entry-other">
                        {up ? "You have an account? " : "New here? "}
                        <button type="button" class="btn-link-quiet" onClick={() => setMode(up ? "in" : "up")}>
                            {up ? "Log in" : "Sign up"}
                        </button>
                    </p>
                )}
            </div>
        </main>
    );
}

/* Over the page as it is: nothing typed is lost. */
export function LogInAgain({ address, onDone }: { address: string; onDone: (who: Who) => void }): JSX.Element {
    return (
        <Dialog title="Log in again" onClose={() => undefined} stays>
            <p>Your session has ended. What you were doing goes on where it was.</p>
            <LogInForm onDone={onDone} address={address} fixed />
            <button type="button" class="btn-link-quiet" onClick={() => location.reload()}>
                Use another account
            </button>
        </Dialog>
    );
}
