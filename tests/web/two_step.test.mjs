/* SPDX-License-Identifier: MIT */
/* Two-step log-in as its owner sees it: set up, used, ended; and the log. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch, noBrowser, Person, PHONE } from "./support/browser.mjs";
import { Server, skip, WEB_URL } from "./support/server.mjs";

const off = skip || noBrowser || (WEB_URL ? "changes how one logs in" : false);
const pictures = process.env.PICTURES;
let browser;
let server;
let alice;
let secret;
let codes;

/* What an app shows (RFC 6238). */
function totp(step = 0) {
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0")).join("");
    const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + step));
    const digest = createHmac("sha1", key).update(counter).digest();
    const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
    return String(number % 1000000).padStart(6, "0");
}

async function picture(person, name) {
    if (!pictures) return;
    mkdirSync(pictures, { recursive: true });
    await person.page.screenshot({ path: `${pictures}/two-step-${name}.png`, fullPage: true });
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

test("it is set up with a code, and shows recovery codes once", { skip: off }, async () => {
    const { page } = alice;
    await page.goto(`${server.url}/#/settings/two-step`);
    await page.getByLabel("Your password").fill("not the password");
    await page.getByRole("button", { name: "Set it up" }).click();
    await page.getByText("This is not your password.").waitFor();
    await page.getByLabel("Your password").fill(alice.password);
    await page.getByRole("button", { name: "Set it up" }).click();
    await page.getByRole("img", { name: /QR code/ }).waitFor();
    await picture(alice, "qr");
    secret = (await page.locator("code.fresh-password").textContent()).replaceAll(" ", "");
    assert.match(secret, /^[A-Z2-7]{32}$/);

    await page.getByLabel("The code it shows").fill("000000");
    await page.getByRole("button", { name: "Turn it on" }).click();
    await page.getByText(/This code is wrong/).waitFor();
    await page.getByLabel("The code it shows").fill(totp(-1));
    await page.getByRole("button", { name: "Turn it on" }).click();
    await page.getByText("10 of 10 recovery codes are left").waitFor();
    codes = await page.locator(".recovery-codes code").allTextContents();
    assert.equal(codes.length, 10);
    await picture(alice, "codes");
    await page.getByRole("button", { name: "Done" }).click();
    assert.equal(await page.locator(".recovery-codes").count(), 0);
});

test("the next log-in asks for a code", { skip: off }, async () => {
    const phone = await Person.arrive(browser, server, "Alice Moreau", { viewport: PHONE });
    const { page } = phone;
    await phone.logIn();
    const field = page.getByLabel("Code", { exact: true });
    await field.waitFor();
    assert.equal(await field.getAttribute("autocomplete"), "one-time-code");
    assert.equal(await field.getAttribute("inputmode"), "numeric");
    assert.ok(await field.evaluate((element) => element === document.activeElement));
    await picture(phone, "phone");
    await field.fill("123456");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText(/This code is wrong/).waitFor();
    await field.fill(totp());
    await page.keyboard.press("Enter");
    await phone.inbox();
    assert.deepEqual(phone.faults, []);
    await phone.leave();
});

test("a recovery code does, once", { skip: off }, async () => {
    for (const good of [true, false]) {
        const other = await Person.arrive(browser, server, "Alice Moreau");
        const { page } = other;
        await other.logIn();
        await page.getByRole("button", { name: "Use a recovery code" }).click();
        await page.getByLabel("Recovery code").fill(codes[4]);
        await page.getByRole("button", { name: "Log in" }).click();
        if (good) await other.inbox();
        else await page.getByRole("alert").getByText(/used already/).waitFor();
        await other.leave();
    }
});

test("the log tells who came and who tried", { skip: off }, async () => {
    const { page } = alice;
    await page.goto(`${server.url}/#/settings/log-ins`);
    await page.getByText(/Logged in at this page/).first().waitFor();
    await page.getByText(/Right password, wrong code at this page/).first().waitFor();
    await picture(alice, "log-ins");
});

test("it is turned off with both", { skip: off }, async () => {
    const { page } = alice;
    await page.goto(`${server.url}/#/settings/two-step`);
    await page.getByText("9 of 10 recovery codes are left").waitFor();
    await page.getByLabel("Your password").fill(alice.password);
    await page.getByLabel("Code", { exact: true }).fill(codes[5]);
    await page.getByRole("button", { name: "New recovery codes" }).click();
    await page.locator(".recovery-codes").waitFor();
    const fresh = await page.locator(".recovery-codes code").allTextContents();
    assert.ok(!fresh.includes(codes[6]));
    await page.getByLabel("Your password").fill(alice.password);
    await page.getByLabel("Code", { exact: true }).fill(fresh[0]);
    await picture(alice, "on");
    await page.getByRole("button", { name: "Turn it off" }).click();
    await page.getByRole("button", { name: "Set it up" }).waitFor();
    const other = await Person.arrive(browser, server, "Alice Moreau");
    await (await other.logIn()).inbox();
    await other.leave();
    assert.deepEqual(alice.faults, []);
});
