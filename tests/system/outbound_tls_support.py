# SPDX-License-Identifier: MIT
"""Hosts that DNS names, an authority that signs their certificates, and a
host of MTA-STS policies."""
import http.server
import json
import os
import ssl
import threading

from outbound_support import OutboundCase, mail, until
from sink import Sink
from smtpd_support import Smtpd, SmtpdCase
from support import Failed, Store, run


class Authority:
    """Signs certificates; `file` is whom to trust."""

    def __init__(self, folder, stem="ca"):
        self.folder = folder
        self.file = os.path.join(folder, stem + ".pem")
        self.key = os.path.join(folder, stem + ".key")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                     "-subj", f"/CN=Authority {stem}", "-keyout", self.key,
                     "-out", self.file)

    def openssl(self, *args):
        code, _, err = run("openssl", *args)
        if code != 0:
            raise Failed(err.decode())

    def issue(self, name, days=30):
        """A certificate for `name` and its key: two paths. Fewer than no days
        make one that is out of date."""
        stem = os.path.join(self.folder, f"{name}{days}")
        with open(stem + ".ext", "w", encoding="ascii") as out:
            out.write(f"subjectAltName=DNS:{name}\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
                     "-keyout", stem + ".key", "-out", stem + ".csr")
        self.openssl("x509", "-req", "-in", stem + ".csr", "-CA", self.file,
                     "-CAkey", self.key, "-CAcreateserial", "-days",
                     str(days), "-extfile", stem + ".ext", "-out",
                     stem + ".pem")
        return stem + ".pem", stem + ".key"


def policy(mode="enforce", mx=("mx.remote.test",), age=604800):
    """The text of a policy."""
    hosts = "".join(f"mx: {one}\r\n" for one in mx)
    return (f"version: STSv1\r\nmode: {mode}\r\n{hosts}"
            f"max_age: {age}\r\n").encode()


class PolicyHost:
    """HTTPS on loopback: for each host name an answer, as (status, type,
    octets, more headers) or what gives one, and a certificate, as two paths.
    """

    def __init__(self, certificates, answers):
        self.answers = answers
        self.asked = []
        self.contexts = {}
        for name, files in certificates.items():
            self.contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.contexts[name].load_cert_chain(*files)
        first = next(iter(self.contexts.values()))
        first.sni_callback = self.choose
        handler = type("Handler", (Handler,), {"policies": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      handler)
        self.server.socket = first.wrap_socket(
            self.server.socket, server_side=True,
            do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       args=(0.05,), daemon=True)
        self.thread.start()

    def choose(self, stream, name, _):
        if name in self.contexts:
            stream.context = self.contexts[name]

    def close(self):
        if self.thread is not None:
            self.server.shutdown()
            self.server.server_close()
            self.thread.join()
        self.thread = None


class Handler(http.server.BaseHTTPRequestHandler):
    policies = None
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        host = self.headers["Host"].split(":")[0]
        self.policies.asked.append((host, self.path))
        answer = self.policies.answers.get(host,
                                           (404, "text/plain", b"none\n"))
        if callable(answer):
            answer = answer()
        status, kind, octets, *more = answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(octets)))
        for name, value in more:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, *_):
        pass


class TlsCase(OutboundCase):
    """Hosts by MX: each has an address of its own, 127.0.0.x, and all of them
    one port."""

    queue = OutboundCase.queue + "private-addresses = yes\n"

    def setUp(self):
        super(SmtpdCase, self).setUp()
        self.authority = Authority(self.tmp)
        self.hosts = {}
        self.port = 0
        self.zone_data = {}
        self.smtpd = None
        self.store = Store(self.tmp)

    def add_host(self, name, files=None, **options):
        """A sink at the next address."""
        address = f"127.0.0.{len(self.hosts) + 2}"
        sink = Sink(files=files, address=address, port=self.port, **options)
        self.port = sink.port
        self.addCleanup(sink.close)
        self.hosts[name] = sink
        self.zone_data.setdefault(name, {})["A"] = [address]
        return sink

    def add_domain(self, name, hosts):
        """Its MX records, the first is the best."""
        self.zone_data.setdefault(name, {})["MX"] = [
            f"{10 * (i + 1)} {host}" for i, host in enumerate(hosts)]

    def resolver(self):
        """The section of the configuration."""
        zone = self.file("zone.json", json.dumps(self.zone_data))
        return f"zone-file = {zone}\n"

    def run_smtpd(self, more=""):
        """Start it, or start it again with what has changed."""
        if self.smtpd is not None:
            self.smtpd.stop()
        self.smtpd = Smtpd(self.tmp, self.store, config=(
            f"[resolver]\n{self.resolver()}[queue]\n{self.queue}"
            f"port = {self.port}\n"
            f"authorities = {self.authority.file}\n{more}"))
        self.addCleanup(self.smtpd.stop)

    def send(self, domain="remote.test", count=1, **options):
        self.submit([f"x@{domain}"], mail(**options))
        return until(lambda: len(self.log_lines(" delivered ")) >= count
                     and self.log_lines(" delivered ")[-1], 30, self.smtpd.tail)

    def put_off(self, domain="remote.test"):
        """It is not sent now; the line of the log."""
        before = len(self.log_lines("put_off"))
        self.submit([f"x@{domain}"])
        return until(lambda: len(self.log_lines("put_off")) > before
                     and self.log_lines("put_off")[-1], 30, self.smtpd.tail)

    def counted(self, domain, policy_kind, host, result):
        """The row of `mailctl queue tls` is there, soon."""
        def find():
            return [row for row in self.store.json("queue", "tls")
                    if (row["domain"], row["policy"], row["host"],
                        row["result"]) == (domain, policy_kind, host, result)]

        row, = until(find, 30, lambda: self.store.json("queue", "tls"))
        self.assertRegex(row["day"], r"^\d{4}-\d\d-\d\d$")
        return int(row["sessions"])
