/* SPDX-License-Identifier: MIT */
/* What JMAP has no word for: signing up, logging in, passwords. */
import { Id } from "./jmap/types";
import { Problem, request, requestJson, useToken, Who } from "./http";

export interface SignUpRules {
    domains: string[];
    passwordMin: number;
}

export interface SessionInfo {
    id: Id;
    created: string;
    lastUsed: string;
    peer: string;
    current: boolean;
}

export interface AppPassword {
    id: Id;
    name: string;
    created: string;
    expires: string | null;
    lastUsed: string | null;
}

/* Who is logged in; null for nobody. */
export async function currentSession(): Promise<Who | null> {
    try {
        const who = await requestJson<Who>("/auth/session", { plain: true });
        useToken(who.csrf);
        return who;
    } catch (error) {
        if (error instanceof Problem && error.status === 401) return null;
        throw error;
    }
}

async function enter(path: string, json: unknown): Promise<Who> {
    const who = await requestJson<Who>(path, { method: "POST", json, plain: true });
    useToken(who.csrf);
    return who;
}

/* `code`: of an app, or a recovery code, where two-step log-in is in force. */
export function logIn(address: string, password: string, code?: string): Promise<Who> {
    return enter("/auth/login", code === undefined ? { address, password } : { address, password, code });
}

/* The password was right, and a code is wanted, or another one. */
export function wantsCode(error: unknown): boolean {
    return error instanceof Problem && /^(codeRequired|wrongCode)$/.test(error.code);
}

export function signUp(address: string, password: string, name: string): Promise<Who> {
    return enter("/auth/signup", { address, password, name });
}

export function signUpRules(): Promise<SignUpRules> {
    return requestJson<SignUpRules>("/auth/signup", { plain: true });
}

export async function logOut(): Promise<void> {
    await request("/auth/logout", { method: "POST", plain: true });
    useToken("");
}

export async function changePassword(current: string, next: string): Promise<void> {
    await request("/auth/password", { method: "POST", json: { current, new: next } });
}

export interface TwoStep {
    inForce: boolean;
    confirmedAt: string | null;
    codesLeft: number;
}

export function twoStep(): Promise<TwoStep> {
    return requestJson<TwoStep>("/auth/totp");
}

export function beginTwoStep(password: string): Promise<{ secret: string; uri: string }> {
    return requestJson("/auth/totp", { method: "POST", json: { password } });
}

export async function confirmTwoStep(code: string): Promise<string[]> {
    return (await requestJson<{ codes: string[] }>("/auth/totp/confirm", { method: "POST", json: { code } })).codes;
}

export async function renewCodes(password: string, code: string): Promise<string[]> {
    return (await requestJson<{ codes: string[] }>("/auth/totp/codes", { method: "POST", json: { password, code } })).codes;
}

export async function endTwoStep(password: string, code: string): Promise<void> {
    await request("/auth/totp/disable", { method: "POST", json: { password, code } });
}

export interface LogInEvent {
    at: string;
    service: string;
    method: string;
    peer: string;
    outcome: "ok" | "wrong" | "code" | "disabled";
}

export async function listLogIns(): Promise<LogInEvent[]> {
    return (await requestJson<{ list: LogInEvent[] }>("/auth/logins")).list;
}

export function listSessions(): Promise<SessionInfo[]> {
    return requestJson<SessionInfo[]>("/auth/sessions");
}

export async function endSession(id: Id): Promise<void> {
    await request(`/auth/sessions/${encodeURIComponent(id)}`, { method: "DELETE" });
}

export function listAppPasswords(): Promise<AppPassword[]> {
    return requestJson<AppPassword[]>("/auth/app-passwords");
}

export function addAppPassword(name: string): Promise<AppPassword & { password: string }> {
    return requestJson("/auth/app-passwords", { method: "POST", json: { name } });
}

export async function removeAppPassword(id: Id): Promise<void> {
    await request(`/auth/app-passwords/${encodeURIComponent(id)}`, { method: "DELETE" });
}
