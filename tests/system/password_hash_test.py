# SPDX-License-Identifier: MIT
"""Password hashes that other programs made: they open, and become ours."""
import base64
import shutil
import smtplib
import sqlite3
import subprocess
import unittest

from smtpd_support import SmtpdCase
from support import DOMAIN
from web import WEBMAIL, Client, Webmail

BOB = f"bob@{DOMAIN}"
PASSWORD = "correct horse"

# How each tool is asked; it gets the password on standard input.
TOOLS = {
    "openssl -6": ["openssl", "passwd", "-6", "-stdin"],
    "openssl -5": ["openssl", "passwd", "-5", "-stdin"],
    "mkpasswd sha512": ["mkpasswd", "-s", "-m", "sha512crypt", "-R", "6000"],
    "mkpasswd bcrypt": ["mkpasswd", "-s", "-m", "bcrypt", "-R", "5"],
    "mkpasswd yescrypt": ["mkpasswd", "-s", "-m", "yescrypt"],
    "htpasswd": ["htpasswd", "-n", "-i", "-B", "bob"],
    "doveadm": ["doveadm", "pw", "-s", "BLF-CRYPT", "-p", PASSWORD],
}


def made_by_python():
    """What crypt(3) makes, where Python still knows it."""
    try:
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import crypt
    except ImportError:
        return
    for name in ("SHA256", "SHA512", "BLOWFISH"):
        method = getattr(crypt, "METHOD_" + name)
        if method in crypt.methods:
            yield "crypt " + name, crypt.crypt(
                PASSWORD, crypt.mksalt(method, rounds=1 << 12)
                if name != "BLOWFISH" else crypt.mksalt(method, rounds=1 << 5))
    yescrypt = crypt.crypt(PASSWORD, "$y$j85$LdJMENpBABJJ3hIHjB1Bi.")
    if yescrypt and yescrypt.startswith("$y$"):
        yield "crypt yescrypt", yescrypt


def made():
    """Pairs of a name and a hash of PASSWORD."""
    for name, command in TOOLS.items():
        if shutil.which(command[0]) is None:
            continue
        done = subprocess.run(command, input=PASSWORD.encode() + b"\n",
                              capture_output=True, check=False, timeout=30)
        if done.returncode == 0:
            text = done.stdout.decode().strip()
            yield name, text.removeprefix("bob:")
    yield from made_by_python()


class Hashes(SmtpdCase):

    def stored(self):
        with sqlite3.connect(f"file:{self.store.path}?mode=ro",
                             uri=True) as db:
            return db.execute("SELECT password FROM account"
                              " WHERE address = ?", (BOB,)).fetchone()[0]

    def set(self, text):
        self.store.ctl("account", "passwd", BOB, "--password-hash-file", "-",
                       stdin=text.encode() + b"\n")

    def login(self, password, expect=235):
        client = self.smtpd.submission(user=None)
        self.addCleanup(client.close)
        client.ehlo()
        plain = base64.b64encode(f"\0{BOB}\0{password}".encode()).decode()
        self.assertEqual(client.docmd("AUTH PLAIN", plain)[0], expect)
        return client

    def test_of_each_tool_open_submission_and_become_ours(self):
        seen = 0
        for name, text in made():
            with self.subTest(name):
                self.set(text)
                self.assertEqual(self.stored(), text[text.index("$"):])
                client = self.login(PASSWORD)
                self.assertTrue(self.stored().startswith("$scrypt$"))
                client.sendmail(BOB, [BOB], b"Subject: x\r\n\r\nx\r\n")
                self.login(PASSWORD)
                seen += 1
        self.assertGreater(seen, 1)

    def test_a_wrong_password_leaves_it(self):
        _, text = next(made())
        self.set(text)
        self.login("correct house", 535)
        self.assertEqual(self.stored(), text)
        self.login(PASSWORD)

    def test_open_the_page_and_become_ours(self):
        if not WEBMAIL:
            self.skipTest("webmail was not built")
        webmail = Webmail(self.tmp, self.store)
        self.addCleanup(webmail.stop)
        client = Client(webmail)
        self.addCleanup(client.http.close)
        for name, text in made():
            with self.subTest(name):
                self.set(text)
                self.assertEqual(client.login("bob", PASSWORD).status, 200)
                self.assertTrue(self.stored().startswith("$scrypt$"))
                self.assertEqual(client.login("bob", PASSWORD).status, 200)

    def test_an_account_is_made_with_one(self):
        _, text = next(made())
        path = self.file("hash", "{CRYPT}" + text + "\r\nmore\n")
        self.store.ctl("account", "add", f"carol@{DOMAIN}",
                       "--password-hash-file", path)
        shown = self.store.json("account", "show", f"carol@{DOMAIN}")
        self.assertTrue(shown["hasPassword"])
        client = self.smtpd.submission("carol", PASSWORD)
        client.quit()

    def test_others_are_refused_with_what_would_be_taken(self):
        for text in ("secret", "$1$saltstri$YMyguxXMBpd2TEZ.vS/3q1",
                     "{PLAIN}secret", "$argon2id$v=19$m=65536,t=3,p=1$c2Fs$aG"):
            code, _, err = self.store.run(
                "account", "passwd", BOB, "--password-hash-file", "-",
                stdin=text.encode() + b"\n")
            self.assertEqual(code, 1)
            self.assertIn(b"bcrypt", err)
            self.assertIn(b"yescrypt", err)
        self.store.ctl("account", "passwd", BOB, "--password-hash-file", "-",
                       stdin=b"\n", expect=1)
        self.store.ctl("account", "passwd", BOB, "--password-hash-file",
                       "/nonexistent", expect=3)
        for other in ("--password-stdin", "--no-password"):
            self.store.ctl("account", "add", f"carol@{DOMAIN}",
                           "--password-hash-file", "-", other, expect=2)
        with self.assertRaises(smtplib.SMTPAuthenticationError):
            self.smtpd.submission("bob", "secret")
        self.smtpd.submission("bob", "bob-secret").quit()


if __name__ == "__main__":
    unittest.main()
