/* SPDX-License-Identifier: MIT */
/* What the page and the message frame say to each other. */

export interface ToFrame {
    html: string;
    /* Content-ID -> data: URL of a raster image */
    inline: Record<string, string>;
    dark: boolean;
    fold: boolean;
}

export type FromFrame =
    | { kind: "height"; height: number }
    | { kind: "shown"; remote: boolean }
    | { kind: "mailto"; href: string }
    | { kind: "key"; key: string; shift: boolean };
