# SPDX-License-Identifier: MIT
"""EventSource at webmail: who may listen, what is told and when, and that
two hundred who listen cost the others nothing."""
import time
import unittest

from support import DOMAIN
from web import WebCase, hear, status_of

PATH = "/jmap/eventsource/?types=*&closeafter=no&ping=0"


class Listener:
    def __init__(self, webmail, fields, path=PATH):
        self.sock = webmail.dial(30)
        self.text = b""
        self.sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}"
                          "\r\n".encode())

    def wait_for(self, part, patience=10):
        """Seconds until it came."""
        begun = time.monotonic()
        self.sock.settimeout(patience)
        while part not in self.text:
            chunk = self.sock.recv(65536)
            if not chunk:
                raise AssertionError(f"ended without {part}: {self.text}")
            self.text += chunk
        return time.monotonic() - begun

    def close(self):
        self.sock.close()


class Events(WebCase):
    def listen(self, client, path=PATH):
        listener = Listener(self.webmail, f"Cookie: {client.cookie}\r\n", path)
        self.addCleanup(listener.close)
        return listener

    def change(self, name, mailbox):
        self.store.ctl("mailbox", "add", f"{name}@{DOMAIN}", mailbox)

    def test_nobody_listens_without_a_session(self):
        for fields in ("", "Cookie: smtpmail=" + "0" * 64 + "\r\n"):
            with self.webmail.dial() as sock:
                sock.sendall(f"GET {PATH} HTTP/1.1\r\nHost: a\r\n"
                             f"Connection: close\r\n{fields}\r\n".encode())
                self.assertEqual(status_of(hear(sock)), 401)

    def test_a_change_in_another_process_is_told_at_once(self):
        listener = self.listen(self.client("alice"))
        listener.wait_for(b"event: state\n")
        other = self.listen(self.client("bob"))
        other.wait_for(b"event: state\n")
        listener.text = other.text = b""

        self.change("alice", "News")

        self.assertLess(listener.wait_for(b"\n\n"), 2)
        self.assertIn(b"data: {", listener.text)
        time.sleep(0.5)
        other.sock.setblocking(False)
        with self.assertRaises(BlockingIOError):
            other.sock.recv(100)

    def test_pings_and_the_end_after_one_state(self):
        client = self.client("alice")
        path = "/jmap/eventsource/?types=*&closeafter=state&ping=5"
        listener = self.listen(client, path)
        listener.wait_for(b":\n\n")
        self.assertNotIn(b"event: state", listener.text)
        self.assertGreater(listener.wait_for(b'{"interval":5}'), 3)
        self.change("alice", "One")
        listener.wait_for(b"event: state\n")
        listener.text += hear(listener.sock)
        self.assertEqual(listener.text.count(b"event: state\n"), 1)

    def test_who_has_heard_the_last_is_not_told_it_again(self):
        client = self.client("alice")
        first = self.listen(client)
        first.wait_for(b"\n\nevent: state\n")
        first.wait_for(b"data: ")
        first.wait_for(b"}\n\n")
        last = first.text.split(b"id: ")[1].split(b"\n")[0].decode()
        again = Listener(self.webmail, f"Cookie: {client.cookie}\r\n"
                         f"Last-Event-ID: {last}\r\n")
        self.addCleanup(again.close)
        again.wait_for(b":\n\n")
        time.sleep(1.5)
        self.change("alice", "Two")
        again.wait_for(b"}\n\n")
        self.assertEqual(again.text.count(b"event: state\n"), 1)

    def test_two_hundred_who_listen_do_not_slow_the_others(self):
        clients = [self.client("alice"), self.client("bob")]
        probe = self.client("bob")

        def p99():
            times = []
            for _ in range(200):
                begun = time.monotonic()
                self.assertEqual(probe.call("GET", "/auth/session").status,
                                 200)
                times.append(time.monotonic() - begun)
            return sorted(times)[197]

        alone = p99()
        listeners = [self.listen(clients[i % 2]) for i in range(200)]
        for listener in listeners:
            listener.wait_for(b"event: state\n")
            listener.text = b""
        crowded = p99()
        begun = time.monotonic()
        self.change("alice", "Crowd")
        for listener in listeners[::2]:
            listener.wait_for(b"}\n\n")

        self.assertLess(crowded, max(0.1, alone * 5))
        self.assertLess(time.monotonic() - begun, 5)
        print(f"p99 {alone * 1000:.1f} ms alone, {crowded * 1000:.1f} ms "
              "beside 200 listeners")

    def test_listeners_leave_when_the_server_does(self):
        listener = self.listen(self.client("alice"))
        listener.wait_for(b"event: state\n")
        begun = time.monotonic()
        self.assertEqual(self.webmail.stop(), 0)
        hear(listener.sock)
        self.assertLess(time.monotonic() - begun, 8)


if __name__ == "__main__":
    unittest.main()
