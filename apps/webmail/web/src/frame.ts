/* SPDX-License-Identifier: MIT */
/*
 * Inside the message frame. The frame has an opaque origin and a content
 * security policy of its own (docs/http.md), so a message that got past the
 * sanitiser would still find no cookie, no network and no script but this one.
 * It is given one message through a port and tells its height, the addresses
 * somebody clicked, and the keys that belong to the page.
 */
import { messageFragment } from "./mail/sanitise";
import type { FromFrame, ToFrame } from "./mail/frame-words";

const HEIGHT_MAX = 60_000;

function isRemote(url: string): boolean {
    return /^\s*(?:https?:)?\/\//i.test(url);
}

/* Does it want anything from elsewhere? What does not show here is found by
 * the policy itself, which reports what it blocked. */
function wantsRemote(fragment: DocumentFragment): boolean {
    for (const element of fragment.querySelectorAll("*")) {
        for (const name of ["src", "background", "poster"]) {
            if (isRemote(element.getAttribute(name) ?? "")) return true;
        }
        const style = element.tagName === "STYLE" ? element.textContent : element.getAttribute("style");
        if (style && /(?:url\(|@import)\s*["']?\s*(?:https?:)?\/\//i.test(style)) return true;
    }
    return false;
}

function isPainted(fragment: DocumentFragment): boolean {
    for (const element of fragment.querySelectorAll("*")) {
        if (element.tagName === "STYLE" || element.hasAttribute("bgcolor") || element.hasAttribute("color")) return true;
        if (/(?:^|[^-])color|background/i.test(element.getAttribute("style") ?? "")) return true;
    }
    return false;
}

function placeInline(fragment: DocumentFragment, inline: Record<string, string>): void {
    for (const image of fragment.querySelectorAll("img")) {
        const src = image.getAttribute("src") ?? "";
        if (!/^cid:/i.test(src)) continue;
        let cid = src.slice(4);
        try {
            cid = decodeURIComponent(cid);
        } catch {
            /* As it stands, then. */
        }
        const found = inline[cid];
        if (found) image.setAttribute("src", found);
        else image.removeAttribute("src");
    }
}

function hostIn(text: string): string | null {
    const match = /^\s*(?:https?:\/\/)?((?:[\p{L}\p{N}-]+\.)+\p{L}{2,})(?:[/:?#]\S*)?\s*$/iu.exec(text);
    return match?.[1]?.toLowerCase().replace(/^www\./, "") ?? null;
}

/* Pointing at a link shows where it leads, whatever its author wrote there;
 * one that is written as another site's address says so in the text. */
function tellWhereLinksLead(root: HTMLElement): void {
    for (const link of root.querySelectorAll<HTMLAnchorElement>("a[href]")) {
        link.title = link.href;
        const claimed = hostIn(link.textContent ?? "");
        const real = /^https?:/.test(link.href) ? link.hostname.toLowerCase().replace(/^www\./, "") : null;
        if (!claimed || !real || claimed === real || real.endsWith(`.${claimed}`)) continue;
        const note = document.createElement("span");
        note.className = "smail-leads";
        note.textContent = ` (leads to ${real})`;
        link.after(note);
    }
}

const QUOTES = "blockquote, .gmail_quote, .smail-quote:has(> blockquote)";

/* What came before is folded behind a button, as in every good mail program;
 * what was passed on is what one came to read, and is not. */
function foldQuotes(root: HTMLElement): void {
    for (const quote of root.querySelectorAll(QUOTES)) {
        if (quote.parentElement?.closest(`${QUOTES}, details`)) continue;
        if (/^\s*-{3,}/.test(quote.textContent ?? "")) continue;
        let next: Node | null = quote;
        while (next && next !== root && !next.nextSibling) next = next.parentNode;
        const after = next && next !== root ? followingText(next) : "";
        if (after.trim() !== "") continue;
        const details = document.createElement("details");
        details.className = "smail-fold";
        const summary = document.createElement("summary");
        summary.title = "Show what was quoted";
        summary.setAttribute("aria-label", "Show what was quoted");
        summary.textContent = "•••";
        quote.replaceWith(details);
        details.append(summary, quote);
    }
}

function followingText(node: Node): string {
    let text = "";
    for (let next = node.nextSibling; next; next = next.nextSibling) text += next.textContent ?? "";
    return text;
}

function show(message: ToFrame, port: MessagePort): void {
    const tell = (words: FromFrame) => port.postMessage(words);
    const fragment = messageFragment(message.html);
    const remote = wantsRemote(fragment);
    const painted = isPainted(fragment);
    document.documentElement.dataset["scheme"] = message.dark && !painted ? "dark" : "light";
    /* What has colours of its own lies on white paper in the dark page. */
    if (message.dark && painted) document.documentElement.dataset["sheet"] = "";
    placeInline(fragment, message.inline);

    const root = document.createElement("div");
    root.id = "message";
    root.append(fragment);
    tellWhereLinksLead(root);
    if (message.fold) foldQuotes(root);
    document.body.replaceChildren(root);
    document.body.dir = "auto";

    let last = -1;
    const measure = () => {
        const height = Math.min(Math.ceil(Math.max(root.scrollHeight, root.getBoundingClientRect().bottom)), HEIGHT_MAX);
        if (height === last) return;
        last = height;
        tell({ kind: "height", height });
    };
    new ResizeObserver(measure).observe(root);
    measure();
    tell({ kind: "shown", remote });

    document.addEventListener("click", (event) => {
        const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
        const href = link?.getAttribute("href") ?? "";
        if (!/^mailto:/i.test(href)) return;
        event.preventDefault();
        tell({ kind: "mailto", href });
    });
    document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.key.length > 6) return;
        tell({ kind: "key", key: event.key, shift: event.shiftKey });
    });
}

document.addEventListener("securitypolicyviolation", (event) => {
    if (event.effectiveDirective.startsWith("img") || event.effectiveDirective.startsWith("style")) blocked?.();
});
let blocked: (() => void) | null = null;

function receive(event: MessageEvent<ToFrame>): void {
    const port = event.ports[0];
    if (event.source !== window.parent || window.parent === window || !port) return;
    window.removeEventListener("message", receive);
    blocked = () => port.postMessage({ kind: "shown", remote: true } satisfies FromFrame);
    show(event.data, port);
}

window.addEventListener("message", receive);
