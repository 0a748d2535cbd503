/* SPDX-License-Identifier: MIT */
/* A browser and the hands of somebody who uses the page. */
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { DOMAIN } from "./server.mjs";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

export const noBrowser = existsSync(CHROMIUM) ? false : `no ${CHROMIUM}`;

export function launch() {
    return chromium.launch({
        executablePath: CHROMIUM,
        args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"],
    });
}

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/* A person: a browser context of their own, and what went wrong in it. */
export class Person {
    static async arrive(browser, server, name, { undo = 0, ...options } = {}) {
        const person = new Person();
        person.server = server;
        person.name = name;
        person.address = `${name.toLowerCase().split(" ")[0]}@${DOMAIN}`;
        person.password = `${name}-password-1`;
        person.context = await browser.newContext({ viewport: DESKTOP, locale: "en-GB", acceptDownloads: true, ...options });
        /* Nobody waits for what can be undone, but who looks at just that. */
        await person.context.addInitScript((seconds) => {
            try {
                localStorage["smtpmail-undo"] ??= seconds;
            } catch {
                /* Not in a page yet. */
            }
        }, String(undo));
        person.page = await person.context.newPage();
        person.faults = [];
        person.page.on("pageerror", (error) => person.faults.push(`script: ${error.message}`));
        person.page.on("dialog", (dialog) => {
            person.faults.push(`dialog: ${dialog.message()}`);
            void dialog.dismiss();
        });
        person.page.setDefaultTimeout(20000);
        return person;
    }

    leave() {
        return this.context.close();
    }

    async signUp() {
        const { page } = this;
        await page.goto(`${this.server.url}/`);
        await page.getByRole("button", { name: "Sign up" }).click();
        await page.getByLabel("Your name").fill(this.name);
        await page.getByLabel("Address").fill(this.address.split("@")[0]);
        await page.getByLabel("Password").fill(this.password);
        await page.getByRole("button", { name: "Create account" }).click();
        return this;
    }

    async logIn() {
        const { page } = this;
        await page.goto(`${this.server.url}/`);
        await page.getByLabel("Address").fill(this.address);
        await page.getByLabel("Password").fill(this.password);
        await page.getByRole("button", { name: "Log in" }).click();
        return this;
    }

    async inbox() {
        await this.page.getByRole("heading", { level: 1, name: "Inbox" }).waitFor();
        return this;
    }

    /* A mailbox by its name, from the side. */
    async go(name) {
        const link = this.page.getByRole("navigation", { name: "Mailboxes" }).getByRole("link", { name: new RegExp(`^${name}`) });
        const menu = this.page.getByRole("button", { name: "Menu", exact: true });
        await link.or(menu).filter({ visible: true }).first().waitFor(); /* some come with what they lead to */
        if (!(await link.isVisible())) await menu.click();
        await link.click();
        await this.page.getByRole("heading", { level: 1, name }).waitFor();
    }

    row(subject) {
        return this.page.locator(".row-mail", { hasText: subject }).first();
    }

    async open(subject) {
        await this.row(subject).locator(".row-open").click();
        await this.page.locator(".conversation-title").waitFor();
    }

    get composer() {
        return this.page.locator(".composer").last();
    }

    /* Into the open composer, what is given of { to, subject, text, files }. */
    async write({ to, subject, text, files }) {
        const box = this.composer;
        if (to) {
            await box.getByRole("combobox", { name: "To" }).fill(to);
            await box.getByRole("combobox", { name: "To" }).press("Enter");
        }
        if (subject) await box.getByLabel("Subject").fill(subject);
        if (text) {
            await box.getByRole("textbox", { name: "Message" }).click();
            if (text.length > 500) await this.page.keyboard.insertText(text);
            else await this.page.keyboard.type(text);
        }
        if (files) {
            await box.locator("input[type=file]").setInputFiles(files);
            for (const file of files) await box.locator(".attachment-draft", { hasText: file.name }).getByRole("button", { name: /^Remove/ }).waitFor();
        }
    }

    async compose(message) {
        await this.page.getByRole("button", { name: /^(Compose|Write a message)$/ }).locator("visible=true").first().click();
        await this.write(message);
    }

    async send() {
        await this.composer.getByRole("button", { name: "Send", exact: true }).click();
        await this.page.getByText("Message sent").waitFor();
    }

    frame() {
        return this.page.frameLocator(".message .mail-frame").last();
    }

    /* The JMAP API with this person's cookie, as a script in the page has it. */
    api(methodCalls) {
        return this.page.evaluate(async (calls) => {
            const who = await (await fetch("/auth/session")).json();
            const session = await (await fetch("/.well-known/jmap")).json();
            const accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"];
            const answer = await fetch("/jmap/api", {
                method: "POST",
                headers: { "Content-Type": "application/json", "X-CSRF-Token": who.csrf },
                body: JSON.stringify({
                    using: ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:ietf:params:jmap:submission"],
                    methodCalls: calls.map(([name, args], i) => [name, { accountId, ...args }, `c${i}`]),
                }),
            });
            return { accountId, status: answer.status, body: await answer.json() };
        }, methodCalls);
    }

    /* A message as it came at some time before (RFC 8621, 4.8). */
    async bringIn(message, at, keywords) {
        const blobId = await this.page.evaluate(async (text) => {
            const who = await (await fetch("/auth/session")).json();
            const session = await (await fetch("/.well-known/jmap")).json();
            const accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"];
            const headers = { "X-CSRF-Token": who.csrf, "Content-Type": "message/rfc822" };
            return (await (await fetch(`/jmap/upload/${accountId}/`, { method: "POST", headers, body: text })).json()).blobId;
        }, message.replace(/\r?\n/g, "\r\n"));
        const boxes = await this.api([["Mailbox/query", { filter: { role: "inbox" } }]]);
        const inbox = boxes.body.methodResponses[0][1].ids[0];
        const receivedAt = at.toISOString().replace(/\.\d+Z$/, "Z");
        const { body } = await this.api([["Email/import", { emails: { m: { blobId, mailboxIds: { [inbox]: true }, keywords, receivedAt } } }]]);
        if (!body.methodResponses[0][1].created?.m) throw new Error(JSON.stringify(body));
    }
}
