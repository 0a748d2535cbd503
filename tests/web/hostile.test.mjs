/* SPDX-License-Identifier: MIT */
/*
 * Mail that was written to do harm. A web server beside stands for everybody
 * else's: whatever reaches it was asked by the page. A script that runs says
 * so in the title or by a dialog. Each trick is one that got through some
 * mail program once.
 */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { launch, noBrowser, Person } from "./support/browser.mjs";
import { Server, skipWithoutPrograms } from "./support/server.mjs";
import { deliver, html, letter } from "./support/smtp.mjs";

const off = skipWithoutPrograms || noBrowser;
const SENDER = "stranger@elsewhere.example";

let browser;
let server;
let alice;
let elsewhere;
let base;
const asked = [];

before(async () => {
    if (off) return;
    elsewhere = createServer((request, response) => {
        asked.push(request.url);
        response.writeHead(200, { "Content-Type": "image/gif", "Access-Control-Allow-Origin": "*" });
        response.end(Buffer.from("R0lGODlhAQABAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==", "base64"));
    });
    await new Promise((ready) => elsewhere.listen(0, "127.0.0.1", ready));
    base = `http://127.0.0.1:${elsewhere.address().port}`;
    server = await Server.start();
    await server.startSmtpd();
    browser = await launch();
    alice = await Person.arrive(browser, server, "Alice Moreau");
    await (await alice.signUp()).inbox();
});

after(async () => {
    await browser?.close();
    await server?.stop();
    elsewhere?.close();
});

async function receive(subject, message) {
    await deliver(server.smtpPort, SENDER, alice.address, message);
    await alice.row(subject).waitFor();
    await alice.open(subject);
}

/* Give what would come later the time to come. */
const settle = () => alice.page.waitForTimeout(400);

const tricks = (url) => ({
    script: `<script>document.title="ran"; fetch("${url}/script")</script><script src="${url}/script-src"></script>`,
    handlers: `<img src=x onerror="document.title='ran'"><body onload="document.title='ran'"><details open ontoggle="document.title='ran'">x</details><div onclick="document.title='ran'" id=hit>hit</div>`,
    "javascript links": `<a href="javascript:document.title='ran'">one</a><a href="java&#9;script:document.title='ran'">two</a><a href="data:text/html,<script>document.title='ran'</script>">three</a><a href=" vbscript:x">four</a>`,
    frames: `<iframe src="${url}/frame"></iframe><iframe srcdoc="<script>parent.document.title='ran'</script>"></iframe><object data="${url}/object"></object><embed src="${url}/embed"><frameset><frame src="${url}/frameset"></frameset>`,
    svg: `<svg><script>document.title='ran'</script><animate onbegin="document.title='ran'" attributeName=x dur=1s><image href="${url}/svg"/><use href="${url}/use#x"/></svg><svg><style><img src=x onerror="document.title='ran'"></style></svg>`,
    math: `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=document.title='ran'&gt;">`,
    "nested namespaces": `<form><math><mtext></form><form><mglyph><style></math><img src onerror="document.title='ran'">`,
    template: `<template><img src=x onerror="document.title='ran'"></template><noscript><p title="</noscript><img src=x onerror=document.title='ran'>"></noscript>`,
    pictures: `<img src="${url}/img"><img srcset="${url}/srcset 2x"><picture><source srcset="${url}/source"><img></picture><input type=image src="${url}/input"><video poster="${url}/poster" src="${url}/video"></video><audio src="${url}/audio" autoplay></audio>`,
    "style attributes": `<div style="background:url(${url}/style1)">a</div><div style="background-image:url('${url}/style2')">b</div><div style="list-style:url(${url}/style3);border-image:url(${url}/style4) 30;cursor:url(${url}/style5),auto;content:url(${url}/style6)">c</div><div style="background:image-set('${url}/style7' 1x)">d</div><div style="background: u\\72l(${url}/style8)">e</div><div style="--x:url(${url}/style9);background:var(--x)">f</div>`,
    "style sheets": `<style>@import url(${url}/import1); @import "${url}/import2"; @font-face{font-family:x;src:url(${url}/font)} body{background:url(${url}/sheet1);font-family:x} #a::after{content:url(${url}/sheet2)} [title^=a]{background:url(${url}/leak)}</style><p id=a title=ab>text</p><link rel=stylesheet href="${url}/link"><style>@media screen{body{background:url(//${url.slice(7)}/scheme)}}</style>`,
    "old attributes": `<table background="${url}/table"><tr><td background="${url}/td">x</td></tr></table><body background="${url}/body">`,
    hints: `<link rel=prefetch href="${url}/prefetch"><link rel=preconnect href="${url}"><link rel=dns-prefetch href="${url}"><link rel=preload as=image href="${url}/preload"><link rel=icon href="${url}/icon"><link rel=manifest href="${url}/manifest">`,
    redirects: `<meta http-equiv=refresh content="0;url=${url}/refresh"><base href="${url}/base/"><img src="relative.png"><a href="next" ping="${url}/ping">go</a>`,
    forms: `<form action="${url}/form" method=post><input name=password type=password autofocus onfocus="document.title='ran'"><button formaction="${url}/formaction">Log in</button></form><form id=f2 action="${url}/form2"></form><input form=f2 type=submit>`,
    clobbering: `<img name=body><form name=parentNode><input name=attributes></form><a id=document href="x:y"></a><img name=createElement><a id=location href="${url}/clobber">x</a>`,
    "over the page": `<div style="position:fixed;inset:0;z-index:99999;background:red">You were logged out. <a href="${url}/phish">Log in</a></div><style>html,body,#message{position:fixed;top:-9999px}</style>`,
    "unclosed": `<img src="${url}/unclosed?`,
    "broken comment": `<!--><img src=x onerror="document.title='ran'">--><!-- --!><img src=x onerror="document.title='ran'">`,
});

test("a message with tricks does nothing and asks nobody", { skip: off }, async (t) => {
    for (const [name, body] of Object.entries(tricks(base))) {
        await t.test(name, async () => {
            asked.length = 0;
            alice.faults.length = 0;
            await receive(`Trick: ${name}`, html({ From: SENDER, To: alice.address, Subject: `Trick: ${name}` }, `<p>before</p>${body}<p>after</p>`));
            await alice.page.locator(".mail-frame.shown, .no-text, .plain-text").last().waitFor();
            await settle();
            assert.deepEqual(asked, [], "somebody was asked");
            assert.deepEqual(alice.faults, [], "something ran");
            for (const frame of alice.page.frames()) assert.notEqual(await frame.title(), "ran");
            assert.ok(alice.page.url().startsWith(server.url));
            const frames = alice.page.frames().slice(1);
            for (const frame of frames) {
                assert.match(frame.url(), /\/frame\/mail\.html$|^about:blank$/);
                const found = await frame.evaluate(() => document.querySelectorAll("script:not([src^='/assets/']), form, iframe, object, embed, svg, math, link, base, meta[http-equiv], template, input, button").length);
                assert.equal(found, 0, "it kept what it must not");
                const handlers = await frame.evaluate(() => [...document.querySelectorAll("*")].flatMap((e) => e.getAttributeNames()).filter((n) => n.startsWith("on")));
                assert.deepEqual(handlers, []);
            }
        });
    }
});

test("the walls hold without the sanitiser", { skip: off }, async () => {
    /* What would happen to HTML that got past it: put some right in. */
    asked.length = 0;
    await receive("Walls", html({ From: SENDER, To: alice.address, Subject: "Walls" }, "<p>simple</p>"));
    await alice.frame().getByText("simple").waitFor();
    const frame = alice.page.frames().at(-1);
    const seen = await frame.evaluate(async (url) => {
        const out = {};
        const attempt = async (name, run) => {
            try {
                out[name] = String(await run());
            } catch (error) {
                out[name] = `refused: ${error.name}`;
            }
        };
        await attempt("origin", () => self.origin);
        await attempt("cookie", () => document.cookie);
        await attempt("storage", () => localStorage.length);
        await attempt("parent", () => parent.document.title);
        await attempt("fetch", () => fetch(`${url}/fetch`));
        await attempt("own", () => fetch("/auth/session"));
        await attempt("html", () => (document.body.innerHTML = "<b>x</b>"));
        await attempt("top", () => (top.location = `${url}/top`));
        const image = new Image();
        image.src = `${url}/image`;
        document.body.append(image);
        await attempt("handler", () => {
            const div = document.createElement("div");
            div.setAttribute("onclick", "document.title='ran'");
            document.body.append(div);
            div.click();
        });
        await attempt("inline script", () => {
            const script = document.createElement("script");
            script.append("document.title='ran'");
            document.body.append(script);
        });
        await attempt("form", () => {
            const form = document.createElement("form");
            form.action = `${url}/form`;
            document.body.append(form);
            form.submit();
        });
        return out;
    }, base);
    await settle();
    assert.equal(seen.origin, "null");
    for (const name of ["cookie", "storage", "parent", "fetch", "own", "html", "top"]) assert.match(seen[name], /^refused/, name);
    assert.notEqual(await frame.title(), "ran");
    assert.deepEqual(asked, []);
    assert.ok(alice.page.url().startsWith(server.url));

    await frame.evaluate((url) => void (location.href = `${url}/leave`), base).catch(() => undefined);
    await settle();
    assert.deepEqual(asked, []);
});

test("a link that claims to be another says where it leads", { skip: off }, async () => {
    const body = `<p><a href="https://phish.example/login" title="https://bank.example">https://www.bank.example/login</a></p><p><a href="https://www.bank.example/x">bank.example</a></p>`;
    await receive("Your bank", html({ From: SENDER, To: alice.address, Subject: "Your bank" }, body));
    await alice.frame().getByText("(leads to phish.example)").waitFor();
    assert.equal(await alice.frame().locator(".smail-leads").count(), 1);
    assert.equal(await alice.frame().locator("a").first().getAttribute("title"), "https://phish.example/login");
});

test("a remote picture is loaded only when asked for", { skip: off }, async () => {
    asked.length = 0;
    const subject = "Newsletter";
    await receive(subject, html({ From: SENDER, To: alice.address, Subject: subject }, `<p>News</p><img src="${base}/banner.gif" width=10 height=10>`));
    await alice.frame().getByText("News").waitFor();
    await settle();
    assert.deepEqual(asked, []);
    await alice.page.getByRole("button", { name: "Show pictures" }).click();
    await alice.frame().getByText("News").waitFor();
    await settle();
    assert.deepEqual(asked, ["/banner.gif"]);
});

test("replying and forwarding ask nobody either", { skip: off }, async () => {
    asked.length = 0;
    await alice.open("Newsletter");
    await alice.frame().getByText("News").waitFor();
    for (const how of ["Reply", "Forward"]) {
        await alice.page.locator(".reply-bar").getByRole("button", { name: how, exact: true }).click();
        await alice.composer.locator(".quote-toggle").waitFor();
        if (how === "Reply") await alice.composer.locator(".quote-toggle").click();
        await settle();
        await alice.composer.getByRole("button", { name: "Edit", exact: true }).click();
        await alice.composer.locator(".editor-text").getByText("News", { exact: true }).waitFor();
        await settle();
        await alice.composer.getByRole("button", { name: "Discard draft" }).click();
        await alice.composer.waitFor({ state: "detached" });
    }
    assert.deepEqual(asked, []);
});

test("pasted HTML is cleaned before it is in the page", { skip: off }, async () => {
    asked.length = 0;
    await alice.compose({});
    await alice.composer.getByRole("textbox", { name: "Message" }).click();
    await alice.page.evaluate((url) => {
        const data = new DataTransfer();
        data.setData("text/html", `<b>bold</b><img src="${url}/paste" onerror="document.title='ran'"><script>document.title='ran'</script><div style="position:fixed;inset:0">over</div>`);
        data.setData("text/plain", "bold");
        document.querySelector(".editor-text").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }, base);
    await alice.composer.locator(".editor-text").getByText("bold").waitFor();
    await settle();
    const kept = await alice.composer.locator(".editor-text").evaluate((e) => e.querySelectorAll("img, script, [style], [onerror]").length);
    assert.equal(kept, 0);
    assert.deepEqual(asked, []);
    await alice.composer.getByRole("button", { name: "Discard draft" }).click();
});

test("hostile names, subjects and file names show as text", { skip: off }, async () => {
    alice.faults.length = 0;
    const evil = `<img src=x onerror=alert(1)>`;
    const encode = (text) => `=?utf-8?B?${Buffer.from(text).toString("base64")}?=`;
    const message = letter(
        {
            From: `${encode(`"${evil}\u202Eevil`)} <${SENDER}>`,
            To: `${encode(evil)} <${alice.address}>`,
            Subject: encode(`${evil}</title><script>alert(2)</script> subject`),
            "Content-Type": 'multipart/mixed; boundary="b"',
        },
        [
            "--b",
            "Content-Type: text/plain; charset=utf-8",
            "",
            `${evil} <script>alert(3)</script> javascript:alert(4) http://example.org/"onmouseover="alert(5)`,
            "--b",
            `Content-Type: text/html; name="${encode('../../"><svg onload=alert(6)>.html')}"`,
            `Content-Disposition: attachment; filename="${encode('../../"><svg onload=alert(6)>.html')}"`,
            "",
            "<script>alert(7)</script>",
            "--b--",
        ].join("\n"),
    );
    await receive("</title>", message);
    const title = alice.page.locator(".conversation-title");
    assert.match(await title.innerText(), /<img src=x onerror=alert\(1\)><\/title><script>alert\(2\)<\/script>/);
    assert.match(await alice.page.locator(".message .person").first().innerText(), /<img src=x/);
    assert.doesNotMatch(await alice.page.locator(".message .person").first().innerText(), /\u202e/);
    await alice.page.locator(".plain-text").getByText("<script>alert(3)</script>").waitFor();
    for (const href of await alice.page.locator(".plain-text a").evaluateAll((all) => all.map((a) => a.href))) assert.match(href, /^https?:/);

    const download = alice.page.waitForEvent("download");
    await alice.page.locator("button.attachment").click();
    assert.doesNotMatch((await download).suggestedFilename(), /[/\\<>"]|^\./);
    await settle();
    assert.deepEqual(alice.faults, []);
    assert.equal(await alice.page.locator(".message img, .row-mail img, .message svg[onload]").count(), 0);
});

test("an attachment that is opened by its address is not shown as a page", { skip: off }, async () => {
    const { accountId, body } = await alice.api([
        ["Email/query", { limit: 1, sort: [{ property: "receivedAt", isAscending: false }] }],
        ["Email/get", { "#ids": { resultOf: "c0", name: "Email/query", path: "/ids" }, properties: ["attachments"] }],
    ]);
    const part = body.methodResponses[1][1].list[0].attachments[0];
    const answer = await alice.context.request.get(`${server.url}/jmap/download/${accountId}/${part.blobId}/x.html?type=text/html`);
    assert.equal(answer.status(), 200);
    assert.match(answer.headers()["content-disposition"], /^attachment/);
    assert.equal(answer.headers()["x-content-type-options"], "nosniff");
    assert.match(answer.headers()["content-security-policy"], /sandbox/);
});

test("the page and the frame have the policies that docs/http.md names", { skip: off }, async () => {
    const page = await alice.context.request.get(`${server.url}/`);
    const policy = page.headers()["content-security-policy"];
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self'(;|$)/);
    assert.match(policy, /style-src 'self'(;|$)/);
    assert.match(policy, /img-src 'self' data: blob:(;|$)/);
    assert.match(policy, /require-trusted-types-for 'script'/);
    assert.doesNotMatch(await page.text(), /<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=/);
    for (const [path, images] of [["mail", "data:"], ["mail-remote", "data: https: http:"]]) {
        const frame = await alice.context.request.get(`${server.url}/frame/${path}.html`);
        const rules = frame.headers()["content-security-policy"];
        assert.match(rules, /sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox(;|$)/);
        assert.match(rules, new RegExp(`img-src ${images}(;|$)`));
        assert.match(rules, /default-src 'none'/);
        assert.match(rules, /frame-ancestors 'self'/);
    }
});
