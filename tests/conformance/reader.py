#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints the delivered message that holds $TOKEN; fails while there is none.

    reader.py mailctl MAILCTL STORE ADDRESS    one of ours
    reader.py folder FOLDER                    a file somewhere in a folder
"""
import json
import os
import subprocess
import sys


def from_store(token, mailctl, store, address):
    def run(*words):
        return subprocess.run([mailctl, "--store", store, *words], check=True,
                              stdout=subprocess.PIPE).stdout

    listed = json.loads(run("message", "list", address, "--json", "--limit",
                            "1000"))
    for message in listed:
        if token in (message["subject"] or ""):
            return run("message", "raw", address, message["id"])
    return None


def from_folder(token, folder):
    for place, _, names in os.walk(folder):
        for name in names:
            if name.startswith("dovecot"):  # an index quotes messages
                continue
            try:
                with open(os.path.join(place, name), "rb") as file:
                    content = file.read()
            except OSError:
                continue
            if token.encode() in content:
                return content
    return None


def main():
    kind, *words = sys.argv[1:]
    find = {"mailctl": from_store, "folder": from_folder}[kind]
    content = find(os.environ["TOKEN"], *words)
    if content is None:
        sys.exit(1)
    sys.stdout.buffer.write(content)


if __name__ == "__main__":
    main()
