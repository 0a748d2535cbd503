/* SPDX-License-Identifier: MIT */
/* Somebody else's ids are not found, whichever door they are tried at. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, noBrowser, Person } from "./support/browser.mjs";
import { Server, skip } from "./support/server.mjs";

const off = skip || noBrowser;
let browser;
let server;
let alice;
let mallory;
let theirs;

before(async () => {
    if (off) return;
    server = await Server.start();
    browser = await launch();
    alice = await Person.arrive(browser, server, "Alice Moreau");
    mallory = await Person.arrive(browser, server, "Mallory Grey");
    await (await alice.signUp()).inbox();
    await (await mallory.signUp()).inbox();
    await alice.compose({
        to: alice.address,
        subject: "Between me and me",
        text: "secret",
        files: [{ name: "secret.txt", mimeType: "text/plain", buffer: Buffer.from("secret") }],
    });
    await alice.send();
    await alice.row("Between me and me").waitFor();
    const { accountId, body } = await alice.api([
        ["Email/query", {}],
        ["Email/get", { "#ids": { resultOf: "c0", name: "Email/query", path: "/ids" }, properties: ["threadId", "blobId", "attachments", "mailboxIds"] }],
        ["Mailbox/get", { ids: null }],
        ["Identity/get", { ids: null }],
        ["EmailSubmission/get", { ids: null }],
    ]);
    const [, emails, boxes, identities, submissions] = body.methodResponses.map((each) => each[1]);
    theirs = { accountId, email: emails.list[0], box: boxes.list[0], identity: identities.list[0], submission: submissions.list[0] };
});

after(async () => {
    await browser?.close();
    await server?.stop();
});

test("blobs by their address: 404", { skip: off }, async () => {
    const mine = (await mallory.api([["Mailbox/get", { ids: [] }]])).accountId;
    const blobs = [theirs.email.blobId, theirs.email.attachments[0].blobId];
    for (const account of [theirs.accountId, mine]) {
        for (const blob of blobs) {
            const answer = await mallory.context.request.get(`${server.url}/jmap/download/${account}/${blob}/x?type=text/plain`);
            assert.equal(answer.status(), 404, `${account}/${blob}`);
        }
    }
    const answer = await alice.context.request.get(`${server.url}/jmap/download/${theirs.accountId}/${blobs[0]}/x?type=text/plain`);
    assert.equal(answer.status(), 200);
});

test("uploads into another account: 404", { skip: off }, async () => {
    const { csrf } = await (await mallory.context.request.get(`${server.url}/auth/session`)).json();
    const answer = await mallory.context.request.post(`${server.url}/jmap/upload/${theirs.accountId}/`, { data: "x", headers: { "X-CSRF-Token": csrf } });
    assert.equal(answer.status(), 404);
});

test("methods with another account's id: accountNotFound", { skip: off }, async () => {
    const { accountId } = theirs;
    const { body } = await mallory.api([
        ["Mailbox/get", { accountId, ids: null }],
        ["Email/query", { accountId }],
        ["Email/get", { accountId, ids: [theirs.email.id] }],
        ["Thread/get", { accountId, ids: [theirs.email.threadId] }],
        ["Identity/get", { accountId, ids: null }],
        ["EmailSubmission/get", { accountId, ids: null }],
        ["Email/set", { accountId, destroy: [theirs.email.id] }],
    ]);
    for (const [name, args] of body.methodResponses) {
        assert.equal(name, "error");
        assert.equal(args.type, "accountNotFound");
    }
});

test("another's object ids in one's own account: notFound", { skip: off }, async () => {
    const { body } = await mallory.api([
        ["Email/get", { ids: [theirs.email.id], properties: ["subject"] }],
        ["Thread/get", { ids: [theirs.email.threadId] }],
        ["EmailSubmission/get", { ids: [theirs.submission.id] }],
        ["Email/set", { update: { [theirs.email.id]: { "keywords/$flagged": true } }, destroy: [] }],
        ["Email/set", { destroy: [theirs.email.id] }],
        ["Email/set", { create: { x: { mailboxIds: { m999999: true }, attachments: [{ blobId: theirs.email.attachments[0].blobId, type: "text/plain" }] } } }],
    ]);
    const [email, thread, submission, update, destroy, create] = body.methodResponses.map((each) => each[1]);
    const secret = JSON.stringify(body);
    assert.doesNotMatch(secret, /Between me and me/);
    /* Numbers are each account's own: the id may be one of mallory's. */
    for (const answer of [email, thread, submission]) assert.equal((answer.list ?? []).length + answer.notFound.length, 1);
    assert.ok(update.notUpdated || update.updated);
    assert.ok(destroy.notDestroyed || destroy.destroyed);
    assert.ok(create.notCreated?.x, "another's blob was taken into a message");
    const still = await alice.api([["Email/get", { ids: [theirs.email.id], properties: ["keywords"] }]]);
    const kept = still.body.methodResponses[0][1].list[0];
    assert.ok(kept);
    assert.equal(kept.keywords.$flagged, undefined);
});

test("a conversation that is not one's own is said to be gone", { skip: off }, async () => {
    await mallory.page.goto(`${server.url}/#/inbox/t999999999`);
    await mallory.page.getByText("This conversation is no longer there").waitFor();
});

test("without a session, or without the token, nothing is done", { skip: off }, async () => {
    const stranger = await browser.newContext();
    for (const path of ["/auth/session", "/.well-known/jmap", "/auth/sessions", `/jmap/download/${theirs.accountId}/${theirs.email.blobId}/x?type=text/plain`, "/jmap/eventsource/?types=*&closeafter=no&ping=30"]) {
        assert.equal((await stranger.request.get(server.url + path)).status(), 401, path);
    }
    await stranger.close();
    const call = { using: ["urn:ietf:params:jmap:core"], methodCalls: [["Core/echo", {}, "a"]] };
    const bare = await mallory.context.request.post(`${server.url}/jmap/api`, { data: call });
    assert.equal(bare.status(), 403);
});
