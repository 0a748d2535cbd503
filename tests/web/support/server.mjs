/* SPDX-License-Identifier: MIT */
/*
 * The programs under test, over a store of their own, on ports that the
 * kernel picks. SMTPD, WEBMAIL and MAILCTL name them; WEB_URL instead names a
 * webmail that runs already, with sign-up open, for work on the page.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export const DOMAIN = "example.test";
export const { WEBMAIL, SMTPD, MAILCTL, WEB_URL } = process.env;

/* For `test(..., { skip })`: why nothing can be shown here, or false. */
export const skip = WEB_URL || (WEBMAIL && existsSync(WEBMAIL)) ? false : "no webmail: set WEBMAIL, SMTPD and MAILCTL";
export const skipWithoutPrograms = WEBMAIL && SMTPD && MAILCTL ? skip : "needs the programs themselves";

/* Ask until the answer is there: words are found once they are indexed, a
 * moment after the message came. */
export async function eventually(ask, what = "it") {
    for (let i = 0; i < 80; i++) {
        const answer = await ask();
        if (answer) return answer;
        await sleep(250);
    }
    throw new Error(`${what} did not come in time`);
}

export class Server {
    static async start(config = "") {
        const server = new Server();
        if (WEB_URL && !WEBMAIL) {
            server.url = WEB_URL.replace(/\/$/, "");
            return server;
        }
        server.folder = mkdtempSync(join(tmpdir(), "web-test-"));
        server.store = `sqlite:${join(server.folder, "mail.db")}`;
        server.config = join(server.folder, "smtpmail.conf");
        /* Many people sign up from one address in a test. */
        writeFileSync(server.config, `[web]\nsignups-per-hour = 1000\n${config}\n`);
        server.ctl("domain", "add", DOMAIN, "--open");
        await server.startWebmail("127.0.0.1:0");
        return server;
    }

    /* mailctl; its standard output. */
    ctl(...args) {
        const options = typeof args.at(-1) === "object" ? args.pop() : {};
        const run = spawnSync(MAILCTL, ["--store", this.store, ...args], { encoding: "utf8", input: "", ...options });
        if (run.status !== 0) throw new Error(`mailctl ${args.join(" ")}: ${run.stderr}`);
        return run.stdout;
    }

    async launch(program, args, name) {
        const ready = join(this.folder, `${name}.ready`);
        const log = openSync(join(this.folder, `${name}.log`), "a");
        rmSync(ready, { force: true });
        const child = spawn(program, [...args, "--store", this.store, "--ready-file", ready], { stdio: ["ignore", log, log] });
        for (let i = 0; i < 600; i++) {
            if (child.exitCode !== null) throw new Error(`${name} did not start: ${this.log(name)}`);
            if (existsSync(ready)) {
                const line = readFileSync(ready, "utf8").split("\n")[0].split(/\s+/);
                return { child, port: Number(line.at(2)) };
            }
            await sleep(50);
        }
        throw new Error(`${name} was not ready in time`);
    }

    async startWebmail(listen) {
        const { child, port } = await this.launch(WEBMAIL, ["--config", this.config, "--listen", listen], "webmail");
        this.webmail = child;
        this.port = port;
        this.url = `http://127.0.0.1:${port}`;
    }

    async startSmtpd(config = "") {
        const path = join(this.folder, "smtpd.conf");
        writeFileSync(path, config);
        const { child, port } = await this.launch(SMTPD, ["--config", path, "--hostname", "mail.example.test", "--listen", "smtp:127.0.0.1:0"], "smtpd");
        this.smtpd = child;
        this.smtpPort = port;
    }

    log(name) {
        return readFileSync(join(this.folder, `${name}.log`), "utf8").slice(-4000);
    }

    async stopWebmail(signal = "SIGTERM") {
        await end(this.webmail, signal);
        this.webmail = null;
    }

    /* The same port again, as a restart has it. */
    async restartWebmail(pause = 0) {
        await this.stopWebmail();
        await sleep(pause);
        await this.startWebmail(`127.0.0.1:${this.port}`);
    }

    async stop() {
        if (!this.folder) return;
        await end(this.webmail, "SIGTERM");
        await end(this.smtpd, "SIGTERM");
        const said = ["webmail", "smtpd"].flatMap((name) => complaints(join(this.folder, `${name}.log`)));
        rmSync(this.folder, { recursive: true, force: true });
        if (said.length > 0) throw new Error(said.slice(0, 40).join("\n"));
    }
}

/* What a sanitizer wrote, when the programs were built with one. */
function complaints(path) {
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, "utf8").split("\n");
    const first = lines.findIndex((line) => /ERROR: \w+Sanitizer|runtime error:/.test(line));
    return first < 0 ? [] : lines.slice(first);
}

async function end(child, signal) {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    const late = sleep(20000, "late", { ref: false });
    if ((await Promise.race([gone, late])) === "late") {
        child.kill("SIGKILL");
        await gone;
    }
}
