/* SPDX-License-Identifier: MIT */
/* Every error in words that a person understands. */
import { Problem, Unreachable } from "./http";
import { MethodError } from "./jmap/client";
import { SetError } from "./jmap/types";
import { sizeInWords } from "./mail/when";

const CODES: Record<string, string> = {
    invalidCredentials: "The address or the password is wrong.",
    codeRequired: "Enter the code that your app shows.",
    wrongCode: "This code is wrong, or was used already. Wait for the next one.",
    wrongState: "This was changed elsewhere meanwhile. Load the page again.",
    sessionRequired: "You were logged out. Log in again.",
    addressTaken: "This address is taken. Try another one.",
    reservedAddress: "This name is reserved for the people who run the server. Try another one.",
    invalidAddress: "This is not an address that can be used here.",
    weakPassword: "This password is too short or too easy to guess.",
    domainClosed: "Signing up is not open for this domain.",
    tooLarge: "This is larger than the server accepts.",
    overQuota: "The mailbox is full. Delete something and empty the trash, then try again.",
    unavailable: "The server is busy or restarting. Try again in a moment.",
    notFound: "It is no longer there.",
    forbidden: "You may not do this.",
    limit: "This is more than the server accepts at once.",
};

function wait(seconds: number | null): string {
    if (!seconds) return "Wait a little, then try again.";
    if (seconds < 90) return `Wait ${seconds} seconds, then try again.`;
    return `Wait ${Math.ceil(seconds / 60)} minutes, then try again.`;
}

function sentence(text: string): string {
    const trimmed = text.trim();
    if (!trimmed) return "";
    const first = trimmed.charAt(0).toLocaleUpperCase() + trimmed.slice(1);
    return /[.!?]$/.test(first) ? first : `${first}.`;
}

function problemInWords(problem: Problem): string {
    if (problem.status === 429) return `Too many tries. ${wait(problem.retryAfter)}`;
    /* The server knows its own rules better: its words first for these. */
    if (/^(weakPassword|invalidAddress|reservedAddress|domainClosed)$/.test(problem.code) && problem.title) {
        return sentence(problem.title);
    }
    const known = CODES[problem.code];
    if (known) return known;
    if (problem.status === 413) return CODES["tooLarge"] ?? "";
    if (problem.status === 507) return CODES["overQuota"] ?? "";
    if (problem.status >= 500) return problem.title ? sentence(problem.title) : "Something went wrong at the server. Try again.";
    return sentence(problem.title) || "The server did not accept this.";
}

const METHODS: Record<string, string> = {
    unsupportedFilter: "This server cannot search in that way.",
    unsupportedSort: "This server cannot sort in that way.",
    unknownMethod: "This server cannot do that yet.",
    serverUnavailable: "The server is busy or restarting. Try again in a moment.",
    accountReadOnly: "This account may only be read.",
    requestTooLarge: "This is more than the server accepts at once.",
};

const SETS: Record<string, string> = {
    overQuota: CODES["overQuota"] ?? "",
    tooLarge: "The message is larger than the server accepts.",
    rateLimit: "Too many messages. Wait a little, then try again.",
    notFound: "It is no longer there.",
    blobNotFound: "An attachment is no longer at the server. Remove it and attach it again.",
    noRecipients: "Say who it should go to first.",
    tooManyRecipients: "That is more recipients than one message may have.",
    forbiddenFrom: "You may not send with this sender address.",
    forbiddenMailFrom: "You may not send with this sender address.",
    forbiddenToSend: "You may not send mail.",
    invalidEmail: "The message is not complete.",
    cannotUnsend: "It has left already and cannot be taken back.",
    mailboxHasEmail: "The folder is not empty.",
    mailboxHasChild: "The folder has other folders in it.",
    forbidden: "You may not do this.",
    willDestroy: "It is no longer there.",
};

export function setErrorInWords(error: SetError): string {
    const description = sentence(error.description ?? "");
    if (error.type === "tooLarge" && error.maxSize) {
        return `The message is larger than the server accepts (${sizeInWords(error.maxSize)}).`;
    }
    if (["forbiddenToSend", "invalidProperties", "rateLimit"].includes(error.type)) {
        return description || (SETS[error.type] ?? "The server did not accept this.");
    }
    return SETS[error.type] ?? (description || "The server did not accept this.");
}

export class SetFailure extends Error {
    constructor(readonly error: SetError) {
        super(setErrorInWords(error));
    }
}

export function inWords(error: unknown): string {
    if (error instanceof Unreachable) {
        return navigator.onLine
            ? "The server does not answer. Nothing was changed."
            : "You are offline. Nothing was changed.";
    }
    if (error instanceof Problem) return problemInWords(error);
    if (error instanceof SetFailure) return error.message;
    if (error instanceof MethodError) {
        if (error.type === "unsupportedFilter" && error.description) return sentence(error.description);
        return METHODS[error.type] ?? (sentence(error.description ?? "") || "Something went wrong at the server. Try again.");
    }
    return "Something went wrong in this page. Reload it; what you wrote is kept.";
}
