/* SPDX-License-Identifier: MIT */
/* Addresses as people type them and as we show them. */
import { Address } from "../jmap/types";

/* Control and direction characters: a name must not be able to reorder the
 * line it stands in, or to look like two lines. */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

export function plain(text: string | null | undefined): string {
    return (text ?? "").replace(UNSEEN, " ").replace(/\s+/g, " ").trim();
}

export function nameOf(address: Address): string {
    return plain(address.name) || plain(address.email) || "(nobody)";
}

export function firstName(address: Address): string {
    const name = plain(address.name);
    if (!name) return plain(address.email).split("@")[0] || "(nobody)";
    if (name.includes("@")) return name;
    if (name.includes(",")) return name.split(",")[1]?.trim().split(" ")[0] || name;
    return name.split(" ")[0] ?? name;
}

export function fullAddress(address: Address): string {
    const name = plain(address.name);
    const email = plain(address.email);
    return name && name !== email ? `${name} <${email}>` : email;
}

export function sameAddress(a: string, b: string): boolean {
    return a.trim().toLowerCase() === b.trim().toLowerCase();
}

export function initials(address: Address | undefined): string {
    const words = (address ? nameOf(address) : "?").replace(/["'()<>[\]]/g, "").split(/[\s._@-]+/).filter(Boolean);
    const letters = words.length > 1 ? [words[0], words[words.length > 2 ? words.length - 1 : 1]] : [words[0]];
    if (address && !plain(address.name)) letters.length = 1;
    return letters.map((word) => [...(word ?? "?")][0] ?? "?").join("").toLocaleUpperCase();
}

/* One of eight tints, the same for an address every time. */
export function tint(email: string): number {
    let sum = 7;
    for (const char of email.toLowerCase()) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
    return sum % 8;
}

const LOCAL = /^(?:"[^"\\\r\n]+"|[^\s"(),:;<>@[\]\\]+)$/;
const LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?$/u;

/* Could mail be sent there? The server has the last word. */
export function isAddress(text: string): boolean {
    const at = text.lastIndexOf("@");
    if (at < 1 || text.length > 320) return false;
    const local = text.slice(0, at);
    const domain = text.slice(at + 1);
    if (!LOCAL.test(local) || local.startsWith(".") || local.endsWith(".") || local.includes("..")) return false;
    if (/^\[[\d.a-fA-F:IPv]+\]$/.test(domain)) return true;
    return domain.split(".").every((label) => label.length <= 63 && LABEL.test(label));
}

function splitList(text: string): string[] {
    const pieces: string[] = [];
    let quoted = false;
    let angle = false;
    let piece = "";
    for (const char of text) {
        if (char === '"' && !angle) quoted = !quoted;
        else if (char === "<" && !quoted) angle = true;
        else if (char === ">" && !quoted) angle = false;
        if (!quoted && !angle && /[,;\n\r\t]/.test(char)) {
            pieces.push(piece);
            piece = "";
        } else piece += char;
    }
    pieces.push(piece);
    return pieces.map((each) => each.trim()).filter(Boolean);
}

function parseOne(text: string): Address[] {
    const match = /^(.*?)<([^<>]*)>$/s.exec(text);
    if (match) {
        const name = plain((match[1] ?? "").replace(/^\s*"(.*)"\s*$/s, "$1").replace(/\\(.)/g, "$1"));
        return [{ name: name || null, email: (match[2] ?? "").trim() }];
    }
    /* "a@x.test b@y.test", as pasted from a column of a table. */
    const words = text.split(/\s+/);
    if (words.length > 1 && words.every(isAddress)) return words.map((email) => ({ name: null, email }));
    return [{ name: null, email: text }];
}

/* What somebody typed or pasted; what is not an address is kept, to be
 * corrected by its author. */
export function parseAddresses(text: string): Address[] {
    return splitList(text).flatMap(parseOne);
}

export function without(list: Address[], emails: string[]): Address[] {
    const seen = new Set(emails.map((email) => email.toLowerCase()));
    return list.filter((each) => {
        const key = each.email.toLowerCase();
        if (seen.has(key)) return false;
        seen.add(key);
        return true;
    });
}
