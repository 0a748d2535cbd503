/* SPDX-License-Identifier: MIT */
/*
 * How the page looks: each view on a desk and in a hand, light and dark, with
 * mail that came in by SMTP. Nothing may be wider than the screen. With
 * UPDATE_SCREENSHOTS=1 the pictures are put into docs/screenshots.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { DESKTOP, launch, noBrowser, Person, PHONE } from "./support/browser.mjs";
import { Server, skipWithoutPrograms } from "./support/server.mjs";
import { deliver, html, letter } from "./support/smtp.mjs";

const off = skipWithoutPrograms || noBrowser;
const folder = fileURLToPath(new URL("../../docs/screenshots/", import.meta.url));
const keep = process.env.UPDATE_SCREENSHOTS === "1";
let browser;
let server;
let alice;
let bob;

const GARDEN = `<style>h1{color:#2d5f2d;font-size:22px}.b{background:#eef5e8;padding:22px;border-radius:10px}</style>
<div class="b"><h1>Before the frost</h1><p>Dear reader,</p>
<p>garlic wants to be in the ground by the end of the month, and the dahlias want to be out of it.</p>
<img src="https://pictures.example.org/garlic.jpg" width="320" height="90" alt="A bed of garlic">
<p><a href="https://garden.example.org/frost">The whole list</a></p></div>`;

async function bring(from, subject, body, make = letter) {
    await deliver(server.smtpPort, /<(.*)>/.exec(from)?.[1] ?? from, alice.address, make({ From: from, To: `Alice Moreau <${alice.address}>`, Subject: subject }, body));
    await alice.row(subject).waitFor();
}

before(async () => {
    if (off) return;
    if (keep) mkdirSync(folder, { recursive: true });
    server = await Server.start();
    await server.startSmtpd();
    browser = await launch();
    alice = await Person.arrive(browser, server, "Alice Moreau");
    bob = await Person.arrive(browser, server, "Bob Lindqvist");
    await (await alice.signUp()).inbox();
    await (await bob.signUp()).inbox();

    await bring("The Library <library@town.example>", "Your loan is due on Friday", "Two books are due on Friday. You can extend them once at the desk.");
    await bring("Backup <backup@machines.example>", "Backup finished: 3 volumes, no errors", "All volumes were copied and read back.");
    await bring("Mara Osei <mara@office.example>", "Minutes of Thursday", "Dear all,\n\nthe minutes are below. Corrections by Friday, please.\n\n1. The budget was accepted.\n2. The next meeting is on the 14th.\n\nMara");
    await bring("The Garden Letter <news@garden.example>", "What to plant before the frost", GARDEN, html);
    await bring("Yuki Tanaka <yuki@studio.example>", "Draft of chapter four", "It is shorter now. Tell me where you stumble.");
    await alice.row("Minutes of Thursday").locator(".row-star").click();
    await bob.compose({
        to: alice.address,
        subject: "The plan for Saturday",
        text: "Here is the plan. Can you bring the rope?",
        files: [{ name: "plan.pdf", mimeType: "application/pdf", buffer: Buffer.alloc(48213, 37) }],
    });
    await bob.send();
    await alice.row("The plan for Saturday").waitFor();
    await alice.open("The plan for Saturday");
    await alice.page.locator(".reply-bar").getByRole("button", { name: "Reply", exact: true }).click();
    await alice.write({ text: "I have one of thirty metres. Shall I bring tea as well?" });
    await alice.send();
    await bob.row("The plan for Saturday").waitFor();
    await bob.open("The plan for Saturday");
    await bob.page.getByText("2 messages").waitFor();
    await bob.page.locator(".reply-bar").getByRole("button", { name: "Reply", exact: true }).click();
    await bob.write({ text: "Thirty metres is plenty. Tea, always." });
    await bob.send();
    await alice.page.getByText("3 messages").waitFor();
});

after(async () => {
    await browser?.close();
    await server?.stop();
});

for (const [size, viewport] of [["desktop", DESKTOP], ["phone", PHONE]]) {
    for (const colorScheme of ["light", "dark"]) {
        test(`each view: ${size}, ${colorScheme}`, { skip: off }, async () => {
            const person = await Person.arrive(browser, server, "Alice Moreau", { viewport, colorScheme });
            const { page } = person;
            const look = async (name) => {
                await page.waitForTimeout(350);
                const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
                assert.ok(wide <= 0, `${name} is ${wide} pixels too wide`);
                if (keep) await page.screenshot({ path: `${folder}${name}-${size}-${colorScheme}.png` });
            };
            await page.goto(`${server.url}/`);
            await page.getByRole("button", { name: "Sign up" }).click();
            await look("sign-up");
            await (await person.logIn()).inbox();
            await person.row("The plan for Saturday").waitFor();
            await look("inbox");
            await person.open("The plan for Saturday");
            await person.frame().getByText("Tea, always.").waitFor();
            await look("conversation");
            await page.locator(".reply-bar").getByRole("button", { name: "Reply", exact: true }).click();
            await person.write({ text: "See you at eight, at the gate." });
            await person.composer.getByText(/^Saved/).waitFor();
            await look("compose");
            await person.composer.getByRole("button", { name: "Discard draft" }).click();
            await page.goto(`${server.url}/#/inbox`);
            await person.open("What to plant before the frost");
            await page.getByRole("button", { name: "Show pictures" }).waitFor();
            await look("newsletter");
            await page.goto(`${server.url}/#/sent`);
            await person.open("The plan for Saturday");
            const own = page.locator(".message-folded", { hasText: "Alice" });
            if (await own.count()) await own.first().click();
            await page.getByRole("list", { name: "Delivery" }).first().waitFor();
            await look("sent");
            await page.goto(`${server.url}/#/settings/look`);
            await page.getByRole("heading", { name: "Appearance" }).waitFor();
            await look("settings");
            assert.deepEqual(person.faults, []);
            await person.leave();
        });
    }
}
