/* SPDX-License-Identifier: MIT */
/* What may be typed to search, in a list from which one picks. The grammar
 * itself is the server's. */
import { JSX } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icon";

interface Hint {
    /* What a click puts into the box, and what stands behind it as example. */
    put: string;
    example: string;
    what: string;
}

const HINTS: Hint[] = [
    { put: "from:", example: "bob", what: "who wrote it" },
    { put: "to:", example: "team", what: "whom it went to; cc: and bcc: too" },
    { put: "subject:", example: "plan", what: "words of the subject" },
    { put: "in:", example: "archive", what: "a folder; in:trash looks there too" },
    { put: "is:unread", example: "", what: "or read, starred, answered, draft" },
    { put: "has:attachment", example: "", what: "with a file" },
    { put: "after:", example: "2026-11-23", what: "came that day or later" },
    { put: "before:", example: "2026-11-23", what: "came before that day" },
    { put: "larger:", example: "5M", what: "or smaller:500K" },
];

const WORDS: Hint[] = [
    { put: '"', example: 'next week"', what: "these words in this order" },
    { put: "-", example: "word", what: "not this; also -from:bob" },
    { put: "OR ", example: "word", what: "either of the two beside it" },
    { put: "", example: "begin*", what: "words that begin so" },
];

function Line({ hint, onPick }: { hint: Hint; onPick: (words: string) => void }): JSX.Element {
    const code = (
        <code>
            <b>{hint.put}</b>
            {hint.example}
        </code>
    );
    return (
        <li>
            {hint.put ? (
                <button type="button" onClick={() => onPick(hint.put)}>
                    {code}
                    <span>{hint.what}</span>
                </button>
            ) : (
                <div>
                    {code}
                    <span>{hint.what}</span>
                </div>
            )}
        </li>
    );
}

export function SearchHelp({ onPick }: { onPick: (words: string) => void }): JSX.Element {
    const [open, setOpen] = useState(false);
    const box = useRef<HTMLDivElement>(null);
    const button = useRef<HTMLButtonElement>(null);
    const id = useId();

    /* Before it can be clicked away. */
    useLayoutEffect(() => {
        if (!open) return undefined;
        const away = (event: Event) => {
            if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
        };
        document.addEventListener("pointerdown", away);
        document.addEventListener("focusin", away);
        return () => {
            document.removeEventListener("pointerdown", away);
            document.removeEventListener("focusin", away);
        };
    }, [open]);

    const pick = (words: string) => {
        setOpen(false);
        onPick(words);
    };
    return (
        <div class="search-help" ref={box}
            onKeyDown={(event) => {
                if (event.key !== "Escape" || !open) return;
                event.stopPropagation();
                setOpen(false);
                button.current?.focus();
            }}>
            <button ref={button} type="button" class="icon-button" aria-label="What can be searched" title="What can be searched"
                aria-expanded={open} aria-controls={open ? id : undefined} onClick={() => setOpen(!open)}>
                <Icon name="question" size={15} />
            </button>
            {open && (
                <div id={id} class="search-hints" role="group" aria-label="Search conditions">
                    <p>All must be true. Case and accents do not matter.</p>
                    <ul>
                        {HINTS.map((hint) => <Line key={hint.put} hint={hint} onPick={pick} />)}
                    </ul>
                    <ul>
                        {WORDS.map((hint) => <Line key={hint.example} hint={hint} onPick={pick} />)}
                    </ul>
                </div>
            )}
        </div>
    );
}
