/* SPDX-License-Identifier: MIT */
/* Short notes at the edge, some with a way back, and words for screen readers. */
import { Cell } from "../cell";

export interface Toast {
    id: number;
    text: string;
    kind: "done" | "failed";
    action: { label: string; run: () => void } | null;
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
    window.clearTimeout(timers.get(id));
}

export function letGo(id: number): void {
    hold(id);
    timers.set(id, window.setTimeout(() => dismiss(id), SHOWN_MS));
}

function show(toast: Omit<Toast, "id">): void {
    const id = ++last;
    toasts.update((list) => [...list.filter((each) => each.text !== toast.text).slice(1 - SHOWN_MAX), { ...toast, id }]);
    letGo(id);
}

export function say(text: string, action: Toast["action"] = null): void {
    show({ text, kind: "done", action });
}

export function complain(text: string): void {
    show({ text, kind: "failed", action: null });
}

export function speak(text: string): void {
    /* The same words twice are read once unless something differs. */
    spoken.set(spoken.get() === text ? `${text}\u00a0` : text);
}
