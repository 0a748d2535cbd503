/* SPDX-License-Identifier: MIT */
/* HTML as plain text: the other half of multipart/alternative, and previews. */
import { editorFragment } from "./sanitise";

const BLOCK = new Set(["DIV", "P", "BLOCKQUOTE", "UL", "OL", "LI", "H1", "H2", "H3", "H4", "H5", "H6", "PRE", "TABLE",
    "TR", "HR", "DL", "DT", "DD", "CENTER"]);
const SPACED = new Set(["P", "H1", "H2", "H3", "H4", "H5", "H6", "UL", "OL", "PRE", "TABLE", "BLOCKQUOTE"]);

class Writer {
    private lines: string[] = [];
    private line = "";

    text(words: string, asIs: boolean): void {
        if (asIs) {
            const [first = "", ...rest] = words.split("\n");
            this.line += first;
            for (const each of rest) {
                this.end(true);
                this.line = each;
            }
            return;
        }
        const run = words.replace(/[ \t\r\n\f]+/g, " ");
        this.line += this.line === "" || this.line.endsWith(" ") ? run.replace(/^ /, "") : run;
    }

    end(always: boolean): void {
        if (!always && this.line === "") return;
        this.lines.push(this.line.replace(/ +$/, "").replace(/\u00a0/g, " "));
        this.line = "";
    }

    gap(): void {
        this.end(false);
        if (this.lines.length > 0 && this.lines[this.lines.length - 1] !== "") this.lines.push("");
    }

    take(): string[] {
        this.end(false);
        while (this.lines.length > 0 && this.lines[this.lines.length - 1] === "") this.lines.pop();
        return this.lines;
    }

    indented(inside: string[], first: string, rest: string): void {
        this.end(false);
        inside.forEach((each, i) => this.lines.push(((i === 0 ? first : rest) + each).replace(/ +$/, "")));
    }
}

function writeList(list: Element, out: Writer): void {
    let n = Number(list.getAttribute("start") ?? "1") || 1;
    for (const item of list.children) {
        const inner = new Writer();
        writeChildren(item, inner, false);
        const mark = list.tagName === "OL" ? `${n++}. ` : "- ";
        out.indented(inner.take(), mark, " ".repeat(mark.length));
    }
}

function writeElement(element: Element, out: Writer, asIs: boolean): void {
    const tag = element.tagName;
    if (tag === "STYLE" || tag === "SCRIPT" || tag === "TITLE") return;
    if (tag === "BR") return out.end(true);
    if (SPACED.has(tag)) out.gap();
    else if (BLOCK.has(tag)) out.end(false);

    if (tag === "HR") out.text("-".repeat(40), true);
    else if (tag === "UL" || tag === "OL") writeList(element, out);
    else if (tag === "BLOCKQUOTE") {
        const inner = new Writer();
        writeChildren(element, inner, asIs);
        out.indented(inner.take(), "> ", "> ");
    } else writeChildren(element, out, asIs || tag === "PRE");

    if (tag === "A") {
        const href = element.getAttribute("href") ?? "";
        const words = element.textContent?.trim() ?? "";
        const bare = (link: string) => link.replace(/^(https?:\/\/|mailto:)/, "").replace(/\/$/, "");
        if (href && bare(words) !== bare(href)) out.text(` <${href}>`, false);
    }
    if (tag === "TD" || tag === "TH") out.text(" ", false);
    if (SPACED.has(tag)) out.gap();
    else if (BLOCK.has(tag)) out.end(false);
}

function writeChildren(parent: Node, out: Writer, asIs: boolean): void {
    for (const node of parent.childNodes) {
        if (node instanceof Text) out.text(node.data, asIs);
        else if (node instanceof Element) writeElement(node, out, asIs);
    }
}

export function domToText(root: Node): string {
    const out = new Writer();
    writeChildren(root, out, false);
    return out.take().join("\n").replace(/\n{3,}/g, "\n\n");
}

/* `<div><br></div>` is one empty line, not two. */
export function htmlToText(html: string): string {
    const fragment = editorFragment(html);
    for (const br of fragment.querySelectorAll("div > br:only-child")) {
        const div = br.parentElement;
        if (div && div.textContent === "") div.replaceWith(document.createElement("br"));
    }
    return domToText(fragment);
}
