/* SPDX-License-Identifier: MIT */
/* Is the page there for everybody? axe-core on each view, and the keyboard. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { DESKTOP, launch, noBrowser, Person, PHONE } from "./support/browser.mjs";
import { Server, skip } from "./support/server.mjs";

const off = skip || noBrowser;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let browser;
let server;

before(async () => {
    if (off) return;
    server = await Server.start();
    browser = await launch();
});

after(async () => {
    await browser?.close();
    await server?.stop();
});

/* Serious and critical faults of what is on the screen. */
async function faults(page) {
    /* Through the debugger: the page's policy lets no script in. */
    const session = await page.context().newCDPSession(page);
    await session.send("Runtime.evaluate", { expression: axe });
    const run = await session.send("Runtime.evaluate", {
        expression: `axe.run(document, { iframes: false, resultTypes: ["violations"] }).then((result) => JSON.stringify(result.violations))`,
        awaitPromise: true,
        returnByValue: true,
    });
    await session.detach();
    return JSON.parse(run.result.value)
        .filter((each) => each.impact === "serious" || each.impact === "critical")
        .map((each) => `${each.id}: ${each.nodes.map((node) => `${node.target.join(" ")} (${node.any.map((any) => any.message).join("; ")})`).join(", ")}`);
}

for (const [size, viewport] of [["desktop", DESKTOP], ["phone", PHONE]]) {
    for (const scheme of ["light", "dark"]) {
        test(`axe-core finds no serious fault: ${size}, ${scheme}`, { skip: off }, async (t) => {
            const person = await Person.arrive(browser, server, `Axe-${size}-${scheme}`, { viewport, colorScheme: scheme, reducedMotion: "reduce" });
            const { page } = person;
            const look = (view) => t.test(view, async () => assert.deepEqual(await faults(page), []));

            await page.goto(`${server.url}/`);
            await page.getByLabel("Password").waitFor();
            await look("log in");
            await page.getByRole("button", { name: "Sign up" }).click();
            await look("sign up");
            await (await person.signUp()).inbox();
            await page.getByText("All read, all done").waitFor();
            await look("empty inbox");
            await person.compose({ to: "not-an-address", subject: "To myself", text: "Some words", files: [{ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("a") }] });
            await person.composer.getByText(/^Saved/).waitFor();
            await look("composer");
            await person.composer.getByRole("button", { name: "Send later" }).click();
            await page.getByRole("dialog", { name: "Send later" }).getByRole("button", { name: "Schedule" }).waitFor();
            await look("send later");
            await page.keyboard.press("Escape");
            await page.getByRole("dialog", { name: "Send later" }).waitFor({ state: "detached" });
            await person.composer.getByRole("button", { name: "Send", exact: true }).click();
            await person.composer.getByRole("alert").waitFor();
            await look("composer with an error");
            await person.composer.getByRole("button", { name: /^Remove not-an-address/ }).click();
            await person.write({ to: person.address });
            await person.send();
            await person.row("To myself").waitFor();
            await look("inbox");
            await person.compose({ to: person.address, subject: "Not yet", text: "Wait" });
            await person.composer.getByRole("button", { name: "Send later" }).click();
            await page.getByRole("button", { name: "Tomorrow morning" }).click();
            await page.getByText(/^Leaves /).waitFor();
            await page.goto(`${server.url}/#/scheduled`);
            await page.getByRole("button", { name: "Edit: Not yet" }).waitFor();
            await look("scheduled");
            await page.getByRole("button", { name: "Cancel sending: Not yet" }).click();
            await page.getByText("Nothing waits").waitFor();
            const { body } = await person.api([["Email/query", { filter: { subject: "Not yet" } }]]);
            await person.api([["Email/set", { update: Object.fromEntries(body.methodResponses[0][1].ids.map((id) => [id, { "keywords/$draft": null }])) }]]);
            await person.api([["Email/set", { destroy: body.methodResponses[0][1].ids }]]);
            await person.go("Recently deleted");
            await page.locator(".single-page:not([aria-busy=true])").waitFor();
            await look("recently deleted");
            await person.go("Inbox");
            await person.row("To myself").locator(".row-tick").click();
            await look("selection");
            await page.keyboard.press("Escape");
            await person.open("To myself");
            await person.frame().getByText("Some words").waitFor();
            await look("conversation");
            await page.getByRole("button", { name: "More for this message" }).last().click();
            await look("menu");
            await page.keyboard.press("Escape");
            for (const place of ["profile", "look", "sending", "password", "apps", "sessions"]) {
                await page.goto(`${server.url}/#/settings/${place}`);
                await page.locator(".settings-page h2").waitFor();
                await page.waitForTimeout(200);
                await look(`settings: ${place}`);
            }
            await page.goto(`${server.url}/#/search/nothing-has-this`);
            await page.getByText("Nothing found").waitFor();
            await page.getByRole("button", { name: "What can be searched" }).click();
            await look("search help");
            await page.keyboard.press("Escape");
            await look("search without results");
            await person.leave();
        });
    }
}

test("all of it by keyboard", { skip: off }, async () => {
    const person = await Person.arrive(browser, server, "Keys Only");
    const { page } = person;
    await (await person.signUp()).inbox();
    const press = (...keys) => keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve());
    for (const n of [1, 2, 3]) {
        await press("c");
        await person.composer.waitFor();
        await page.keyboard.type(`${person.address},`);
        await press("Tab");
        await page.waitForFunction(() => document.activeElement?.closest(".composer"));
        await person.composer.getByLabel("Subject").focus();
        await page.keyboard.type(`Letter ${n}`);
        await press("Tab");
        await page.keyboard.type("By hand.");
        await press("Control+Enter");
        await person.composer.waitFor({ state: "detached" });
        await person.row(`Letter ${n}`).waitFor();
    }
    await press("j");
    await page.waitForFunction(() => document.activeElement?.closest(".row-mail")?.textContent.includes("Letter 3"));
    await press("j", "s");
    await person.row("Letter 2").locator(".row-star.on").waitFor();
    await press("o");
    await page.getByRole("heading", { level: 2, name: "Letter 2" }).waitFor();
    await press("k");
    await page.getByRole("heading", { level: 2, name: "Letter 3" }).waitFor();
    await press("e");
    await person.row("Letter 3").waitFor({ state: "detached" });
    await press("Escape");
    await page.getByText("Nothing opened").waitFor();
    await press("x", "#");
    await page.locator(".row-mail").nth(1).waitFor({ state: "detached" });
    await press("?");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    await press("Escape", "g", "t");
    await page.getByRole("heading", { level: 1, name: "Trash" }).waitFor();
    await press("/");
    await page.keyboard.type("letter");
    await press("Enter");
    await page.getByRole("heading", { level: 1, name: "Search" }).waitFor();
    /* Wherever the focus is, it shows. */
    await press("Tab");
    const ring = await page.evaluate(() => {
        const style = getComputedStyle(document.activeElement);
        return style.outlineStyle !== "none" || style.boxShadow !== "none";
    });
    assert.ok(ring);
    assert.deepEqual(person.faults, []);
    await person.leave();
});
