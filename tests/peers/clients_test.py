#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The examples that send, against servers that others wrote: Postfix by BDAT,
Dovecot by LMTP, smtp-sink by DATA. One that is not there is skipped.

    clients_test.py SEND LMTP
"""
import os
import subprocess
import sys
import tempfile
import unittest

import peers

SEND, LMTP = sys.argv[1:3]
SMALL = "Subject: dots\n\n.\n..\n.x\nGrüße\n".encode()
LARGE = b"Subject: large\n\n" + (b"." + b"x" * 997 + b"\n") * 1000


class Clients(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)  # the peers have users of their own
        self.folder = os.path.join(folder.name, "peer")

    def enter(self, peer):
        """The port of a peer that runs until the test is over."""
        try:
            peer.__enter__()
        except peers.Missing as why:
            self.skipTest(str(why))
        self.addCleanup(peer.__exit__)
        return str(peer.port)

    def call(self, program, port, *words, data=SMALL, expect=0):
        done = subprocess.run([program, "127.0.0.1", port, *words],
                              input=data, capture_output=True, timeout=120,
                              check=False)
        out = done.stdout.decode()
        self.assertEqual(done.returncode, expect, out + done.stderr.decode())
        return out

    def test_postfix(self):
        port = self.enter(peers.Postfix(self.folder))
        sender = "a@" + peers.DOMAIN
        to = ["x@" + peers.DOMAIN, "y@" + peers.DOMAIN]
        out = self.call(SEND, port, sender, *to)
        self.assertEqual(out.count("recipient: 250"), 2)
        self.assertIn("message: 250", out)
        self.call(SEND, port, sender, *to, data=LARGE)
        out = self.call(SEND, port, sender, to[0], "z@elsewhere.example",
                        expect=1)
        self.assertIn("recipient: 554", out)
        self.assertIn("message: 250", out)

    def test_dovecot(self):
        port = self.enter(peers.DovecotLmtp(self.folder))
        out = self.call(LMTP, port, "x@bench.test", "y@bench.test")
        self.assertEqual(len(out.splitlines()), 2)
        self.call(LMTP, port, "x@bench.test", data=LARGE)

    def test_smtp_sink(self):
        port = self.enter(peers.SmtpSink(self.folder))
        self.call(SEND, port, "a@b.example", "x@y.example")
        self.call(SEND, port, "a@b.example", "x@y.example", data=LARGE)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
