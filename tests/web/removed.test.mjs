/* SPDX-License-Identifier: MIT */
/* Recently deleted: what was deleted for good comes back from there. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch, noBrowser, Person, PHONE } from "./support/browser.mjs";
import { Server, skip, WEB_URL } from "./support/server.mjs";
import { letter } from "./support/smtp.mjs";

const off = skip || noBrowser || (WEB_URL ? "needs a store that keeps what was removed" : false);
const pictures = process.env.PICTURES;
let browser;
let server;
let alice;

async function picture(name) {
    if (!pictures) return;
    mkdirSync(pictures, { recursive: true });
    await alice.page.screenshot({ path: `${pictures}/removed-${name}.png` });
    await alice.page.setViewportSize(PHONE);
    await alice.page.emulateMedia({ colorScheme: "dark" });
    await alice.page.waitForTimeout(300);
    await alice.page.screenshot({ path: `${pictures}/removed-${name}-phone.png` });
    await alice.page.setViewportSize({ width: 1280, height: 800 });
    await alice.page.emulateMedia({ colorScheme: "light" });
}

before(async () => {
    if (off) return;
    server = await Server.start();
    browser = await launch();
    alice = await Person.arrive(browser, server, "Alice Moreau");
    await (await alice.signUp()).inbox();
});

after(async () => {
    await browser?.close();
    await server?.stop();
});

test("nothing was deleted yet", { skip: off }, async () => {
    await alice.go("Recently deleted");
    await alice.page.getByText("Nothing to restore").waitFor();
});

test("out of the trash for good, and back again", { skip: off }, async () => {
    await alice.bringIn(letter({ From: "Zoë <zoe@remote.test>", To: alice.address, Subject: "The only copy" }, "Keep this."), new Date(), {});
    await alice.bringIn(letter({ From: "Yan <yan@remote.test>", To: alice.address, Subject: "Chaff" }, "No."), new Date(), {});
    await alice.go("Inbox");
    const { body } = await alice.api([["Email/query", {}]]);
    await alice.api([["Email/set", { destroy: body.methodResponses[0][1].ids }]]);
    await alice.row("The only copy").waitFor({ state: "detached" });

    await alice.go("Recently deleted");
    const line = alice.page.getByRole("listitem").filter({ hasText: "The only copy" });
    await line.getByText("can be restored until").waitFor();
    assert.match(await line.innerText(), /zoe@remote\.test/);
    await picture("list");
    await line.getByRole("button", { name: "Restore: The only copy" }).press("Enter");
    await alice.page.getByText("Restored to where it was").waitFor();
    await line.waitFor({ state: "detached" });
    assert.equal(await alice.page.getByRole("listitem").filter({ hasText: "Chaff" }).count(), 1);
    /* The keyboard is not lost with the line. */
    assert.equal(await alice.page.evaluate(() => document.activeElement?.tagName), "H1");
});

test("it is where it was, and can be read", { skip: off }, async () => {
    await alice.go("Inbox");
    await alice.open("The only copy");
    await alice.page.getByText("Keep this.").last().waitFor();
    assert.deepEqual(alice.faults, []);
});
