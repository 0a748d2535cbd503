/* SPDX-License-Identifier: MIT */
/* Mail that does not leave at once: taken back, sent later, and all that waits. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch, noBrowser, Person, PHONE } from "./support/browser.mjs";
import { eventually, Server, skip, skipWithoutPrograms } from "./support/server.mjs";

const off = skip || noBrowser;
const offHere = off || skipWithoutPrograms;
const pictures = process.env.PICTURES;
let browser;
let server;
let alice;
let bob;

async function picture(name) {
    if (!pictures) return;
    mkdirSync(pictures, { recursive: true });
    await alice.page.screenshot({ path: `${pictures}/later-${name}.png` });
    await alice.page.setViewportSize(PHONE);
    await alice.page.emulateMedia({ colorScheme: "dark" });
    await alice.page.waitForTimeout(300);
    await alice.page.screenshot({ path: `${pictures}/later-${name}-phone.png` });
    await alice.page.setViewportSize({ width: 1280, height: 800 });
    await alice.page.emulateMedia({ colorScheme: "light" });
}

const click = (name) => alice.page.getByRole("button", { name, exact: true }).click();

async function schedule() {
    await click("Send later");
    const dialog = alice.page.getByRole("dialog", { name: "Send later" });
    await dialog.getByRole("button", { name: "Tomorrow morning" }).waitFor();
    return dialog;
}

before(async () => {
    if (off) return;
    server = await Server.start();
    if (!offHere) await server.startSmtpd();
    browser = await launch();
    alice = await Person.arrive(browser, server, "Alice Moreau", { undo: 10 });
    await (await alice.signUp()).inbox();
    bob = await Person.arrive(browser, server, "Bob Okafor");
    await (await bob.signUp()).inbox();
});

after(async () => {
    await browser?.close();
    await server?.stop();
});

test("what was sent is undone, and stands in the composer as it was", { skip: off }, async () => {
    const files = [{ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("to keep") }];
    await alice.compose({ to: bob.address, subject: "Too soon", text: "Not finished", files });
    await alice.send();
    await picture("undo");
    await click("Undo");
    const box = alice.composer;
    assert.equal(await box.getByLabel("Subject").inputValue(), "Too soon");
    await box.getByText("Not finished").waitFor();
    await box.getByText(bob.address).waitFor();
    await box.locator(".attachment-draft", { hasText: "notes.txt" }).waitFor();
    const { body } = await alice.api([["EmailSubmission/get", { ids: null }]]);
    assert.deepEqual(body.methodResponses[0][1].list.map((each) => each.undoStatus), ["canceled"]);
    await box.getByLabel("Subject").fill("Now it is");
});

test("left alone, it arrives when the time is over", { skip: offHere }, async () => {
    await alice.page.evaluate(() => (location.hash = "#/settings/sending"));
    await alice.page.getByText("5 seconds").click();
    await click("Close settings");
    await alice.send();
    assert.equal(await bob.row("Now it is").count(), 0);
    await bob.row("Now it is").waitFor();
    assert.equal(await bob.row("Too soon").count(), 0);
    await alice.page.getByRole("button", { name: "Undo", exact: true }).waitFor({ state: "detached" });
});

test("sent later: it waits in Scheduled and can be edited", { skip: off }, async () => {
    await alice.compose({ to: bob.address, subject: "For tomorrow", text: "Good morning" });
    const dialog = await schedule();
    await dialog.getByLabel("Day and time").fill("2001-01-01T08:00");
    await dialog.getByRole("button", { name: "Schedule" }).click();
    await dialog.getByRole("alert").filter({ hasText: "has passed" }).waitFor();
    await picture("dialog");
    await dialog.getByRole("button", { name: "Tomorrow morning" }).click();
    await alice.page.getByText(/^Leaves /).waitFor();
    await alice.go("Scheduled");
    const line = alice.page.getByRole("listitem").filter({ hasText: "For tomorrow" });
    await line.getByText(/08:00/).waitFor();
    await picture("scheduled");
    await line.getByRole("button", { name: "Edit: For tomorrow" }).click();
    await alice.composer.getByText("Good morning").waitFor();
    assert.equal(await alice.composer.getByLabel("Subject").inputValue(), "For tomorrow");
    await line.waitFor({ state: "detached" });
});

test("it is cancelled into Drafts, or sent now", { skip: offHere }, async () => {
    await (await schedule()).getByRole("button", { name: "Tomorrow morning" }).click();
    await alice.compose({ to: bob.address, subject: "Second thoughts", text: "Hm" });
    await (await schedule()).getByRole("button", { name: "Schedule" }).click();
    await click("Cancel sending: Second thoughts");
    await alice.page.getByText("Moved back to Drafts").waitFor();
    await click("Send now: For tomorrow");
    await bob.row("For tomorrow").waitFor();
    await alice.page.getByText("Nothing waits").waitFor();
    await alice.go("Drafts");
    await alice.row("Second thoughts").waitFor();
    const { body } = await alice.api([["EmailSubmission/query", { filter: { undoStatus: "pending" } }]]);
    assert.deepEqual(body.methodResponses[0][1].ids, []);
    assert.equal(await eventually(() => bob.row("For tomorrow").count()), 1);
    assert.deepEqual(alice.faults, []);
});
