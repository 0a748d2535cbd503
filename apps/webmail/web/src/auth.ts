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

export function logIn(address: string, password: string): Promise<Who> {
    return enter("/auth/login", { address, password });
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
