/* SPDX-License-Identifier: MIT */
/* The smaller things of the page that a day does not always need. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, noBrowser, Person } from "./support/browser.mjs";
import { eventually, Server, skip } from "./support/server.mjs";
import { letter } from "./support/smtp.mjs";

const off = skip || noBrowser;
let browser;
let server;
let alice;
const many = 95;

before(async () => {
    if (off) return;
    server = await Server.start();
    browser = await launch();
    alice = await Person.arrive(browser, server, "Alice Moreau");
    await (await alice.signUp()).inbox();
    const { body } = await alice.api([["Mailbox/get", { ids: null }]]);
    const inbox = body.methodResponses[0][1].list.find((box) => box.role === "inbox").id;
    const create = {};
    for (let n = 0; n < many; n++) {
        const at = new Date(Date.now() - (n + 1) * 3_600_000).toISOString().replace(/\.\d+Z$/, "Z");
        create[`m${n}`] = {
            mailboxIds: { [inbox]: true },
            keywords: { $seen: true },
            receivedAt: at,
            from: [{ name: `Writer ${n}`, email: `writer${n}@example.test` }],
            to: [{ name: null, email: alice.address }],
            subject: `Page ${String(n).padStart(3, "0")}${n === 40 ? " heron" : ""}`,
            textBody: [{ partId: "t", type: "text/plain" }],
            bodyValues: { t: { value: n === 3 ? "Write to mailto:editor@example.test?subject=Hello%20there or see https://example.org/a_(b). Bye." : `This is number ${n}.` } },
        };
    }
    const set = await alice.api([["Email/set", { create }]]);
    assert.equal(Object.keys(set.body.methodResponses[0][1].created ?? {}).length, many, JSON.stringify(set.body).slice(0, 500));
    await alice.row("Page 000").waitFor();
});

after(async () => {
    await browser?.close();
    await server?.stop();
});

test("the list goes on as one scrolls, to its end", { skip: off }, async () => {
    const rows = alice.page.locator(".row-mail");
    for (let i = 0; i < 40 && (await rows.count()) < many; i++) {
        await alice.page.locator(".list-scroll").evaluate((e) => e.scrollTo(0, e.scrollHeight));
        await alice.page.waitForTimeout(100);
    }
    assert.equal(await rows.count(), many);
    const subjects = await alice.page.locator(".row-subject").allTextContents();
    assert.equal(new Set(subjects).size, many);
    await alice.page.locator(".list-scroll").evaluate((e) => e.scrollTo(0, 0));
});

test("search finds it, and says when there is nothing", { skip: off }, async () => {
    const box = alice.page.getByRole("searchbox", { name: "Search mail" });
    const search = async () => (await alice.api([["Email/query", { filter: { text: "heron" } }]])).body.methodResponses[0][1].ids?.length;
    await eventually(search, "the message in a search");
    await box.fill("heron");
    await box.press("Enter");
    await alice.row("Page 040 heron").waitFor();
    assert.equal(await alice.page.locator(".row-mail").count(), 1);
    await box.fill("no such word anywhere");
    await box.press("Enter");
    await alice.page.getByText("Nothing found").waitFor();
    await box.press("Escape");
    await alice.inbox();
});

test("links in plain text, and a mailto that opens the composer", { skip: off }, async () => {
    await alice.open("Page 003");
    const link = alice.page.locator(".plain-text a", { hasText: "example.org" });
    assert.equal(await link.getAttribute("href"), "https://example.org/a_(b)");
    assert.equal(await link.getAttribute("rel"), "noopener noreferrer nofollow");
    await alice.page.locator(".plain-text a", { hasText: "editor@" }).click();
    assert.equal(await alice.composer.getByLabel("Subject").inputValue(), "Hello there");
    await alice.composer.locator(".chip", { hasText: "editor@example.test" }).waitFor();
    await alice.composer.getByRole("button", { name: "Discard draft" }).click();
    await alice.composer.waitFor({ state: "detached" });
});

test("formatting, undo and plain text in the editor", { skip: off }, async () => {
    const { page } = alice;
    await alice.compose({ to: alice.address, subject: "Formatted" });
    const text = alice.composer.getByRole("textbox", { name: "Message" });
    await text.click();
    await alice.composer.getByRole("button", { name: "Bold" }).click();
    await page.keyboard.type("strong");
    await alice.composer.getByRole("button", { name: "Bold" }).click();
    await page.keyboard.type(" and ");
    await page.keyboard.press("Enter");
    await alice.composer.getByRole("button", { name: "Bulleted list" }).click();
    await page.keyboard.type("one");
    await page.keyboard.press("Enter");
    await page.keyboard.type("two");
    assert.equal(await text.locator("b").innerText(), "strong");
    assert.equal(await text.locator("li").count(), 2);
    await page.keyboard.press("Control+z");
    assert.doesNotMatch(await text.innerText(), /two/);
    await page.keyboard.press("Control+y");
    assert.match(await text.innerText(), /two/);
    await page.keyboard.press("Control+End");
    await alice.composer.getByRole("button", { name: "Link" }).click();
    await page.getByRole("dialog", { name: "Link" }).getByLabel("Address").fill("javascript:alert(1)");
    await page.getByRole("button", { name: "Insert link" }).click();
    await page.getByText("Enter a web or mail address.").waitFor();
    await page.getByRole("dialog", { name: "Link" }).getByLabel("Address").fill("example.org/here");
    await page.getByRole("button", { name: "Insert link" }).click();
    assert.match(await text.locator("a").getAttribute("href"), /^https:\/\/example\.org\/here/);
    await alice.send();
    await alice.row("Formatted").waitFor();
    await alice.open("Formatted");
    assert.equal(await alice.frame().locator("b").innerText(), "strong");

    const { body } = await alice.api([
        ["Email/query", { sort: [{ property: "receivedAt", isAscending: false }], limit: 1 }],
        ["Email/get", { "#ids": { resultOf: "c0", name: "Email/query", path: "/ids" }, properties: ["textBody", "htmlBody", "bodyValues"], fetchTextBodyValues: true }],
    ]);
    const email = body.methodResponses[1][1].list[0];
    assert.equal(email.textBody[0].type, "text/plain");
    assert.equal(email.htmlBody[0].type, "text/html");
    assert.match(email.bodyValues[email.textBody[0].partId].value.replace(/\r/g, ""), /strong and\s+- one\n- two/);
});

test("a signature stands below a new letter, an answer and a mailto letter", { skip: off }, async () => {
    const { page } = alice;
    await page.goto(`${server.url}/#/settings/profile`);
    await page.getByLabel("Signature").fill("Alice Moreau\nThe boathouse");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Close settings" }).click();
    const text = alice.composer.getByRole("textbox", { name: "Message" });
    const drop = async () => {
        await alice.composer.getByRole("button", { name: "Discard draft" }).click();
        await alice.composer.waitFor({ state: "detached" });
    };

    await alice.compose({ to: alice.address, subject: "Signed" });
    await alice.composer.getByLabel("Subject").press("Tab");
    await page.keyboard.type("Come over.");
    assert.match(await text.innerText(), /^Come over\.\s+--\s+Alice Moreau\s+The boathouse\s*$/);
    await alice.send();
    await alice.row("Signed").waitFor();
    await alice.open("Signed");
    await alice.frame().getByText("The boathouse").waitFor();
    await page.locator(".reply-bar").getByRole("button", { name: "Reply", exact: true }).click();
    assert.match(await text.innerText(), /The boathouse/);
    await drop();
    await alice.open("Page 003");
    await page.locator(".plain-text a", { hasText: "editor@" }).click();
    assert.match(await text.innerText(), /The boathouse/);
    await drop();

    await page.goto(`${server.url}/#/settings/profile`);
    await page.getByLabel("Signature").fill("");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved", { exact: true }).first().waitFor();
    await page.getByRole("button", { name: "Close settings" }).click();
    await alice.inbox();
});

test("reply all: everybody but oneself, once; the references go on", { skip: off }, async () => {
    const first = letter({
        From: "Dora <dora@example.test>", To: `Alice <${alice.address}>, Emil <emil@example.test>`, Cc: "Fay <fay@example.test>, dora@example.test",
        Subject: "Round table", "Message-ID": "<three@example.test>", References: "<one@example.test> <two@example.test>", "In-Reply-To": "<two@example.test>",
    }, "Who comes?");
    await alice.bringIn(first, new Date(), {});
    await alice.row("Round table").waitFor();
    await alice.open("Round table");
    await alice.page.locator(".reply-bar").getByRole("button", { name: "Reply all" }).click();
    const chips = async (label) => (await alice.composer.getByRole("group", { name: label, exact: true }).locator(".chip-name").allTextContents()).sort();
    assert.deepEqual(await chips("To"), ["Dora"]);
    assert.deepEqual(await chips("Cc"), ["Emil", "Fay"]);
    await alice.write({ text: "All of us." });
    await alice.composer.getByText(/^Saved/).waitFor();
    const { body } = await alice.api([
        ["Email/query", { filter: { hasKeyword: "$draft" } }],
        ["Email/get", { "#ids": { resultOf: "c0", name: "Email/query", path: "/ids" }, properties: ["inReplyTo", "references", "subject", "bodyValues", "textBody"], fetchTextBodyValues: true }],
    ]);
    const [draft] = body.methodResponses[1][1].list;
    assert.equal(draft.subject, "Re: Round table");
    assert.deepEqual(draft.inReplyTo, ["three@example.test"]);
    assert.deepEqual(draft.references, ["one@example.test", "two@example.test", "three@example.test"]);
    assert.match(draft.bodyValues[draft.textBody[0].partId].value, /Dora wrote:\r?\n> Who comes\?/);
    await alice.composer.getByRole("button", { name: "Discard draft" }).click();
    await alice.composer.waitFor({ state: "detached" });
});

test("a letter as plain text alone", { skip: off }, async () => {
    await alice.compose({ to: alice.address, subject: "No form" });
    await alice.composer.locator("footer").getByRole("button", { name: "More" }).click();
    await alice.page.getByRole("menuitem", { name: "Plain text" }).click();
    await alice.composer.getByRole("textbox", { name: "Message" }).fill("just\nlines\n\n> and a quote\n");
    await alice.send();
    await alice.row("No form").waitFor();
    await alice.open("No form");
    await alice.page.locator(".plain-text").getByText("just").waitFor();
    assert.equal(await alice.page.locator(".message .mail-frame").count(), 0);
});

test("an upload is cancelled, a file dropped, a picture pasted", { skip: off }, async () => {
    await alice.compose({ subject: "Files" });
    let go;
    const held = new Promise((resolve) => (go = resolve));
    await alice.page.route("**/jmap/upload/**", async (route) => {
        await held;
        await route.continue().catch(() => undefined);
    });
    await alice.composer.locator("input[type=file]").setInputFiles([{ name: "slow.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(1000) }]);
    await alice.composer.getByRole("button", { name: "Cancel slow.bin" }).click();
    await alice.composer.locator(".attachment-draft").waitFor({ state: "detached" });
    go();
    await alice.page.unroute("**/jmap/upload/**");

    await alice.page.evaluate(() => {
        const data = new DataTransfer();
        data.items.add(new File(["dropped"], "dropped.txt", { type: "text/plain" }));
        document.querySelector(".editor-text").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    });
    await alice.composer.getByRole("button", { name: "Remove dropped.txt" }).waitFor();
    await alice.page.evaluate(() => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array([0x89, 0x50, 0x4e, 0x47])], "shot.png", { type: "image/png" }));
        document.querySelector(".editor-text").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    });
    await alice.composer.getByRole("button", { name: "Remove shot.png" }).waitFor();
    await alice.composer.getByRole("button", { name: "Discard draft" }).click();
    await alice.composer.waitFor({ state: "detached" });
});

test("a picture in the text is seen, and goes on when it is forwarded", { skip: off }, async () => {
    const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC", "base64");
    await alice.page.evaluate(async (base64) => {
        const who = await (await fetch("/auth/session")).json();
        const session = await (await fetch("/.well-known/jmap")).json();
        const accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"];
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const headers = { "X-CSRF-Token": who.csrf, "Content-Type": "image/png" };
        window.blob = await (await fetch(`/jmap/upload/${accountId}/`, { method: "POST", headers, body: bytes })).json();
    }, png.toString("base64"));
    const blobId = await alice.page.evaluate(() => window.blob.blobId);
    const boxes = await alice.api([["Mailbox/get", { ids: null }]]);
    const inbox = boxes.body.methodResponses[0][1].list.find((box) => box.role === "inbox").id;
    const made = await alice.api([["Email/set", { create: { p: {
        mailboxIds: { [inbox]: true },
        from: [{ name: "Painter", email: "painter@example.test" }],
        to: [{ name: null, email: alice.address }],
        subject: "With a picture",
        htmlBody: [{ partId: "h", type: "text/html" }],
        bodyValues: { h: { value: "<p>Look:</p><img src=\"cid:green@here\" alt=green><p>Nice?</p>" } },
        attachments: [{ blobId, type: "image/png", name: "green.png", cid: "green@here", disposition: "inline" }],
    } } }]]);
    assert.ok(made.body.methodResponses[0][1].created?.p, JSON.stringify(made.body));
    await alice.row("With a picture").waitFor();
    await alice.open("With a picture");
    const picture = alice.frame().locator("img");
    await picture.waitFor();
    assert.match(await picture.getAttribute("src"), /^data:image\/png;base64,/);
    assert.equal(await alice.page.locator(".message button.attachment").count(), 0);

    await alice.page.locator(".reply-bar").getByRole("button", { name: "Forward" }).click();
    await alice.write({ to: alice.address });
    await alice.send();
    await alice.row("Fwd: With a picture").waitFor();
    await alice.open("Fwd: With a picture");
    const again = alice.frame().locator("img");
    await again.waitFor();
    assert.match(await again.getAttribute("src"), /^data:image\/png;base64,/);
});

test("a folder: renamed, kept while it is full, deleted when it is empty", { skip: off }, async () => {
    const { page } = alice;
    await page.getByRole("button", { name: "New folder" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("Attic");
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByRole("link", { name: "Attic" }).hover();
    await page.getByRole("button", { name: "Options of Attic" }).click();
    await page.getByRole("menuitem", { name: "Rename" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("Cellar");
    await page.getByRole("button", { name: "Rename", exact: true }).click();
    await page.getByRole("link", { name: "Cellar" }).waitFor();

    await alice.go("Inbox");
    await alice.row("Page 005").locator(".row-tick").click();
    await page.getByRole("toolbar", { name: "Selected conversations" }).getByRole("button", { name: "Move to" }).click();
    await page.getByRole("menuitem", { name: "Cellar" }).click();
    await alice.row("Page 005").waitFor({ state: "detached" });

    const remove = async () => {
        await page.getByRole("link", { name: "Cellar" }).hover();
        await page.getByRole("button", { name: "Options of Cellar" }).click();
        await page.getByRole("menuitem", { name: "Delete" }).click();
        await page.getByRole("button", { name: "Delete folder" }).click();
    };
    await remove();
    await page.getByText("The folder is not empty.").waitFor();
    await alice.go("Cellar");
    await alice.row("Page 005").locator(".row-tick").click();
    await page.getByRole("toolbar", { name: "Selected conversations" }).getByRole("button", { name: "Delete" }).click();
    await alice.row("Page 005").waitFor({ state: "detached" });
    await remove();
    await page.getByRole("link", { name: "Cellar" }).waitFor({ state: "detached" });
    await alice.inbox();
});

test("for good: one after a question, then all of the trash", { skip: off }, async () => {
    const { page } = alice;
    await alice.go("Inbox");
    for (const n of ["006", "007"]) {
        await alice.row(`Page ${n}`).locator(".row-tick").click();
    }
    await page.getByRole("toolbar", { name: "Selected conversations" }).getByRole("button", { name: "Delete" }).click();
    await alice.row("Page 007").waitFor({ state: "detached" });
    await alice.go("Trash");
    await alice.open("Page 006");
    await page.getByRole("toolbar", { name: "Conversation" }).getByRole("button", { name: "Delete for good" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    await alice.row("Page 006").waitFor();
    await page.getByRole("toolbar", { name: "Conversation" }).getByRole("button", { name: "Delete for good" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete for good" }).click();
    await alice.row("Page 006").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "List options" }).click();
    await page.getByRole("menuitem", { name: "Empty trash" }).click();
    await page.getByRole("button", { name: "Delete all" }).click();
    await page.getByText("The trash is empty").waitFor();
    await alice.go("Inbox");
});

test("unread again, junk and back", { skip: off }, async () => {
    const { page } = alice;
    await alice.open("Page 010");
    await page.getByRole("toolbar", { name: "Conversation" }).getByRole("button", { name: "Unread" }).click();
    await page.locator(".row-mail.unread", { hasText: "Page 010" }).waitFor();
    await page.getByText("Nothing opened").waitFor();
    await alice.open("Page 010");
    await page.locator(".row-mail.unread", { hasText: "Page 010" }).waitFor({ state: "detached" });
    await page.getByRole("toolbar", { name: "Conversation" }).getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Report as junk" }).click();
    await alice.row("Page 010").waitFor({ state: "detached" });
    await alice.go("Junk");
    await alice.open("Page 010");
    await page.getByRole("toolbar", { name: "Conversation" }).getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Not junk" }).click();
    await alice.row("Page 010").waitFor({ state: "detached" });
    await alice.go("Inbox");
    await alice.row("Page 010").waitFor();
});

test("a second tab hears the news of the first", { skip: off }, async () => {
    const second = await alice.context.newPage();
    await second.goto(`${server.url}/`);
    await second.locator(".row-mail").first().waitFor();
    await alice.row("Page 011").locator(".row-star").click();
    await second.locator(".row-mail", { hasText: "Page 011" }).locator(".row-star.on").waitFor();
    await second.close();
});

test("colours by the system, or by choice", { skip: off }, async () => {
    const becomes = (name) => alice.page.waitForFunction((want) => document.documentElement.dataset.bsTheme === want, name);
    await alice.page.emulateMedia({ colorScheme: "dark" });
    await becomes("dark");
    await alice.page.emulateMedia({ colorScheme: "light" });
    await becomes("light");
    await alice.page.goto(`${server.url}/#/settings/look`);
    await alice.page.getByText("Dark", { exact: true }).click();
    await becomes("dark");
    await alice.page.reload();
    await becomes("dark");
    await alice.page.getByText("As the system").click();
    await becomes("light");
});

test("nothing broke underneath", { skip: off }, () => assert.deepEqual(alice.faults, []));
