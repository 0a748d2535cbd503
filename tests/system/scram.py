# SPDX-License-Identifier: MIT
"""SCRAM-SHA-256 and -PLUS as a client says it (RFC 5802, RFC 7677)."""
import base64
import hashlib
import hmac
import os


def digest(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


class Scram:
    """One exchange; `flag` is that of the gs2-header, `binding` its octets."""

    def __init__(self, user, password, flag="n", binding=b""):
        self.password = password
        self.header = f"{flag},,".encode()
        self.binding = binding
        self.nonce = base64.b64encode(os.urandom(18)).decode()
        name = user.replace("=", "=3D").replace(",", "=2C")
        self.bare = f"n={name},r={self.nonce}".encode()
        self.signature = None

    def first(self):
        return self.header + self.bare

    def final(self, challenge, nonce=None):
        """The proof that answers `challenge`."""
        parts = dict(part.split("=", 1)
                     for part in challenge.decode().split(","))
        assert parts["r"].startswith(self.nonce), challenge
        assert len(parts["r"]) > len(self.nonce) + 10, challenge
        salt, count = base64.b64decode(parts["s"]), int(parts["i"])
        assert count >= 4096 and len(salt) >= 16, challenge
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), salt,
                                     count)
        bound = base64.b64encode(self.header + self.binding).decode()
        without = f"c={bound},r={nonce or parts['r']}".encode()
        message = self.bare + b"," + challenge + b"," + without
        client_key = digest(salted, b"Client Key")
        signature = digest(hashlib.sha256(client_key).digest(), message)
        proof = bytes(a ^ b for a, b in zip(client_key, signature))
        self.signature = b"v=" + base64.b64encode(
            digest(digest(salted, b"Server Key"), message))
        return without + b",p=" + base64.b64encode(proof)


def decode(reply):
    """The challenge in a reply of 334."""
    code, text = reply
    assert code == 334, reply
    return base64.b64decode(text)


def log_in(client, mechanism, scram, nonce=None):
    """AUTH on an smtplib client: the last reply, server's proof checked."""
    first = base64.b64encode(scram.first()).decode()
    reply = client.docmd("AUTH", f"{mechanism} {first}")
    if reply[0] != 334:
        return reply
    final = scram.final(decode(reply), nonce)
    reply = client.docmd(base64.b64encode(final).decode())
    if reply[0] != 334:
        return reply
    assert decode(reply) == scram.signature, reply
    return client.docmd("")
