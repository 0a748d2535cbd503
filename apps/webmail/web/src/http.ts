/* SPDX-License-Identifier: MIT */
/* Requests to our own server: the CSRF token, sessions that end, errors. */
import { Cell } from "./cell";

/* An answer that is an error (RFC 7807, and docs/http.md for the codes). */
export class Problem extends Error {
    constructor(
        readonly status: number,
        readonly code: string,
        readonly title: string,
        readonly field: string | null,
        readonly retryAfter: number | null,
    ) {
        super(title);
    }
}

/* No answer at all. */
export class Unreachable extends Error {
    constructor() {
        super("The server cannot be reached.");
    }
}

export interface Who {
    address: string;
    name: string;
    csrf: string;
    expires: string;
}

/* Does the server answer? Shown as a banner while it does not. */
export const reachable = new Cell(true);

let csrf = "";
let renewing: Promise<void> | null = null;
let askAgain: (() => Promise<void>) | null = null;

export function useToken(token: string): void {
    csrf = token;
}

export function token(): string {
    return csrf;
}

/* `ask` shows the log-in dialog and resolves once somebody logged in. */
export function whenSessionEnds(ask: (() => Promise<void>) | null): void {
    askAgain = ask;
}

/* Wait for a new log-in; requests that come meanwhile wait for the same. */
export function renewSession(): Promise<void> {
    if (!askAgain) return Promise.reject(new Problem(401, "sessionRequired", "Log in again.", null, null));
    renewing ??= askAgain().finally(() => {
        renewing = null;
    });
    return renewing;
}

interface Options {
    method?: string;
    json?: unknown;
    /* Give a 401 to the caller: the question was "who am I". */
    plain?: boolean;
    signal?: AbortSignal;
}

export async function problemOf(response: Response): Promise<Problem> {
    const after = Number(response.headers.get("Retry-After") ?? "");
    let body: Record<string, unknown> = {};
    try {
        body = (await response.json()) as Record<string, unknown>;
    } catch {
        /* Not ours, or cut off: the status has to do. */
    }
    return makeProblem(response.status, body, Number.isFinite(after) && after > 0 ? after : null);
}

export function makeProblem(status: number, body: Record<string, unknown>, after: number | null): Problem {
    const word = (key: string) => (typeof body[key] === "string" ? (body[key] as string) : null);
    const type = word("type") ?? "";
    const code = word("code") ?? type.replace(/^urn:ietf:params:jmap:error:/, "");
    return new Problem(status, code, word("title") ?? word("detail") ?? "", word("field"), after);
}

async function once(path: string, options: Options): Promise<Response> {
    const method = options.method ?? "GET";
    const headers: Record<string, string> = { Accept: "application/json" };
    const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store", redirect: "error" };
    if (method !== "GET" && method !== "HEAD") headers["X-CSRF-Token"] = csrf;
    if (options.json !== undefined) {
        headers["Content-Type"] = "application/json";
        init.body = JSON.stringify(options.json);
    }
    if (options.signal) init.signal = options.signal;
    try {
        const response = await fetch(path, init);
        reachable.set(true);
        return response;
    } catch (error) {
        if (error instanceof DOMException && error.name === "AbortError") throw error;
        reachable.set(false);
        throw new Unreachable();
    }
}

/* The session may have a new token, after a log-in in another tab. */
async function refreshToken(): Promise<boolean> {
    const response = await once("/auth/session", {});
    if (!response.ok) return false;
    csrf = ((await response.json()) as Who).csrf;
    return true;
}

export async function request(path: string, options: Options = {}): Promise<Response> {
    let response = await once(path, options);
    if (response.ok) return response;

    let problem = await problemOf(response);
    if (options.plain) throw problem;
    if (problem.status === 403 && problem.code === "csrf" && (await refreshToken())) {
        response = await once(path, options);
        if (response.ok) return response;
        problem = await problemOf(response);
    }
    if (problem.status === 401 && !/^(invalidCredentials|codeRequired|wrongCode)$/.test(problem.code)) {
        await renewSession();
        response = await once(path, options);
        if (response.ok) return response;
        problem = await problemOf(response);
    }
    throw problem;
}

export async function requestJson<T>(path: string, options: Options = {}): Promise<T> {
    const response = await request(path, options);
    return (await response.json()) as T;
}
