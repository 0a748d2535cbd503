/* SPDX-License-Identifier: MIT */
/* The door under the page is open to other people's clients: npm's jmap-jam,
 * and plain curl as the README shows it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import JamClient from "jmap-jam";
import { DOMAIN, eventually, Server, skip, WEB_URL } from "./support/server.mjs";

const off = skip || (WEB_URL ? "needs app passwords" : false);
let server;

/* Sign up without a browser; an address and an app password. */
async function account(name) {
    const address = `${name}@${DOMAIN}`;
    const made = await fetch(`${server.url}/auth/signup`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ address, password: `${name}-password-1`, name }),
    });
    assert.equal(made.status, 201);
    const { csrf } = await made.json();
    const cookie = made.headers.get("set-cookie").split(";")[0];
    const app = await fetch(`${server.url}/auth/app-passwords`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Cookie: cookie, "X-CSRF-Token": csrf },
        body: JSON.stringify({ name: "test" }),
    });
    assert.equal(app.status, 201);
    return { address, secret: (await app.json()).password };
}

let alice;
let bob;

before(async () => {
    if (off) return;
    server = await Server.start();
    alice = await account("alice");
    bob = await account("bob");
});

after(() => server?.stop());

const jam = (who) => new JamClient({ sessionUrl: `${server.url}/.well-known/jmap`, bearerToken: who.secret });

test("jmap-jam: mailboxes, an upload, a message sent and read", { skip: off }, async () => {
    const client = jam(alice);
    const accountId = await client.getPrimaryAccount();
    const [boxes] = await client.api.Mailbox.get({ accountId, ids: null });
    const role = (name) => boxes.list.find((box) => box.role === name).id;
    assert.ok(role("inbox") && role("drafts") && role("sent") && role("trash"));

    const blob = await client.uploadBlob(accountId, "attached words");
    assert.equal(blob.size, 14);
    const [identities] = await client.api.Identity.get({ accountId, ids: null });

    await client.requestMany((b) => {
        const draft = b.Email.set({
            accountId,
            create: {
                d: {
                    mailboxIds: { [role("drafts")]: true },
                    keywords: { $draft: true },
                    from: [{ name: "Alice", email: alice.address }],
                    to: [{ name: null, email: bob.address }],
                    subject: "By another client",
                    textBody: [{ partId: "t", type: "text/plain" }],
                    bodyValues: { t: { value: "Greetings from jam.\n" } },
                    attachments: [{ blobId: blob.blobId, type: "text/plain", name: "words.txt", disposition: "attachment" }],
                },
            },
        });
        const submission = b.EmailSubmission.set({
            accountId,
            create: { s: { identityId: identities.list[0].id, emailId: "#d" } },
            onSuccessUpdateEmail: { "#s": { [`mailboxIds/${role("drafts")}`]: null, [`mailboxIds/${role("sent")}`]: true, "keywords/$draft": null } },
        });
        return { draft, submission };
    });
    const [submissions] = await client.api.EmailSubmission.get({ accountId, ids: null });
    assert.deepEqual(Object.entries(submissions.list[0].deliveryStatus).map(([to, status]) => [to, status.delivered]), [[bob.address, "yes"]]);

    const other = jam(bob);
    const otherId = await other.getPrimaryAccount();
    const find = async () => {
        const [found] = await other.api.Email.query({ accountId: otherId, filter: { text: "jam" } });
        return found.ids.length > 0;
    };
    await eventually(find, "the message in a search");
    const [got] = await other.requestMany((b) => {
        const query = b.Email.query({ accountId: otherId, filter: { text: "jam" }, sort: [{ property: "receivedAt", isAscending: false }] });
        const emails = b.Email.get({ accountId: otherId, ids: query.$ref("/ids"), properties: ["subject", "from", "preview", "attachments", "hasAttachment"] });
        return { query, emails };
    });
    const [email] = got.emails.list;
    assert.equal(email.subject, "By another client");
    assert.equal(email.from[0].email, alice.address);
    assert.equal(email.hasAttachment, true);
    const file = await other.downloadBlob({ accountId: otherId, blobId: email.attachments[0].blobId, mimeType: "text/plain", fileName: "words.txt" });
    assert.equal(await file.text(), "attached words");
});

function curl(...args) {
    const run = spawnSync("curl", ["-sS", "--max-time", "20", ...args], { encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
    return run.stdout;
}

const noCurl = spawnSync("curl", ["--version"]).status === 0 ? false : "no curl";

test("curl: the session, a query and a message as it came", { skip: off || noCurl }, () => {
    const user = ["-u", `${bob.address}:${bob.secret}`];
    const session = JSON.parse(curl("-L", ...user, `${server.url}/.well-known/jmap`));
    const accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"];
    const request = {
        using: ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"],
        methodCalls: [
            ["Email/query", { accountId, limit: 1 }, "q"],
            ["Email/get", { accountId, "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties: ["subject", "blobId"] }, "g"],
        ],
    };
    const answer = JSON.parse(curl(...user, "-H", "Content-Type: application/json", "-d", JSON.stringify(request), session.apiUrl));
    const [email] = answer.methodResponses[1][1].list;
    assert.equal(email.subject, "By another client");
    const url = session.downloadUrl
        .replace("{accountId}", accountId)
        .replace("{blobId}", email.blobId)
        .replace("{name}", "message.eml")
        .replace("{type}", "message%2Frfc822");
    assert.match(curl(...user, url), /^Subject: By another client/m);
});

test("curl: a wrong password is refused", { skip: off || noCurl }, () => {
    assert.equal(curl("-o", "/dev/null", "-w", "%{http_code}", "-u", `${bob.address}:wrong`, `${server.url}/.well-known/jmap`), "401");
});
