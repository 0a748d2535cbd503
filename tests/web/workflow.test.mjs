/* SPDX-License-Identifier: MIT */
/* Two people in two browsers: everything one does with mail in a day. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, noBrowser, Person } from "./support/browser.mjs";
import { Server, skip } from "./support/server.mjs";

let browser;
let server;
let alice;
let bob;
const off = skip || noBrowser;

before(async () => {
    if (off) return;
    server = await Server.start();
    browser = await launch();
    alice = await Person.arrive(browser, server, "Alice Moreau");
    bob = await Person.arrive(browser, server, "Bob Lindqvist");
});

after(async () => {
    await browser?.close();
    await server?.stop();
});

const undo = (person, what) => person.page.locator(".note", { hasText: what }).getByRole("button", { name: "Undo" }).click();

test("two people sign up; the second to want an address is told", { skip: off }, async () => {
    await (await alice.signUp()).inbox();
    const second = await Person.arrive(browser, server, "Alice Twin");
    await second.signUp();
    await second.page.getByText("This address is taken. Try another one.").waitFor();
    assert.equal(await second.page.getByLabel("Your name").inputValue(), "Alice Twin");
    await second.leave();
    await (await bob.signUp()).inbox();
});

test("a message with an attachment shows at the other end without a reload", { skip: off }, async () => {
    await bob.page.evaluate(() => (window.stayed = true));
    await alice.compose({
        to: bob.address,
        subject: "The plan for Saturday",
        text: "Here is the plan. Can you bring the rope?",
        files: [{ name: "plan.txt", mimeType: "text/plain", buffer: Buffer.from("1. rope\n2. tea\n") }],
    });
    await alice.send();

    const row = bob.row("The plan for Saturday");
    await row.waitFor();
    assert.equal(await bob.page.evaluate(() => window.stayed), true);
    assert.match(await row.getAttribute("class"), /unread/);
    await row.locator(".row-clip").waitFor();
    await bob.page.getByRole("link", { name: /^Inbox 1/ }).waitFor();
});

test("bob reads it, saves the attachment, stars it", { skip: off }, async () => {
    await bob.open("The plan for Saturday");
    await bob.frame().getByText("Can you bring the rope?").waitFor();
    await bob.page.locator(".row-mail.unread").waitFor({ state: "detached" });

    const download = bob.page.waitForEvent("download");
    await bob.page.getByRole("button", { name: /plan\.txt/ }).click();
    const saved = await download;
    assert.equal(saved.suggestedFilename(), "plan.txt");
    const stream = await saved.createReadStream();
    let text = "";
    for await (const chunk of stream) text += chunk;
    assert.equal(text, "1. rope\n2. tea\n");

    await bob.row("The plan").getByRole("button", { name: /^Star/ }).click();
    await bob.row("The plan").locator(".row-star.on").waitFor();
    await bob.go("Important");
    await bob.row("The plan for Saturday").waitFor();
    await bob.go("Inbox");
});

test("he replies; alice has it in the same conversation, with its references", { skip: off }, async () => {
    await bob.open("The plan for Saturday");
    await bob.page.locator(".reply-bar").getByRole("button", { name: "Reply", exact: true }).click();
    await bob.write({ text: "The rope is in the car." });
    await bob.send();

    await alice.row("The plan for Saturday").waitFor();
    await alice.open("The plan for Saturday");
    await alice.page.getByText("2 messages").waitFor();
    await alice.frame().getByText("The rope is in the car.").waitFor();
    await alice.page.locator(".message-folded, .message", { hasText: "Alice Moreau" }).first().waitFor();

    const { body } = await alice.api([
        ["Email/query", {}],
        ["Email/get", { "#ids": { resultOf: "c0", name: "Email/query", path: "/ids" }, properties: ["messageId", "inReplyTo", "references", "threadId", "subject"] }],
    ]);
    const { list } = body.methodResponses[1][1];
    const first = list.find((email) => email.subject === "The plan for Saturday");
    const second = list.find((email) => email.subject === "Re: The plan for Saturday");
    assert.equal(first.threadId, second.threadId);
    assert.deepEqual(second.inReplyTo, first.messageId);
    assert.deepEqual(second.references, first.messageId);
});

test("alice sees in Sent that it was delivered", { skip: off }, async () => {
    await alice.go("Sent");
    await alice.row("The plan for Saturday").waitFor();
    await alice.open("The plan for Saturday");
    const folded = alice.page.locator(".message-folded", { hasText: "Alice Moreau" });
    if (await folded.count()) await folded.first().click();
    const state = alice.page.getByRole("list", { name: "Delivery" });
    await state.getByText("Delivered").waitFor();
    assert.match(await state.innerText(), /bob@example\.test/);
    await alice.go("Inbox");
});

test("bob deletes it, takes it back, deletes it again and restores it", { skip: off }, async () => {
    await bob.go("Inbox");
    await bob.open("The plan for Saturday");
    await bob.page.getByRole("toolbar", { name: "Conversation" }).getByRole("button", { name: "Delete" }).click();
    await bob.row("The plan for Saturday").waitFor({ state: "detached" });
    await undo(bob, "Moved to Trash");
    await bob.row("The plan for Saturday").waitFor();

    await bob.open("The plan for Saturday");
    await bob.page.keyboard.press("#");
    await bob.row("The plan for Saturday").waitFor({ state: "detached" });
    await bob.go("Trash");
    await bob.open("The plan for Saturday");
    await bob.page.getByRole("toolbar", { name: "Conversation" }).getByRole("button", { name: "Restore" }).click();
    await bob.row("The plan for Saturday").waitFor({ state: "detached" });
    await bob.go("Inbox");
    await bob.row("The plan for Saturday").waitFor();
});

test("forwarding keeps the attachment", { skip: off }, async () => {
    await bob.open("The plan for Saturday");
    const first = bob.page.locator(".message-folded").first();
    if (await first.count()) await first.click();
    await bob.page.locator(".message", { hasText: "plan.txt" }).getByRole("button", { name: "More for this message" }).click();
    await bob.page.getByRole("menuitem", { name: "Forward" }).click();
    await bob.composer.locator(".attachment-draft", { hasText: "plan.txt" }).waitFor();
    await bob.write({ to: alice.address, text: "Look at this again." });
    await bob.send();
    const row = alice.row("Fwd: The plan for Saturday");
    await row.waitFor();
    await row.locator(".row-open").click();
    await alice.page.getByRole("button", { name: /plan\.txt/ }).waitFor();
    await alice.frame().getByText("Look at this again.").waitFor();
    await alice.frame().getByText("Forwarded message").waitFor();
});

test("a draft is saved, survives a reload, and is taken up again", { skip: off }, async () => {
    await alice.compose({ to: "somebody@example.test", subject: "Half a letter", text: "I wanted to tell you" });
    await alice.composer.getByText(/^Saved/).waitFor();
    await alice.page.keyboard.type(" about the boat");
    await alice.page.reload();
    await alice.inbox();
    await alice.composer.getByText("I wanted to tell you about the boat").waitFor();
    await alice.composer.getByText(/^Saved/).waitFor();
    await alice.composer.getByRole("button", { name: "Save and close" }).click();
    await alice.composer.waitFor({ state: "detached" });

    await alice.go("Drafts");
    await alice.row("Half a letter").waitFor();
    assert.equal(await alice.page.locator(".row-mail").count(), 1);
    await alice.row("Half a letter").locator(".row-open").click();
    await alice.composer.getByText("about the boat").waitFor();
    await alice.composer.getByRole("button", { name: "Discard draft" }).click();
    await alice.row("Half a letter").waitFor({ state: "detached" });
    await alice.go("Inbox");
});

test("somebody who is not there: the draft stays, and says who and why", { skip: off }, async () => {
    await alice.compose({ to: "nobody-here@example.test", subject: "To nobody", text: "Hello?" });
    await alice.composer.getByRole("button", { name: "Send", exact: true }).click();
    const alert = alice.composer.getByRole("alert");
    await alert.waitFor();
    assert.match(await alert.innerText(), /nobody-here@example\.test/);
    assert.equal(await alice.composer.locator(".chip-bad").count(), 1);
    await alice.composer.getByText("Hello?").waitFor();

    await alice.composer.getByRole("button", { name: /^Remove nobody-here/ }).click();
    await alice.composer.getByRole("button", { name: "Discard draft" }).click();
    await alice.composer.waitFor({ state: "detached" });
});

test("several at once: select by shift and all, archive, undo", { skip: off }, async () => {
    for (const n of [1, 2, 3]) {
        await alice.compose({ to: bob.address, subject: `Number ${n}`, text: "x" });
        await alice.send();
        await bob.row(`Number ${n}`).waitFor();
    }
    await bob.row("Number 3").locator(".row-tick").click();
    await bob.row("Number 1").locator(".row-tick").click({ modifiers: ["Shift"] });
    await bob.page.getByText("3 selected").waitFor();
    await bob.page.getByRole("toolbar", { name: "Selected conversations" }).getByRole("button", { name: /^Archive/ }).click();
    await bob.row("Number 2").waitFor({ state: "detached" });
    await bob.go("Archive");
    await bob.row("Number 1").waitFor();
    assert.equal(await bob.page.locator(".row-mail").count(), 3);
    await undo(bob, "3 conversations archived");
    await bob.row("Number 1").waitFor({ state: "detached" });
    await bob.go("Inbox");
    await bob.row("Number 2").waitFor();
});

test("a folder is made, filled, and found by its name", { skip: off }, async () => {
    await bob.page.getByRole("button", { name: "New folder" }).click();
    await bob.page.getByRole("dialog").getByLabel("Name").fill("Mountains");
    await bob.page.getByRole("button", { name: "Create" }).click();
    await bob.page.getByRole("link", { name: "Mountains" }).waitFor();
    await bob.open("Number 1");
    await bob.page.getByRole("toolbar", { name: "Conversation" }).getByRole("button", { name: "Move to" }).click();
    await bob.page.getByRole("menuitem", { name: "Mountains" }).click();
    await bob.row("Number 1").waitFor({ state: "detached" });
    await bob.go("Mountains");
    await bob.row("Number 1").waitFor();
    await bob.go("Inbox");
});

test("the name is changed, an app password made, other sessions ended by a new password", { skip: off }, async () => {
    const other = await Person.arrive(browser, server, "Alice Moreau");
    await (await other.logIn()).inbox();

    await alice.page.goto(`${server.url}/#/settings/profile`);
    await alice.page.getByLabel("Name").fill("Alice M.");
    await alice.page.getByRole("button", { name: "Save" }).click();
    await alice.page.getByText("Saved").waitFor();

    await alice.page.getByRole("link", { name: "App passwords" }).click();
    await alice.page.getByLabel("Name").fill("Phone");
    await alice.page.getByRole("button", { name: "Create" }).click();
    assert.ok((await alice.page.locator(".fresh-password").innerText()).length >= 20);

    await alice.page.getByRole("link", { name: "Password", exact: true }).click();
    await alice.page.getByLabel("Current password").fill("not this");
    await alice.page.getByLabel("New password", { exact: true }).fill("another-Password-2");
    await alice.page.getByLabel("New password, once more").fill("another-Password-2");
    await alice.page.getByRole("button", { name: "Change password" }).click();
    await alice.page.getByText("This is not your password.").waitFor();
    await alice.page.getByLabel("Current password").fill(alice.password);
    await alice.page.getByRole("button", { name: "Change password" }).click();
    await alice.page.getByText("Password changed").waitFor();
    alice.password = "another-Password-2";

    await alice.page.getByRole("link", { name: "Sessions" }).click();
    await alice.page.getByText("this one").waitFor();
    assert.equal(await alice.page.getByRole("button", { name: "End", exact: true }).count(), 0);
    await other.page.getByRole("link", { name: /^Sent/ }).click();
    await other.page.getByRole("dialog", { name: "Log in again" }).waitFor();
    await other.leave();
    await alice.page.getByRole("button", { name: "Close settings" }).click();
    await alice.inbox();
});

test("log-out leaves nothing behind", { skip: off }, async () => {
    await alice.page.getByRole("button", { name: /Alice M\./ }).last().click();
    await alice.page.getByRole("menuitem", { name: "Log out" }).click();
    await alice.page.getByRole("heading", { name: "Welcome back" }).waitFor();
    const left = await alice.page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes("draft")));
    assert.deepEqual(left, []);
    await alice.page.goto(`${server.url}/#/inbox`);
    await alice.page.getByLabel("Password").waitFor();
});

test("nothing broke underneath", { skip: off }, () => {
    assert.deepEqual([...alice.faults, ...bob.faults], []);
});
