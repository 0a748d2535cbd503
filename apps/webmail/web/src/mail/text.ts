/* SPDX-License-Identifier: MIT */
/* Plain text as it came: links found, quotations gathered, HTML made of it. */

export interface Piece {
    text: string;
    href: string | null;
}

/* Trailing punctuation belongs to the sentence, a closing bracket only to the
 * link when its opening one does. */
function trimLink(found: string): string {
    let link = found.replace(/[.,;:!?'"]+$/, "");
    while (link.endsWith(")") && link.split("(").length < link.split(")").length) {
        link = link.slice(0, -1).replace(/[.,;:!?'"]+$/, "");
    }
    return link;
}

const LINK = /\bhttps?:\/\/[^\s<>"'`\u0000-\u001f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+|\bmailto:[^\s<>"']+@[^\s<>"']+/gi;

export function linkify(text: string): Piece[] {
    const pieces: Piece[] = [];
    let end = 0;
    for (const match of text.matchAll(LINK)) {
        const link = trimLink(match[0]);
        const start = match.index;
        if (start > end) pieces.push({ text: text.slice(end, start), href: null });
        pieces.push({ text: link, href: safeHref(link) });
        end = start + link.length;
    }
    if (end < text.length) pieces.push({ text: text.slice(end), href: null });
    return pieces;
}

export function safeHref(href: string): string | null {
    try {
        const url = new URL(href);
        return /^(https?|mailto|tel):$/.test(url.protocol) ? url.href : null;
    } catch {
        return null;
    }
}

export interface Block {
    quoted: boolean;
    lines: string[];
}

/* Runs of lines that begin with ">", with the "... wrote:" line before them. */
export function splitQuotes(text: string): Block[] {
    const blocks: Block[] = [];
    for (const line of text.replace(/\r\n?/g, "\n").replace(/\s+$/, "").split("\n")) {
        const quoted = line.startsWith(">");
        const last = blocks[blocks.length - 1];
        if (last && last.quoted === quoted) last.lines.push(line);
        else blocks.push({ quoted, lines: [line] });
    }
    for (let i = 1; i < blocks.length; i++) {
        const above = blocks[i - 1];
        const block = blocks[i];
        if (!above || !block?.quoted || above.quoted) continue;
        while (above.lines.length > 1 && above.lines[above.lines.length - 1]?.trim() === "") above.lines.pop();
        if (/:\s*$/.test(above.lines[above.lines.length - 1] ?? "")) block.lines.unshift(above.lines.pop() ?? "");
    }
    return blocks.filter((block) => block.lines.length > 0);
}

export function escapeHtml(text: string): string {
    return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

export function textToHtml(text: string): string {
    const lines = text.replace(/\r\n?/g, "\n").split("\n");
    return lines.map((line) => `<div>${escapeHtml(line).replace(/ {2}/g, " &nbsp;") || "<br>"}</div>`).join("");
}

export function quoteText(text: string): string {
    const lines = text.replace(/\r\n?/g, "\n").replace(/\s+$/, "").split("\n");
    return lines.map((line) => (line.startsWith(">") ? `>${line}` : line ? `> ${line}` : ">")).join("\n");
}
