/* SPDX-License-Identifier: MIT */
/* What buttons, menus and keys do to conversations, asking where it must. */
import { Id } from "../jmap/types";
import { Mail, useMail } from "../state/mail";
import { boxName } from "../state/mailboxes";
import { openThread, place } from "../state/view";
import { IconName } from "./icon";
import { MenuItem, Question } from "./parts";

export interface Act {
    archive: (ids: Id[]) => void;
    remove: (ids: Id[]) => void;
    restore: (ids: Id[]) => void;
    junk: (ids: Id[]) => void;
    star: (ids: Id[]) => void;
    toggleRead: (ids: Id[]) => void;
    markUnread: (ids: Id[]) => void;
    moveItems: (ids: Id[]) => MenuItem[];
}

const ICONS: Record<string, IconName> = { inbox: "inbox", archive: "archive", junk: "junk", trash: "trash" };

/* When the open conversation leaves the list, the next one takes its place on
 * a wide screen, and on a narrow one the list does. */
function leave(mail: Mail, ids: Id[]): void {
    const { threadId } = place.get();
    const list = mail.listing.list.get().ids;
    const threads = new Set(ids.flatMap((id) => mail.emails.head(id)?.threadId ?? []));
    const at = list.findIndex((id) => ids.includes(id));
    const rest = list.filter((id) => !ids.includes(id));
    const next = rest[Math.min(Math.max(at, 0), rest.length - 1)] ?? null;
    mail.selection.cursor.set(next);
    mail.selection.untick();
    if (!threadId || !threads.has(threadId)) return;
    const wide = matchMedia("(min-width: 900px)").matches;
    openThread(wide && next ? (mail.emails.head(next)?.threadId ?? null) : null);
}

export function actOn(mail: Mail, ask: (question: Question) => void): Act {
    const { actions } = mail;
    const view = () => mail.listing.list.get().view;

    const remove = (ids: Id[]) => {
        if (ids.length === 0) return;
        if (!actions.isFinal(view())) {
            leave(mail, ids);
            void actions.trash(view(), ids);
            return;
        }
        const heads = actions.scope(view(), ids);
        ask({
            title: heads.length === 1 ? "Delete this message for good?" : `Delete ${heads.length} messages for good?`,
            text: "They are not in the trash afterwards.",
            yes: "Delete for good",
            danger: true,
            run: () => {
                leave(mail, ids);
                void actions.destroy(heads, ids);
            },
        });
    };

    const moving = (ids: Id[], run: () => Promise<void>) => {
        if (ids.length === 0) return;
        leave(mail, ids);
        void run();
    };

    return {
        archive: (ids) => moving(ids, () => actions.archive(view(), ids)),
        remove,
        restore: (ids) => moving(ids, () => actions.restore(view(), ids, mail.identities.own())),
        junk: (ids) => moving(ids, () => actions.junk(view(), ids)),
        star: (ids) => void actions.star(view(), ids),
        toggleRead: (ids) => void actions.toggleRead(view(), ids),
        markUnread: (ids) => {
            void actions.markUnread(view(), ids);
            openThread(null);
        },
        moveItems: (ids) => {
            const now = mail.boxes.of(view());
            const roles = ["inbox", "archive", "junk", "trash"].flatMap((role) => mail.boxes.byRole(role) ?? []);
            return [...roles, ...mail.boxes.custom().map((each) => each.box)]
                .filter((box) => box.id !== now?.id)
                .map((box) => ({
                    label: boxName(box),
                    icon: ICONS[box.role ?? ""] ?? "folder",
                    run: () => moving(ids, () => actions.moveTo(view(), ids, box.id)),
                }));
        },
    };
}

export function useAct(ask: (question: Question) => void): Act {
    return actOn(useMail(), ask);
}
