#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How large a store is, beside the bytes of its mail: with the index, and
without it.

Letters of about 4 KiB are made: headers as they come through two servers, with
a signature that nothing makes smaller, and sentences of words whose frequency
falls as it does in a language. Then the same with a small file attached. At
most 1.5 with the index is promised for letters of 4 KiB. MAIL names a folder of
.eml files to take instead.
"""
import base64
import glob
import os
import random
import sqlite3
import subprocess
import sys
import textwrap

from bench import Folder, Missing, arguments, machine

MOST = 1.5
SYLLABLES = ("an al be ca con da de di en er es fa ga he in is ka la le lo ma "
             "me mi na ne no or pa per po ra re ri ro sa se si so ta te ti to "
             "un ve vi wa").split()


def vocabulary(dice, count=12000):
    """Words, the common ones short."""
    words = {}
    while len(words) < count:
        length = 1 + int(len(words) > 60) + dice.choice((0, 0, 1, 1, 2))
        words["".join(dice.choice(SYLLABLES) for _ in range(length))] = True
    return list(words)


def sentences(dice, words, octets):
    """Text of so many octets."""
    out = []
    length = 0
    while length < octets:
        count = dice.randint(6, 18)
        picked = [words[min(int(dice.paretovariate(0.9)) - 1 +
                            dice.randint(0, 40), len(words) - 1)]
                  for _ in range(count)]
        line = " ".join(picked).capitalize() + ". "
        out.append(line)
        length += len(line)
    return textwrap.fill("".join(out), 74)[:octets]


def letter(dice, words, size, attached=0):
    """A message, with what servers put above it."""
    who = dice.choice(words) + str(dice.randint(1, 300))
    ident = "%032x" % dice.getrandbits(128)
    signature = textwrap.fill(
        base64.b64encode(dice.randbytes(256)).decode(), 72)
    head = [f"Return-Path: <{who}@mail.example>"]
    head += [f"Received: from mx{dice.randint(1, 9)}.mail.example "
             f"(mx.mail.example [192.0.2.{dice.randint(1, 254)}])\n"
             f"\tby {host}.example.test with ESMTPS id {ident[:16]}\n"
             "\tfor <alice@example.test>; Mon, 23 Nov 2026 "
             f"10:{dice.randint(10, 59)}:{dice.randint(10, 59)} +0000"
             for host in ("in", "relay")]
    head += ["DKIM-Signature: v=1; a=rsa-sha256; d=mail.example; s=s1;\n"
             "\th=from:to:subject:date:message-id;\n\tb=" +
             signature.replace("\n", "\n\t"),
             f"From: {who.capitalize()} <{who}@mail.example>",
             "To: Alice <alice@example.test>",
             "Subject: " + sentences(dice, words, dice.randint(15, 50)).replace(
                 "\n", " "),
             "Date: Mon, 23 Nov 2026 10:00:00 +0000",
             f"Message-ID: <{ident}@mail.example>", "MIME-Version: 1.0"]
    text = sentences(dice, words, max(200, size - len("\n".join(head)) - 120))
    if attached:
        file = textwrap.fill(
            base64.b64encode(dice.randbytes(attached)).decode(), 76)
        head.append("Content-Type: multipart/mixed; boundary=part")
        text = ("--part\nContent-Type: text/plain; charset=utf-8\n\n" + text +
                "\n--part\nContent-Type: image/jpeg\nContent-Disposition: "
                "attachment; filename=picture.jpg\n"
                "Content-Transfer-Encoding: base64\n\n" + file + "\n--part--")
    else:
        head.append("Content-Type: text/plain; charset=utf-8")
    return ("\n".join(head) + "\n\n" + text + "\n").replace(
        "\n", "\r\n").encode()


def weigh(program, folder, name, paths):
    """The ratio with the index, printed with what it is made of."""
    store = os.path.join(folder, name.replace(" ", "-"))
    os.makedirs(store)
    path = os.path.join(store, "mail.db")
    subprocess.run([program, "bring", "sqlite:" + path, *paths], check=True,
                   stdout=subprocess.DEVNULL)
    base = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    raw, count = base.execute("SELECT sum(size), count(*) FROM blob").fetchone()
    total = sum(os.path.getsize(each) for each in
                glob.glob(store + "/**", recursive=True)
                if os.path.isfile(each) and not each.endswith("-shm"))
    try:
        index = base.execute("SELECT sum(pgsize) FROM dbstat WHERE name LIKE "
                             "'email_text%'").fetchone()[0]
        without = f"{(total - index) / raw:9.2f}"
    except sqlite3.OperationalError:
        without = "  unknown"
    base.close()
    print(f"{name:<22} {count:>6} of {raw / count:>8.0f} octets: "
          f"with index {total / raw:5.2f}, without {without}", flush=True)
    return total / raw


def make(folder, name, count, build):
    """Files of so many messages."""
    place = os.path.join(folder, "mail-" + name.replace(" ", "-"))
    os.makedirs(place)
    paths = []
    for number in range(count):
        paths.append(os.path.join(place, f"{number}.eml"))
        with open(paths[-1], "wb") as file:
            file.write(build())
    return paths


def main():
    args = arguments(__doc__, count=(int, 5000, "messages of each kind"),
                     mail=(str, None, "a folder of .eml files, to take these"))
    program = os.path.join(args.build, "tests", "bench", "bench_store_cost")
    if not os.access(program, os.X_OK):
        raise Missing(f"{program} is not built: README.md")
    print(machine())
    dice = random.Random(2026)
    words = vocabulary(dice)
    with Folder(args.folder) as folder:
        if args.mail:
            paths = sorted(glob.glob(args.mail + "/**/*.eml", recursive=True))
            weigh(program, folder, "mail", paths)
            return 0
        ratio = weigh(program, folder, "letters of 4 KiB",
                      make(folder, "letters", args.count,
                           lambda: letter(dice, words, 4096)))
        weigh(program, folder, "with a file of 20 KiB",
              make(folder, "files", args.count // 5,
                   lambda: letter(dice, words, 3000, 20480)))
        weigh(program, folder, "with one of 200 KiB",
              make(folder, "large", args.count // 50,
                   lambda: letter(dice, words, 3000, 204800)))
    return 0 if ratio <= MOST else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Missing as error:
        sys.exit(str(error))
