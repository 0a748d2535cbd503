# SPDX-License-Identifier: MIT
"""A helper of outbound_dkim_test.py, run by a Python that has dkimpy.

    dkim_check.py ZONE < MAILS        which signatures hold
    dkim_check.py ZONE COMMAND...     the command, with the zone as its DNS

ZONE is a JSON file: name -> text of the TXT record. MAILS is a JSON list of
messages in base64; the answer is a list of lists: [algorithm, selector, holds].
For the command it wants network and mounts of its own (unshare).
"""
import base64
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading


def signatures(octets):
    """The tags of each signature of a header, from the top."""
    head = re.sub(rb"\r\n([ \t])", rb"\1", octets.split(b"\r\n\r\n")[0])
    found = []
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"dkim-signature":
            found.append(dict(
                (tag.partition(b"=")[0].strip().decode(),
                 tag.partition(b"=")[2].strip().decode())
                for tag in value.split(b";")))
    return found


def check(zone, octets):
    import dkim

    def ask(name, timeout=5):
        return zone.get(name.decode().rstrip("."), "").encode() or None

    answers = []
    for i, tags in enumerate(signatures(octets)):
        try:
            holds = dkim.DKIM(octets).verify(i, dnsfunc=ask)
        except dkim.DKIMException as err:
            holds = str(err)
        answers.append([tags["a"], tags["s"], holds])
    return answers


def answer_to(zone, question):
    """The octets that answer a question for a TXT record."""
    end = 12
    labels = []
    while question[end]:
        labels.append(question[end + 1:end + 1 + question[end]].decode())
        end += 1 + question[end]
    text = zone.get(".".join(labels), "").encode()
    strings = b"".join(bytes([len(text[i:i + 255])]) + text[i:i + 255]
                       for i in range(0, len(text), 255))
    record = b"\xc0\x0c" + struct.pack("!HHIH", 16, 1, 60, len(strings))
    return (question[:2] + struct.pack(
        "!HHHHH", 0x8580 if text else 0x8583, 1, 1 if text else 0, 0, 0)
        + question[12:end + 5] + (record + strings if text else b""))


def serve(zone, port):
    while True:
        question, client = port.recvfrom(4096)
        port.sendto(answer_to(zone, question), client)


def run_with(zone, command):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.NamedTemporaryFile("w") as resolver:
        resolver.write("nameserver 127.0.0.1\n")
        resolver.flush()
        subprocess.run(["mount", "--bind", resolver.name,
                        os.path.realpath("/etc/resolv.conf")], check=True)
        port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        port.bind(("127.0.0.1", 53))
        threading.Thread(target=serve, args=(zone, port), daemon=True).start()
        return subprocess.run(command, check=False).returncode


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        zone = json.load(file)
    if len(sys.argv) > 2:
        sys.exit(run_with(zone, sys.argv[2:]))
    json.dump([check(zone, base64.b64decode(octets))
               for octets in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
