# SPDX-License-Identifier: MIT
"""Clients behind proxies, and mail by the newer extensions."""
import os
import smtplib
import socket
import ssl
import tempfile
import unittest

from smtpd_support import SmtpdCase, trust
from support import SMTPD, run


def talk(port, *pieces, tls=False):
    """Send the pieces one by one; the first line, then all that came."""
    with socket.create_connection(("127.0.0.1", port), 20) as sock:
        for piece in pieces[:1]:
            sock.sendall(piece)
        if tls:
            sock = trust().wrap_socket(sock)
        said = b""
        for piece in pieces[1:]:
            sock.sendall(piece)
        while True:
            try:
                more = sock.recv(65536)
            except (ConnectionError, ssl.SSLError):
                break
            if not more:
                break
            said += more
    return said.decode()


MAIL = (b"EHLO client.example\r\nMAIL FROM:<x@sender.test>\r\n"
        b"RCPT TO:<alice@example.test>\r\nDATA\r\n")
END = b"Subject: by proxy\r\n\r\nhello\r\n.\r\nQUIT\r\n"
BLOCK = (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c" + bytes([203, 0, 113, 9]) +
         bytes([127, 0, 0, 1]) + b"\x10\x00\x00\x19")


class Proxy(SmtpdCase):
    config = "[network]\nproxy = 127.0.0.0/8\n[dns]\nreverse = no\n"

    def received(self):
        message = self.messages("alice")[0]
        return self.raw("alice", message).decode().split("\r\n\tby ")[0]

    def test_line(self):
        said = talk(self.smtpd.ports["smtp"],
                    b"PROXY TCP4 192.0.2.77 127.0.0.1 4321 25\r\n" + MAIL +
                    END)
        self.assertIn("\r\n250 2.0.0", said)
        self.assertIn("[192.0.2.77]", self.received())

    def test_block_in_pieces(self):
        pieces = [BLOCK[i:i + 1] for i in range(len(BLOCK))]
        said = talk(self.smtpd.ports["smtp"], *pieces, MAIL, END)
        self.assertTrue(said.startswith("220 "), said)
        self.assertIn("[203.0.113.9]", self.received())

    def test_before_tls(self):
        said = talk(self.smtpd.ports["submissions"], BLOCK,
                    b"EHLO x.example\r\nQUIT\r\n", tls=True)
        self.assertIn("AUTH", said)

    def test_without_it_nobody_is_greeted(self):
        for words in (b"EHLO x.example\r\n", b"PROXY TCP4 1.2.3.4\r\n",
                      b"\r\n\r\nx"):
            self.assertEqual(talk(self.smtpd.ports["smtp"], words), "")


class ProxyFromElsewhere(SmtpdCase):
    config = "[network]\nproxy = 192.0.2.0/24\n"

    def test_header_is_a_command(self):
        said = talk(self.smtpd.ports["smtp"],
                    b"PROXY TCP4 192.0.2.77 127.0.0.1 4321 25\r\nQUIT\r\n")
        self.assertRegex(said, r"\n5\d\d ")


class Xclient(SmtpdCase):
    config = "[network]\nxclient = 127.0.0.1\n[dns]\nreverse = no\n"

    def test_speaks_for_its_client(self):
        client = self.smtpd.smtp()
        client.ehlo()
        self.assertIn("xclient", client.esmtp_features)
        code, _ = client.docmd("XCLIENT", "ADDR=192.0.2.78 NAME=far.example "
                               "HELO=far.example PROTO=ESMTP")
        self.assertEqual(code, 220)
        client.ehlo()
        client.sendmail("x@sender.test", ["alice@example.test"],
                        b"Subject: x\r\n\r\ny\r\n")
        client.quit()
        raw = self.raw("alice", self.messages("alice")[0]).decode()
        self.assertIn("(far.example [192.0.2.78])", raw)


class Path(SmtpdCase):
    """LMTP on a socket of the file system."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "lmtp")
        with socket.socket(socket.AF_UNIX) as left_behind:
            left_behind.bind(self.path)
        self.extra = ("--listen", f"lmtp:unix:{self.path}")
        super().setUp()

    def test_postfix_could_hand_mail_over(self):
        with smtplib.LMTP(self.path) as client:
            refused = client.sendmail(
                "x@sender.test", ["alice@example.test", "no@example.test"],
                b"Subject: by path\r\n\r\ny\r\n")
        self.assertEqual(list(refused), ["no@example.test"])
        self.assertEqual(self.messages("alice")[0]["subject"], "by path")
        with open(self.smtpd.ready, encoding="ascii") as ready:
            self.assertIn(f"lmtp unix:{self.path} 0\n", ready.read())

    def test_only_lmtp(self):
        code, _, err = run(SMTPD, "--listen", "smtp:unix:/tmp/x")
        self.assertEqual(code, 2)
        self.assertIn(b"is not KIND:ADDRESS:PORT", err)


class Extensions(SmtpdCase):
    def test_what_is_offered(self):
        client = self.smtpd.smtp()
        client.ehlo()
        for name in ("chunking", "binarymime", "smtputf8", "8bitmime",
                     "limits", "pipelining", "enhancedstatuscodes", "size"):
            self.assertIn(name, client.esmtp_features)
        for name in ("dsn", "requiretls", "deliverby", "futurerelease",
                     "mt-priority", "xclient"):
            self.assertNotIn(name, client.esmtp_features)
        self.assertEqual(client.esmtp_features["limits"], "RCPTMAX=100")

    def test_binary_content_in_chunks(self):
        octets = bytes(range(256)) * 3 + b"\r.\n.\r\n"
        head = (b"Subject: b\r\nMIME-Version: 1.0\r\nContent-Type: "
                b"application/octet-stream\r\nContent-Transfer-Encoding: "
                b"binary\r\n\r\n")
        said = talk(self.smtpd.ports["smtp"], b"", (
            b"EHLO c.example\r\nMAIL FROM:<x@sender.test> BODY=BINARYMIME\r\n"
            b"RCPT TO:<alice@example.test>\r\nBDAT %d\r\n" % len(head) + head +
            b"BDAT %d LAST\r\n" % len(octets) + octets + b"QUIT\r\n"))
        self.assertIn("250 2.0.0", said)
        raw = self.raw("alice", self.messages("alice")[0])
        self.assertTrue(raw.endswith(head + octets))

    def test_addresses_in_utf8(self):
        self.store.ctl("domain", "add", "bücher.example")
        self.store.ctl("account", "add", "--bare", "--no-password",
                       "jösé@bücher.example")
        for recipient in ("jösé@bücher.example", "JÖSÉ@BÜCHER.example",
                          "jösé@xn--bcher-kva.example"):
            client = self.smtpd.smtp()
            client.ehlo()
            client.sendmail("señor@example.org", [recipient],
                            "Subject: ü\r\n\r\nx\r\n".encode(),
                            mail_options=["SMTPUTF8", "BODY=8BITMIME"])
            client.quit()
        rows = self.store.json("message", "list", "jösé@bücher.example")
        self.assertEqual([row["subject"] for row in rows], ["ü"] * 3)
        code, out, _ = self.store.run("message", "raw", "jösé@bücher.example",
                                      rows[0]["id"])
        self.assertEqual(code, 0)
        self.assertIn("Return-Path: <señor@example.org>", out.decode())
        self.assertIn(" with UTF8SMTP\r\n", out.decode())

    def test_utf8_has_to_be_asked_for(self):
        client = self.smtpd.smtp()
        client.ehlo()
        client.mail("x@sender.test")
        client.sock.sendall("RCPT TO:<jösé@bücher.example>\r\n".encode())
        code, words = client.getreply()
        self.assertEqual(code, 553)
        self.assertIn(b"5.6.7", words)


if __name__ == "__main__":
    unittest.main()
