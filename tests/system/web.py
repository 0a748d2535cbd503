# SPDX-License-Identifier: MIT
"""What the tests of webmail share: the program over a store of its own, raw
sockets for what no client library would send, and a client with a cookie."""
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import time

from support import DOMAIN, PASSWORDS, Case, Failed, Store

WEBMAIL = os.environ.get("WEBMAIL")


class Webmail:
    """webmail on ports that the kernel picks: `port`, and `tls_port`."""

    def __init__(self, tmp, store, config="", tls=None):
        self.log_path = os.path.join(tmp, "webmail.log")
        ready = os.path.join(tmp, "webmail.ready")
        path = os.path.join(tmp, "webmail.conf")
        if tls:
            config += f"\n[tls]\ncertificate = {tls[0]}\nkey = {tls[1]}\n"
        with open(path, "w", encoding="ascii") as out:
            out.write(config)
        args = [WEBMAIL, "--config", path, "--store", store.url,
                "--listen", "127.0.0.1:0", "--ready-file", ready]
        if tls:
            args += ["--tls-listen", "127.0.0.1:0"]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(args, stderr=log)
        self.ports = self.wait(ready)
        self.port = self.ports["http"]
        self.tls_port = self.ports.get("https")

    def wait(self, ready):
        for _ in range(600):
            if self.process.poll() is not None:
                raise Failed("webmail did not start: " + self.log())
            if os.path.exists(ready):
                with open(ready, encoding="ascii") as lines:
                    return {line.split()[0]: int(line.split()[2])
                            for line in lines}
            time.sleep(0.05)
        raise Failed("webmail was not ready in time")

    def log(self):
        with open(self.log_path, encoding="utf-8") as text:
            return text.read()

    def stop(self, how=signal.SIGTERM, patience=40):
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed("webmail did not end") from None

    # -- Raw ---------------------------------------------------------------

    def dial(self, timeout=20):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def talk(self, request, timeout=20):
        """Send bytes, then hear what comes until the other side hangs up."""
        with self.dial(timeout) as sock:
            if isinstance(request, str):
                request = request.encode("latin-1")
            try:
                sock.sendall(request)
            except (BrokenPipeError, ConnectionResetError):
                pass
            return hear(sock)


def hear(sock):
    data = b""
    while True:
        try:
            chunk = sock.recv(65536)
        except ConnectionResetError:
            return data
        if not chunk:
            return data
        data += chunk


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.fields = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    def code(self):
        return self.json().get("code")


class Client:
    """A browser's half: it keeps its cookie and the token that goes with it."""

    def __init__(self, webmail, tls=False):
        if tls:
            context = ssl._create_unverified_context()
            self.http = http.client.HTTPSConnection(
                "127.0.0.1", webmail.tls_port, timeout=60, context=context)
        else:
            self.http = http.client.HTTPConnection("127.0.0.1", webmail.port,
                                                   timeout=60)
        self.cookie = None
        self.csrf = None

    def call(self, method, path, body=None, fields=None):
        send = dict(fields or {})
        if self.cookie:
            send["Cookie"] = self.cookie
        if self.csrf and method not in ("GET", "HEAD"):
            send.setdefault("X-CSRF-Token", self.csrf)
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            send.setdefault("Content-Type", "application/json")
        self.http.request(method, path, body=body, headers=send)
        answer = Answer(self.http.getresponse())
        cookie = answer.fields.get("Set-Cookie")
        if cookie:
            value = cookie.split(";")[0]
            self.cookie = None if value.endswith("=") else value
        return answer

    def login(self, name="alice", password=None):
        answer = self.call("POST", "/auth/login", {
            "address": f"{name}@{DOMAIN}",
            "password": password or PASSWORDS[name]})
        if answer.status == 200:
            self.csrf = answer.json()["csrf"]
        return answer


class WebCase(Case):
    """A test with a store (alice, bob, an open domain) and webmail over it."""
    config = ""
    tls = False

    def setUp(self):
        super().setUp()
        if not WEBMAIL:
            self.skipTest("webmail was not built")
        self.store = Store(self.tmp, accounts=())
        self.store.ctl("domain", "add", "--open", DOMAIN)
        for name, password in PASSWORDS.items():
            self.store.ctl("account", "add", f"{name}@{DOMAIN}",
                           "--password-stdin",
                           stdin=(password + "\n").encode())
        tls = self.certificate() if self.tls else None
        self.webmail = Webmail(self.tmp, self.store, self.config, tls)
        self.addCleanup(self.end)

    def end(self):
        code = self.webmail.stop()
        log = self.webmail.log()
        if code != 0 or "Sanitizer" in log:
            raise Failed(f"webmail ended with {code}:\n{log}")

    def certificate(self):
        key = os.path.join(self.tmp, "key.pem")
        certificate = os.path.join(self.tmp, "cert.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
             "-keyout", key, "-out", certificate, "-days", "2", "-subj",
             "/CN=localhost"], check=True, stderr=subprocess.DEVNULL)
        return certificate, key

    def client(self, name=None, tls=False):
        client = Client(self.webmail, tls)
        self.addCleanup(client.http.close)
        if name:
            self.assertEqual(client.login(name).status, 200)
        return client
