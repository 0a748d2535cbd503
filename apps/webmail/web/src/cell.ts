/* SPDX-License-Identifier: MIT */
/* A value that says when it changes: all the state of the page is in cells. */
import { useEffect, useState } from "preact/hooks";

export class Cell<T> {
    private listeners = new Set<() => void>();

    constructor(private current: T) {}

    get(): T {
        return this.current;
    }

    set(value: T): void {
        if (Object.is(value, this.current)) return;
        this.current = value;
        for (const listener of [...this.listeners]) listener();
    }

    update(change: (value: T) => T): void {
        this.set(change(this.current));
    }

    subscribe(listener: () => void): () => void {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }
}

/* The cell's value in a view, which is drawn again when it changes. */
export function useCell<T>(cell: Cell<T>): T {
    const [, redraw] = useState(0);
    useEffect(() => {
        let last = cell.get();
        const check = () => {
            if (Object.is(last, cell.get())) return;
            last = cell.get();
            redraw((n) => n + 1);
        };
        const stop = cell.subscribe(check);
        redraw((n) => n + 1);
        return stop;
    }, [cell]);
    return cell.get();
}
