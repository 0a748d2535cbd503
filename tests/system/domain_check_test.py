# SPDX-License-Identifier: MIT
"""mailctl domain check: a domain that is all well, and each thing broken."""
import copy
import json
import os
import socket
import struct
import subprocess
import threading
import unittest

from outbound_tls_support import Authority, PolicyHost, policy
from support import Case, Store, run

# Resolvers answer for .test by themselves, and for addresses of examples.
DOMAIN = "check.example"
HOST = f"mail.{DOMAIN}"
TYPES = {1: "A", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV",
         52: "TLSA"}


def name_to_wire(name):
    labels = [label for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode()
                    for label in labels) + b"\0"


def to_wire(kind, record):
    """The octets of one record of the zone file."""
    words = record.split(" ") if isinstance(record, str) else record
    if kind == "A":
        return socket.inet_pton(socket.AF_INET, record)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, record)
    if kind == "PTR":
        return name_to_wire(record)
    if kind == "MX":
        return struct.pack(">H", int(words[0])) + name_to_wire(words[1])
    if kind == "SRV":
        return (struct.pack(">HHH", *map(int, words[:3])) +
                name_to_wire(words[3]))
    if kind == "TLSA":
        return bytes(map(int, words[:3])) + bytes.fromhex(words[3])
    strings = [record[i:i + 255] for i in range(0, len(record), 255)]
    return b"".join(bytes([len(one)]) + one.encode() for one in strings)


class NameServer:
    """DNS on loopback, from the zone: UDP, and TCP for what is too long."""

    def __init__(self, zone):
        self.zone = {name.lower(): types for name, types in zone.items()}
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.port = self.udp.getsockname()[1]
        self.tcp = socket.create_server(("127.0.0.1", self.port))
        self.is_open = True
        self.threads = [threading.Thread(target=loop, daemon=True)
                        for loop in (self.by_udp, self.by_tcp)]
        for thread in self.threads:
            thread.start()

    def answer(self, query, room):
        number, _, _, _, _, _ = struct.unpack(">6H", query[:12])
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        kind = TYPES.get(struct.unpack(">H", query[at + 1:at + 3])[0], "")
        types = self.zone.get(".".join(labels))
        records = (types or {}).get(kind, [])
        records = [records] if isinstance(records, str) else records
        body = b"".join(
            b"\xc0\x0c" + query[at + 1:at + 5] + struct.pack(">IH", 60, len(w))
            + w for w in (to_wire(kind, record) for record in records))
        is_cut = 12 + at + 5 + len(body) > room
        flags = 0x8580 | (0x200 if is_cut else 0) | (3 if types is None else 0)
        return (struct.pack(">6H", number, flags, 1,
                            0 if is_cut else len(records), 0, 0) +
                query[12:at + 5] + (b"" if is_cut else body))

    def by_udp(self):
        while self.is_open:
            try:
                query, peer = self.udp.recvfrom(4096)
                if len(query) < 12:
                    return
                self.udp.sendto(self.answer(query, 1232), peer)
            except OSError:
                return

    def by_tcp(self):
        while self.is_open:
            try:
                client, _ = self.tcp.accept()
                with client:
                    query = client.recv(4096)[2:]
                    reply = self.answer(query, 65535)
                    client.sendall(struct.pack(">H", len(reply)) + reply)
            except OSError:
                return

    def close(self):
        self.is_open = False
        for sock in (self.udp, self.tcp):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()


def well(keys, digest):
    """All that should be there."""
    zone = {
        DOMAIN: {"MX": f"10 {HOST}", "TXT": ["v=spf1 mx -all"]},
        HOST: {"A": "203.0.113.7", "AAAA": "2001:db8::7",
               "TXT": "v=spf1 a -all", "secure": True},
        "7.113.0.203.in-addr.arpa": {"PTR": HOST},
        "7" + ".0" * 23 + ".8.b.d.0.1.0.0.2.ip6.arpa": {"PTR": HOST},
        f"_dmarc.{DOMAIN}": {
            "TXT": f"v=DMARC1; p=quarantine; rua=mailto:postmaster@{DOMAIN}"},
        f"_mta-sts.{DOMAIN}": {"TXT": "v=STSv1; id=20260101"},
        f"mta-sts.{DOMAIN}": {"A": "203.0.113.7"},
        f"_smtp._tls.{DOMAIN}": {
            "TXT": f"v=TLSRPTv1; rua=mailto:postmaster@{DOMAIN}"},
        f"_25._tcp.{HOST}": {"TLSA": f"3 1 1 {digest}", "secure": True},
        f"_submissions._tcp.{DOMAIN}": {"SRV": f"0 1 465 {HOST}"},
        f"_jmap._tcp.{DOMAIN}": {"SRV": f"0 1 443 {HOST}"},
    }
    for key in keys:
        zone[key["record"]] = {"TXT": key["text"]}
    return zone


class Checks(Case):

    def setUp(self):
        super().setUp()
        self.store = Store(self.tmp, accounts=())
        self.store.ctl("domain", "add", DOMAIN)
        self.keys = self.store.json("dkim", "list", DOMAIN)
        self.certificate = self.file("cert.pem", self.make_certificate())
        self.zone = well(self.keys, self.digest())

    def make_certificate(self):
        path = os.path.join(self.tmp, "made.pem")
        code, _, err = run("openssl", "req", "-x509", "-newkey", "ec",
                           "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                           "-days", "30", "-subj", f"/CN={HOST}", "-addext",
                           f"subjectAltName=DNS:{HOST}", "-keyout",
                           path + ".key", "-out", path)
        self.assertEqual(code, 0, err)
        with open(path, "rb") as file:
            return file.read()

    def digest(self):
        """Of the key of the certificate, as openssl has it."""
        public = subprocess.run(
            ["openssl", "x509", "-in", self.certificate, "-noout", "-pubkey"],
            check=True, capture_output=True).stdout
        der = subprocess.run(
            ["openssl", "pkey", "-pubin", "-outform", "DER"], input=public,
            check=True, capture_output=True).stdout
        out = subprocess.run(["openssl", "sha256", "-r"], input=der,
                             check=True, capture_output=True).stdout
        return out.split()[0].decode()

    more = ""

    def config(self, resolver=None):
        if resolver is None:
            zone = self.file("zone.json", json.dumps(self.zone))
            resolver = f"zone-file = {zone}"
        return self.file("conf", (
            f"[server]\nhostname = {HOST}\n[resolver]\n{resolver}\n"
            f"[tls]\ncertificate = {self.certificate}\n"
            f"key = {self.tmp}/made.pem.key\n{self.more}"))

    def check(self, expect, *args, resolver=None):
        """The document, by --json."""
        code, out, err = self.store.run(
            "--config", self.config(resolver), "--json", "domain", "check",
            DOMAIN, *args)
        self.assertEqual(code, expect, (out, err))
        return json.loads(out)

    def statuses(self, document):
        worst = {}
        for check in document["checks"]:
            if check["status"] != "ok":
                worst[check["name"]] = check["status"]
        return worst

    def words(self, document, name):
        return " ".join(check["explanation"] for check in document["checks"]
                        if check["name"] == name and check["status"] != "ok")

    def broken(self, name, records, check, status, words, expect=1):
        """With other records at `name`, one check says so, and no other."""
        before = copy.deepcopy(self.zone)
        if records is None:
            self.zone.pop(name)
        else:
            self.zone[name] = records
        document = self.check(expect)
        self.zone = before
        self.assertEqual(self.statuses(document).get(check), status,
                         document)
        self.assertIn(words, self.words(document, check))
        self.assertEqual(document["ok"], expect == 0)

    def test_all_well(self):
        document = self.check(0)
        self.assertEqual(self.statuses(document), {})
        self.assertTrue(document["ok"])
        self.assertEqual(document["domain"], DOMAIN)
        self.assertEqual(document["hostname"], HOST)
        self.assertEqual(
            [check["name"] for check in document["checks"]],
            ["MX", "address", "PTR", "PTR", "SPF", "SPF", "DKIM", "DKIM", "DMARC",
             "MTA-STS", "TLS-RPT", "TLSA", "SRV", "SRV"])

    def test_each_thing_that_is_missing(self):
        for name, check in ((f"_dmarc.{DOMAIN}", "DMARC"),
                            (f"_mta-sts.{DOMAIN}", "MTA-STS"),
                            (f"_smtp._tls.{DOMAIN}", "TLS-RPT"),
                            (f"_25._tcp.{HOST}", "TLSA"),
                            ("7.113.0.203.in-addr.arpa", "PTR"),
                            (self.keys[0]["record"], "DKIM"),
                            (DOMAIN, "MX"), (DOMAIN, "SPF"),
                            (HOST, "address")):
            with self.subTest(name):
                self.broken(name, None, check, "missing", "")

    def test_each_thing_that_is_wrong(self):
        mx = {"MX": f"10 {HOST}"}
        for name, records, check, words in (
                (DOMAIN, {"MX": "10 mx.other.test",
                          "TXT": f"v=spf1 a:{HOST} -all"}, "MX",
                 f"No MX names {HOST}"),
                (DOMAIN, dict(mx, TXT="v=spf1 ip4:192.0.2.1 -all"), "SPF",
                 "203.0.113.7, from which we send, may not"),
                (DOMAIN, dict(mx, TXT=["v=spf1 mx -all", "v=spf1 -all"]),
                 "SPF", "more than one SPF record"),
                (DOMAIN, dict(mx, TXT="v=spf1 include:none.test mx -all"),
                 "SPF", "has no SPF record"),
                (self.keys[0]["record"], {"TXT": "v=DKIM1; k=ed25519; p=AA"},
                 "DKIM", "another one than ours"),
                (f"_dmarc.{DOMAIN}", {"TXT": "v=DMARC1; p=maybe"}, "DMARC",
                 'not "maybe"'),
                (f"_mta-sts.{DOMAIN}", {"TXT": "v=STSv1; id=a.b"}, "MTA-STS",
                 "cannot be read"),
                (f"_smtp._tls.{DOMAIN}", {"TXT": "v=TLSRPTv1; rua=x"},
                 "TLS-RPT", "where mailto:"),
                (f"_25._tcp.{HOST}", {"TLSA": "3 1 1 " + "00" * 32,
                                      "secure": True}, "TLSA",
                 "another certificate"),
                ("7.113.0.203.in-addr.arpa", {"PTR": "host7.isp.test"}, "PTR",
                 "called host7.isp.test")):
            with self.subTest(words):
                self.broken(name, records, check, "wrong", words)

    def test_warnings_do_not_fail(self):
        self.broken(f"_dmarc.{DOMAIN}", {"TXT": "v=DMARC1; p=none"}, "DMARC",
                    "warning", "p=none", expect=0)
        self.broken(f"_25._tcp.{HOST}", {"TLSA": "3 1 1 00"}, "TLSA",
                    "insecure", "not signed", expect=0)
        self.broken(f"_jmap._tcp.{DOMAIN}", None, "SRV", "optional", "",
                    expect=0)

    def test_no_answer_is_not_well(self):
        self.broken(f"_dmarc.{DOMAIN}", "SERVFAIL", "DMARC", "unknown",
                    "try again later")
        self.broken(f"_dmarc.{DOMAIN}", "BOGUS", "DMARC", "wrong",
                    "signatures")

    def test_addresses_from_the_command_line(self):
        document = self.check(1, "--address", "203.0.113.8", "--address",
                              "2001:db8::7")
        self.assertIn("203.0.113.8, from which we send, may not",
                      self.words(document, "SPF"))
        self.assertIn("does not lead to 203.0.113.8",
                      self.words(document, "address"))
        code, _, err = self.store.run("--config", self.config(), "domain",
                                      "check", DOMAIN, "--address", "mail")
        self.assertEqual(code, 1)
        self.assertIn(b"no IPv4 or IPv6 address", err)

    def test_what_is_pasted_is_well(self):
        """Into an empty zone, all that is asked for."""
        self.zone = {HOST: {"A": "203.0.113.7"}}
        code, out, _ = self.store.run("--config", self.config(), "domain",
                                      "check", DOMAIN, "--zone")
        self.assertEqual(code, 1)
        self.zone = {f"mta-sts.{DOMAIN}": {"A": "203.0.113.7"}}
        for line in out.decode().splitlines():
            line = line.removeprefix("; ")
            if " IN " not in line:
                continue
            owner, _, _, kind, record = line.split(" ", 4)
            if kind == "TXT":
                record = "".join(record.strip("()").split('"')[1::2])
            types = self.zone.setdefault(owner.rstrip("."), {})
            types.setdefault(kind, []).append(record)
        self.assertEqual(self.statuses(self.check(0)), {"TLSA": "insecure"})

    def test_for_a_person(self):
        del self.zone[f"_dmarc.{DOMAIN}"]
        self.zone[DOMAIN]["TXT"] = "v=spf1 \x1b[2J mx -all"
        code, out, _ = self.store.run("--config", self.config(), "domain",
                                      "check", DOMAIN)
        text = out.decode()
        self.assertEqual(code, 1)
        self.assertNotIn("\x1b", text)
        self.assertIn(f"MISSING   DMARC    _dmarc.{DOMAIN} TXT\n", text)
        self.assertIn(f"paste:  _dmarc.{DOMAIN}. 3600 IN TXT \"v=DMARC1; ",
                      text)
        self.assertIn(f"{DOMAIN}: 2 of 14 records need you\n", text)
        for line in text.splitlines():
            if line.startswith("    ") and "  " not in line.strip():
                self.assertLessEqual(len(line), 80)

    def test_no_such_domain(self):
        code, out, err = self.store.run("--config", self.config(), "domain",
                                        "check", "other.test")
        self.assertEqual((code, out), (3, b""))
        self.assertIn(b"no domain other.test", err)

    def test_no_key_and_no_certificate(self):
        for key in self.keys:
            self.store.ctl("dkim", "remove", DOMAIN, key["selector"])
        os.unlink(self.certificate)
        document = self.check(1)
        self.assertEqual(self.statuses(document),
                         {"DKIM": "missing", "TLSA": "warning"})
        self.assertIn("cert.pem", self.words(document, "TLSA"))
        self.assertIn("mailctl dkim keygen", self.words(document, "DKIM"))

    def test_the_policy(self):
        host = f"mta-sts.{DOMAIN}"
        authority = Authority(self.tmp)
        server = PolicyHost({host: authority.issue(host)}, {})
        self.addCleanup(server.close)
        self.zone[host] = {"A": "127.0.0.1"}
        self.more = (f"[queue]\nmta-sts-port = {server.port}\n"
                     f"authorities = {authority.file}\n")
        text = "text/plain"
        for answer, status, words in (
                ((200, text, policy(mx=(HOST,))), None, ""),
                ((200, text, policy(mx=(f"*.{DOMAIN}",))), None, ""),
                ((200, text, policy("testing", mx=(HOST,))), "warning",
                 "mode: testing"),
                ((200, text, policy("none", mx=(HOST,))), "warning",
                 "mode: none"),
                ((200, text, policy(mx=("mx.other.test",))), "wrong",
                 f"does not name {HOST}"),
                ((200, text, b"hello\n"), "wrong", "make sense"),
                ((404, text, b"no\n"), "wrong", "HTTP status 404"),
                ((200, "text/html", policy(mx=(HOST,))), "wrong",
                 "not of type text/plain")):
            with self.subTest(words):
                server.answers[host] = answer
                document = self.check(1 if status == "wrong" else 0)
                self.assertEqual(self.statuses(document).get("MTA-STS"),
                                 status)
                self.assertIn(words, self.words(document, "MTA-STS"))
        self.assertEqual(server.asked[0], (host, "/.well-known/mta-sts.txt"))

    def test_the_policy_of_another(self):
        """Whose certificate nobody signed who is trusted."""
        host = f"mta-sts.{DOMAIN}"
        server = PolicyHost(
            {host: Authority(self.tmp, "other").issue(host)},
            {host: (200, "text/plain", policy(mx=(HOST,)))})
        self.addCleanup(server.close)
        self.zone[host] = {"A": "127.0.0.1"}
        self.more = (f"[queue]\nmta-sts-port = {server.port}\n"
                     f"authorities = {Authority(self.tmp).file}\n")
        document = self.check(1)
        self.assertEqual(self.statuses(document), {"MTA-STS": "wrong"})
        self.assertIn("certificate", self.words(document, "MTA-STS"))

    def test_by_a_name_server(self):
        del self.zone[f"mta-sts.{DOMAIN}"]
        # libunbound answers itself for networks of documentation (RFC 6303).
        self.zone[HOST] = {"A": "192.88.99.7", "TXT": "v=spf1 a -all"}
        self.zone["7.99.88.192.in-addr.arpa"] = {"PTR": HOST}
        server = NameServer(self.zone)
        self.addCleanup(server.close)
        document = self.check(1, resolver=f"server = 127.0.0.1:{server.port}")
        # Nobody told it what is signed; the host of the policy is not there.
        self.assertEqual(self.statuses(document),
                         {"MTA-STS": "wrong", "TLSA": "insecure"})

    def test_by_a_name_server_that_is_silent(self):
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(silent.close)
        silent.bind(("127.0.0.1", 0))
        document = self.check(1, resolver=(
            f"server = 127.0.0.1:{silent.getsockname()[1]}\ntimeout = 1s"))
        self.assertEqual(
            {check["status"] for check in document["checks"]}, {"unknown"})


if __name__ == "__main__":
    unittest.main()
