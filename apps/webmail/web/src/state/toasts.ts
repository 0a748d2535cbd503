/* SPDX-License-Identifier: MIT */
/* Short notes at the edge, some with a way back, and words for screen readers. */
import { Cell } from "../cell";

export interface Toast {
    id: number;
    text: string;
    kind: "done" | "failed";
    action: { label: string; run: () => void } | null;
    /* When what it offers ends; no pointing at it makes that later. */
    until: number | null;
}

const SHOWN_MS = 8_000;
const SHOWN_MAX = 3;

export const toasts = new Cell<Toast[]>([]);

/* Read out by screen readers, not shown. */
export const spoken = new Cell("");

let last = 0;
const timers = new Map<number, number>();

export function dismiss(id: number): void {
    window.clearTimeout(timers.get(id));
    timers.delete(id);
    toasts.update((list) => list.filter((toast) => toast.id !== id));
}

/* While somebody points at a note or is in it, it stays. */
export function hold(id: number): void {
    if (toasts.get().some((toast) => toast.id === id && toast.until !== null)) return;
    window.clearTimeout(timers.get(id));
}

export function letGo(id: number): void {
    const until = toasts.get().find((toast) => toast.id === id)?.until ?? null;
    window.clearTimeout(timers.get(id));
    timers.set(id, window.setTimeout(() => dismiss(id), until === null ? SHOWN_MS : Math.max(0, until - Date.now())));
}

function show(toast: Omit<Toast, "id">): void {
    const id = ++last;
    /* The same again replaces it, unless each has its own way back. */
    const same = (each: Toast) => each.text === toast.text && each.until === null;
    toasts.update((list) => [...list.filter((each) => !same(each)).slice(1 - SHOWN_MAX), { ...toast, id }]);
    letGo(id);
}

export function say(text: string, action: Toast["action"] = null, until: number | null = null): void {
    show({ text, kind: "done", action, until });
}

export function complain(text: string): void {
    show({ text, kind: "failed", action: null, until: null });
}

export function speak(text: string): void {
    /* The same words twice are read once unless something differs. */
    spoken.set(spoken.get() === text ? `${text}\u00a0` : text);
}
