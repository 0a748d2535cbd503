# SPDX-License-Identifier: MIT
"""What the tests of the programs share: a store to work on, and mailctl.

Each test has a folder of its own and ports that the kernel picks, so that
any number of them can run side by side.
"""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

MAILCTL = os.environ.get("MAILCTL", "mailctl")
SMTPD = os.environ.get("SMTPD")
PUT_MESSAGE = os.environ.get("PUT_MESSAGE")

PASSWORDS = {"alice": "alice-secret", "bob": "bob-secret"}
DOMAIN = "example.test"


class Failed(Exception):
    """A program that ended otherwise than it should have."""


def run(*args, stdin=b"", env=None, timeout=60):
    """Run a program to its end: (exit code, stdout, stderr), as bytes."""
    environment = {k: v for k, v in os.environ.items()
                   if k != "SMTPMAIL_STORE"}
    environment.update(env or {})
    done = subprocess.run([str(a) for a in args], input=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=environment, timeout=timeout, check=False)
    return done.returncode, done.stdout, done.stderr


class Store:
    """A store in the folder `tmp`, with example.test, alice and bob.

    `accounts=()` leaves it empty: mailctl makes the file when it needs it.
    """

    def __init__(self, tmp, accounts=("alice", "bob"), name="mail.db"):
        self.path = os.path.join(tmp, name)
        self.url = "sqlite:" + self.path
        self.fill(accounts)

    def fill(self, accounts):
        """example.test and its accounts, if there shall be any."""
        if accounts:
            self.ctl("domain", "add", DOMAIN)
        for account in accounts:
            self.ctl("account", "add", f"{account}@{DOMAIN}",
                     "--password-stdin",
                     stdin=(PASSWORDS[account] + "\n").encode())

    def run(self, *args, stdin=b"", env=None):
        """mailctl on this store: (exit code, stdout, stderr)."""
        return run(MAILCTL, "--store", self.url, *args, stdin=stdin, env=env)

    def ctl(self, *args, stdin=b"", expect=0):
        """mailctl, which must end with `expect`; its stdout as text."""
        code, out, err = self.run(*args, stdin=stdin)
        if code != expect:
            raise Failed(f"mailctl {' '.join(map(str, args))}: exit code "
                         f"{code}, not {expect}\n{out!r}\n{err!r}")
        return out.decode()

    def put(self, account, message, mailbox="", keywords="", count=1):
        """Put a message there without a server; the ids."""
        code, out, err = run(PUT_MESSAGE, self.url, account, mailbox, keywords,
                             count, stdin=message)
        if code != 0:
            raise Failed(f"put_message: {code} {err!r}")
        return out.decode().split()

    def json(self, *args, stdin=b""):
        """mailctl --json: the document."""
        return json.loads(self.ctl(*args, "--json", stdin=stdin))


class Case(unittest.TestCase):
    """A test with a folder of its own: self.tmp."""

    def setUp(self):
        self.tmp = tempfile.mkdtemp(prefix="smtpmail-")
        self.addCleanup(shutil.rmtree, self.tmp, ignore_errors=True)

    def file(self, name, content=b""):
        """Write a file into the folder; its path."""
        path = os.path.join(self.tmp, name)
        if isinstance(content, str):
            content = content.encode()
        with open(path, "wb") as out:
            out.write(content)
        return path
