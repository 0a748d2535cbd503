/* SPDX-License-Identifier: MIT */
/* What became of mail to other hosts: in the list of Sent, and in the message. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch, noBrowser, Person } from "./support/browser.mjs";
import { Server, skip, skipWithoutPrograms } from "./support/server.mjs";
import { host } from "./support/smtp.mjs";

const off = skip || noBrowser || skipWithoutPrograms;
const pictures = process.env.PICTURES;
let browser;
let server;
let alice;
let remote;
let isBusy = true;

function answer(line) {
    if (/gone@/.test(line)) return "550 5.1.1 Nobody here has that name";
    return /busy@/.test(line) && isBusy ? "451 4.7.1 Come back in a while" : "250 2.1.5 Fine";
}

async function picture(name) {
    if (!pictures) return;
    mkdirSync(pictures, { recursive: true });
    await alice.page.screenshot({ path: `${pictures}/sent-${name}.png` });
}

before(async () => {
    if (off) return;
    remote = await host(answer);
    server = await Server.start();
    await server.startSmtpd(`[queue]\nmta-sts = no\nretry-min = 2s\nretry-max = 2s\n[route all]\nkind = relay\nhost = [127.0.0.1]\nport = ${remote.address().port}\n`);
    browser = await launch();
    alice = await Person.arrive(browser, server, "Alice Moreau");
    await (await alice.signUp()).inbox();
});

after(async () => {
    await browser?.close();
    remote?.close();
    await server?.stop();
});

test("the list says what is still tried, and what failed", { skip: off }, async () => {
    await alice.go("Sent");
    for (const who of ["fine", "busy", "gone"]) {
        await alice.compose({ to: `${who}@remote.test`, subject: `To ${who}`, text: "Hello" });
        await alice.send();
    }
    await alice.row("To gone").getByText("Not delivered to gone@remote.test.").waitFor({ state: "attached" });
    await alice.row("To busy").getByText("Still trying to reach busy@remote.test.").waitFor({ state: "attached" });
    assert.equal(await alice.row("To fine").locator(".row-fault").count(), 0);
    await picture("list");
});

test("the message says why, when next, and to which host", { skip: off }, async () => {
    const state = alice.page.getByRole("list", { name: "Delivery" });
    await alice.open("To gone");
    /* The notice that came back is in the same conversation. */
    const folded = alice.page.locator(".message-folded", { hasText: "Alice Moreau" });
    await alice.page.locator(".message-folded, .deliveries").first().waitFor();
    if (await folded.count()) await folded.first().click();
    await state.getByText(/Not delivered: Nobody here has that name/).waitFor();
    await alice.open("To fine");
    await state.getByText(/Handed to .*127\.0\.0\.1.* not encrypted/).waitFor();
    await alice.open("To busy");
    await state.getByText(/Still trying: Come back in a while; next attempt/).waitFor();
    await picture("message");
});

test("it follows by itself when the host takes it", { skip: off }, async () => {
    isBusy = false;
    await alice.page.getByRole("list", { name: "Delivery" }).getByText(/Handed to/).waitFor();
    await alice.row("To busy").locator(".row-fault").waitFor({ state: "detached" });
    assert.deepEqual(alice.faults, []);
});
