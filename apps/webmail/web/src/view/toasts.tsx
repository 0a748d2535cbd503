/* SPDX-License-Identifier: MIT */
import { JSX } from "preact";
import { useCell } from "../cell";
import { dismiss, hold, letGo, spoken, Toast, toasts } from "../state/toasts";
import { Icon, IconButton } from "./icon";

function One({ toast }: { toast: Toast }): JSX.Element {
    const { action } = toast;
    return (
        <div
            class={`note note-${toast.kind}`}
            onMouseEnter={() => hold(toast.id)}
            onMouseLeave={() => letGo(toast.id)}
            onFocusIn={() => hold(toast.id)}
            onFocusOut={() => letGo(toast.id)}
        >
            {toast.kind === "failed" && <Icon name="warning" />}
            <span class="note-text">{toast.text}</span>
            {action && (
                <button
                    type="button"
                    class="note-action"
                    onClick={() => {
                        dismiss(toast.id);
                        action.run();
                    }}
                >
                    {action.label}
                </button>
            )}
            <IconButton icon="x" label="Dismiss" size={13} onClick={() => dismiss(toast.id)} />
        </div>
    );
}

export function Toasts(): JSX.Element {
    const list = useCell(toasts);
    const words = useCell(spoken);
    return (
        <>
            <section class="notes" aria-label="Notices" role="status" aria-live="polite">
                {list.map((toast) => (
                    <One key={toast.id} toast={toast} />
                ))}
            </section>
            <div class="visually-hidden" aria-live="polite">
                {words}
            </div>
        </>
    );
}
