/* SPDX-License-Identifier: MIT */
/* Uploads by XMLHttpRequest, because fetch() cannot tell how far it is. */
import { makeProblem, Problem, renewSession, token, Unreachable } from "../http";
import { UploadResponse } from "./types";

export interface Upload {
    done: Promise<UploadResponse>;
    cancel: () => void;
}

export class Cancelled extends Error {}

function problemFrom(xhr: XMLHttpRequest): Problem {
    let body: Record<string, unknown> = {};
    try {
        body = JSON.parse(xhr.responseText) as Record<string, unknown>;
    } catch {
        /* The status has to do. */
    }
    return makeProblem(xhr.status, body, null);
}

function attempt(
    xhr: XMLHttpRequest,
    url: string,
    file: Blob,
    progress: (share: number) => void,
): Promise<UploadResponse> {
    return new Promise((resolve, reject) => {
        xhr.open("POST", url);
        xhr.setRequestHeader("X-CSRF-Token", token());
        xhr.setRequestHeader("Content-Type", file.type || "application/octet-stream");
        xhr.upload.onprogress = (event) => {
            if (event.lengthComputable && event.total > 0) progress(event.loaded / event.total);
        };
        xhr.onload = () => {
            if (xhr.status < 200 || xhr.status > 299) return reject(problemFrom(xhr));
            try {
                resolve(JSON.parse(xhr.responseText) as UploadResponse);
            } catch {
                reject(new Unreachable());
            }
        };
        xhr.onerror = () => reject(new Unreachable());
        xhr.ontimeout = () => reject(new Unreachable());
        xhr.onabort = () => reject(new Cancelled());
        xhr.send(file);
    });
}

/* As many at once as the server takes (RFC 8620, 2), the others in turn. */
let running = 0;
const waiting: (() => void)[] = [];

async function turn(max: number): Promise<() => void> {
    while (running >= max) await new Promise<void>((wake) => waiting.push(wake));
    running++;
    return () => {
        running--;
        waiting.shift()?.();
    };
}

export function upload(url: string, file: Blob, max: number, progress: (share: number) => void): Upload {
    let xhr = new XMLHttpRequest();
    let cancelled = false;

    const run = async (): Promise<UploadResponse> => {
        const done = await turn(Math.max(1, max));
        try {
            if (cancelled) throw new Cancelled();
            return await twice();
        } finally {
            done();
        }
    };
    const twice = async (): Promise<UploadResponse> => {
        try {
            return await attempt(xhr, url, file, progress);
        } catch (error) {
            const ended = error instanceof Problem && error.status === 401;
            if (!ended) throw error;
            await renewSession();
            if (cancelled) throw new Cancelled();
            xhr = new XMLHttpRequest();
            return await attempt(xhr, url, file, progress);
        }
    };
    return {
        done: run(),
        cancel: () => {
            cancelled = true;
            xhr.abort();
        },
    };
}
