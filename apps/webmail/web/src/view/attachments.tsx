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

/* Fetched whole, so that a failure can be told in words; the browser would
 * save an error page under the file's name. */
async function save(url: string, name: string): Promise<void> {
    const response = await request(url);
    const bytes = await response.blob();
    const local = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
    const link = document.createElement("a");
    link.href = local;
    link.download = name;
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(local), 60_000);
}

function One({ part }: { part: BodyPart }): JSX.Element {
    const mail = useMail();
    const [busy, setBusy] = useState(false);
    const name = fileName(part);
    const blobId = part.blobId;
    const open = () => {
        if (!blobId || busy) return;
        setBusy(true);
        save(mail.client.downloadUrl(blobId, name, part.type), name)
            .catch((error: unknown) => {
                const gone = error instanceof Problem && error.status === 404;
                const lost = error instanceof Unreachable;
                complain(gone ? `"${name}" is no longer at the server.` : lost ? `"${name}" could not be downloaded.` : inWords(error));
            })
            .finally(() => setBusy(false));
    };
    return (
        <button type="button" class="attachment" onClick={open} disabled={!blobId} title={`Download ${name}`}>
            <Icon name={fileIcon(part.type)} size={20} />
            <span class="attachment-words">
                <bdi class="attachment-name">{name}</bdi>
                <span class="attachment-size">{sizeInWords(part.size)}</span>
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
