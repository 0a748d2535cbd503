# SPDX-License-Identifier: MIT
"""mailctl parse against 54 messages, old and odd, and what a good parser makes
of them. Skipped where the published data is not beside the project."""
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared/data/mime"

# Where we read more than the expectation does, on purpose: x-uuencode is
# decoded, and octets that are no UTF-8 are taken as windows-1252.
UUENCODED = {("017", 2), ("017", 3), ("026", 2), ("048", 2), ("048", 3),
             ("048", 4)}
STRAY_CR = {"049"}


def flat(parts):
    for part in parts:
        yield part
        yield from flat(part["parts"])


def field(part, name, form):
    for header in part["headers"]:
        if header["name"] == name and form in (header["value"] or {}):
            return header["value"][form]
    return None


def name_of(part):
    found = None
    for name in ("content_disposition", "content_type"):
        value = field(part, name, "ContentType") or {}
        for attribute in value.get("attributes") or []:
            if attribute["name"] == "filename":
                return attribute["value"]
            if attribute["name"] == "name":
                found = attribute["value"]
    return found


def addresses(value):
    groups = value.get("Group") or [{"addresses": value.get("List", [])}]
    return [(a.get("name") or "", a.get("address") or "")
            for group in groups for a in group["addresses"]]


class ParseCase(unittest.TestCase):
    def parse(self, raw):
        with tempfile.NamedTemporaryFile(suffix=".eml") as file:
            file.write(raw)
            file.flush()
            run = subprocess.run([os.environ["MAILCTL"], "parse", file.name],
                                 capture_output=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads(run.stdout)



class Depth(ParseCase):
    def test_no_message_is_deeper_than_readers_of_json_go(self):
        raw = b"Subject: x\r\n\r\nx"
        for message in range(20):
            around = b"".join(
                b"Content-Type: multipart/mixed; boundary=m%dl%d\r\n\r\n"
                b"--m%dl%d\r\n" % (message, level, message, level)
                for level in range(63))
            raw = around + b"Content-Type: message/rfc822\r\n\r\n" + raw
        self.assertEqual(len(list(flat(self.parse(raw)["parts"]))), 64)


@unittest.skipUnless(DATA.is_dir(), "the published messages are not here")
class Corpus(ParseCase):
    def same_text(self, expected, got, what):
        expected = expected.replace("\r\n", "\n")
        if "\ufffd" in expected:
            pattern = expected.split("\ufffd")
            self.assertTrue(got.startswith(pattern[0])
                            and got.endswith(pattern[-1]), what)
        else:
            self.assertEqual(expected, got, what)

    def same_part(self, number, index, expected, got, what):
        declared = field(expected, "content_type", "ContentType")
        if declared:
            kind = declared["c_type"]
            if declared.get("c_subtype"):
                kind += "/" + declared["c_subtype"]
            self.assertEqual(kind.lower(), got["type"], what)
        name = name_of(expected)
        if name is None:
            self.assertIsNone(got["name"], what)
        else:
            self.same_text(name, got["name"], what)
        self.assertEqual(
            [expected["offset_header"], expected["offset_body"]],
            [got["offsetHeader"], got["offsetBody"]], what)
        if number in STRAY_CR:
            return
        self.assertEqual(expected["offset_end"], got["offsetEnd"], what)
        if (number, index) in UUENCODED:
            return
        (kind, body), = expected["body"].items()
        if kind in ("Text", "Html"):
            self.same_text(body, got["text"], what)
        elif kind in ("Binary", "InlineBinary"):
            self.assertEqual(hashlib.sha256(bytes(body)).hexdigest(),
                             got["sha256"], what)
        elif kind == "Message":
            self.same_message(number, body, got["message"], what)

    def same_message(self, number, expected, got, what):
        parts = list(flat(got["parts"]))
        self.assertEqual(len(expected["parts"]), len(parts), what)
        for index, (e, g) in enumerate(zip(expected["parts"], parts)):
            self.same_part(number, index, e, g, f"{what}, part {index}")
        for theirs, ours in (("text_body", "textBody"),
                             ("html_body", "htmlBody"),
                             ("attachments", "attachments")):
            self.assertEqual(expected[theirs],
                             [int(i) - 1 for i in got[ours]], what)
        if not parts:
            return
        subject = field(expected["parts"][0], "subject", "Text")
        if subject is not None:
            self.same_text(subject, got["subject"], what)
        for name in ("from", "to", "cc"):
            value = field(expected["parts"][0], name, "Address")
            if value is None or "\ufffd" in json.dumps(value,
                                                       ensure_ascii=False):
                continue
            self.assertEqual(addresses(value),
                             [(a["name"], a["address"]) for a in got[name]],
                             what)

    def test_every_message_is_read_as_a_good_parser_reads_it(self):
        messages = sorted(DATA.glob("*.eml"))
        self.assertGreaterEqual(len(messages), 54)
        for path in messages:
            lf = path.read_bytes().replace(b"\r\n", b"\n")
            for ending, raw in ((".json", lf),
                                (".crlf.json", lf.replace(b"\n", b"\r\n"))):
                expected = json.loads(path.with_suffix(ending).read_text())
                with self.subTest(message=path.name, expected=ending):
                    self.same_message(path.stem, expected, self.parse(raw),
                                      path.name)


if __name__ == "__main__":
    unittest.main()
