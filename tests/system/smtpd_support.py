# SPDX-License-Identifier: MIT
"""A running smtpd, its certificate, and what clients say to it."""
import os
import re
import shutil
import signal
import smtplib
import ssl
import subprocess
import time

from support import DOMAIN, SMTPD, Case, Failed, Store, run

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def tool(name):
    """The path of a program, or None."""
    unpacked = os.path.join(ROOT, "build", "peers", "postfix", "usr", "sbin",
                            name)
    if os.access(unpacked, os.X_OK):
        return unpacked
    return shutil.which(name) or shutil.which(name, path="/usr/sbin")


def make_certificate(folder, name="localhost", stem=""):
    """A self-signed certificate and its key: two paths."""
    certificate = os.path.join(folder, stem + "cert.pem")
    key = os.path.join(folder, stem + "key.pem")
    code, _, err = run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                       "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                       "-subj", f"/CN={name}",
                       "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1",
                       "-keyout", key, "-out", certificate)
    if code != 0:
        raise Failed(err.decode())
    return certificate, key


def trust(certificate=None):
    """A client's TLS context; without a certificate anybody is believed."""
    context = ssl.create_default_context(cafile=certificate)
    if certificate is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Smtpd:
    """smtpd on ports of the kernel's choice: ports["smtp"] and so on."""

    KINDS = ("smtp", "submission", "submissions", "lmtp")

    def __init__(self, tmp, store=None, kinds=KINDS, extra=(), config="",
                 files=None, prefix=(), preexec=None):
        self.tmp = tmp
        self.ready = os.path.join(tmp, "ready")
        self.log_path = os.path.join(tmp, "smtpd.log")
        self.certificate, self.key = files or make_certificate(tmp)
        self.config = os.path.join(tmp, "smtpd.conf")
        with open(self.config, "w", encoding="ascii") as out:
            out.write(f"[tls]\ncertificate = {self.certificate}\n"
                      f"key = {self.key}\n{config}\n")
        command = [*prefix, SMTPD, "--config", self.config, "--hostname",
                   "mail.example.test", "--ready-file", self.ready, *extra]
        if store is not None:
            command += ["--store", store.url]
        for kind in kinds:
            command += ["--listen", f"{kind}:127.0.0.1:0"]
        self.command = command
        self.preexec = preexec
        self.ports = {}
        self.process = None
        self.start()

    def start(self):
        if os.path.exists(self.ready):
            os.unlink(self.ready)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, stderr=log,
                                            stdin=subprocess.DEVNULL,
                                            preexec_fn=self.preexec)
        deadline = time.monotonic() + 30
        while not os.path.exists(self.ready):
            if self.process.poll() is not None:
                raise Failed(f"smtpd ended by itself: {self.tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise Failed(f"smtpd is not ready: {self.tail()}")
            time.sleep(0.005)
        with open(self.ready, encoding="ascii") as ready:
            for line in ready:
                kind, _, port = line.split()
                self.ports[kind] = int(port)

    def tail(self):
        """The end of the log: enough to see why."""
        return self.log()[-2000:]

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=60):
        return self.process.wait(timeout)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def stop(self):
        """End it in good order; it must have had nothing to complain of."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"smtpd does not stop: {self.tail()}") from None
        log = self.log()
        if code != 0 or re.search(r"(Thread|Address|Leak)Sanitizer|"
                                  r"runtime error", log):
            raise Failed(f"smtpd ended with {code}: {log[-6000:]}")

    def smtp(self, timeout=30):
        return smtplib.SMTP("127.0.0.1", self.ports["smtp"], timeout=timeout)

    def submission(self, user="alice", password="alice-secret", timeout=30):
        client = smtplib.SMTP("127.0.0.1", self.ports["submission"],
                              timeout=timeout)
        client.starttls(context=trust())
        if user:
            client.login(f"{user}@{DOMAIN}", password)
        return client


class SmtpdCase(Case):
    """A test with a store (alice, bob) and an smtpd over it."""

    config = ""
    extra = ()
    preexec = None  # what the child does before it becomes smtpd

    def setUp(self):
        super().setUp()
        self.store = Store(self.tmp)
        self.smtpd = Smtpd(self.tmp, self.store, config=self.config,
                           extra=self.extra, preexec=self.preexec)
        self.addCleanup(self.smtpd.stop)

    def messages(self, user):
        """What mailctl lists for an account, newest first."""
        return self.store.json("message", "list", f"{user}@{DOMAIN}")

    def raw(self, user, message):
        """The bytes of a message as they are stored."""
        code, out, err = self.store.run("message", "raw", f"{user}@{DOMAIN}",
                                        message["id"])
        self.assertEqual(code, 0, err)
        return out


TRACE = re.compile(rb"\AReturn-Path: [^\r\n]*\r\n"
                   rb"Received: [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*")


def without_trace(stored):
    """A stored message as it was sent: without our two lines in front."""
    match = TRACE.match(stored)
    if match is None:
        raise Failed(f"no trace lines: {stored[:300]!r}")
    return stored[match.end():]
