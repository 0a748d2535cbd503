/* SPDX-License-Identifier: MIT */
import { JSX } from "preact";
import { useState } from "preact/hooks";
import { Problem, request, Unreachable } from "../http";
import { BodyPart, EmailBody } from "../jmap/types";
import { plain } from "../mail/address";
import { sizeInWords } from "../mail/when";
import { hasHtml, bodyOf } from "../state/draft";
import { useMail } from "../state/mail";
import { complain } from "../state/toasts";
import { inWords } from "../words";
import { Icon, IconName } from "./icon";
import { Spinner } from "./parts";

export function fileIcon(type: string): IconName {
    if (/^image\//i.test(type)) return "file-image";
    if (/^text\/|pdf|document/i.test(type)) return "file-text";
    if (/zip|tar|compressed|archive/i.test(type)) return "file-zip";
    if (/^message\//i.test(type)) return "mail";
    return "file";
}

/* A name to show and to save under: no folders, nothing unseen. */
export function fileName(part: { name: string | null; type: string }): string {
    const name = plain(part.name).replace(/[/\\:*?"<>|]/g, "_").replace(/^\.+/, "");
    return name || (part.type === "message/rfc822" ? "message.eml" : "attachment");
}

async function piecesOf(response: Response, progress: (bytes: number) => void): Promise<BlobPart[]> {
    const reader = response.body?.getReader();
    if (!reader) return [await response.blob()];
    const pieces: BlobPart[] = [];
    let bytes = 0;
    try {
        for (;;) {
            const { done, value } = await reader.read();
            if (done) return pieces;
            pieces.push(value);
            bytes += value.length;
            progress(bytes);
        }
    } catch {
        throw new Unreachable();
    }
}

/* Fetched whole, so that a failure can be told in words; the browser would
 * save an error page under the file's name. */
async function save(url: string, name: string, progress: (bytes: number) => void): Promise<void> {
    const response = await request(url);
    const pieces = await piecesOf(response, progress);
    const local = URL.createObjectURL(new Blob(pieces, { type: "application/octet-stream" }));
    const link = document.createElement("a");
    link.href = local;
    link.download = name;
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(local), 60_000);
}

function One({ part }: { part: BodyPart }): JSX.Element {
    const mail = useMail();
    /* How many of a hundred are here; null when nothing is under way. */
    const [share, setShare] = useState<number | null>(null);
    const busy = share !== null;
    const name = fileName(part);
    const blobId = part.blobId;
    const open = () => {
        if (!blobId || busy) return;
        setShare(0);
        const progress = (bytes: number) => setShare(Math.min(99, Math.floor((100 * bytes) / Math.max(1, part.size))));
        save(mail.client.downloadUrl(blobId, name, part.type), name, progress)
            .catch((error: unknown) => {
                const gone = error instanceof Problem && error.status === 404;
                const lost = error instanceof Unreachable;
                complain(gone ? `"${name}" is no longer at the server.` : lost ? `"${name}" could not be downloaded: the connection broke. Try again.` : inWords(error));
            })
            .finally(() => setShare(null));
    };
    return (
        <button type="button" class="attachment" onClick={open} disabled={!blobId} title={`Download ${name}`}>
            <Icon name={fileIcon(part.type)} size={20} />
            <span class="attachment-words">
                <bdi class="attachment-name">{name}</bdi>
                <span class="attachment-size">{busy ? `${share} % of ${sizeInWords(part.size)}` : sizeInWords(part.size)}</span>
                {busy && <progress class="attachment-progress" max={100} value={share} aria-label={`Downloading ${name}`} />}
            </span>
            {busy ? <Spinner label="Downloading" /> : <Icon name="download" size={14} />}
        </button>
    );
}

/* Pictures that stand in the text already are not listed again. */
function listed(body: EmailBody): BodyPart[] {
    const html = hasHtml(body) ? bodyOf(body, "html") : "";
    return body.attachments.filter((part) => {
        const cid = part.cid?.replace(/^<|>$/g, "");
        return !(cid && /^image\//i.test(part.type) && html.includes(`cid:${cid}`));
    });
}

export function Attachments({ body }: { body: EmailBody }): JSX.Element | null {
    const parts = listed(body);
    if (parts.length === 0) return null;
    return (
        <section class="attachments" aria-label="Attachments">
            {parts.map((part, i) => (
                <One key={part.partId ?? i} part={part} />
            ))}
        </section>
    );
}
