/* SPDX-License-Identifier: MIT */
/* What goes wrong is said clearly, and nothing typed is lost. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, noBrowser, Person } from "./support/browser.mjs";
import { Server, skip, skipWithoutPrograms } from "./support/server.mjs";

const off = skip || noBrowser;
const offHere = skipWithoutPrograms || noBrowser;
let browser;
let server;
let alice;
let bob;

before(async () => {
    if (off) return;
    server = await Server.start();
    browser = await launch();
    alice = await Person.arrive(browser, server, "Alice Moreau");
    bob = await Person.arrive(browser, server, "Bob Lindqvist");
    await (await alice.signUp()).inbox();
    await (await bob.signUp()).inbox();
});

after(async () => {
    await browser?.close();
    await server?.stop();
});

const discard = async () => {
    await alice.composer.getByRole("button", { name: "Discard draft" }).click();
    await alice.composer.waitFor({ state: "detached" });
};

test("a wrong password is said in words", { skip: off }, async () => {
    const guest = await Person.arrive(browser, server, "Alice Moreau");
    guest.password = "wrong";
    await guest.logIn();
    await guest.page.getByText("The address or the password is wrong.").waitFor();
    assert.equal(await guest.page.getByLabel("Address").inputValue(), alice.address);
    await guest.leave();
});

test("a session that vanished: log in over the page, and what was asked is done", { skip: off }, async () => {
    await alice.compose({ to: bob.address, subject: "Interrupted", text: "The first half" });
    await alice.composer.getByText(/^Saved/).waitFor();
    await alice.context.clearCookies();
    await alice.page.keyboard.type(" and the second.");
    await alice.composer.getByRole("button", { name: "Send", exact: true }).click();
    const dialog = alice.page.getByRole("dialog", { name: "Log in again" });
    await dialog.waitFor();
    await dialog.getByLabel("Password").fill(alice.password);
    await dialog.getByRole("button", { name: "Log in" }).click();
    await alice.page.getByText("Message sent").waitFor();
    await bob.row("Interrupted").waitFor();
    await bob.open("Interrupted");
    await bob.frame().getByText("The first half and the second.").waitFor();
});

test("offline: a banner, the letter kept, sent when it is over", { skip: off }, async () => {
    await alice.compose({ to: bob.address, subject: "From the tunnel" });
    await alice.context.setOffline(true);
    await alice.write({ text: "No signal here." });
    await alice.page.getByText("You are offline. What you write is kept on this device.").waitFor();
    await alice.composer.getByRole("button", { name: "Send", exact: true }).click();
    await alice.composer.getByRole("alert").filter({ hasText: "offline" }).waitFor();
    await alice.composer.getByText("No signal here.").waitFor();
    await alice.context.setOffline(false);
    await alice.page.locator(".banner").waitFor({ state: "detached" });
    await alice.send();
    await bob.row("From the tunnel").waitFor();
});

test("an upload that breaks says so and goes on when told to", { skip: off }, async () => {
    await alice.compose({ to: bob.address, subject: "A picture", text: "See." });
    await alice.page.route("**/jmap/upload/**", (route) => route.abort());
    await alice.composer.locator("input[type=file]").setInputFiles([{ name: "big.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(300000, 7) }]);
    const chip = alice.composer.locator(".attachment-draft", { hasText: "big.bin" });
    await chip.getByText("The connection broke.").waitFor();
    await alice.composer.getByRole("button", { name: "Send", exact: true }).click();
    await alice.composer.getByRole("alert").filter({ hasText: "attachment" }).waitFor();
    await alice.page.unroute("**/jmap/upload/**");
    await chip.getByRole("button", { name: /^Try again/ }).click();
    await chip.getByRole("button", { name: /^Remove/ }).waitFor();
    await alice.send();
    await bob.row("A picture").waitFor();
});

test("a file larger than the server takes is refused before it is sent", { skip: off }, async () => {
    await alice.compose({ subject: "Too much" });
    await alice.page.evaluate(() => {
        const data = new DataTransfer();
        data.items.add(new File([new Blob([new Uint8Array(51 << 20)])], "film.mkv"));
        const input = document.querySelector(".composer input[type=file]");
        input.files = data.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
    });
    await alice.composer.getByText("Larger than the server accepts (50 MB).").waitFor();
    await alice.composer.getByRole("button", { name: "Remove film.mkv" }).click();
    await discard();
});

test("a server that is started anew under the page: it comes back by itself", { skip: offHere }, async () => {
    await alice.compose({ to: bob.address, subject: "Written while it was down" });
    await bob.page.evaluate(() => (window.stayed = true));
    await server.stopWebmail();
    await alice.write({ text: "Still here." });
    await alice.page.getByText("The server does not answer. Trying again…").waitFor();
    await alice.composer.getByRole("button", { name: "Send", exact: true }).click();
    await alice.composer.getByRole("alert").waitFor();
    await alice.composer.getByText("Still here.").waitFor();
    await server.startWebmail(`127.0.0.1:${server.port}`);
    await alice.page.locator(".banner").waitFor({ state: "detached", timeout: 60000 });
    await alice.send();
    await bob.row("Written while it was down").waitFor({ timeout: 60000 });
    assert.equal(await bob.page.evaluate(() => window.stayed), true);
});

test("a session that vanishes under an upload: log in, and it goes on", { skip: off }, async () => {
    await alice.compose({ to: bob.address, subject: "Sent twice over", text: "With a file." });
    await alice.composer.getByText(/^Saved/).waitFor();
    await alice.context.clearCookies();
    await alice.composer.locator("input[type=file]").setInputFiles([{ name: "late.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(5000, 1) }]);
    const dialog = alice.page.getByRole("dialog", { name: "Log in again" });
    await dialog.getByLabel("Password").fill(alice.password);
    await dialog.getByRole("button", { name: "Log in" }).click();
    await alice.composer.getByRole("button", { name: "Remove late.bin" }).waitFor();
    await alice.send();
    await bob.open("Sent twice over");
    await bob.page.getByRole("button", { name: /late\.bin/ }).waitFor();
});

test("a server that goes away under an upload and a download: said, and done later", { skip: offHere }, async () => {
    await alice.compose({ to: bob.address, subject: "Through the storm", text: "Hold on." });
    await bob.open("A picture");
    await bob.page.getByRole("button", { name: /big\.bin/ }).waitFor();
    let held;
    const reached = new Promise((resolve) => (held = resolve));
    await alice.page.route("**/jmap/upload/**", async (route) => {
        held();
        await server.stopWebmail();
        await route.continue().catch(() => undefined);
    });
    await alice.composer.locator("input[type=file]").setInputFiles([{ name: "storm.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(200000, 3) }]);
    await reached;
    const chip = alice.composer.locator(".attachment-draft", { hasText: "storm.bin" });
    await chip.getByText("The connection broke.").waitFor();
    await bob.page.getByRole("button", { name: /big\.bin/ }).click();
    await bob.page.getByText("could not be downloaded").waitFor();
    await alice.page.unroute("**/jmap/upload/**");
    await server.startWebmail(`127.0.0.1:${server.port}`);
    await alice.page.locator(".banner").waitFor({ state: "detached", timeout: 60000 });
    await chip.getByRole("button", { name: /^Try again/ }).click();
    await chip.getByRole("button", { name: /^Remove/ }).waitFor();
    await alice.send();
    await bob.row("Through the storm").waitFor({ timeout: 60000 });
    const download = bob.page.waitForEvent("download");
    await bob.page.getByRole("button", { name: /big\.bin/ }).click();
    assert.equal((await download).suggestedFilename(), "big.bin");
});

test("progress of an upload shows", { skip: off }, async () => {
    await alice.compose({ subject: "Slowly" });
    const network = await alice.context.newCDPSession(alice.page);
    await network.send("Network.enable");
    await network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 400_000 });
    await alice.composer.locator("input[type=file]").setInputFiles([{ name: "slow.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(1_000_000, 5) }]);
    const bar = alice.composer.getByRole("progressbar", { name: "Sending slow.bin" });
    const seen = new Set();
    while (await bar.isVisible()) {
        seen.add(await bar.evaluate((e) => e.value).catch(() => 0));
        await alice.page.waitForTimeout(50);
    }
    assert.ok(seen.size >= 3, [...seen].join(" "));
    await network.detach();
    await alice.composer.getByRole("button", { name: "Remove slow.bin" }).waitFor();
    await discard();
});

test("a message that is larger than the server takes: said, and kept", { skip: offHere }, async () => {
    const small = await Server.start("[limits]\nmessage-size = 64K");
    try {
        const person = await Person.arrive(browser, small, "Small Box");
        await (await person.signUp()).inbox();
        const file = (name) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.alloc(40_000, 9) });
        await person.compose({ to: person.address, subject: "Too heavy", text: "Two at once.", files: [file("one.bin"), file("two.bin")] });
        await person.composer.getByRole("button", { name: "Send", exact: true }).click();
        await person.composer.getByRole("alert").filter({ hasText: "larger than the server accepts" }).waitFor();
        await person.composer.getByText("Two at once.").waitFor();
        await person.composer.getByRole("button", { name: "Remove two.bin" }).click();
        await person.send();
        await person.row("Too heavy").waitFor();
        assert.deepEqual(person.faults, []);
        await person.leave();
    } finally {
        await small.stop();
    }
});

test("a full mailbox: said to the sender, the letter kept", { skip: offHere }, async () => {
    const name = "Full Cup";
    const full = await Person.arrive(browser, server, name);
    server.ctl("account", "add", full.address, "--quota", "4K", "--password-stdin", { input: `${full.password}\n` });
    await (await full.logIn()).inbox();
    await full.compose({ to: full.address, subject: "Overflowing", text: "word ".repeat(1500) });
    /* One message may go over the brim; the next is refused. */
    await full.composer.getByText(/^Saved/).waitFor();
    await full.page.keyboard.type("and more");
    await full.composer.locator(".save-state").getByText(/mailbox is full/).waitFor();
    await full.composer.getByRole("button", { name: "Send", exact: true }).click();
    await full.composer.getByRole("alert").filter({ hasText: "mailbox is full" }).waitFor();
    await full.composer.getByText("word word").first().waitFor();
    await full.leave();
});

test("nothing broke underneath", { skip: off }, () => {
    assert.deepEqual([...alice.faults, ...bob.faults], []);
});
