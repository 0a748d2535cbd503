/* SPDX-License-Identifier: MIT */
/* How the page looks and waits in this browser: colours, density, undo. */
import { Cell } from "../cell";

export type Theme = "auto" | "light" | "dark";

const THEME = "smtpmail-theme";
const DENSE = "smtpmail-dense";
const UNDO = "smtpmail-undo";

/* Seconds for which a message that was sent can be had back; 0: not at all. */
export const UNDO_CHOICES = [0, 5, 10, 30];
const UNDO_DEFAULT = 10;

function read(key: string): string | null {
    try {
        return localStorage.getItem(key);
    } catch {
        return null;
    }
}

function write(key: string, value: string): void {
    try {
        localStorage.setItem(key, value);
    } catch {
        /* It holds for this visit, then. */
    }
}

function isTheme(value: string | null): value is Theme {
    return value === "auto" || value === "light" || value === "dark";
}

const known = read(THEME);
export const theme = new Cell<Theme>(isTheme(known) ? known : "auto");
export const isDark = new Cell(document.documentElement.dataset["bsTheme"] === "dark");
const knownUndo = Number.parseInt(read(UNDO) ?? "", 10);
export const undoSeconds = new Cell(UNDO_CHOICES.includes(knownUndo) ? knownUndo : UNDO_DEFAULT);
export const dense = new Cell(read(DENSE) === "yes");

addEventListener("smtpmail-theme", () => isDark.set(document.documentElement.dataset["bsTheme"] === "dark"));

export function chooseTheme(choice: Theme): void {
    theme.set(choice);
    write(THEME, choice);
    dispatchEvent(new Event("smtpmail-theme-chosen"));
}

export function chooseDense(on: boolean): void {
    dense.set(on);
    write(DENSE, on ? "yes" : "no");
}

export function chooseUndo(seconds: number): void {
    undoSeconds.set(seconds);
    write(UNDO, String(seconds));
}
