/* SPDX-License-Identifier: MIT */
/*
 * HTML from strangers, made harmless. Two uses: the message frame shows a
 * whole message behind its own walls (frame.ts), and the editor takes a much
 * smaller language, because what is in it is part of the page.
 */
import DOMPurify from "dompurify";
import type { Config } from "dompurify";

const NEVER = [
    "svg", "math", "form", "input", "button", "select", "option", "textarea", "label", "fieldset", "iframe", "frame",
    "frameset", "object", "embed", "applet", "audio", "video", "source", "track", "picture", "template", "slot",
    "link", "meta", "base", "dialog", "portal", "marquee", "noscript", "canvas", "map", "area",
];

const MESSAGE: Config = {
    USE_PROFILES: { html: true },
    FORBID_TAGS: NEVER,
    FORBID_ATTR: ["srcset", "ping", "autofocus", "action", "formaction", "contenteditable", "tabindex", "accesskey",
        "usemap", "popover", "popovertarget", "is", "slot", "download", "target"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|cid:|data:image\/(?:png|jpeg|gif|webp);|#)/i,
    SANITIZE_NAMED_PROPS: true,
    FORCE_BODY: true,
};

const EDITOR: Config = {
    ALLOWED_TAGS: ["a", "b", "strong", "i", "em", "u", "s", "strike", "del", "code", "pre", "p", "div", "br", "hr",
        "span", "blockquote", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "sub", "sup", "table", "thead",
        "tbody", "tfoot", "tr", "td", "th", "img", "center", "font", "dl", "dt", "dd"],
    ALLOWED_ATTR: ["href", "alt", "type", "start", "colspan", "rowspan", "dir", "align"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:)/i,
};

/* Under require-trusted-types-for, one policy of a known name for both uses;
 * it never leaves this file. */
type Policy = NonNullable<Config["TRUSTED_TYPES_POLICY"]>;
const types = (window as unknown as { trustedTypes?: { createPolicy: (name: string, rules: unknown) => Policy } }).trustedTypes;
const policy = types?.createPolicy("smtpmail", {
    createHTML: (html: string) => html,
    createScriptURL: () => "about:blank",
});
const trusted: Config = policy ? { TRUSTED_TYPES_POLICY: policy } : {};

/* DOMPurify's copy for each use: hooks are kept apart. */
const forMessage = DOMPurify(window);
const forEditor = DOMPurify(window);

const RASTER = /^data:image\/(?:png|jpeg|gif|webp);base64,[a-z0-9+/=\s]*$/i;

forMessage.addHook("afterSanitizeAttributes", (node) => {
    if (!(node instanceof Element)) return;
    if (node.tagName === "A" || node.hasAttribute("href")) {
        const href = node.getAttribute("href") ?? "";
        if (!/^(?:https?:|mailto:|tel:)/i.test(href.trim())) node.removeAttribute("href");
        else {
            node.setAttribute("target", "_blank");
            node.setAttribute("rel", "noopener noreferrer nofollow");
        }
    }
    const src = node.getAttribute("src");
    if (src !== null && /^\s*data:/i.test(src) && !RASTER.test(src)) node.removeAttribute("src");
});

forEditor.addHook("afterSanitizeAttributes", (node) => {
    if (node instanceof Element && node.tagName === "A") node.setAttribute("rel", "noopener noreferrer");
});

/* In a document of its own nothing in the box is loaded or run. */
export function inertBox(): HTMLElement {
    return document.implementation.createHTMLDocument("").createElement("div");
}

export function messageFragment(html: string): DocumentFragment {
    return forMessage.sanitize(html, { ...MESSAGE, ...trusted, RETURN_DOM_FRAGMENT: true });
}

/* For sending a quotation on: as safe as what is shown, but text again. Its
 * style sheets would restyle the answer above it; only what is forwarded as a
 * whole keeps them. */
export function messageHtml(html: string, withSheets: boolean): string {
    const config = withSheets ? MESSAGE : { ...MESSAGE, FORBID_TAGS: [...NEVER, "style"] };
    return forMessage.sanitize(html, { ...config, ...trusted });
}

/* In the editor a picture is a word in brackets. */
function wordsForPictures(fragment: DocumentFragment): DocumentFragment {
    for (const image of fragment.querySelectorAll("img")) {
        const alt = (image.getAttribute("alt") ?? "").trim();
        image.replaceWith(alt ? `[${alt}]` : "");
    }
    return fragment;
}

export function editorFragment(html: string): DocumentFragment {
    return wordsForPictures(forEditor.sanitize(html, { ...EDITOR, ...trusted, RETURN_DOM_FRAGMENT: true }));
}

/* Squire marks the caret with two inputs when it keeps a step for undo. */
export function editorStepFragment(html: string): DocumentFragment {
    return forEditor.sanitize(html, {
        ...EDITOR,
        ...trusted,
        ALLOWED_TAGS: [...(EDITOR.ALLOWED_TAGS as string[]), "input"],
        ALLOWED_ATTR: [...(EDITOR.ALLOWED_ATTR as string[]), "id"],
        RETURN_DOM_FRAGMENT: true,
    });
}

export function editorHtml(html: string): string {
    const box = inertBox();
    box.append(editorFragment(html));
    return box.innerHTML;
}
