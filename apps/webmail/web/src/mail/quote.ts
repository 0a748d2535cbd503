/* SPDX-License-Identifier: MIT */
/* One's own words and the quotation below them, in a draft that we saved. */
import type { Quote } from "../state/draft";
import { domToText } from "./plain";
import { inertBox, messageFragment } from "./sanitise";

export function quoteSplit(html: string): { own: string; quote: Quote | null } {
    const box = inertBox();
    box.append(messageFragment(html));
    const marked = box.querySelector(".smail-quote");
    const head = marked?.firstElementChild;
    const rest = marked?.lastElementChild;
    if (!marked || !head || !rest || head === rest) return { own: box.innerHTML, quote: null };

    if (marked.previousElementSibling?.tagName === "BR") marked.previousElementSibling.remove();
    marked.remove();
    for (const br of head.querySelectorAll("br")) br.replaceWith("\n");
    const quote: Quote = {
        head: head.textContent ?? "",
        html: rest.innerHTML,
        text: domToText(rest),
        forward: rest.tagName !== "BLOCKQUOTE",
    };
    return { own: box.innerHTML, quote };
}
