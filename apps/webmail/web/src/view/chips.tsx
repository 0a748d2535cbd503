/* SPDX-License-Identifier: MIT */
/* A field of recipients: each a chip, with what is being typed behind them. */
import { JSX } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Address } from "../jmap/types";
import { fullAddress, isAddress, nameOf } from "../mail/address";
import { useMail } from "../state/mail";
import { Icon } from "./icon";
import { Avatar } from "./parts";

interface ChipsProps {
    label: string;
    list: Address[];
    typed: string;
    problems: Record<string, string>;
    onList: (list: Address[]) => void;
    onTyped: (text: string) => void;
    onCommit: () => void;
    onPick: (who: Address) => void;
    focus?: boolean;
    after?: JSX.Element | null | false;
}

/* More are shown when asked for: the text is what one came to write. */
const SHOWN = 8;

export function Chips(props: ChipsProps): JSX.Element {
    const mail = useMail();
    const id = useId();
    const input = useRef<HTMLInputElement>(null);
    const [focused, setFocused] = useState(false);
    const [at, setAt] = useState(-1);
    const [all, setAll] = useState(props.list.length <= SHOWN);
    const hidden = all ? 0 : Math.max(0, props.list.length - SHOWN + 2);
    /* At once: the next key that is pressed belongs here. */
    useLayoutEffect(() => {
        if (props.focus) input.current?.focus();
    }, []);
    const offers = focused
        ? mail.people(props.typed).filter((each) => !props.list.some((old) => old.email.toLowerCase() === each.email.toLowerCase()))
        : [];

    const pick = (who: Address) => {
        props.onPick(who);
        setAt(-1);
        input.current?.focus();
    };
    const remove = (index: number) => {
        props.onList(props.list.filter((_, i) => i !== index));
        input.current?.focus();
    };
    /* Back into the field, to be corrected. */
    const edit = (index: number) => {
        const who = props.list[index];
        if (!who) return;
        props.onCommit();
        props.onList(props.list.filter((_, i) => i !== index));
        props.onTyped(fullAddress(who));
        input.current?.focus();
    };

    const keys = (event: KeyboardEvent) => {
        const offer = offers[at];
        if (event.key === "ArrowDown" && offers.length > 0) setAt((at + 1) % offers.length);
        else if (event.key === "ArrowUp" && offers.length > 0) setAt((at - 1 + offers.length) % offers.length);
        else if ((event.key === "Enter" || event.key === "Tab") && offer) pick(offer);
        else if (event.key === "Enter" || event.key === "," || event.key === ";") {
            if (event.isComposing) return;
            if (/"[^"]*$/.test(props.typed.replace(/"[^"]*"/g, ""))) return;
            if (event.key !== "Enter" && props.typed.trim() === "") return;
            props.onCommit();
        } else if (event.key === " " && isAddress(props.typed.trim())) props.onCommit();
        else if (event.key === "Backspace" && props.typed === "" && props.list.length > 0) edit(props.list.length - 1);
        else if (event.key === "Escape" && offers.length > 0 && at >= 0) setAt(-1);
        else return;
        event.preventDefault();
        event.stopPropagation();
    };

    return (
        <div class="chips" role="group" aria-labelledby={`${id}-label`} onClick={(event) => event.target === event.currentTarget && input.current?.focus()}>
            <label id={`${id}-label`} for={id} class="chips-label">
                {props.label}
            </label>
            {props.list.map((who, i) => {
                const last = props.list.length - hidden;
                const problem = props.problems[who.email.toLowerCase()] ?? props.problems[who.email] ?? (isAddress(who.email) ? null : "Not a complete address");
                if (i >= last && !problem) return null;
                return (
                    <span key={`${who.email}${i}`} class={`chip ${problem ? "chip-bad" : ""}`} title={problem ? `${fullAddress(who)}: ${problem}` : fullAddress(who)}>
                        <button type="button" class="chip-name" aria-label={`Edit ${fullAddress(who)}${problem ? `: ${problem}` : ""}`} onClick={() => edit(i)}>
                            <bdi>{nameOf(who)}</bdi>
                        </button>
                        <button type="button" class="chip-x" aria-label={`Remove ${fullAddress(who)}`} onClick={() => remove(i)}>
                            <Icon name="x" size={10} />
                        </button>
                    </span>
                );
            })}
            {hidden > 0 && (
                <button type="button" class="btn-link-quiet" onClick={() => setAll(true)}>
                    and {hidden} more
                </button>
            )}
            <div class="chips-entry">
                <input
                    ref={input}
                    id={id}
                    type="text"
                    inputMode="email"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck={false}
                    role="combobox"
                    aria-expanded={offers.length > 0}
                    aria-controls={`${id}-offers`}
                    aria-autocomplete="list"
                    aria-activedescendant={at >= 0 ? `${id}-offer-${at}` : undefined}
                    value={props.typed}
                    onInput={(event) => {
                        setAt(-1);
                        props.onTyped(event.currentTarget.value);
                    }}
                    onPaste={(event) => {
                        const text = event.clipboardData?.getData("text/plain") ?? "";
                        if (!/[,;\n]/.test(text.trim())) return;
                        event.preventDefault();
                        props.onTyped(`${props.typed}${text}`);
                        window.setTimeout(props.onCommit, 0);
                    }}
                    onKeyDown={keys}
                    onFocus={() => setFocused(true)}
                    onBlur={() => {
                        setFocused(false);
                        setAt(-1);
                        props.onCommit();
                    }}
                />
                <ul id={`${id}-offers`} role="listbox" aria-label="People" class={`offers ${offers.length > 0 ? "shown" : ""}`}>
                    {offers.map((who, i) => (
                        <li key={who.email} id={`${id}-offer-${i}`} role="option" aria-selected={i === at} class={i === at ? "at" : ""}
                            onMouseDown={(event) => {
                                event.preventDefault();
                                pick(who);
                            }}>
                            <Avatar who={who} small />
                            <span class="offer-words">
                                <bdi>{nameOf(who)}</bdi>
                                <bdi class="offer-address">{who.email}</bdi>
                            </span>
                        </li>
                    ))}
                </ul>
            </div>
            {props.after}
        </div>
    );
}
