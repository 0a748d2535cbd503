# SPDX-License-Identifier: MIT
"""MTA-STS (RFC 8461): policies served over HTTPS, and what follows from them."""
import ssl
import threading
import unittest

from outbound_support import ALICE, groups, mail, until
from outbound_tls_support import Authority, PolicyHost, TlsCase, policy

PATH = "/.well-known/mta-sts.txt"


def text(octets, status=200, kind="text/plain", *more):
    return status, kind, octets, *more


class Nobody(TlsCase):
    """Where nobody has promised anything."""

    def test_in_the_clear_is_counted(self):
        sink = self.add_host("mx.remote.test")
        self.add_domain("remote.test", ["mx.remote.test"])
        self.run_smtpd()

        self.assertIn('tls=""', self.send())
        self.assertEqual(len(sink.mails), 1)
        self.counted("remote.test", "no-policy-found", "mx.remote.test",
                     "starttls-not-supported")

    def test_tls_that_fails_is_gone_without(self):
        sink = self.add_host("mx.remote.test",
                             self.authority.issue("mx.remote.test"))
        sink.context.maximum_version = ssl.TLSVersion.TLSv1_2
        sink.context.set_ciphers("PSK")  # no client of ours has one
        self.add_domain("remote.test", ["mx.remote.test"])
        self.run_smtpd()

        self.assertIn('tls=""', self.send())
        self.assertEqual(len(sink.mails), 1)
        self.assertEqual(
            self.counted("remote.test", "no-policy-found", "mx.remote.test",
                         "validation-failure"), 1)
        self.assertEqual(len(self.store.json("queue", "tls")), 1)


class Sts(TlsCase):

    def setUp(self):
        super().setUp()
        self.good = self.authority.issue("mx.remote.test")
        self.policies = None

    def begin(self, answer, files=None, host_files=None, domain="remote.test",
              identity="1", **options):
        """mx.remote.test with `files`, and a policy for its domain."""
        host = f"mta-sts.{domain}"
        self.add_host("mx.remote.test", files or self.good, **options)
        self.add_domain(domain, ["mx.remote.test"])
        self.zone_data[f"_mta-sts.{domain}"] = {
            "TXT": [f"v=STSv1; id={identity};"]}
        self.zone_data[host] = {"A": ["127.0.0.1"]}
        self.policies = PolicyHost(
            {host: host_files or self.authority.issue(host)}, {host: answer})
        self.addCleanup(self.policies.close)
        self.start()

    def start(self):
        self.run_smtpd(f"mta-sts-port = {self.policies.port}\n")

    def mails(self):
        return self.hosts["mx.remote.test"].mails

    def test_enforced_and_good(self):
        self.begin(text(policy()))

        line = self.send()
        self.assertIn("verified: MTA-STS", line)
        self.assertNotIn("not verified", line)
        self.assertEqual(self.policies.asked,
                         [("mta-sts.remote.test", PATH)])
        self.send(count=2, subject="again")
        self.assertEqual(len(self.policies.asked), 1)
        self.assertGreaterEqual(
            self.counted("remote.test", "sts", "mx.remote.test",
                         "successful"), 1)

    def test_a_wildcard_is_one_label(self):
        self.begin(text(policy(mx=["*.remote.test"]), 200,
                        "text/plain; charset=utf-8"))
        self.assertIn("verified: MTA-STS", self.send())

    def test_enforced_with_a_certificate_of_nobody(self):
        other = Authority(self.tmp, "other").issue("mx.remote.test", 29)
        self.begin(text(policy()), other)

        line = self.put_off()
        self.assertIn("4.7.5", line)
        self.assertIn("MTA-STS", line)
        self.assertIn("nobody whom we trust", line)
        self.counted("remote.test", "sts", "mx.remote.test",
                     "certificate-not-trusted")
        self.assertEqual(self.mails(), [])

    def test_enforced_with_a_certificate_of_another(self):
        self.begin(text(policy()), self.authority.issue("mx.other.test"))

        self.assertIn("for another name", self.put_off())
        self.counted("remote.test", "sts", "mx.remote.test",
                     "certificate-host-mismatch")
        self.assertEqual(self.mails(), [])

    def test_enforced_with_a_certificate_that_has_ended(self):
        self.begin(text(policy()), self.authority.issue("mx.remote.test", -1))

        self.assertIn("out of date", self.put_off())
        self.counted("remote.test", "sts", "mx.remote.test",
                     "certificate-expired")
        self.assertEqual(self.mails(), [])

    def test_enforced_and_no_tls_offered(self):
        self.begin(text(policy()), ())
        self.hosts["mx.remote.test"].context = None

        line = self.put_off()
        self.assertIn("4.7.5", line)
        self.assertIn("does not offer it", line)
        self.counted("remote.test", "sts", "mx.remote.test",
                     "starttls-not-supported")
        self.assertEqual(self.mails(), [])

    def test_enforced_and_the_host_is_not_named(self):
        self.begin(text(policy(mx=["mx.other.test", "remote.test"])))

        line = self.put_off()
        self.assertIn("4.7.5", line)
        self.assertIn("none of the domain's hosts", line)
        self.counted("remote.test", "sts", "mx.remote.test",
                     "validation-failure")
        self.assertEqual(self.hosts["mx.remote.test"].sessions, [])

    def test_a_host_that_is_named_takes_the_place_of_one_that_is_not(self):
        second = self.add_host("mx2.remote.test",
                               self.authority.issue("mx2.remote.test"))
        self.begin(text(policy(mx=["mx2.remote.test"])))
        self.add_domain("remote.test", ["mx.remote.test", "mx2.remote.test"])
        self.start()

        self.send()
        self.assertEqual(len(second.mails), 1)
        self.assertEqual(self.hosts["mx.remote.test"].sessions, [])

    def test_testing_delivers_and_notes(self):
        self.begin(text(policy("testing")),
                   self.authority.issue("mx.other.test"))

        line = self.send()
        self.assertIn("not verified: MTA-STS, testing", line)
        self.assertEqual(len(self.mails()), 1)
        self.counted("remote.test", "sts", "mx.remote.test",
                     "certificate-host-mismatch")

    def test_testing_delivers_to_a_host_that_is_not_named(self):
        self.begin(text(policy("testing", ["mx.other.test"])))

        self.send()
        self.counted("remote.test", "sts", "mx.remote.test",
                     "validation-failure")

    def test_mode_none_is_no_policy(self):
        self.begin(text(policy("none", [])))
        self.assertIn("opportunistic", self.send())

    def not_a_policy(self, answer, result, **options):
        """Without one, mail goes as if nobody had said anything."""
        self.begin(answer, **options)
        self.assertIn("opportunistic", self.send())
        self.counted("remote.test", "sts", "", result)
        self.counted("remote.test", "no-policy-found", "mx.remote.test",
                     "successful")

    def test_a_redirect_is_not_followed(self):
        self.not_a_policy(
            text(b"", 302, "text/plain",
                 ("Location", "https://mta-sts.remote.test" + PATH)),
            "sts-policy-fetch-error")
        self.assertEqual(len(self.policies.asked), 1)

    def test_html_is_no_policy(self):
        self.not_a_policy(text(policy(), 200, "text/html"),
                          "sts-policy-fetch-error")

    def test_nonsense_is_no_policy(self):
        self.not_a_policy(text(b"version: STSv1\nmode: maybe\nmax_age: 1\n"),
                          "sts-policy-invalid")

    def test_what_is_too_long_is_no_policy(self):
        self.not_a_policy(text(policy() + b"x: " + b"y" * 65536 + b"\n"),
                          "sts-policy-fetch-error")

    def test_the_host_of_the_policy_has_to_prove_itself(self):
        self.not_a_policy(text(policy()), "sts-webpki-invalid",
                          host_files=self.authority.issue("remote.test"))

    def test_no_policy_comes_from_a_private_address(self):
        self.begin(text(policy()))
        self.queue = self.queue.replace("addresses = yes", "addresses = no")
        self.start()

        self.submit(["x@remote.test"])
        until(lambda: "private address" in self.smtpd.log(), 30,
              self.smtpd.tail)
        self.assertEqual(self.policies.asked, [])

    def test_a_policy_outlives_its_host(self):
        self.begin(text(policy()))
        self.send()
        self.policies.close()
        bad = self.add_host("mx9.test", self.authority.issue("mx.other.test"))
        self.zone_data["mx.remote.test"]["A"] = [bad.address]

        for record in (["v=STSv1; id=2;"], []):  # another one, none
            self.zone_data["_mta-sts.remote.test"]["TXT"] = record
            self.start()
            self.assertIn("4.7.5", self.put_off())
        self.assertEqual(bad.mails, [])
        self.counted("remote.test", "sts", "", "sts-policy-fetch-error")

    def test_a_new_id_is_a_new_policy(self):
        self.begin(text(policy()))
        self.send()
        self.policies.answers["mta-sts.remote.test"] = text(
            policy("testing", ["mx.other.test"]))
        self.start()
        self.assertIn("verified: MTA-STS", self.send(count=2, subject="2"))
        self.assertEqual(len(self.policies.asked), 1)  # the id is the same

        self.zone_data["_mta-sts.remote.test"]["TXT"] = ["v=STSv1; id=2;"]
        self.start()
        self.assertIn("MTA-STS, testing", self.send(count=3, subject="3"))
        self.assertEqual(len(self.policies.asked), 2)

    def test_nobody_else_waits_for_a_policy(self):
        over = threading.Event()
        self.addCleanup(over.set)
        self.begin(lambda: over.wait(60) and text(policy()))
        other = self.add_host("mx.other.test")
        self.add_domain("other.test", ["mx.other.test"])
        self.start()

        self.submit(["x@remote.test"])
        until(lambda: self.policies.asked, 30, self.smtpd.tail)
        self.send("other.test")
        self.assertEqual(len(other.mails), 1)
        self.assertEqual(self.mails(), [])
        over.set()
        until(self.mails, 30, self.smtpd.tail)

    def test_two_records_are_none(self):
        self.begin(text(policy()))
        self.zone_data["_mta-sts.remote.test"]["TXT"].append("v=STSv1; id=2;")
        self.start()
        self.assertIn("opportunistic", self.send())
        self.assertEqual(self.policies.asked, [])

    def test_requiretls_by_a_policy(self):
        self.begin(text(policy()), extensions=("REQUIRETLS",))

        self.submit(["x@remote.test"], mail(), options=["REQUIRETLS"])
        until(self.mails, 30, self.smtpd.tail)
        self.assertIn(b"REQUIRETLS", self.mails()[0][1])

    def test_requiretls_without_a_policy(self):
        self.begin(text(b""), extensions=("REQUIRETLS",))

        self.submit(["x@remote.test"], mail(), options=["REQUIRETLS"])
        notice, = self.notices()
        self.assertEqual(groups(notice)[1]["status"], "5.7.10")
        self.assertEqual(self.mails(), [])
        self.assertIn(ALICE, notice["To"])


if __name__ == "__main__":
    unittest.main()
