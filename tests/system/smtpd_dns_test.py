# SPDX-License-Identifier: MIT
"""What DNS says of a client: its name in the trace header, the block lists at
its recipient; and that nobody waits for DNS for long."""
import json
import os
import re
import shutil
import smtplib
import socket
import tempfile
import time
import unittest

from smtpd_support import SmtpdCase
from support import DOMAIN, SMTPD, Case, run

ALICE = f"alice@{DOMAIN}"
ME = "1.0.0.127.in-addr.arpa"


class Dns(SmtpdCase):
    """127.0.0.1 is a stranger here: `zone` is all of DNS."""

    zone = {}
    settings = ""

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="smtpmail-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        path = os.path.join(folder, "zone.json")
        with open(path, "w", encoding="ascii") as file:
            json.dump(self.zone, file)
        self.config = (f"[resolver]\nzone-file = {path}\n"
                       f"[dns]\n{self.settings}\n")
        super().setUp()

    def send(self, to=ALICE):
        with self.smtpd.smtp() as client:
            client.sendmail("a@example.org", [to], "Subject: x\r\n\r\nx\r\n")

    def refusal(self, to=ALICE):
        with self.smtpd.smtp() as client:
            client.ehlo("client.example")
            client.mail("a@example.org")
            return client.rcpt(to)

    def trace(self):
        raw = self.raw("alice", self.messages("alice")[0])
        return re.sub(rb"\r\n[ \t]+", b" ", raw).split(b"\r\n")[1]


class Name(Dns):

    zone = {ME: {"PTR": ["other.example.org", "Host.example.org"]},
            "other.example.org": {"A": "192.0.2.1"},
            "host.example.org": {"A": ["192.0.2.1", "127.0.0.1"]}}

    def test_a_name_that_leads_back_is_in_the_trace_and_the_log(self):
        self.send()
        self.assertIn(b"(host.example.org [127.0.0.1])", self.trace())
        self.assertIn("name=host.example.org", self.smtpd.log())

    def test_on_submission_nobody_waits_for_it(self):
        with self.smtpd.submission() as client:
            client.sendmail(ALICE, [ALICE], "Subject: x\r\n\r\nx\r\n")
        self.assertIn(b"[127.0.0.1]", self.trace())


class NameOfAnother(Dns):

    zone = {ME: {"PTR": "mail.bank.example"},
            "mail.bank.example": {"A": "192.0.2.1"}}

    def test_a_name_that_does_not_lead_back_is_not_told(self):
        self.send()
        self.assertNotIn(b"bank", self.trace())


class NoReverse(Dns):

    zone = Name.zone
    settings = "reverse = no"

    def test_it_can_be_switched_off(self):
        self.send()
        self.assertNotIn(b"host.example.org", self.trace())


class Slow(Dns):

    zone = {ME: "TIMEOUT"}
    settings = "wait = 1s\nlists = slow.example"

    def test_the_greeting_does_not_wait_and_a_recipient_only_so_long(self):
        began = time.monotonic()
        with self.smtpd.smtp() as client:
            client.ehlo()
            client.mail("a@example.org")
            self.assertLess(time.monotonic() - began, 0.8)
            self.assertEqual(client.rcpt(ALICE)[0], 250)
            waited = time.monotonic() - began
            self.assertGreater(waited, 0.8)
            self.assertLess(waited, 4)
            # The second one does not wait again.
            began = time.monotonic()
            self.assertEqual(client.rcpt(f"bob@{DOMAIN}")[0], 250)
            self.assertLess(time.monotonic() - began, 0.5)

    def test_submission_does_not_wait_at_all(self):
        began = time.monotonic()
        with socket.create_connection(
                ("127.0.0.1", self.smtpd.ports["submission"]), 20) as sock:
            self.assertEqual(sock.recv(4), b"220 ")
        self.assertLess(time.monotonic() - began, 0.8)

    def test_a_client_that_goes_while_it_waits(self):
        for _ in range(5):
            client = self.smtpd.smtp()
            client.ehlo()
            client.send(f"MAIL FROM:<>\r\nRCPT TO:<{ALICE}>\r\n")
            client.close()
        self.assertEqual(self.refusal()[0], 250)

    def test_told_to_stop_while_one_waits(self):
        client = self.smtpd.smtp()
        client.ehlo()
        client.send(f"MAIL FROM:<>\r\nRCPT TO:<{ALICE}>\r\n")
        time.sleep(0.2)
        self.smtpd.stop()
        client.close()


class Failing(Dns):

    zone = {ME: "SERVFAIL", "1.0.0.127.bad.example": "SERVFAIL"}
    settings = "lists = bad.example"

    def test_what_fails_counts_for_the_client(self):
        self.send()


# 127.0.0.1 is the test point of each list, so the client needs another
# address: Linux has all of 127.0.0.0/8.
CLIENT = "127.9.8.7"
REVERSED = "7.8.9.127"


class Lists(Dns):

    def refusal(self, to=ALICE, source=CLIENT):
        with smtplib.SMTP(timeout=20, source_address=(source, 0)) as client:
            client.connect("127.0.0.1", self.smtpd.ports["smtp"])
            client.ehlo("client.example")
            client.mail("a@example.org")
            return client.rcpt(to)

    def warnings(self):
        return re.findall("block_list_ignored.*", self.smtpd.log())


class Listed(Lists):

    zone = {f"{REVERSED}.zen.example": {
                "A": "127.0.0.4",
                "TXT": "See https://zen.example/\u00e4\r\nnow"}}
    settings = "lists = zen.example"

    def test_the_recipient_is_refused_with_the_words_of_the_list(self):
        code, text = self.refusal()
        self.assertEqual(code, 554)
        self.assertEqual(text, b"5.7.1 Client [127.9.8.7] is listed by "
                               b"zen.example: See https://zen.example/????now")

    def test_another_client_is_not(self):
        self.assertEqual(self.refusal(source="127.0.0.1")[0], 250)

    def test_the_postmaster_can_be_told(self):
        self.store.ctl("alias", "add", f"postmaster@{DOMAIN}", ALICE)
        self.assertEqual(self.refusal(f"Postmaster@{DOMAIN}")[0], 250)

    def test_the_log_says_so(self):
        self.refusal()
        self.assertRegex(self.smtpd.log(), "listed .*zen.example")
        self.assertRegex(self.smtpd.log(), "recipient_refused .*code=554")


class Recorded(Lists):

    zone = Listed.zone
    settings = "lists = zen.example\nlists-record = yes"

    def test_it_may_be_recorded_only(self):
        self.assertEqual(self.refusal()[0], 250)
        self.assertRegex(self.smtpd.log(), "listed .*zen.example")


class Weighed(Lists):

    zone = {f"{REVERSED}.one.example": {"A": "127.0.0.2"},
            f"{REVERSED}.two.example": {"A": "127.0.0.2"},
            f"{REVERSED}.good.example": {"A": "127.0.0.2"}}
    settings = "lists = one.example*2 two.example\nlists-score = 3"

    def test_weights_are_added(self):
        self.assertEqual(self.refusal()[0], 554)


class TooLight(Weighed):

    settings = "lists = one.example*2 two.example\nlists-score = 4"

    def test_weights_are_added(self):
        self.assertEqual(self.refusal()[0], 250)


class SpokenFor(Weighed):

    settings = "lists = one.example*2, two.example, good.example*-1\n" \
               "lists-score = 3"

    def test_weights_are_added(self):
        self.assertEqual(self.refusal()[0], 250)


class Everything(Lists):

    zone = {"*.all.example": {"A": "127.0.0.2"}}
    settings = "lists = all.example"

    def test_a_list_that_lists_all_is_ignored_and_the_log_says_so_once(self):
        for _ in range(3):
            self.assertEqual(self.refusal()[0], 250)
        self.assertEqual(len(self.warnings()), 1)
        self.assertIn("127.0.0.1", self.warnings()[0])


class ErrorCode(Lists):

    zone = {f"{REVERSED}.err.example": {"A": "127.255.255.254"}}
    settings = "lists = err.example"

    def test_a_list_that_refuses_to_answer_is_ignored(self):
        self.assertEqual(self.refusal()[0], 250)
        self.assertIn("127.255.255.x", self.warnings()[0])


class Parked(Lists):

    zone = {"*.parked.example": {"A": "203.0.113.5"}}
    settings = "lists = parked.example"

    def test_a_domain_that_was_sold_is_ignored(self):
        self.assertEqual(self.refusal()[0], 250)
        self.assertIn("127.0.0.0/8", self.warnings()[0])


class OverIpv6(Lists):
    """::1 asks by nibbles; the test point of IPv6 lists is not ::1."""

    zone = {"1." + "0." * 31 + "six.example": {"A": "127.0.0.3",
                                               "TXT": "six"},
            "1." + "0." * 31 + "ip6.arpa": {"PTR": "six.example.org"},
            "six.example.org": {"AAAA": "::1"}}
    settings = "lists = six.example\nlists-record = yes"
    extra = ("--listen", "submission:[::1]:0", "--listen", "smtp:[::1]:0")

    def test_lists_and_names(self):
        with open(self.smtpd.ready, encoding="ascii") as file:
            port = int(re.search(r"^smtp ::1 (\d+)$", file.read(), re.M)[1])
        with smtplib.SMTP("::1", port, timeout=20) as client:
            client.sendmail("a@example.org", [ALICE], "Subject: x\r\n\r\nx\r\n")
        self.assertIn("is listed by six.example: six", self.smtpd.log())
        self.assertIn(b"(six.example.org [IPv6:::1])", self.trace())


class Settings(Case):

    def test_lists_that_make_no_sense_are_refused_at_start(self):
        path = self.file("zone.json", "{}")
        for lists in ("a..b", "zen.example*x", "zen.example*1001", "*2",
                      " ".join(f"l{n}" for n in range(17))):
            config = self.file("conf", f"[dns]\nlists = {lists}\n"
                                       f"[resolver]\nzone-file = {path}\n")
            code, _, err = run(SMTPD, "--store", "sqlite::memory:", "--check",
                               "--config", config)
            self.assertEqual(code, 1, (lists, err))
            self.assertIn(b"block list", err)

    def test_a_zone_file_that_is_none(self):
        path = self.file("zone.json", '{"a": {"A": "1.2.3"}}')
        config = self.file("conf", f"[resolver]\nzone-file = {path}\n")
        code, _, err = run(SMTPD, "--store", "sqlite::memory:", "--check",
                           "--config", config)
        self.assertEqual(code, 1)
        self.assertIn(b"zone.json: 'a' A", err)


if __name__ == "__main__":
    unittest.main()
