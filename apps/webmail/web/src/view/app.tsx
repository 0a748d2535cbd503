/* SPDX-License-Identifier: MIT */
import { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { currentSession, logOut } from "../auth";
import { useCell } from "../cell";
import { reachable, Unreachable, useToken, whenSessionEnds, Who } from "../http";
import { Client } from "../jmap/client";
import { Mail, MailProvider, useMail } from "../state/mail";
import { viewName } from "../state/mailboxes";
import { complain } from "../state/toasts";
import { go, place } from "../state/view";
import { inWords } from "../words";
import { actOn } from "./act";
import { Composers } from "./composer";
import { ConversationPane } from "./conversation";
import { Entry, LogInAgain } from "./entry";
import { Icon } from "./icon";
import { KEYS, listenToKeys } from "./keys";
import { ListPane } from "./list";
import { Brand, Confirm, Dialog, Question, Spinner } from "./parts";
import { RemovedPane } from "./removed";
import { ScheduledPane } from "./scheduled";
import { Settings } from "./settings";
import { Sidebar } from "./sidebar";
import { Toasts } from "./toasts";

function useTitle(): void {
    const mail = useMail();
    const boxes = useCell(mail.boxes.all);
    const view = useCell(mail.listing.list).view;
    const now = useCell(place);
    useEffect(() => {
        const unread = mail.boxes.byRole("inbox")?.unreadThreads ?? 0;
        const name = now.settings ? "Settings" : viewName(view, mail.boxes);
        document.title = `${unread > 0 ? `(${unread}) ` : ""}${name} – ${mail.who.get().address}`;
    }, [boxes, view, now]);
}

function Banner(): JSX.Element | null {
    const mail = useMail();
    const online = useCell(reachable);
    if (online) return null;
    return (
        <div class="banner" role="alert">
            <Icon name="wifi-off" />
            <span>{navigator.onLine ? "The server does not answer. Trying again…" : "You are offline. What you write is kept on this device."}</span>
            <button type="button" class="btn btn-sm btn-quiet" onClick={() => void mail.catchUp()}>
                Try now
            </button>
        </div>
    );
}

function Help({ onClose }: { onClose: () => void }): JSX.Element {
    return (
        <Dialog title="Keyboard shortcuts" onClose={onClose} wide>
            <dl class="keys">
                {KEYS.map(([keys, what]) => (
                    <div key={keys}>
                        <dt>
                            <kbd>{keys}</kbd>
                        </dt>
                        <dd>{what}</dd>
                    </div>
                ))}
            </dl>
        </Dialog>
    );
}

function Shell({ onLogOut }: { onLogOut: () => void }): JSX.Element {
    const mail = useMail();
    const now = useCell(place);
    const [menu, setMenu] = useState(false);
    const [help, setHelp] = useState(false);
    const [question, setQuestion] = useState<Question | null>(null);
    useTitle();

    useEffect(() => {
        const show = () => setHelp(true);
        addEventListener("smtpmail-help", show);
        const stop = listenToKeys(mail, actOn(mail, setQuestion), show);
        return () => {
            removeEventListener("smtpmail-help", show);
            stop();
        };
    }, [mail]);

    const apart = now.view.kind === "scheduled" || now.view.kind === "removed";
    const where = now.settings || apart ? "in-settings" : now.threadId ? "in-thread" : "in-list";
    return (
        <div class={`shell ${where}`}>
            <a class="skip" href="#list" onClick={(event) => {
                event.preventDefault();
                document.querySelector<HTMLElement>(".row-open, .settings h1, .list-head h1")?.focus();
            }}>
                Skip to the messages
            </a>
            <Sidebar open={menu} onClose={() => setMenu(false)} onLogOut={onLogOut} />
            <main class="main">
                <Banner />
                {now.settings ? (
                    <Settings onMenu={() => setMenu(true)} />
                ) : now.view.kind === "scheduled" ? (
                    <ScheduledPane onMenu={() => setMenu(true)} />
                ) : now.view.kind === "removed" ? (
                    <RemovedPane onMenu={() => setMenu(true)} />
                ) : (
                    <div class="panes">
                        <ListPane onMenu={() => setMenu(true)} />
                        <ConversationPane />
                    </div>
                )}
            </main>
            {!now.settings && !now.threadId && (
                <button type="button" class="compose-fab" aria-label="Write a message" onClick={() => mail.compose()}>
                    <Icon name="pencil" size={22} />
                </button>
            )}
            <Composers />
            {help && <Help onClose={() => setHelp(false)} />}
            {question && <Confirm question={question} onClose={() => setQuestion(null)} />}
        </div>
    );
}

type Phase = { kind: "starting" } | { kind: "out" } | { kind: "in"; mail: Mail } | { kind: "failed"; why: string };

function Starting(): JSX.Element {
    return (
        <main class="entry">
            <div class="entry-wait">
                <Brand large />
                <Spinner label="Loading" />
            </div>
        </main>
    );
}

function Failed({ why, onAgain }: { why: string; onAgain: () => void }): JSX.Element {
    return (
        <main class="entry">
            <div class="entry-card">
                <Brand large />
                <h1>Not yet</h1>
                <p class="entry-lead" role="alert">
                    {why}
                </p>
                <button type="button" class="btn btn-primary btn-wide" onClick={onAgain}>
                    Try again
                </button>
            </div>
        </main>
    );
}

export function App(): JSX.Element {
    const [phase, setPhase] = useState<Phase>({ kind: "starting" });
    const [again, setAgain] = useState<{ done: () => void } | null>(null);

    const enter = async (who: Who) => {
        setPhase({ kind: "starting" });
        useToken(who.csrf);
        try {
            const mail = new Mail(await Client.open(), who);
            await mail.start();
            whenSessionEnds(() => new Promise<void>((done) => setAgain({ done })));
            if (location.hash === "#/signup") go({ view: { kind: "role", role: "inbox" }, threadId: null }, true);
            setPhase({ kind: "in", mail });
        } catch (error) {
            setPhase({ kind: "failed", why: error instanceof Unreachable ? "The server does not answer." : inWords(error) });
        }
    };
    const begin = async () => {
        setPhase({ kind: "starting" });
        try {
            const who = await currentSession();
            if (who) await enter(who);
            else setPhase({ kind: "out" });
        } catch (error) {
            setPhase({ kind: "failed", why: error instanceof Unreachable ? "The server does not answer." : inWords(error) });
        }
    };
    useEffect(() => void begin(), []);

    const leave = async (mail: Mail) => {
        try {
            await Promise.all(mail.composers.get().map((composer) => composer.save()));
            if (mail.composers.get().some((composer) => composer.saving.get().kind === "failed")) {
                complain("A draft could not be saved. Send, save or discard it before you log out.");
                return;
            }
            await logOut();
        } catch (error) {
            complain(inWords(error));
            return;
        }
        for (const composer of mail.composers.get()) composer.close();
        mail.stop();
        /* Whoever comes next starts with a page that knows nothing. */
        location.replace("/");
    };

    if (phase.kind === "starting") return <Starting />;
    if (phase.kind === "failed") return <Failed why={phase.why} onAgain={() => void begin()} />;
    if (phase.kind === "out") return <Entry onDone={(who) => void enter(who)} />;
    const { mail } = phase;
    const renewed = (who: Who) => {
        mail.who.set(who);
        again?.done();
        setAgain(null);
        void mail.catchUp();
    };
    return (
        <MailProvider value={mail}>
            <Shell onLogOut={() => void leave(mail)} />
            {again && <LogInAgain address={mail.who.get().address} onDone={renewed} />}
            <Toasts />
        </MailProvider>
    );
}
