# SPDX-License-Identifier: MIT
"""webmail as HTTP: requests that could be read in two ways, limits, the
fields that keep a page safe, TLS, and how it ends."""
import base64
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest

from support import DOMAIN, PASSWORDS, Case
from web import WEBMAIL, Client, WebCase, hear, status_of

HOST = "Host: localhost\r\n"
END = HOST + "Connection: close\r\n\r\n"
CHUNKED = ("POST /auth/login HTTP/1.1\r\n" + HOST +
           "Content-Type: application/json\r\n"
           "Transfer-Encoding: chunked\r\n\r\n")


class Smuggling(WebCase):
    REFUSED = [
        # Two framings, or one that can be read in two ways.
        ("POST / HTTP/1.1\r\n" + HOST + "Content-Length: 6\r\n"
         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", 400),
        ("POST / HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n"
         "Content-Length: 6\r\n\r\n0\r\n\r\nG", 400),
        ("POST / HTTP/1.1\r\n" + HOST + "Content-Length: 5\r\n"
         "Content-Length: 5\r\n\r\nabcde", 400),
        ("POST / HTTP/1.1\r\n" + HOST + "Content-Length: 5, 5\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n" + HOST + "Content-Length: +5\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n" + HOST + "Content-Length : 5\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n" + HOST + "Content-Length: 0x5\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n"
         "Transfer-Encoding: identity\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n" + HOST + "Transfer-Encoding: \x0bchunked"
         "\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n" + HOST + "Transfer-Encoding\r\n : chunked"
         "\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n" + HOST + "Transfer-Encoding: xchunked"
         "\r\n\r\n", 501),
        (CHUNKED + "\r\n", 400),
        (CHUNKED + "x\r\n", 400),
        (CHUNKED + "5 \r\nabcde\r\n0\r\n\r\n", 400),
        (CHUNKED + "5\nabcde\r\n0\r\n\r\n", 400),
        (CHUNKED + "5;\nabcde\r\n0\r\n\r\n", 400),
        (CHUNKED + "0x5\r\nabcde\r\n0\r\n\r\n", 400),
        (CHUNKED + "-1\r\n\r\n", 400),
        (CHUNKED + "ffffffffffffffff\r\n", 400),
        (CHUNKED + "fffffffffffffff\r\n", 413),
        (CHUNKED + "5\r\nabcdef\r\n0\r\n\r\n", 400),
        (CHUNKED + "5\r\nabcde0\r\n\r\n", 400),
        (CHUNKED + "0\r\nX\r\n\r\n", 400),
        (CHUNKED + "0\r\n X: y\r\n\r\n", 400),
        (CHUNKED + "0\r\nX: " + "y" * 5000 + "\r\n\r\n", 431),
        ("POST / HTTP/1.0\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n",
         400),
        # Lines.
        ("GET / HTTP/1.1\nHost: a\n\n", 400),
        ("GET / HTTP/1.1\r\n" + HOST + "X: a\nY: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n" + HOST + "X: a\rY: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n" + HOST + "X: a\r\n b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n" + HOST + "X: a\0b\r\n\r\n", 400),
        # Hosts and targets.
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n" + HOST + HOST + "\r\n", 400),
        ("GET http://evil.example/ HTTP/1.1\r\n" + END, 421),
        ("GET http://a@localhost/ HTTP/1.1\r\n" + END, 400),
        ("GET http://localhost?x HTTP/1.1\r\n" + END, 400),
        ("GET http:///x HTTP/1.1\r\n" + END, 400),
        ("GET ftp://localhost/ HTTP/1.1\r\n" + END, 400),
        ("GET /../etc/passwd HTTP/1.1\r\n" + END, 400),
        ("GET /%2e%2e/etc/passwd HTTP/1.1\r\n" + END, 400),
        ("GET /a%00b HTTP/1.1\r\n" + END, 400),
        ("GET /a%0d%0ab HTTP/1.1\r\n" + END, 400),
        ("GET / HTTP/2.0\r\n" + END, 505),
        ("PROPFIND / HTTP/1.1\r\n" + END, 501),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ]

    def test_what_can_be_read_in_two_ways_is_refused_and_ends_it(self):
        for request, status in self.REFUSED:
            with self.subTest(request):
                follow = "GET /auth/signup HTTP/1.1\r\n" + END
                answer = self.webmail.talk(request + follow)
                self.assertEqual(status_of(answer), status, answer)
                self.assertIn(b"Connection: close", answer)
                self.assertNotIn(b"passwordMin", answer)
                self.assertEqual(answer.count(b"HTTP/1.1 "), 1)

    def test_a_body_is_never_the_next_request(self):
        inner = "GET /auth/signup HTTP/1.1\r\n" + END
        request = ("POST /auth/login HTTP/1.1\r\n" + HOST +
                   f"Content-Length: {len(inner)}\r\n\r\n" + inner +
                   "GET /nothing HTTP/1.1\r\n" + END)

        answer = self.webmail.talk(request)

        self.assertEqual(answer.count(b"HTTP/1.1 "), 2)
        self.assertNotIn(b"passwordMin", answer)
        self.assertIn(b"notFound", answer)

    def test_nobody_can_pretend_to_be_the_front(self):
        answer = self.webmail.talk(
            "GET /auth/session HTTP/1.1\r\nX-Smtpmail-Secret: x\r\n"
            "X-Smtpmail-Peer: 10.0.0.1\r\nX-Smtpmail-Scheme: https\r\n" + END)

        self.assertEqual(status_of(answer), 401)
        self.assertIn("peer=127.0.0.1", self.webmail.log())
        self.assertNotIn("10.0.0.1", self.webmail.log())


    def test_the_server_behind_answers_nobody_but_the_front(self):
        ports = listening_ports(self.webmail.process.pid)
        ports.discard(self.webmail.port)
        self.assertEqual(len(ports), 1)
        for secret in ("", "X-Smtpmail-Secret: " + "0" * 64 + "\r\n"):
            with socket.create_connection(("127.0.0.1", ports.copy().pop()),
                                          10) as sock:
                sock.sendall(("GET /auth/signup HTTP/1.1\r\n" + secret +
                              END).encode())
                answer = hear(sock)
            self.assertEqual(status_of(answer), 403)
            self.assertNotIn(b"passwordMin", answer)


class Names(WebCase):
    """Whom a request is for: a stranger's name that leads here is refused."""

    def ask(self, host):
        return self.webmail.talk(f"GET /auth/signup HTTP/1.1\r\nHost: {host}"
                                 "\r\nConnection: close\r\n\r\n")

    def test_this_machine_has_names_without_being_told(self):
        port = self.webmail.port
        for host in ("127.0.0.1", f"127.0.0.1:{port}", f"localhost:{port}",
                     "[::1]", "192.0.2.7", "box", "box.local",
                     "mail.example.test", socket.gethostname()):
            with self.subTest(host):
                self.assertEqual(status_of(self.ask(host)), 200)

    def test_a_strangers_name_is_none_of_them(self):
        for host in ("evil.example", "evil.example:80", "localhost.evil.example",
                     "127.0.0.1.evil.example", "www.example.org"):
            with self.subTest(host):
                answer = self.ask(host)
                self.assertEqual(status_of(answer), 421, answer)
                self.assertIn(b"application/problem+json", answer)
                self.assertNotIn(b"passwordMin", answer)


    def test_an_absolute_target_names_the_host(self):
        for target, status in (("http://box/auth/signup", 200),
                               ("HTTP://localhost:80/auth/signup", 200),
                               ("http://evil.example/auth/signup", 421)):
            with self.subTest(target):
                answer = self.webmail.talk(
                    f"GET {target} HTTP/1.1\r\nHost: localhost\r\n"
                    "Connection: close\r\n\r\n")
                self.assertEqual(status_of(answer), status, answer)


class OwnNames(Names):
    config = "[web]\nhosts = mail.example.org, .example.net\n"
    test_an_absolute_target_names_the_host = None

    def test_this_machine_has_names_without_being_told(self):
        for host in ("127.0.0.1", "localhost", "mail.example.org",
                     "Mail.Example.ORG:8080", "a.example.net"):
            with self.subTest(host):
                self.assertEqual(status_of(self.ask(host)), 200)
        self.assertEqual(status_of(self.ask("box")), 421)
        self.assertEqual(status_of(self.ask("example.net")), 421)


class AnyName(WebCase):
    config = "[web]\nhosts = *\n"

    def test_every_name(self):
        answer = self.webmail.talk("GET /auth/signup HTTP/1.1\r\n"
                                   "Host: evil.example\r\n"
                                   "Connection: close\r\n\r\n")
        self.assertEqual(status_of(answer), 200)


def chunks(*pieces):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece)
                    for piece in pieces) + b"0\r\n\r\n"


class Chunks(WebCase):
    """Bodies without a Content-Length."""

    def setUp(self):
        super().setUp()
        token = base64.b64encode(
            f"alice@{DOMAIN}:{PASSWORDS['alice']}".encode()).decode()
        self.basic = f"Authorization: Basic {token}\r\n"

    def post(self, path, body, kind="application/json", fields=""):
        head = (f"POST {path} HTTP/1.1\r\nContent-Type: {kind}\r\n" +
                self.basic + fields + "Transfer-Encoding: chunked\r\n" + END)
        answer = self.webmail.talk(head.encode() + body)
        return status_of(answer), answer.partition(b"\r\n\r\n")[2]

    def account(self):
        answer = self.webmail.talk("GET /.well-known/jmap HTTP/1.1\r\n" +
                                   self.basic + END)
        session = json.loads(answer.partition(b"\r\n\r\n")[2])
        return session["primaryAccounts"]["urn:ietf:params:jmap:mail"]

    def test_a_call(self):
        call = json.dumps({"using": ["urn:ietf:params:jmap:core"],
                           "methodCalls": [["Core/echo", {"a": "b"}, "0"]]})
        call = call.encode()
        for body in (chunks(call), chunks(call[:1], call[1:7], call[7:]),
                     chunks(*(call[i:i + 1] for i in range(len(call)))),
                     chunks(call).replace(b"\r\n", b";x=y\r\n", 1)):
            status, text = self.post("/jmap/api", body)
            self.assertEqual(status, 200, text)
            self.assertEqual(json.loads(text)["methodResponses"],
                             [["Core/echo", {"a": "b"}, "0"]])

    def test_a_file_of_many_chunks(self):
        data = os.urandom(3 * 1024 * 1024 + 17)
        account = self.account()
        pieces = [data[i:i + 70001] for i in range(0, len(data), 70001)]
        status, text = self.post(f"/jmap/upload/{account}/", chunks(*pieces),
                                 "application/octet-stream")
        self.assertEqual(status, 201, text)
        blob = json.loads(text)
        self.assertEqual(blob["size"], len(data))
        answer = self.webmail.talk(
            f"GET /jmap/download/{account}/{blob['blobId']}/x HTTP/1.1\r\n" +
            self.basic + END)
        self.assertEqual(answer.partition(b"\r\n\r\n")[2], data)

    def test_a_file_that_breaks_off_is_none(self):
        account = self.account()
        body = chunks(b"x" * 200000)[:-7] + b"garbage"
        status, text = self.post(f"/jmap/upload/{account}/", body,
                                 "application/octet-stream")
        self.assertEqual(status, 400, text)

    def test_a_request_that_is_too_large(self):
        size = 10 * 1024 * 1024
        for extra, expected in ((0, 400), (1, 413)):
            body = b" " * 65536 * 159 + b" " * (65536 + extra)
            self.assertEqual(len(body), size + extra)
            for framed in (True, False):
                with self.subTest(extra=extra, framed=framed):
                    if framed:
                        status, text = self.post("/jmap/api", chunks(body))
                    else:
                        answer = self.webmail.talk((
                            "POST /jmap/api HTTP/1.1\r\n" + self.basic +
                            "Content-Type: application/json\r\n"
                            f"Content-Length: {len(body)}\r\n" +
                            END).encode() + body)
                        status = status_of(answer)
                        text = answer.partition(b"\r\n\r\n")[2]
                    self.assertEqual(status, expected, text)
                    kind = "limit" if extra else "notJSON"
                    problem = json.loads(text)
                    self.assertEqual(problem["type"],
                                     "urn:ietf:params:jmap:error:" + kind)
                    self.assertEqual(problem["status"], expected)

    def test_who_asks_first_is_told_before_it_sends(self):
        answer = self.webmail.talk(
            "POST /jmap/api HTTP/1.1\r\n" + self.basic +
            "Content-Type: application/json\r\nExpect: 100-continue\r\n"
            f"Content-Length: {10 * 1024 * 1024 + 1}\r\n" + END)
        self.assertEqual(status_of(answer), 413, answer)
        self.assertIn(b"application/problem+json", answer)
        self.assertIn(b'"limit":"maxSizeRequest"', answer)


def listening_ports(pid):
    """The TCP ports on 127.0.0.1 that a process listens on."""
    inodes = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            inodes.add(os.readlink(f"/proc/{pid}/fd/{name}"))
        except OSError:
            continue
    ports = set()
    with open(f"/proc/{pid}/net/tcp", encoding="ascii") as rows:
        for row in rows.readlines()[1:]:
            fields = row.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                ports.add(int(fields[1].split(":")[1], 16))
    return ports


class Limits(WebCase):
    config = ("[limits]\nexempt =\n[web]\nhead-time = 1s\nbody-time = 1s\n"
              "idle-time = 1s\nconnections-per-address = 5\n"
              "upload-size = 1M\n")

    def test_heads_that_are_too_large(self):
        long_target = "GET /" + "a" * 9000 + " HTTP/1.1\r\n" + END
        self.assertEqual(status_of(self.webmail.talk(long_target)), 414)
        many = "GET / HTTP/1.1\r\n" + "X: y\r\n" * 101 + END
        self.assertEqual(status_of(self.webmail.talk(many)), 431)
        large = "GET / HTTP/1.1\r\nX: " + "y" * 17000 + "\r\n" + END
        self.assertEqual(status_of(self.webmail.talk(large)), 431)

    def test_ten_gigabytes_are_refused_before_they_come(self):
        begun = time.monotonic()
        answer = self.webmail.talk("POST /jmap/upload/a1/ HTTP/1.1\r\n" + HOST
                                   + "Content-Length: 10000000000\r\n\r\n")
        self.assertEqual(status_of(answer), 413)
        self.assertLess(time.monotonic() - begun, 5)

    def test_who_is_slow_is_told_so(self):
        with self.webmail.dial() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHo")
            self.assertEqual(status_of(hear(sock)), 408)
        with self.webmail.dial() as sock:
            sock.sendall(b"POST /auth/login HTTP/1.1\r\nHost: a\r\n"
                         b"Content-Length: 10\r\n\r\nabc")
            self.assertEqual(status_of(hear(sock)), 408)
        with self.webmail.dial() as sock:
            self.assertEqual(hear(sock), b"")

    def test_one_address_has_so_many_connections(self):
        held = [self.webmail.dial() for _ in range(5)]
        try:
            time.sleep(0.2)
            answer = self.webmail.talk("GET / HTTP/1.1\r\n" + END)
            self.assertEqual(status_of(answer), 503)
        finally:
            for sock in held:
                sock.close()


class Fields(WebCase):
    def test_every_answer_has_the_fields_that_keep_a_page_safe(self):
        client = self.client()
        for path in ("/", "/nothing", "/auth/session", "/auth/signup",
                     "/.well-known/jmap", "/jmap/eventsource/", "/%00"):
            with self.subTest(path):
                answer = client.call("GET", path)
                for name in ("Content-Security-Policy", "Referrer-Policy",
                             "Cross-Origin-Opener-Policy",
                             "Cross-Origin-Resource-Policy",
                             "Permissions-Policy", "X-Frame-Options"):
                    self.assertIsNotNone(answer.fields.get(name), name)
                self.assertEqual(answer.fields["X-Content-Type-Options"],
                                 "nosniff")
                self.assertIsNone(answer.fields.get("Server"))
                self.assertIsNone(answer.fields.get("X-Smtpmail-Account"))
                if path == "/%00":
                    client = self.client()

    def test_what_is_not_there(self):
        client = self.client()
        answer = client.call("GET", "/nothing", fields={"Accept": "text/html"})
        self.assertEqual(answer.status, 404)
        self.assertIn("text/html", answer.fields["Content-Type"])
        answer = client.call("GET", "/nothing")
        self.assertEqual((answer.status, answer.code()), (404, "notFound"))
        answer = client.call("DELETE", "/auth/login")
        self.assertEqual((answer.status, answer.code()),
                         (405, "methodNotAllowed"))
        self.assertEqual(client.call("POST", "/nothing").status, 404)

    def test_the_page_is_asked_for_again_by_its_tag(self):
        client = self.client()
        first = client.call("GET", "/")
        if first.status == 503:
            self.skipTest("built without the page")
        self.assertEqual(first.fields["Cache-Control"], "no-cache")
        again = client.call("GET", "/", fields={
            "If-None-Match": first.fields["ETag"]})
        self.assertEqual((again.status, again.body), (304, b""))
        head = client.call("HEAD", "/")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(head.fields["Content-Length"], str(len(first.body)))

    def test_the_log_has_a_line_a_request_and_no_secrets(self):
        client = self.client("alice")
        client.call("GET", "/auth/session?token=secret-thing")
        log = self.webmail.log()
        self.assertIn("path=/auth/session ", log)
        self.assertIn("account=", log)
        for secret in ("secret-thing", "alice-secret", client.csrf,
                       client.cookie.split("=")[1]):
            self.assertNotIn(secret, log)


class Tls(WebCase):
    tls = True

    def test_the_cookie_is_bound_to_tls(self):
        client = self.client(tls=True)
        answer = client.login()
        self.assertEqual(answer.status, 200)
        cookie = answer.fields["Set-Cookie"]
        self.assertTrue(cookie.startswith("__Host-smtpmail="), cookie)
        for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(part, cookie.split("; "))
        self.assertIn("max-age=",
                      answer.fields["Strict-Transport-Security"])
        self.assertEqual(client.call("GET", "/auth/session").status, 200)
        plain = self.client()
        plain.cookie = client.cookie
        self.assertEqual(plain.call("GET", "/auth/session").status, 401)

    def test_only_modern_tls_is_spoken(self):
        context = ssl._create_unverified_context()
        with socket.create_connection(("127.0.0.1", self.webmail.tls_port),
                                      10) as raw:
            with context.wrap_socket(raw) as sock:
                self.assertIn(sock.version(), ("TLSv1.2", "TLSv1.3"))

    def test_plain_http_at_the_tls_port_gets_nowhere(self):
        with socket.create_connection(("127.0.0.1", self.webmail.tls_port),
                                      20) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertNotIn(b"HTTP/1.1 200", hear(sock))

    def test_the_certificate_is_read_anew(self):
        self.certificate()
        self.webmail.process.send_signal(signal.SIGHUP)
        for _ in range(100):
            if "read anew" in self.webmail.log():
                break
            time.sleep(0.05)
        client = self.client(tls=True)
        self.assertEqual(client.login().status, 200)


class Ending(WebCase):
    def test_what_was_begun_is_finished(self):
        client = self.client()
        body = b'{"address":"alice@example.test","password":"alice-secret"}'
        sock = self.webmail.dial()
        sock.sendall(b"POST /auth/login HTTP/1.1\r\nHost: a\r\n"
                     b"Content-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(body) + body[:10])
        idle = self.webmail.dial()
        client.call("GET", "/auth/signup")
        time.sleep(0.3)

        self.webmail.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        sock.sendall(body[10:])

        answer = hear(sock)
        self.assertEqual(status_of(answer), 200, answer)
        self.assertIn(b"Set-Cookie", answer)
        self.assertEqual(hear(idle), b"")
        self.assertEqual(self.webmail.process.wait(20), 0)
        with self.assertRaises(ConnectionRefusedError):
            self.webmail.dial()
        sock.close()
        idle.close()

    def test_it_takes_many_at_once(self):
        failures = []

        def work():
            client = Client(self.webmail)
            for _ in range(20):
                if client.call("GET", "/auth/signup").status != 200:
                    failures.append(1)
            client.http.close()

        threads = [threading.Thread(target=work) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])


@unittest.skipUnless(WEBMAIL, "webmail was not built")
class CommandLine(Case):
    def run_it(self, *args):
        done = subprocess.run([WEBMAIL, *args], capture_output=True,
                              timeout=30, check=False)
        return done.returncode, (done.stdout + done.stderr).decode()

    def test_mistakes_are_named(self):
        code, text = self.run_it("--lisen", "x")
        self.assertEqual(code, 2)
        self.assertIn("--lisen", text)
        self.assertEqual(self.run_it("--listen")[0], 2)
        self.assertEqual(self.run_it("--log-level", "loud")[0], 2)
        code, text = self.run_it("--store", f"sqlite:{self.tmp}/none.db")
        self.assertEqual(code, 1)
        self.assertIn("none.db", text)
        self.assertEqual(self.run_it("--help")[0], 0)
        self.assertIn("webmail ", self.run_it("--version")[1])


if __name__ == "__main__":
    unittest.main()
