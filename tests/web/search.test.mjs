/* SPDX-License-Identifier: MIT */
/* The search box: its conditions, its help, and what it says when it cannot. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DESKTOP, launch, noBrowser, Person, PHONE } from "./support/browser.mjs";
import { eventually, Server, skip } from "./support/server.mjs";

const off = skip || noBrowser;
const folder = process.env.SCREENSHOTS;
let browser;
let server;
let alice;

const MAIL = {
    plan: { at: "2025-11-20T10:00:00Z", from: "Bob <bob@example.test>", subject: "A plan for next week", text: "Let us meet.", keywords: {} },
    week: { at: "2025-11-21T10:00:00Z", from: "José <jose@example.test>", subject: "The week after", text: "Grüße aus Köln, next to the plan.", keywords: { $seen: true, $flagged: true } },
    file: { at: "2025-11-22T10:00:00Z", from: "Bob <bob@example.test>", subject: "Tickets", text: "See the file.", keywords: { $seen: true }, file: true },
    gone: { at: "2025-11-23T10:00:00Z", from: "Bob <bob@example.test>", subject: "Old plan", text: "Thrown away.", keywords: { $seen: true }, role: "trash" },
    long: { at: "2025-11-24T10:00:00Z", from: "Carol <carol@example.test>", subject: "Long letter", text: "word ".repeat(4000), keywords: { $seen: true } },
};

function address(text) {
    const [, name, email] = /^(.*) <(.*)>$/.exec(text);
    return [{ name, email }];
}

before(async () => {
    if (off) return;
    if (folder) mkdirSync(folder, { recursive: true });
    server = await Server.start();
    browser = await launch();
    alice = await Person.arrive(browser, server, "Alice Moreau");
    await (await alice.signUp()).inbox();
    const { body } = await alice.api([["Mailbox/get", { ids: null }]]);
    const boxes = body.methodResponses[0][1].list;
    const create = {};
    for (const [name, mail] of Object.entries(MAIL)) {
        const box = boxes.find((each) => each.role === (mail.role ?? "inbox")).id;
        const bodyValues = { t: { value: mail.text }, f: { value: "%PDF" } };
        create[name] = { mailboxIds: { [box]: true }, keywords: mail.keywords, receivedAt: mail.at, from: address(mail.from), to: [{ name: null, email: alice.address }], subject: mail.subject, textBody: [{ partId: "t", type: "text/plain" }], bodyValues };
        if (mail.file) create[name].attachments = [{ partId: "f", type: "text/csv", name: "seats.csv", disposition: "attachment" }];
        if (!mail.file) delete bodyValues.f;
    }
    const set = await alice.api([["Email/set", { create }]]);
    assert.equal(Object.keys(set.body.methodResponses[0][1].created ?? {}).length, 5, JSON.stringify(set.body).slice(0, 800));
    await eventually(async () => (await alice.api([["Email/query", { filter: { body: "thrown" } }]])).body.methodResponses[0][1].ids?.length, "the index");
});

after(async () => {
    await browser?.close();
    await server?.stop();
});

const box = () => alice.page.getByRole("searchbox", { name: "Search mail" });

async function search(words) {
    await box().fill(words);
    await box().press("Enter");
    await alice.page.locator(".list-note", { hasText: "Results for" }).getByText(`“${words}”`).waitFor();
    await alice.page.locator(".list-scroll[aria-busy=false]").waitFor();
}

/* The subjects on the screen, once they are these. */
async function finds(words, ...subjects) {
    await search(words);
    let last = null;
    await eventually(async () => {
        last = await alice.page.locator(".row-subject").allTextContents();
        return last.join("|") === subjects.join("|");
    }, `${words}: ${subjects}`).catch((error) => assert.deepEqual(last, subjects, error.message));
}

test("the box knows the conditions of mailctl", { skip: off }, async () => {
    const { plan, week, file, gone, long } = MAIL;
    await finds("from:bob", file.subject, plan.subject);
    await finds("FROM:bob is:unread", plan.subject);
    await finds("from:jose", week.subject);
    await finds("is:flagged", week.subject);
    await finds("is:starred OR has:attachment", file.subject, week.subject);
    await finds('"next week"', plan.subject);
    await finds("next week", week.subject, plan.subject);
    await finds("week -subject:next", week.subject);
    await finds("grusse KOLN", week.subject);
    await finds("after:2025-11-21 before:2025-11-22", week.subject);
    await finds("larger:15K", long.subject);
    await finds("smaller:15K plan", week.subject, plan.subject);
    await finds("plan in:trash", gone.subject);
    await finds("tick", file.subject);
    await finds("to:alice cc:nobody");
    await alice.page.getByText("Nothing found").waitFor();
});

test("what is wrong with a question is said", { skip: off }, async () => {
    for (const [words, said] of [
        ["is:purple", /Is: knows unread/],
        ["in:nowhere plan", /no mailbox/i],
        ["before:tomorrow", /wants a day/],
        ["larger:much", /wants octets/],
        ["from:", /wants something behind it/],
        [`${"word ".repeat(40)}`.trim(), /at most 32 words/],
    ]) {
        await search(words);
        await alice.page.locator(".list-pane").getByText(said).waitFor();
    }
    await finds("from:bob", MAIL.file.subject, MAIL.plan.subject);
});

test("the help lists them, and a click puts one in", { skip: off }, async () => {
    const { page } = alice;
    await box().fill("");
    const button = page.getByRole("button", { name: "What can be searched" });
    await button.click();
    const help = page.getByRole("group", { name: "Search conditions" });
    for (const name of ["from:", "to:", "subject:", "in:", "is:unread", "has:attachment", "after:", "before:", "larger:"]) {
        assert.equal(await help.getByRole("button", { name: new RegExp(`^${name}`) }).count(), 1, name);
    }
    await help.getByRole("button", { name: /^from:/ }).click();
    await help.waitFor({ state: "detached" });
    await eventually(async () => (await box().inputValue()) === "from:");
    await page.keyboard.type("bob");
    await button.click();
    await help.getByRole("button", { name: /^is:unread/ }).click();
    await eventually(async () => (await box().inputValue()) === "from:bob is:unread");
    await page.keyboard.press("Enter");
    await eventually(async () => (await page.locator(".row-subject").allTextContents()).join() === MAIL.plan.subject);
    await button.press("Enter");
    await help.waitFor();
    await page.keyboard.press("Escape");
    await help.waitFor({ state: "detached" });
    assert.equal(await button.evaluate((element) => element === document.activeElement), true);
    await button.click();
    await page.mouse.click(1000, 400);
    await help.waitFor({ state: "detached" });
});

test("the help fits: desktop and phone, light and dark", { skip: off }, async () => {
    for (const [size, viewport] of [["desktop", DESKTOP], ["phone", PHONE]]) {
        for (const colorScheme of ["light", "dark"]) {
            const person = await Person.arrive(browser, server, "Alice Moreau", { viewport, colorScheme, hasTouch: size === "phone" });
            const { page } = person;
            await (await person.logIn()).inbox();
            await page.getByRole("button", { name: "What can be searched" }).click();
            const help = page.getByRole("group", { name: "Search conditions" });
            const place = await help.boundingBox();
            assert.ok(place.x >= 0 && place.x + place.width <= viewport.width, `${size}: ${JSON.stringify(place)}`);
            assert.ok(place.y + place.height <= viewport.height, `${size}: ${JSON.stringify(place)}`);
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, size);
            /* On top of all else. */
            const top = await help.evaluate((element) => {
                const at = element.getBoundingClientRect();
                return element.contains(document.elementFromPoint(at.x + at.width / 2, at.y + Math.min(at.height, 300) - 8));
            });
            assert.equal(top, true, `${size}, ${colorScheme}`);
            if (folder) await page.screenshot({ path: join(folder, `search-help-${size}-${colorScheme}.png`) });
            assert.deepEqual(person.faults, []);
            await person.leave();
        }
    }
});

test("an answer says when the index is behind", { skip: off }, async () => {
    let behind = 1200;
    await alice.page.route("**/jmap/api", async (route) => {
        const response = await route.fetch();
        const json = await response.json();
        for (const [name, answer] of json.methodResponses ?? []) if (name === "Email/query") answer.unindexed = behind;
        await route.fulfill({ response, json });
    });
    await search("plan");
    await alice.page.getByRole("status").getByText("1,200 messages are still being indexed").waitFor();
    behind = 0;
    await alice.page.getByText("still being indexed").waitFor({ state: "detached" });
    await alice.page.unroute("**/jmap/api");
    assert.deepEqual(alice.faults, []);
});
