/* SPDX-License-Identifier: MIT */
/* The page's side of the message frame (frame.ts, docs/http.md). */
import { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useCell } from "../cell";
import { FromFrame, ToFrame } from "../mail/frame-words";
import { isDark } from "../state/looks";

const LOCAL = "/frame/mail.html";
const REMOTE = "/frame/mail-remote.html";

interface FrameProps {
    title: string;
    html: string;
    inline: Record<string, string>;
    remote: boolean;
    fold?: boolean;
    onRemote?: () => void;
    onMailto?: (href: string) => void;
}

/* Keys pressed inside belong to the page, as if they were pressed here. */
function pressKey(frame: HTMLIFrameElement, key: string, shift: boolean): void {
    frame.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey: shift, bubbles: true, cancelable: true }));
}

function Sealed(props: FrameProps & { dark: boolean }): JSX.Element {
    const { html, inline, dark, fold } = props;
    const ref = useRef<HTMLIFrameElement>(null);
    const latest = useRef(props);
    latest.current = props;
    const [height, setHeight] = useState(0);

    useEffect(() => {
        const frame = ref.current;
        if (!frame) return undefined;
        let port: MessagePort | null = null;
        const take = (event: MessageEvent<FromFrame>) => {
            const words = event.data;
            if (words.kind === "height") setHeight(Math.max(0, Math.min(Number(words.height) || 0, 60_000)));
            else if (words.kind === "shown" && words.remote === true) latest.current.onRemote?.();
            else if (words.kind === "mailto") latest.current.onMailto?.(String(words.href));
            else if (words.kind === "key") pressKey(frame, String(words.key), words.shift === true);
        };
        /* Once: a document that came there later is not ours to talk to. */
        const load = () => {
            if (port || !frame.contentWindow) return;
            const channel = new MessageChannel();
            port = channel.port1;
            port.onmessage = take;
            const message: ToFrame = { html, inline, dark, fold: fold ?? false };
            frame.contentWindow.postMessage(message, "*", [channel.port2]);
        };
        frame.addEventListener("load", load);
        frame.src = latest.current.remote ? REMOTE : LOCAL;
        return () => {
            frame.removeEventListener("load", load);
            port?.close();
        };
    }, [html, inline, dark, fold]);

    return (
        <iframe
            ref={ref}
            class={`mail-frame ${height > 0 ? "shown" : ""}`}
            title={props.title}
            sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox"
            referrerpolicy="no-referrer"
            style={{ height: `${Math.max(height, 40)}px` }}
        />
    );
}

export function MailFrame(props: FrameProps): JSX.Element {
    const dark = useCell(isDark);
    /* Another policy or another text is another document. */
    const kind = `${props.remote ? "remote" : "local"}-${dark ? "dark" : "light"}`;
    return <Sealed key={kind} {...props} dark={dark} />;
}
