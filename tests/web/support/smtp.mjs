/* SPDX-License-Identifier: MIT */
/* Just enough SMTP to bring a message in exactly as it was written. */
import { connect, createServer } from "node:net";

export function deliver(port, from, to, message) {
    return new Promise((resolve, reject) => {
        const socket = connect(port, "127.0.0.1");
        const bytes = message.replace(/\r?\n/g, "\r\n").replace(/^\./gm, "..");
        const say = [`EHLO test.invalid\r\n`, `MAIL FROM:<${from}>\r\n`, `RCPT TO:<${to}>\r\n`, "DATA\r\n", `${bytes}\r\n.\r\n`, "QUIT\r\n"];
        let buffer = "";
        socket.setTimeout(20000, () => socket.destroy(new Error("smtpd was silent")));
        socket.on("error", reject);
        socket.on("data", (data) => {
            buffer += data;
            for (let line; (line = /^([^\n]*)\r?\n/.exec(buffer)); ) {
                buffer = buffer.slice(line[0].length);
                if (/^\d{3}-/.test(line[1])) continue;
                if (/^[45]/.test(line[1])) return socket.destroy(new Error(line[1]));
                const next = say.shift();
                if (next === undefined) {
                    socket.end();
                    return resolve();
                }
                socket.write(next);
            }
        });
    });
}

/* Fields and a body as a message; Date and Message-ID are added. */
export function letter(fields, body) {
    const all = { Date: new Date().toUTCString(), "Message-ID": `<${Math.random().toString(36).slice(2)}@sender.example>`, "MIME-Version": "1.0", ...fields };
    return `${Object.entries(all).map(([name, value]) => `${name}: ${value}`).join("\n")}\n\n${body}\n`;
}

export const html = (fields, body) => letter({ ...fields, "Content-Type": "text/html; charset=utf-8", "Content-Transfer-Encoding": "8bit" }, body);

/* A text with files: [name, type, bytes] each, the bytes all alike. */
export function mixed(fields, text, files) {
    if (files.length === 0) return letter({ ...fields, "Content-Type": "text/plain; charset=utf-8", "Content-Transfer-Encoding": "8bit" }, text);
    const part = (head, body) => `--part\n${head}\n\n${body}`;
    const lines = (size) => Buffer.alloc(size, 37).toString("base64").replace(/.{76}/g, "$&\n");
    const parts = files.map(([name, type, size]) => part(`Content-Type: ${type}\nContent-Disposition: attachment; filename*=utf-8''${encodeURIComponent(name)}\nContent-Transfer-Encoding: base64`, lines(size)));
    const body = [part("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit", text), ...parts, "--part--"].join("\n");
    return letter({ ...fields, "Content-Type": 'multipart/mixed; boundary="part"' }, body);
}

/* Somebody else's host, which answers RCPT as `answer` says of an address. */
export function host(answer) {
    const server = createServer((socket) => {
        let buffer = "";
        let isData = false;
        socket.on("error", () => socket.destroy());
        socket.write("220 host.test ESMTP\r\n");
        socket.on("data", (data) => {
            buffer += data;
            for (let at; (at = buffer.indexOf("\r\n")) >= 0; ) {
                const line = buffer.slice(0, at);
                buffer = buffer.slice(at + 2);
                if (isData && line !== ".") continue;
                if (isData) socket.write("250 2.0.0 Taken\r\n");
                else if (/^RCPT/i.test(line)) socket.write(`${answer(line)}\r\n`);
                else if (/^DATA/i.test(line)) socket.write("354 Go on\r\n");
                else socket.write(/^QUIT/i.test(line) ? "221 Bye\r\n" : "250 Fine\r\n");
                isData = /^DATA/i.test(line);
            }
        });
    });
    return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}
