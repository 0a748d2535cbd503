/* SPDX-License-Identifier: MIT */
/* Small things that many views use. */
import { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Address } from "../jmap/types";
import { fullAddress, initials, nameOf, tint } from "../mail/address";
import { exactTime, shortTime } from "../mail/when";
import { Icon, IconButton, IconName } from "./icon";

export function Avatar({ who, small }: { who: Address | undefined; small?: boolean }): JSX.Element {
    return (
        <span class={`avatar tint-${tint(who?.email ?? "")} ${small ? "avatar-small" : ""}`} aria-hidden="true">
            {initials(who)}
        </span>
    );
}

export function Time({ at }: { at: string }): JSX.Element {
    return (
        <time dateTime={at} title={exactTime(at)}>
            {shortTime(at)}
        </time>
    );
}

export function Person({ who }: { who: Address }): JSX.Element {
    return (
        <bdi class="person" title={fullAddress(who)}>
            {nameOf(who)}
        </bdi>
    );
}

export function Brand({ large }: { large?: boolean }): JSX.Element {
    return (
        <span class={`brand ${large ? "brand-large" : ""}`}>
            <span class="brand-mark" aria-hidden="true">
                <svg viewBox="0 0 32 32" width={large ? 40 : 26} height={large ? 40 : 26}>
                    <rect x="1" y="1" width="30" height="30" rx="9" class="brand-tile" />
                    <path d="M8 12.2 16 18l8-5.8" class="brand-fold" />
                    <rect x="7" y="9.5" width="18" height="13" rx="3" class="brand-line" />
                </svg>
            </span>
            <span class="brand-name">smtpmail</span>
        </span>
    );
}

export function Spinner({ label }: { label: string }): JSX.Element {
    return (
        <span class="spinner-border spinner-border-sm" role="status">
            <span class="visually-hidden">{label}</span>
        </span>
    );
}

export function Empty(props: { icon: IconName; title: string; children?: ComponentChildren }): JSX.Element {
    return (
        <div class="empty">
            <span class="empty-icon">
                <Icon name={props.icon} size={30} />
            </span>
            <p class="empty-title">{props.title}</p>
            {props.children && <div class="empty-text">{props.children}</div>}
        </div>
    );
}

interface DialogProps {
    title: string;
    onClose: () => void;
    children: ComponentChildren;
    wide?: boolean;
    /* The dialog that must be answered: no closing by Escape. */
    stays?: boolean;
}

export function Dialog({ title, onClose, children, wide, stays }: DialogProps): JSX.Element {
    const ref = useRef<HTMLDialogElement>(null);
    const id = useId();
    useEffect(() => {
        const dialog = ref.current;
        dialog?.showModal();
        return () => dialog?.close();
    }, []);
    return (
        <dialog
            ref={ref}
            class={`dialog ${wide ? "dialog-wide" : ""}`}
            aria-labelledby={id}
            onCancel={(event) => {
                event.preventDefault();
                if (!stays) onClose();
            }}
            onClick={(event) => {
                if (event.target === ref.current && !stays) onClose();
            }}
        >
            <div class="dialog-inside">
                <header class="dialog-head">
                    <h2 id={id}>{title}</h2>
                    {!stays && <IconButton icon="x" label="Close" onClick={onClose} />}
                </header>
                {children}
            </div>
        </dialog>
    );
}

export interface Question {
    title: string;
    text: string;
    yes: string;
    danger?: boolean;
    run: () => void;
}

export function Confirm({ question, onClose }: { question: Question; onClose: () => void }): JSX.Element {
    return (
        <Dialog title={question.title} onClose={onClose}>
            <p>{question.text}</p>
            <div class="dialog-buttons">
                <button type="button" class="btn btn-quiet" onClick={onClose}>
                    Cancel
                </button>
                <button
                    type="button"
                    class={`btn ${question.danger ? "btn-danger" : "btn-primary"}`}
                    onClick={() => {
                        onClose();
                        question.run();
                    }}
                >
                    {question.yes}
                </button>
            </div>
        </Dialog>
    );
}

export interface MenuItem {
    label: string;
    icon?: IconName;
    run: () => void;
    hint?: string;
    danger?: boolean;
    checked?: boolean;
}

interface MenuProps {
    label: string;
    icon?: IconName;
    children?: ComponentChildren;
    items: (MenuItem | null)[];
    class?: string;
    up?: boolean;
    left?: boolean;
}

/* A button with a list below it; arrow keys, Escape and Tab as people expect. */
export function Menu({ label, icon, children, items, class: more, up, left }: MenuProps): JSX.Element {
    const [open, setOpen] = useState(false);
    const box = useRef<HTMLDivElement>(null);
    const button = useRef<HTMLButtonElement>(null);
    const id = useId();

    useEffect(() => {
        if (!open) return undefined;
        box.current?.querySelector<HTMLElement>("[role^=menuitem]")?.focus();
        const away = (event: Event) => {
            if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
        };
        /* A click into the message frame is seen only as a loss of focus. */
        const blur = () => setOpen(false);
        document.addEventListener("pointerdown", away);
        window.addEventListener("blur", blur);
        return () => {
            document.removeEventListener("pointerdown", away);
            window.removeEventListener("blur", blur);
        };
    }, [open]);

    const keys = (event: KeyboardEvent) => {
        const all = [...(box.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
        const at = all.indexOf(document.activeElement as HTMLElement);
        const focus = (n: number) => all[(n + all.length) % all.length]?.focus();
        if (event.key === "Escape") {
            setOpen(false);
            button.current?.focus();
        } else if (event.key === "ArrowDown") focus(at + 1);
        else if (event.key === "ArrowUp") focus(at - 1);
        else if (event.key === "Home") focus(0);
        else if (event.key === "End") focus(all.length - 1);
        else if (event.key === "Tab") {
            setOpen(false);
            return;
        } else return;
        event.preventDefault();
        event.stopPropagation();
    };

    return (
        <div class={`menu ${more ?? ""}`} ref={box} onKeyDown={open ? keys : undefined}>
            <button
                ref={button}
                type="button"
                class={children ? "menu-button" : "icon-button"}
                aria-haspopup="menu"
                aria-expanded={open}
                aria-controls={open ? id : undefined}
                aria-label={children ? undefined : label}
                title={label}
                onClick={() => setOpen(!open)}
            >
                {children ?? <Icon name={icon ?? "more"} size={17} />}
            </button>
            {open && (
                <div id={id} role="menu" aria-label={label} class={`dropdown-menu show ${up ? "up" : ""} ${left ? "" : "right"}`}>
                    {items.map((item, i) =>
                        item ? (
                            <button
                                key={item.label}
                                type="button"
                                tabIndex={-1}
                                role={item.checked === undefined ? "menuitem" : "menuitemradio"}
                                aria-checked={item.checked}
                                class={`dropdown-item ${item.danger ? "danger" : ""}`}
                                onClick={() => {
                                    setOpen(false);
                                    button.current?.focus();
                                    item.run();
                                }}
                            >
                                <span class="item-icon">{item.icon && <Icon name={item.icon} size={15} />}</span>
                                <bdi>{item.label}</bdi>
                                {item.checked && <Icon name="check" size={15} />}
                                {item.hint && <kbd>{item.hint}</kbd>}
                            </button>
                        ) : (
                            <hr key={`line${i}`} class="dropdown-divider" />
                        ),
                    )}
                </div>
            )}
        </div>
    );
}

interface FieldProps {
    label: string;
    value: string;
    onInput: (value: string) => void;
    type?: "text" | "email" | "password";
    autocomplete?: string;
    problem?: string | null;
    help?: string;
    autofocus?: boolean;
    required?: boolean;
    after?: ComponentChildren;
    readOnly?: boolean;
    /* Digits are what is expected, and other things are taken. */
    digits?: boolean;
}

export function Field(props: FieldProps): JSX.Element {
    const id = useId();
    const input = useRef<HTMLInputElement>(null);
    useEffect(() => {
        if (props.autofocus) input.current?.focus();
    }, []);
    const about = [props.problem ? `${id}-problem` : "", props.help ? `${id}-help` : ""].filter(Boolean).join(" ");
    return (
        <div class="field">
            <label for={id}>{props.label}</label>
            <div class="field-row">
                <input
                    ref={input}
                    id={id}
                    class={`form-control ${props.problem ? "is-invalid" : ""}`}
                    {...({ type: props.type ?? "text" } as { type: "text" })}
                    value={props.value}
                    autocomplete={props.autocomplete ?? "off"}
                    autocapitalize="off"
                    inputMode={props.digits ? "numeric" : undefined}
                    spellcheck={false}
                    required={props.required}
                    readOnly={props.readOnly}
                    aria-invalid={props.problem ? true : undefined}
                    aria-describedby={about || undefined}
                    onInput={(event) => props.onInput(event.currentTarget.value)}
                />
                {props.after}
            </div>
            {props.help && (
                <p id={`${id}-help`} class="field-help">
                    {props.help}
                </p>
            )}
            {props.problem && (
                <p id={`${id}-problem`} class="field-problem">
                    {props.problem}
                </p>
            )}
        </div>
    );
}
