/* SPDX-License-Identifier: MIT */
/* Pictures inside a message (RFC 2392): fetched with our session, checked to
 * be raster images by their bytes, and handed to the frame as data: URLs,
 * because an opaque origin may not load ours. */
import { Client } from "../jmap/client";
import { Id } from "../jmap/types";
import { request } from "../http";

const ONE_MAX = 5 << 20;
const ALL_MAX = 20 << 20;

interface Picture {
    blobId: Id | null;
    size: number;
    cid: string | null;
}

/* The type that the first bytes show; null for anything else, SVG included. */
export function rasterType(bytes: Uint8Array): string | null {
    const begins = (...head: number[]) => head.every((byte, i) => bytes[i] === byte);
    if (begins(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return "image/png";
    if (begins(0xff, 0xd8, 0xff)) return "image/jpeg";
    if (begins(0x47, 0x49, 0x46, 0x38)) return "image/gif";
    if (begins(0x52, 0x49, 0x46, 0x46) && bytes[8] === 0x57 && bytes[9] === 0x45) return "image/webp";
    return null;
}

function asDataUrl(blob: Blob): Promise<string> {
    return new Promise((resolve, reject) => {
        const reader = new FileReader();
        reader.onload = () => resolve(String(reader.result));
        reader.onerror = () => reject(reader.error ?? new Error("unreadable"));
        reader.readAsDataURL(blob);
    });
}

export async function fetchRaster(client: Client, part: Picture): Promise<string | null> {
    if (!part.blobId || part.size > ONE_MAX) return null;
    const response = await request(client.downloadUrl(part.blobId, "image", "application/octet-stream"));
    const bytes = await response.arrayBuffer();
    const type = rasterType(new Uint8Array(bytes, 0, Math.min(16, bytes.byteLength)));
    return type ? asDataUrl(new Blob([bytes], { type })) : null;
}

export async function fetchInline(client: Client, html: string, parts: Picture[]): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    let left = ALL_MAX;
    for (const part of parts) {
        const cid = part.cid?.replace(/^<|>$/g, "");
        if (!cid || part.size > left) continue;
        if (!html.includes(`cid:${cid}`) && !html.includes(`cid:${encodeURIComponent(cid)}`)) continue;
        try {
            const url = await fetchRaster(client, part);
            if (url) found[cid] = url;
            left -= part.size;
        } catch {
            /* A missing picture is no reason not to show the letter. */
        }
    }
    return found;
}
