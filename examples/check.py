#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sends mail to a running example and looks at what it does.

check.py NAME PROGRAM
"""
import smtplib
import socket
import subprocess
import sys
import time

LETTER = b"Subject: Hello\r\n\r\nGood to hear from you.\r\n"


def connect(port):
    return smtplib.SMTP("127.0.0.1", port, timeout=20)


def check_epoll(port):
    clients = [connect(port) for _ in range(20)]
    for number, client in enumerate(clients):
        client.sendmail("bob@example.org", [f"alice{number}@example.test"],
                        LETTER + b"x" * 70 + b"\r\n" * 20000)
    # One that writes and does not read is not read from for ever.
    with socket.create_connection(("127.0.0.1", port), timeout=20) as rude:
        rude.setblocking(False)
        sent, end = 0, time.monotonic() + 1
        while sent < 50_000_000 and time.monotonic() < end:
            try:
                sent += rude.send(b"NOOP\r\n" * 1000)
                end = time.monotonic() + 1
            except BlockingIOError:
                time.sleep(0.05)
            except ConnectionError:
                break  # too many commands that carry nothing
        assert sent < 50_000_000, "it reads without end"
        clients[0].noop()  # and nobody else waits for it
    for client in clients:
        client.quit()
    # Who is silent is told so.
    with socket.create_connection(("127.0.0.1", port), timeout=20) as silent:
        words = b""
        while piece := silent.recv(1000):
            words += piece
        assert words.startswith(b"220 "), words
        assert b"\r\n421 4.4.2 " in words, words


def check_receive(port):
    with connect(port) as client:
        client.sendmail("bob@example.org", ["alice@example.test"], LETTER)
    return "Hello\n"


def check_policy(port):
    with connect(port) as client:
        refused = client.sendmail(
            "bob@example.org", ["alice@example.test", "eve@example.test"],
            LETTER)
        assert refused["eve@example.test"][0] == 550, refused
        assert list(refused) == ["eve@example.test"], refused
    leaver = connect(port)
    leaver.ehlo()
    leaver.mail("bob@example.org")
    leaver.putcmd("rcpt", "TO:<alice@example.test>")
    leaver.close()  # its ticket is stale when it is settled
    with connect(port) as client:
        client.sendmail("bob@example.org", ["alice@example.test"], LETTER)


CHECKS = {"epoll": (check_epoll, ["0", "3"]),
          "receive": (check_receive, []),
          "policy": (check_policy, [])}


def main():
    check, arguments = CHECKS[sys.argv[1]]
    with subprocess.Popen([sys.argv[2], *arguments], stdout=subprocess.PIPE,
                          text=True) as program:
        try:
            word, port = program.stdout.readline().split()
            assert word == "port"
            wanted = check(int(port))
            program.terminate()
            said = program.stdout.read()
            assert wanted is None or said == wanted, said
            program.wait(20)
            assert wanted is None or program.returncode == 0
        finally:
            program.kill()


if __name__ == "__main__":
    main()
