/* SPDX-License-Identifier: MIT */
import { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { linkify, splitQuotes } from "../mail/text";

function Linked({ text, onMailto }: { text: string; onMailto: (href: string) => void }): JSX.Element {
    return (
        <>
            {linkify(text).map((piece, i) => {
                const { href } = piece;
                if (!href) return <span key={i}>{piece.text}</span>;
                const mailto = href.startsWith("mailto:");
                return (
                    <a key={i} href={href} target="_blank" rel="noopener noreferrer nofollow"
                        onClick={(event) => {
                            if (!mailto) return;
                            event.preventDefault();
                            onMailto(href);
                        }}>
                        {piece.text}
                    </a>
                );
            })}
        </>
    );
}

/* Plain text: only ever text, with links found in it and quotations folded. */
export function PlainText({ text, onMailto }: { text: string; onMailto: (href: string) => void }): JSX.Element {
    const blocks = useMemo(() => splitQuotes(text), [text]);
    return (
        <div class="plain-text" dir="auto">
            {blocks.map((block, i) => {
                const inside = <Linked text={block.lines.join("\n")} onMailto={onMailto} />;
                if (!block.quoted || blocks.length === 1) return <div key={i}>{inside}</div>;
                /* An answer between the lines needs its question in sight. */
                const short = block.lines.length <= 3 && i < blocks.length - 1;
                return (
                    <details key={i} class="quoted" open={short}>
                        <summary title="Quoted text" aria-label="Quoted text">
                            •••
                        </summary>
                        <div class="quoted-text">{inside}</div>
                    </details>
                );
            })}
        </div>
    );
}
