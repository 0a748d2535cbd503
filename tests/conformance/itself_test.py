# SPDX-License-Identifier: MIT
"""smtp_conformance itself: servers that break a rule are caught.

Each server here is a few lines of Python with one fault. A suite that passes
everybody proves nothing.
"""
import contextlib
import json
import os
import socketserver
import subprocess
import sys
import tempfile
import threading
import unittest

PROGRAM = sys.argv.pop() if len(sys.argv) > 1 else None


class Server(socketserver.StreamRequestHandler):
    """Enough of SMTP for the rules that are tried here; no faults."""

    ends = (b"\r\n.\r\n",)  # of the content
    greeting = b"220 mx.example.org ESMTP"
    nested_mail = b"503 5.5.1 Nested"
    line_ends = b"\r\n"
    keeps = None  # a folder for the messages

    def say(self, text):
        self.wfile.write(text + self.line_ends)

    def content(self):
        octets = b"\r\n"
        while not octets.endswith(self.ends):
            octet = self.rfile.read(1)
            if not octet:
                return
            octets += octet
        self.keep(octets[2:])
        self.say(b"250 2.0.0 Taken")

    def keep(self, octets):
        if self.keeps:
            octets = b"\r\n" + octets
            octets = octets.replace(b"\r\n.", b"\r\n")[2:]
            with tempfile.NamedTemporaryFile(dir=self.keeps,
                                             delete=False) as file:
                file.write(octets)

    def handle(self):
        with contextlib.suppress(OSError):
            self.talk()

    def talk(self):
        self.say(self.greeting)
        mail = recipients = False
        while True:
            line = self.rfile.readline()
            if not line:
                return
            verb = line[:4].upper()
            if verb in (b"EHLO", b"LHLO"):
                mail = recipients = False
                self.say(b"250-mx.example.org\r\n250 PIPELINING")
            elif verb == b"MAIL" and mail:
                self.say(self.nested_mail)
            elif verb == b"MAIL":
                mail = True
                self.say(b"250 2.1.0 Fine")
            elif verb == b"RCPT" and mail and b"<>" not in line:
                recipients = True
                self.say(b"250 2.1.5 Fine")
            elif verb == b"RCPT":
                self.say(b"550 5.1.1 No" if mail else b"503 5.5.1 MAIL first")
            elif verb == b"DATA" and recipients:
                self.say(b"354 Go on")
                self.content()
                mail = recipients = False
            elif verb == b"RSET":
                mail = recipients = False
                self.say(b"250 2.0.0 Fine")
            elif verb == b"NOOP":
                self.say(b"250 2.0.0 Fine")
            elif verb == b"QUIT":
                self.say(b"221 2.0.0 Bye")
                return
            else:
                self.say(b"500 5.5.1 What")


class Itself(unittest.TestCase):
    """One rule, one server, one outcome."""

    def outcome(self, rule, *options, **faults):
        handler = type("Faulty", (Server,), faults)
        with socketserver.ThreadingTCPServer(("127.0.0.1", 0),
                                             handler) as server:
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever,
                                      kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                done = subprocess.run(
                    [PROGRAM, "127.0.0.1", str(server.server_address[1]),
                     "--recipient", "user@example.org", "--only", rule,
                     "--timeout", "2", "--json", *options],
                    stdout=subprocess.PIPE, check=False, timeout=60)
            finally:
                server.shutdown()
                thread.join()
        if done.returncode > 1:
            return done.returncode
        [result] = json.loads(done.stdout)["results"]
        self.assertEqual(done.returncode, result["outcome"] == "FAIL" and
                         result["level"] == "MUST")
        return result["outcome"]

    def test_no_fault_passes(self):
        for rule in ("greeting", "ehlo_syntax", "order_mail_twice",
                     "smuggling_lf_dot_lf", "smuggling_crlf_dot_lf",
                     "pipelining_after_content", "end_split",
                     "limit_recipients_100", "broken_in_content"):
            with self.subTest(rule):
                self.assertEqual(self.outcome(rule), "pass")

    def test_greeting_without_a_domain(self):
        self.assertEqual(self.outcome("greeting", greeting=b"220 !"), "FAIL")

    def test_replies_ended_by_a_bare_lf(self):
        """Nobody can be talked to who does not end a line."""
        self.assertEqual(self.outcome("greeting", line_ends=b"\n"), 3)

    def test_a_second_mail_is_taken(self):
        self.assertEqual(self.outcome("order_mail_twice",
                                      nested_mail=b"250 Fine"), "FAIL")

    def test_every_smuggling_variant_is_caught(self):
        for rule, end in (("lf_dot_lf", b"\n.\n"),
                          ("lf_dot_crlf", b"\n.\r\n"),
                          ("crlf_dot_lf", b"\r\n.\n"),
                          ("crlf_dot_cr", b"\r\n.\r"),
                          ("cr_dot_cr", b"\r.\r"),
                          ("split_lf_dot_lf", b"\n.\n"),
                          ("split_crlf_dot_lf", b"\r\n.\n")):
            with self.subTest(rule):
                self.assertEqual(self.outcome(
                    "smuggling_" + rule, ends=(b"\r\n.\r\n", end)), "FAIL")

    def test_stored_content_is_compared(self):
        with tempfile.TemporaryDirectory() as folder:
            reader = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                  "reader.py")
            options = ("--reader", f"{sys.executable} {reader} folder {folder}")
            self.assertEqual(self.outcome("dots_unstuffed", *options,
                                          keeps=folder), "pass")

            def keep(handler, octets):
                Server.keep(handler, octets.replace(b"\r\n.", b"\r\n.."))

            self.assertEqual(self.outcome("dots_unstuffed", *options,
                                          keeps=folder, keep=keep), "FAIL")

    def test_what_is_not_offered_is_skipped(self):
        self.assertEqual(self.outcome("bdat_last"), "skip")

    def test_nobody_there(self):
        done = subprocess.run([PROGRAM, "127.0.0.1", "1"], check=False,
                              stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 3)


if __name__ == "__main__":
    unittest.main()
