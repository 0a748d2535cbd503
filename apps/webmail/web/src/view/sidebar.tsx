/* SPDX-License-Identifier: MIT */
import { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useCell } from "../cell";
import { Mailbox } from "../jmap/types";
import { badge, boxName } from "../state/mailboxes";
import { useMail } from "../state/mail";
import { complain, say } from "../state/toasts";
import { go, openView, place, View, viewKey } from "../state/view";
import { inWords } from "../words";
import { Icon, IconButton, IconName } from "./icon";
import { Avatar, Brand, Confirm, Dialog, Field, Menu, Question } from "./parts";

const ICONS: Record<string, IconName> = {
    inbox: "inbox",
    drafts: "file-text",
    sent: "send",
    archive: "archive",
    junk: "junk",
    trash: "trash",
};

interface LinkProps {
    view: View;
    icon: IconName;
    name: string;
    count: number;
    strong?: boolean;
    depth?: number;
    onGo: () => void;
    children?: JSX.Element | null;
}

function FolderLink(props: LinkProps): JSX.Element {
    const now = useCell(place);
    const active = !now.settings && viewKey(now.view) === viewKey(props.view);
    const open = (event: MouseEvent) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        openView(props.view);
        props.onGo();
    };
    return (
        <li class={`folder ${active ? "active" : ""} depth-${Math.min(props.depth ?? 0, 4)}`}>
            <a href={`#/${viewKey(props.view)}`} aria-current={active ? "page" : undefined} onClick={open}>
                <Icon name={props.icon} />
                <bdi class="folder-name">{props.name}</bdi>
                {props.count > 0 && (
                    <span class={`folder-count ${props.strong ? "strong" : ""}`}>
                        {props.count}
                        <span class="visually-hidden">{props.strong ? " unread" : ""}</span>
                    </span>
                )}
            </a>
            {props.children}
        </li>
    );
}

function NameDialog(props: { title: string; name: string; button: string; onDone: (name: string) => Promise<void>; onClose: () => void }): JSX.Element {
    const [name, setName] = useState(props.name);
    const [problem, setProblem] = useState<string | null>(null);
    const submit = (event: Event) => {
        event.preventDefault();
        if (!name.trim()) return setProblem("Give it a name.");
        props.onDone(name.trim()).then(props.onClose, (error: unknown) => setProblem(inWords(error)));
    };
    return (
        <Dialog title={props.title} onClose={props.onClose}>
            <form onSubmit={submit} noValidate>
                <Field label="Name" value={name} onInput={setName} problem={problem} autofocus />
                <div class="dialog-buttons">
                    <button type="button" class="btn btn-quiet" onClick={props.onClose}>
                        Cancel
                    </button>
                    <button type="submit" class="btn btn-primary">
                        {props.button}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

function CustomFolders({ onGo }: { onGo: () => void }): JSX.Element {
    const mail = useMail();
    useCell(mail.boxes.all);
    const [naming, setNaming] = useState<Mailbox | "new" | null>(null);
    const [question, setQuestion] = useState<Question | null>(null);

    const remove = (box: Mailbox) =>
        setQuestion({
            title: `Delete "${boxName(box)}"?`,
            text: "Only an empty folder can be deleted. Its messages are never deleted with it.",
            yes: "Delete folder",
            danger: true,
            run: () => {
                mail.boxes.remove(box.id).then(
                    () => {
                        say("Folder deleted");
                        const now = place.get().view;
                        if (now.kind === "folder" && now.mailboxId === box.id) openView({ kind: "role", role: "inbox" });
                    },
                    (error: unknown) => complain(inWords(error)),
                );
            },
        });

    return (
        <>
            <div class="folders-head">
                <h2>Folders</h2>
                <IconButton icon="plus" label="New folder" size={14} onClick={() => setNaming("new")} />
            </div>
            <ul class="folders">
                {mail.boxes.custom().map(({ box, depth }) => (
                    <FolderLink key={box.id} view={{ kind: "folder", mailboxId: box.id }} icon="folder" name={boxName(box)}
                        count={badge(box)} strong depth={depth} onGo={onGo}>
                        <Menu label={`Options of ${boxName(box)}`} class="folder-menu" items={[
                            { label: "Rename", icon: "pencil", run: () => setNaming(box) },
                            { label: "Delete", icon: "trash", danger: true, run: () => remove(box) },
                        ]} />
                    </FolderLink>
                ))}
            </ul>
            {naming !== null && (
                <NameDialog
                    title={naming === "new" ? "New folder" : "Rename folder"}
                    name={naming === "new" ? "" : naming.name}
                    button={naming === "new" ? "Create" : "Rename"}
                    onDone={async (name) => {
                        if (naming === "new") await mail.boxes.create(name);
                        else await mail.boxes.rename(naming.id, name);
                    }}
                    onClose={() => setNaming(null)}
                />
            )}
            {question && <Confirm question={question} onClose={() => setQuestion(null)} />}
        </>
    );
}

export function Sidebar({ open, onClose, onLogOut }: { open: boolean; onClose: () => void; onLogOut: () => void }): JSX.Element {
    const mail = useMail();
    useCell(mail.boxes.all);
    const who = useCell(mail.who);
    const important = useCell(mail.boxes.unreadImportant);
    const identities = useCell(mail.identities.all);
    const scheduled = useCell(mail.scheduled.list);
    const now = useCell(place);
    const name = identities[0]?.name || who.name;

    const nav = useRef<HTMLElement>(null);

    /* Called over the page: the keyboard goes in, Escape leads out again. */
    useEffect(() => {
        if (!open) return undefined;
        const before = document.activeElement;
        nav.current?.querySelector<HTMLElement>(".folder.active a, .folder a")?.focus();
        const keys = (event: KeyboardEvent) => {
            if (event.key !== "Escape" || document.querySelector("dialog[open], [role=menu]")) return;
            event.preventDefault();
            event.stopPropagation();
            onClose();
            if (before instanceof HTMLElement) before.focus();
        };
        document.addEventListener("keydown", keys, true);
        return () => document.removeEventListener("keydown", keys, true);
    }, [open]);

    const roleLink = (role: string) => {
        const box = mail.boxes.byRole(role);
        if (!box) return null;
        return (
            <FolderLink key={role} view={{ kind: "role", role }} icon={ICONS[role] ?? "folder"} name={boxName(box)}
                count={badge(box)} strong={role !== "drafts"} onGo={onClose} />
        );
    };

    return (
        <>
            {open && <div class="scrim" onClick={onClose} />}
            <nav ref={nav} class={`sidebar ${open ? "open" : ""}`} aria-label="Mailboxes">
                <div class="sidebar-top">
                    <Brand />
                    <IconButton icon="x" label="Close menu" class="only-phone" onClick={onClose} />
                </div>
                <button type="button" class="btn btn-primary compose" title="Write a message (c)" onClick={() => {
                    onClose();
                    mail.compose();
                }}>
                    <Icon name="pencil" /> Compose
                </button>
                <div class="sidebar-scroll">
                    <ul class="folders">
                        {roleLink("inbox")}
                        <FolderLink view={{ kind: "flagged" }} icon="star" name="Important" count={important} strong onGo={onClose} />
                        {["drafts", "sent"].map(roleLink)}
                        {(scheduled.length > 0 || now.view.kind === "scheduled") && (
                            <FolderLink view={{ kind: "scheduled" }} icon="clock" name="Scheduled" count={scheduled.length} onGo={onClose} />
                        )}
                        {["archive", "junk", "trash"].map(roleLink)}
                        {mail.client.knowsRemoved && (
                            <FolderLink view={{ kind: "removed" }} icon="restore" name="Recently deleted" count={0} depth={1} onGo={onClose} />
                        )}
                    </ul>
                    <CustomFolders onGo={onClose} />
                </div>
                <div class="sidebar-foot">
                    <Menu label="Account" up left class="account-menu" items={[
                        { label: "Settings", icon: "gear", run: () => { onClose(); go({ settings: "profile" }); } },
                        { label: "Keyboard shortcuts", icon: "keyboard", hint: "?", run: () => dispatchEvent(new Event("smtpmail-help")) },
                        null,
                        { label: "Log out", icon: "log-out", run: onLogOut },
                    ]}>
                        <Avatar who={{ name, email: who.address }} small />
                        <span class="account-words">
                            <bdi class="account-name">{name || who.address}</bdi>
                            {name && <bdi class="account-address">{who.address}</bdi>}
                        </span>
                        <Icon name="chevron-up" size={12} />
                    </Menu>
                </div>
            </nav>
        </>
    );
}
