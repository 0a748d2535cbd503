#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The examples that send, against the example that receives, against servers
that read from a script, and against smtpd where it was built.

    clients.py SEND LMTP SMTP_STDIO [SMTPD]
"""
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SEND, LMTP, SMTP_STDIO = sys.argv[1:4]
SMTPD = sys.argv[4] if len(sys.argv) > 4 else None
MAIL = b"Subject: hi\n\n.dots\n.\nlast"


def call(program, *words, data=MAIL):
    done = subprocess.run([program, *map(str, words)], input=data,
                          capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout.decode()


class Listener:
    """One connection on loopback, served by a thread."""

    def __init__(self, serve):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(60)
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.run, args=(serve,))
        self.thread.start()

    def run(self, serve):
        peer, _ = self.socket.accept()
        with peer:
            peer.settimeout(60)
            serve(peer)

    def end(self):
        self.thread.join()
        self.socket.close()


class Script:
    """Says a greeting, then one answer to each line or run of content."""

    def __init__(self, *answers):
        self.answers = answers
        self.heard = []
        self.listener = Listener(self.serve)

    def serve(self, peer):
        wire = peer.makefile("rwb", buffering=0)
        wire.write(b"220 script\r\n")
        for answer in self.answers:
            line = wire.readline()
            if line.startswith(b"BDAT"):
                self.heard.append(line)
                line = self.read(wire, int(line.split()[1]))
            self.heard.append(line)
            if answer is None:  # hang up
                return
            wire.write(answer)
            if answer.startswith(b"354"):
                content = b""
                while not content.endswith(b"\r\n.\r\n"):
                    content += wire.readline()
                self.heard.append(content)
                wire.write(self.after)

    after = b"250 taken\r\n"

    @staticmethod
    def read(wire, count):
        data = b""
        while len(data) < count:
            data += wire.read(count - len(data))
        return data

    def end(self):
        self.listener.end()
        return self.heard


class Send(unittest.TestCase):

    def to_stdio(self, *words):
        def serve(peer):
            peer.settimeout(None)  # or it would not block for the program
            subprocess.run([SMTP_STDIO], stdin=peer, stdout=peer, timeout=60,
                           check=False)
        listener = Listener(serve)
        outcome = call(SEND, "127.0.0.1", listener.port, *words)
        listener.end()
        return outcome

    def test_to_our_own(self):
        self.assertEqual(
            self.to_stdio("alice@example.test", "bob@example.test"),
            (0, "recipient: 250 OK\nmessage: 250 Thrown away, as asked\n"))

    def test_somebody_is_refused(self):
        code, out = self.to_stdio("alice@example.test", "bob@example.test",
                                  "eve@elsewhere.example")
        self.assertEqual(code, 1)
        self.assertEqual(out.splitlines()[1],
                         "recipient: 550 Relaying denied")
        self.assertIn("message: 250", out)

    def test_the_dots(self):
        script = Script(b"250-mx\r\n250 8BITMIME\r\n", b"250 ok\r\n",
                        b"250 ok\r\n", b"354 go\r\n", b"221 bye\r\n")
        self.assertEqual(call(SEND, "127.0.0.1", script.listener.port,
                              "a@b.test", "c@d.test")[0], 0)
        self.assertEqual(script.end(), [
            b"EHLO client.example\r\n", b"MAIL FROM:<a@b.test>\r\n",
            b"RCPT TO:<c@d.test>\r\n", b"DATA\r\n",
            b"Subject: hi\r\n\r\n..dots\r\n..\r\nlast\r\n.\r\n",
            b"QUIT\r\n"])

    def test_in_a_chunk(self):
        script = Script(b"250-mx\r\n250-SIZE 1000\r\n250 CHUNKING\r\n",
                        b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n",
                        b"221 bye\r\n")
        self.assertEqual(call(SEND, "127.0.0.1", script.listener.port,
                              "a@b.test", "c@d.test")[0], 0)
        self.assertEqual(script.end()[1:], [
            b"MAIL FROM:<a@b.test> SIZE=31\r\n", b"RCPT TO:<c@d.test>\r\n",
            b"BDAT 31 LAST\r\n",
            b"Subject: hi\r\n\r\n.dots\r\n.\r\nlast\r\n", b"QUIT\r\n"])

    def test_what_the_server_cannot_take(self):
        script = Script(b"250 mx\r\n", b"221 bye\r\n")
        code, out = call(SEND, "127.0.0.1", script.listener.port, "a@b.test",
                         "c@d.test", data="Grüße\n".encode())
        self.assertEqual(code, 1)
        self.assertIn("cannot: ", out)
        self.assertEqual(script.end(), [b"EHLO client.example\r\n",
                                        b"QUIT\r\n"])

    def test_a_server_that_hangs_up(self):
        script = Script(b"250 mx\r\n", None)
        self.assertEqual(call(SEND, "127.0.0.1", script.listener.port,
                              "a@b.test", "c@d.test"), (1, ""))
        script.end()

    def test_words_that_are_no_addresses(self):
        self.assertEqual(call(SEND, "127.0.0.1", 1, "a@b.test", "c d")[0], 2)
        self.assertEqual(call(SEND, "127.0.0.1", 1)[0], 2)


class Lmtp(unittest.TestCase):

    def test_each_recipient_has_a_verdict(self):
        script = Script(b"250 mx\r\n", b"250 ok\r\n", b"250 ok\r\n",
                        b"550 nobody here\r\n", b"250 ok\r\n", b"354 go\r\n",
                        b"221 bye\r\n")
        script.after = b"250 taken\r\n552 5.2.2 full\r\n"
        code, out = call(LMTP, "127.0.0.1", script.listener.port, "a@b.test",
                         "c@b.test", "d@b.test")
        self.assertEqual((code, out.splitlines()), (1, [
            "c@b.test: 550 nobody here", "a@b.test: 250 taken",
            "d@b.test: 552 full"]))
        self.assertEqual(script.end()[0], b"LHLO client.example\r\n")

    def test_a_server_that_hangs_up(self):
        script = Script(b"250 mx\r\n", b"250 ok\r\n", b"250 ok\r\n", None)
        self.assertEqual(call(LMTP, "127.0.0.1", script.listener.port,
                              "a@b.test"), (1, ""))
        script.end()


@unittest.skipUnless(SMTPD, "smtpd was not built")
class ToSmtpd(unittest.TestCase):

    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.addCleanup(self.tmp.cleanup)
        ready = os.path.join(self.tmp.name, "ready")
        self.process = subprocess.Popen(
            [SMTPD, "--capture", os.path.join(self.tmp.name, "mail"),
             "--listen", "smtp:127.0.0.1:0", "--listen", "lmtp:127.0.0.1:0",
             "--hostname", "mx.example.test", "--log-level", "error",
             "--ready-file", ready], stdin=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin"})
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.terminate)
        while not os.path.exists(ready):
            self.assertIsNone(self.process.poll())
            time.sleep(0.01)
        self.ports = {}
        with open(ready, encoding="ascii") as lines:
            for line in lines:
                kind, _, port = line.split()[:3]
                self.ports[kind] = port

    def captured(self):
        folder = os.path.join(self.tmp.name, "mail")
        with open(os.path.join(folder, sorted(os.listdir(folder))[0]),
                  "rb") as mail:
            return mail.read()

    def test_send(self):
        code, out = call(SEND, "127.0.0.1", self.ports["smtp"], "a@b.test",
                         "c@d.test", "e@f.test")
        self.assertEqual(code, 0, out)
        self.assertIn(b"Subject: hi\r\n\r\n.dots\r\n.\r\nlast\r\n",
                      self.captured())

    def test_lmtp(self):
        code, out = call(LMTP, "127.0.0.1", self.ports["lmtp"], "c@d.test",
                         "e@f.test", data="Grüße\n".encode())
        self.assertEqual(code, 0, out)
        self.assertEqual(len(out.splitlines()), 2)
        self.assertIn("Grüße\r\n".encode(), self.captured())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
