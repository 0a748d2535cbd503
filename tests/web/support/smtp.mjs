/* SPDX-License-Identifier: MIT */
/* Just enough SMTP to bring a message in exactly as it was written. */
import { connect } from "node:net";

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
