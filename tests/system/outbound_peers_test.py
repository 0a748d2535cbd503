# SPDX-License-Identifier: MIT
"""Mail to other servers: Postfix, Exim and aiosmtpd take it as it was written,
and with smtp-sink in each of its moods it ends as it ought to."""
import email
import os
import sys
import unittest

from outbound_support import ALICE, OutboundCase, groups, mail, until
from smtpd_support import make_certificate

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "peers"))
import peers  # noqa: E402


class Running:
    """A peer that runs until it is closed, as a sink does."""

    def __init__(self, peer):
        self.peer = peer
        try:
            peer.__enter__()
        except peers.Missing as err:
            raise unittest.SkipTest(str(err)) from None
        self.port = peer.port

    def close(self):
        self.peer.__exit__()


def files_below(folder):
    """What all files in there hold."""
    found = []
    for path, _, names in os.walk(folder):
        if path.endswith(("new", "cur")):
            for name in names:
                with open(os.path.join(path, name), "rb") as file:
                    found.append(file.read().replace(b"\r\n", b"\n"))
    return found


def body(kind):
    """Bodies that a server along the way may spoil."""
    return {
        "plain": "One line.\r\n",
        "dots": ".\r\n..\r\n.dot\r\n...\r\nend\r\n",
        "eight": "Grüße aus Köln\r\n",
        "long": ("x" * 998 + "\r\n") * 3,
        "big": ("All work and no play.\r\n" * 40000),
        "blank": "\r\n\r\na\r\n\r\n\r\n",
        "empty": "",
    }[kind]


KINDS = ("plain", "dots", "eight", "long", "big", "blank", "empty")


class Server(OutboundCase):
    """A server that keeps what it gets."""

    domain = "bench.test"

    def peer(self):
        raise NotImplementedError

    def sinks(self):
        # The servers run as users of their own.
        os.chmod(self.tmp, 0o755)
        self.folder = os.path.join(self.tmp, "peer")
        return {self.domain: Running(self.peer())}

    def kept(self, count):
        """So many messages, as the server has them: Subject -> octets."""
        folder = os.path.join(self.folder, "mail")
        until(lambda: len(files_below(folder)) >= count, 40, self.tell)
        found = files_below(folder)
        self.assertEqual(len(found), count)
        return {email.message_from_bytes(octets)["Subject"]: octets
                for octets in found}

    def tell(self):
        with open(self.hosts[self.domain].peer.log, "rb") as log:
            return self.smtpd.tail() + log.read()[-1000:].decode("latin-1")

    def test_all_arrives_as_it_was_written(self):
        with self.smtpd.submission() as client:
            for kind in KINDS:
                client.sendmail(ALICE, [f"x@{self.domain}"],
                                mail(kind, body(kind)), ["BODY=8BITMIME"])

        kept = self.kept(len(KINDS))

        for kind in KINDS:
            self.assertEqual(kept[kind].split(b"\n\n", 1)[1],
                             body(kind).replace("\r\n", "\n").encode(), kind)
            self.assertIn(b"\nDKIM-Signature:", kept[kind])
            self.assertIn(ALICE.encode(), kept[kind])
        self.assertEqual(self.messages("alice"), [])

    def test_a_story_of_three(self):
        self.submit([f"good@{self.domain}", f"bad@{self.domain}",
                     f"later@{self.domain}"], mail("three"))

        notice, = self.notices()
        self.assertEqual(list(self.kept(1)), ["three"])
        said = groups(notice)
        self.assertEqual(len(said), 2)
        self.assertIn("bad@", said[1]["final-recipient"])
        self.assertEqual(said[1]["action"], "failed")
        code = " ".join(said[1]["diagnostic-code"].split())  # it is folded
        self.assertRegex(code, r"^smtp; 550.*no such user")
        self.assertIn("no such", notice.get_payload()[0].get_payload())
        row, = until(self.queue_rows)
        self.assertIn("later@", row["to"])
        self.assertIn("come back later", row["lastReply"])


class ToPostfix(Server):

    main = """\
virtual_mailbox_maps = static:bench/
smtpd_recipient_restrictions = check_recipient_access inline:{
 {bad@bench.test=550 5.1.1 no such user},
 {later@bench.test=450 4.2.0 come back later}},
 reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_chain_files = %s
"""

    def peer(self):
        chain = self.file("chain.pem")
        for path in reversed(make_certificate(self.tmp, "mail.bench.test",
                                              "pf-")):
            with open(path, "rb") as file, open(chain, "ab") as out:
                out.write(file.read())
        return peers.Postfix(self.folder, main=self.main % chain)

    def test_by_tls(self):
        self.submit(["x@bench.test"], mail("secret"))

        kept = self.kept(1)

        self.assertRegex(kept["secret"], rb"(?s)Received: from .*TLSv1\.3")
        line, = until(lambda: self.log_lines("info delivered"))
        self.assertIn("TLSv1.3", line)

    def test_a_success_is_told_by_postfix_or_by_us(self):
        """It knows DSN, so that we say nothing."""
        self.submit(["x@bench.test"], mail("told"),
                    rcpt_options=["NOTIFY=SUCCESS"])

        self.kept(1)

        row, = self.store.json("queue", "list", "--status", "delivered")
        self.assertEqual(row["attempts"], 1)
        self.assertEqual(self.messages("alice"), [])


class ToExim(Server):

    def peer(self):
        return peers.Exim(self.folder)


class ToAiosmtpd(Server):

    def peer(self):
        return peers.Aiosmtpd(self.folder, keep=True)

    def test_a_story_of_three(self):
        """It takes everybody."""
        self.submit([f"{name}@{self.domain}" for name in "abc"], mail("abc"))

        self.assertEqual(list(self.kept(1)), ["abc"])


# Options of smtp-sink, how it ends, and what is to be read about it.
STATES = ("mail", "rcpt", "data", ".")
MOODS = [
    *[((option,), "delivered", "") for option in
      ("-8", "-a", "-C", "-e", "-E", "-F", "-N", "-p", "-P")],
    (("-w", "1"), "delivered", ""),
    (("-H", "1"), "delivered", ""),
    (("-T", "1024"), "delivered", ""),
    (("-W", ".:1"), "delivered", ""),
    (("-h", "other.test"), "delivered", ""),
    *[(("-r", state), "waiting", "450") for state in ("connect", *STATES)],
    *[(("-f", state), "failed", "500") for state in ("connect", *STATES)],
    *[(("-q", state), "waiting", "closed") for state in
      ("connect", "ehlo", *STATES)],
    *[(("-Q", state), "waiting", "421") for state in
      ("connect", "ehlo", *STATES)],
    (("-f", "ehlo"), "delivered", ""),
    (("-r", "ehlo"), "waiting", "450"),
    (("-f", "ehlo,helo"), "failed", "500"),
    *[((option, "quit"), "delivered", "") for option in
      ("-r", "-f", "-q", "-Q")],
    (("-b", "451 4.7.1 greylisted, five minutes", "-r", "rcpt"), "waiting",
     "451 4.7.1 greylisted, five minutes"),
    (("-B", "554 5.7.1 listed", "-f", "rcpt"), "failed", "554 5.7.1 listed"),
    (("-A", "0"), "failed", "550"),
    (("-L",), "delivered", ""),
    (("-L", "-r", "."), "waiting", "450"),
    (("-L", "-f", "."), "failed", "500"),
    (("-L", "-q", "."), "waiting", "closed"),
]


class Moods(OutboundCase):
    """smtp-sink, as often as it has moods; x@m3.test goes to the third."""

    def sinks(self):
        os.chmod(self.tmp, 0o755)
        hosts = {}
        for i, (options, _, _) in enumerate(MOODS):
            folder = os.path.join(self.tmp, f"m{i}")
            os.mkdir(folder)
            os.chmod(folder, 0o777)
            greets = options[0] != "-q" or options[1] != "connect"
            hosts[f"m{i}.test"] = Running(peers.SmtpSink(
                folder, *options, "-D", os.path.join(folder, "dump"),
                greets=greets))
        return hosts

    def routes(self):
        return "".join(
            f"[route r{i}]\nkind = {'lmtp' if '-L' in options else 'relay'}\n"
            f"host = [127.0.0.1]\nport = {self.hosts[f'm{i}.test'].port}\n"
            f"recipients = m{i}.test\n"
            for i, (options, _, _) in enumerate(MOODS))

    def dumped(self, i):
        path = os.path.join(self.tmp, f"m{i}", "dump")
        if not os.path.exists(path):
            return 0
        with open(path, "rb") as dump:
            return dump.read().count(b"\nSubject: hello")

    def rows(self):
        return {row["to"]: row for row in self.store.json(
            "queue", "list", "--status", "all", "--limit", "1000")}

    def wrong(self):
        """What is not yet as it ought to be."""
        rows = self.rows()
        found = []
        for i, (options, end, words) in enumerate(MOODS):
            row = rows[f"x@m{i}.test"]
            status = row["status"].replace("sending", "waiting")
            # A session may be cut in many words.
            said = row["lastReply"].lower()
            ok = words in said or words == "closed" and (
                "closed" in said or "reset" in said or "broke" in said or
                "pipe" in said)
            if status != end or not said or not ok:
                found.append((options, end, words, row["status"],
                              row["lastReply"]))
        return found

    def test_each_ends_as_it_ought_to(self):
        with self.smtpd.submission() as client:
            for i in range(len(MOODS)):
                client.sendmail(ALICE, [f"x@m{i}.test"], mail())

        until(lambda: not self.wrong(), 40, self.wrong)

        failed = {f"x@m{i}.test" for i, mood in enumerate(MOODS)
                  if mood[1] == "failed"}
        until(lambda: len(self.inbox()) >= len(failed), 20)
        told = [groups(notice) for notice in self.inbox()]
        self.assertEqual(sorted(said[1]["final-recipient"].split(";")[1]
                                .strip() for said in told), sorted(failed))
        for said in told:
            self.assertEqual(said[1]["action"], "failed")
            self.assertTrue(said[1]["status"].startswith("5."), said[1])
        for i, (options, end, _) in enumerate(MOODS):
            if end == "delivered":
                self.assertEqual(self.dumped(i), 1, options)

    def test_eight_bits_for_a_host_that_has_seven(self):
        """It is returned, and says why; the others get it."""
        self.submit(["x@m0.test", "x@m1.test"],
                    mail("hello", body("eight")), options=["BODY=8BITMIME"])

        notice, = self.notices()

        said = groups(notice)
        self.assertIn("x@m0.test", said[1]["final-recipient"])
        self.assertEqual(said[1]["status"], "5.6.3")
        self.assertIn("8", notice.get_payload()[0].get_payload())
        until(lambda: self.dumped(1) == 1)


del Server  # is no test itself


if __name__ == "__main__":
    unittest.main()
