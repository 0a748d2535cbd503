# SPDX-License-Identifier: MIT
"""DANE (RFC 7672): zones signed by knot, validated by our own resolver, which
knows nothing of .test."""
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
import unittest

from outbound_support import groups, mail, until
from outbound_tls_support import Authority, PolicyHost, TlsCase, policy
from support import Failed, run

KNOTD = shutil.which("knotd") or shutil.which("knotd", path="/usr/sbin")
KEYMGR = shutil.which("keymgr") or shutil.which("keymgr", path="/usr/sbin")


def free_port():
    """One that is free for both UDP and TCP."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, \
                socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            try:
                other.bind(("127.0.0.1", one.getsockname()[1]))
            except OSError:
                continue
            return one.getsockname()[1]
    raise Failed("no free port")


class Knot:
    """A name server of our own. `zones`: name -> is it signed?"""

    def __init__(self, folder, zones, records):
        self.folder = os.path.join(folder, f"knot{time.monotonic_ns()}")
        os.makedirs(os.path.join(self.folder, "db"))
        self.port = free_port()
        self.zones = zones
        self.conf = os.path.join(self.folder, "knot.conf")
        for zone in zones:
            self.write_zone(zone, records)
        self.write_conf()
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen([KNOTD, "-c", self.conf],
                                            stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while not self.answers():
            if self.process.poll() is not None or \
                    time.monotonic() > deadline:
                self.close()
                raise Failed("knotd does not serve: " + self.log())
            time.sleep(0.05)

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as log:
            return log.read()[-2000:]

    def write_zone(self, zone, records):
        lines = [f"$TTL 60\n@ IN SOA ns.{zone}. root.{zone}. 1 60 60 60 60",
                 f"@ IN NS ns.{zone}.", "ns IN A 127.0.0.1"]
        for name, types in records.items():
            if name != zone and not name.endswith("." + zone):
                continue
            for kind, values in types.items():
                for value in values:
                    if kind == "MX":
                        value += "."
                    elif kind == "TXT":
                        value = f'"{value}"'
                    lines.append(f"{name}. IN {kind} {value}")
        with open(os.path.join(self.folder, zone + ".zone"), "w",
                  encoding="ascii") as out:
            out.write("\n".join(lines) + "\n")

    def write_conf(self):
        text = (f"server:\n  rundir: {self.folder}\n"
                f"  listen: 127.0.0.1@{self.port}\n"
                f"  udp-workers: 1\n  tcp-workers: 1\n"
                f"  background-workers: 1\n"
                f"log:\n  - target: stdout\n    any: info\n"
                f"database:\n  storage: {self.folder}/db\n"
                "  journal-db-max-size: 16M\n  kasp-db-max-size: 16M\n"
                "  timer-db-max-size: 5M\n  catalog-db-max-size: 5M\n"
                "policy:\n  - id: one\n    algorithm: ecdsap256sha256\n"
                "    single-type-signing: on\n"
                "zone:\n")
        for zone, is_signed in self.zones.items():
            text += (f"  - domain: {zone}\n    storage: {self.folder}\n"
                     f"    file: {zone}.zone\n    zonefile-sync: -1\n"
                     "    journal-content: all\n    zonefile-load: difference\n")
            if is_signed:
                text += "    dnssec-signing: on\n    dnssec-policy: one\n"
        with open(self.conf, "w", encoding="ascii") as out:
            out.write(text)

    def answers(self):
        """Every zone is loaded, and signed if it is to be."""
        for zone, is_signed in self.zones.items():
            kind = 48 if is_signed else 6  # DNSKEY, SOA
            labels = b"".join(bytes([len(one)]) + one.encode()
                              for one in zone.split("."))
            question = (b"\1\2\0\0\0\1\0\0\0\0\0\0" + labels + b"\0" +
                        bytes([0, kind, 0, 1]))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
                asking.settimeout(1)
                try:
                    asking.sendto(question, ("127.0.0.1", self.port))
                    answer = asking.recv(4096)
                except OSError:
                    return False
            if answer[3] & 15 or answer[6:8] == b"\0\0":
                return False
        return True

    def anchors(self):
        """DS of each signed zone: a line each."""
        text = ""
        for zone, is_signed in self.zones.items():
            if not is_signed:
                continue
            code, out, err = run(KEYMGR, "-c", self.conf, zone, "ds")
            if code != 0:
                raise Failed(err.decode())
            text += next(line for line in out.decode().splitlines()
                         if " 13 2 " in line) + "\n"
        return text

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


def wrong(anchors, zone):
    """The same anchors, but another digest for the zone."""
    lines = []
    for line in anchors.splitlines():
        if line.startswith(zone + "."):
            head, _, digest = line.rpartition(" ")
            line = head + " " + "0" * len(digest)
        lines.append(line)
    return "\n".join(lines) + "\n"


def digest(certificate, selector=1):
    """SHA-256 of the key, or with selector 0 of all of it."""
    code, out, err = run("openssl", "x509", "-in", certificate, "-outform",
                         "DER", "-out", "-")
    if selector == 1:
        code, pem, err = run("openssl", "x509", "-in", certificate, "-noout",
                             "-pubkey")
        if code == 0:
            code, out, err = run("openssl", "pkey", "-pubin", "-outform",
                                 "DER", stdin=pem)
    if code != 0:
        raise Failed(err.decode())
    return hashlib.sha256(out).hexdigest()


class Dane(TlsCase):

    def setUp(self):
        super().setUp()
        self.zones = {}
        self.knot = None
        self.bogus = ()
        self.self_made = Authority(self.tmp, "self")

    def resolver(self):
        if self.knot is not None:
            self.knot.close()
        self.knot = Knot(self.tmp, self.zones, self.zone_data)
        self.addCleanup(self.knot.close)
        anchors = self.knot.anchors()
        for zone in self.bogus:
            anchors = wrong(anchors, zone)
        path = self.file("anchors", anchors)
        return (f"server = 127.0.0.1:{self.knot.port}\n"
                f"trust-anchor = {path}\n")

    def domain(self, name, tlsa="good", files=None, signed=True, **options):
        """name, with mx.name, a certificate that nobody has signed, and a
        TLSA record that names it."""
        host = f"mx.{name}"
        files = files or self.self_made.issue(host)
        sink = self.add_host(host, files, **options)
        self.add_domain(name, [host])
        self.zones[name] = signed
        records = {"good": f"3 1 1 {digest(files[0])}",
                   "bad": "3 1 1 " + "ab" * 32,
                   "unusable": f"1 1 1 {digest(files[0])}"}.get(tlsa, tlsa)
        if records:
            self.zone_data[f"_{self.port}._tcp.{host}"] = {"TLSA": [records]}
        return sink

    def test_good(self):
        sink = self.domain("good.example")
        self.run_smtpd("mta-sts = no\n")

        line = self.send("good.example")
        self.assertIn(", verified: DANE", line)
        self.assertEqual(len(sink.mails), 1)
        row, = [row for row in self.store.json("queue", "list", "--status",
                                               "all")]
        self.assertIn("verified: DANE", row["lastTls"])
        self.counted("good.example", "tlsa", "mx.good.example", "successful")

    def test_broken_waits_and_never_goes_in_the_clear(self):
        sink = self.domain("bad.example", "bad")
        self.run_smtpd("mta-sts = no\n")

        line = self.put_off("bad.example")
        self.assertIn("4.7.5", line)
        self.assertIn("not the one that DNS names", line)
        until(lambda: len(self.log_lines("put_off")) > 1, 30, self.smtpd.tail)
        self.assertEqual(sink.mails, [])
        self.assertFalse([session for session in sink.sessions
                          if any(command.startswith(b"MAIL")
                                 for command in session.commands)])
        self.counted("bad.example", "tlsa", "mx.bad.example", "tlsa-invalid")

    def test_no_tls_where_there_is_a_record(self):
        sink = self.domain("notls.example")
        sink.context = None
        self.run_smtpd("mta-sts = no\n")

        line = self.put_off("notls.example")
        self.assertIn("4.7.5", line)
        self.assertIn("DANE", line)
        self.assertEqual(sink.mails, [])
        self.counted("notls.example", "tlsa", "mx.notls.example",
                     "starttls-not-supported")

    def test_bogus_waits(self):
        sink = self.domain("bogus.example")
        self.bogus = ("bogus.example",)
        self.run_smtpd("mta-sts = no\n")

        line = self.put_off("bogus.example")
        self.assertIn("signatures do not hold", line)
        self.assertEqual(sink.sessions, [])
        self.counted("bogus.example", "tlsa", "", "dnssec-invalid")

    def test_what_is_not_signed_promises_nothing(self):
        self.domain("unsigned.example", "bad", signed=False)
        self.run_smtpd("mta-sts = no\n")

        self.assertIn("not verified: opportunistic",
                      self.send("unsigned.example"))
        self.counted("unsigned.example", "no-policy-found", "mx.unsigned.example",
                     "successful")

    def test_signed_without_a_record(self):
        self.domain("plain.example", None)
        self.run_smtpd("mta-sts = no\n")

        self.assertIn("not verified: opportunistic", self.send("plain.example"))

    def test_an_authority_by_record(self):
        files = self.authority_chain("mx.ta.example")
        self.domain("ta.example", f"2 0 1 {digest(self.self_made.file, 0)}",
                    files)
        other = self.authority_chain("mx.other.example")
        self.domain("name.example", f"2 0 1 {digest(self.self_made.file, 0)}",
                    other)
        self.run_smtpd("mta-sts = no\n")

        self.assertIn(", verified: DANE", self.send("ta.example"))
        self.assertIn("for another name", self.put_off("name.example"))

    def authority_chain(self, name):
        """A certificate that its authority is shown with."""
        certificate, key = self.self_made.issue(name)
        with open(certificate, "ab") as out, \
                open(self.self_made.file, "rb") as more:
            out.write(more.read())
        return certificate, key

    def test_a_record_that_is_of_no_use_wants_tls(self):
        self.domain("use.example", "unusable")
        sink = self.domain("use2.example", "unusable")
        sink.context = None
        self.run_smtpd("mta-sts = no\n")

        self.assertIn("not verified: DANE", self.send("use.example"))
        self.assertIn("4.7.5", self.put_off("use2.example"))
        self.assertEqual(sink.mails, [])

    def test_requiretls_by_dane(self):
        sink = self.domain("good.example", extensions=("REQUIRETLS",))
        plain = self.domain("plain.example", None, extensions=("REQUIRETLS",))
        self.run_smtpd("mta-sts = no\n")

        self.submit(["x@good.example"], mail(), options=["REQUIRETLS"])
        until(lambda: sink.mails, 30, self.smtpd.tail)
        self.assertIn(b"REQUIRETLS", sink.mails[0][1])
        self.submit(["x@plain.example"], mail(), options=["REQUIRETLS"])
        notice, = self.notices()
        self.assertEqual(groups(notice)[1]["status"], "5.7.10")
        self.assertEqual(plain.mails, [])

    def test_dane_comes_before_a_policy(self):
        good = self.domain("good.example")
        bad = self.domain("bad.example", "bad",
                          self.authority.issue("mx.bad.example"))
        answers, certificates = {}, {}
        for name, host in (("good.example", "mx.elsewhere.example"),
                           ("bad.example", "mx.bad.example")):
            self.zone_data[f"_mta-sts.{name}"] = {
                "TXT": ["v=STSv1; id=1;"]}
            self.zone_data[f"mta-sts.{name}"] = {"A": ["127.0.0.1"]}
            certificates[f"mta-sts.{name}"] = self.authority.issue(
                f"mta-sts.{name}")
            answers[f"mta-sts.{name}"] = (200, "text/plain",
                                          policy(mx=[host]))
        policies = PolicyHost(certificates, answers)
        self.addCleanup(policies.close)
        self.run_smtpd(f"mta-sts-port = {policies.port}\n")

        self.assertIn(", verified: DANE", self.send("good.example"))
        self.assertIn("4.7.5", self.put_off("bad.example"))
        self.assertEqual(len(good.mails), 1)
        self.assertEqual(bad.mails, [])
        self.assertEqual(len(policies.asked), 2)


if __name__ == "__main__":
    if KNOTD is None or KEYMGR is None:
        print("no knotd: skipped")
        sys.exit(77)
    unittest.main()
