/* SPDX-License-Identifier: MIT */
/* Times and sizes in words. */

const DAY = 86_400_000;

function midnight(time: Date): number {
    return new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime();
}

/* Short, for a list: "14:05", "Yesterday", "Mon", "3 May", "3 May 2021". */
export function shortTime(iso: string, now = new Date()): string {
    const time = new Date(iso);
    if (Number.isNaN(time.getTime())) return "";
    const days = Math.round((midnight(now) - midnight(time)) / DAY);
    if (days === 0) return time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    if (days === 1) return "Yesterday";
    if (days > 1 && days < 7) return time.toLocaleDateString([], { weekday: "short" });
    if (time.getFullYear() === now.getFullYear()) return time.toLocaleDateString([], { day: "numeric", month: "short" });
    return time.toLocaleDateString([], { day: "numeric", month: "short", year: "numeric" });
}

/* "5 minutes ago", for what is recent; else the short form. */
export function relativeTime(iso: string, now = new Date()): string {
    const time = new Date(iso);
    const minutes = Math.round((now.getTime() - time.getTime()) / 60_000);
    if (Number.isNaN(minutes)) return "";
    if (minutes < 1) return "just now";
    const format = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
    if (minutes < 60) return format.format(-minutes, "minute");
    if (minutes < 24 * 60) return format.format(-Math.round(minutes / 60), "hour");
    return shortTime(iso, now);
}

export function exactTime(iso: string | null): string {
    if (!iso) return "";
    const time = new Date(iso);
    if (Number.isNaN(time.getTime())) return iso;
    return time.toLocaleString([], { dateStyle: "full", timeStyle: "medium" });
}

export function quoteTime(iso: string): string {
    const time = new Date(iso);
    if (Number.isNaN(time.getTime())) return iso;
    return time.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

export function sizeInWords(bytes: number): string {
    if (bytes < 1024) return `${bytes} B`;
    const units = ["KB", "MB", "GB"];
    let value = bytes / 1024;
    let unit = 0;
    while (value >= 1024 && unit < units.length - 1) {
        value /= 1024;
        unit++;
    }
    return `${value < 10 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value)} ${units[unit]}`;
}
