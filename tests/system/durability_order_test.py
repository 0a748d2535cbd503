# SPDX-License-Identifier: MIT
"""What smtpd asks of the system before it says 250, as strace sees it.

A large message: its bytes are synced, then it gets its name, then the folder
is synced, then rows go to the log, then the log is synced, then 250 is sent.
A small one: rows, sync, 250. When the system refuses one of these calls, which
strace can make it do, the client is told and the next is served. Skipped where strace is missing or may not.
"""
import os
import re
import smtplib
import subprocess
import sys
import time
import unittest

from smtpd_support import SmtpdCase, tool

CALLS = ("fsync,fdatasync,write,pwrite64,pwritev,writev,sendto,sendmsg,openat,"
         "linkat,rename,mkdir,close,sync_file_range")
LINE = re.compile(r"^(?P<pid>\d+) +(?P<at>[\d.]+) (?P<rest>.*)$")
UNFINISHED = re.compile(r"^(?P<call>.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^<\.\.\. (?P<name>\w+) resumed>(?P<tail>.*)$")
RESULT = re.compile(r"^(?P<name>\w+)\((?P<args>.*)\) += (?P<result>.+)$")


class Call:
    """One system call: when it began and ended, as positions in the trace."""

    def __init__(self, began, text):
        self.began = began
        self.ended = None
        self.text = text
        self.name = text.split("(", 1)[0]
        self.result = ""

    def __repr__(self):
        return f"{self.began}-{self.ended}: {self.text[:120]}"


def parse(trace):
    """All calls of a trace, in the order in which they ended."""
    waiting, calls = {}, []
    for position, line in enumerate(trace.splitlines()):
        match = LINE.match(line)
        if not match:
            continue
        pid, rest = match["pid"], match["rest"]
        unfinished, resumed = UNFINISHED.match(rest), RESUMED.match(rest)
        if unfinished:
            waiting[pid] = Call(position, unfinished["call"])
            continue
        if resumed:
            call = waiting.pop(pid, None)
            if call is None:
                continue
            call.text += resumed["tail"]
        else:
            call = Call(position, rest)
        call.ended = position
        call.result = call.text.rsplit("= ", 1)[-1]
        calls.append(call)
    return calls


def may_trace():
    """Whether strace is there and may look at a process."""
    if tool("strace") is None:
        return False
    done = subprocess.run(["strace", "-f", "-o", os.devnull, "true"],
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


class Order(SmtpdCase):
    def trace(self, size):
        """The calls of smtpd from MAIL to the reply to one message."""
        out = os.path.join(self.tmp, f"trace{size}")
        client = self.smtpd.smtp()
        client.ehlo("x")
        strace = subprocess.Popen(
            ["strace", "-f", "-y", "-tt", "-s", "60", "-e", "trace=" + CALLS,
             "-o", out, "-p", str(self.smtpd.process.pid)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            # It says when it has attached.
            self.assertIn(b"attached", strace.stderr.readline())
            time.sleep(0.2)
            client.sendmail("x@load.test", ["alice@example.test"],
                            "Subject: x\r\n\r\n" + "y" * 70 + "\r\n" +
                            ("z" * 70 + "\r\n") * (size // 72))
        finally:
            strace.terminate()
            strace.communicate(timeout=30)
        client.quit()
        with open(out, encoding="utf-8", errors="replace") as trace:
            calls = parse(re.sub(r"(?m)^(\d+) +\d+:\d+:([\d.]+)", r"\1 \2",
                                 trace.read()))
        self.assertTrue(calls, "strace saw nothing")
        return calls

    def one(self, calls, what, pattern, after=None):
        """The first such call that ended well and began behind `after`."""
        for call in calls:
            if not re.search(pattern, call.text):
                continue
            if call.result.startswith("-1"):
                continue
            if after is None or call.began > after.ended:
                return call
        self.fail(f"no {what} behind {after} in {calls}")

    def rows_and_reply(self, calls, after):
        """Log, sync of the log, 250, behind `after`; and no more log."""
        reply = self.one(calls, "250",
                         r'(sendto|sendmsg|write|writev)\(\d+<[^"]*"?.*'
                         r'250 2\.0\.0')
        log = self.one(calls, "write to the log",
                       r"^p?write\w*\(\d+<[^>]*/mail\.db-wal>", after)
        writes = [call for call in calls if call.began < reply.began and
                  re.search(r"^p?write\w*\(\d+<[^>]*/mail\.db-wal>",
                            call.text)]
        sync = self.one(calls, "sync of the log",
                        r"^f(data)?sync\(\d+<[^>]*/mail\.db-wal>", writes[-1])
        self.assertLess(log.ended, sync.began)
        self.assertLess(sync.ended, reply.began)

    def test_large(self):
        calls = self.trace(300000)
        blob = r"<[^>]*/blobs/[^>]*>"
        write = [call for call in calls
                 if re.search(r"^p?write\w*\(\d+" + blob, call.text)]
        self.assertTrue(write, calls)
        sync = self.one(calls, "sync of the file", r"^f(data)?sync\(\d+<[^>]*"
                        r"/blobs/[^>]*(#\d+|deleted|[0-9a-f]{32})", write[-1])
        name = self.one(calls, "name", r"^(linkat|rename)\(.*/blobs/", sync)
        folder = self.one(calls, "sync of the folder",
                          r"^fsync\(\d+<[^>]*/blobs/[0-9a-f]{2}>", name)
        self.rows_and_reply(calls, folder)

    def test_small(self):
        calls = self.trace(2000)
        self.rows_and_reply(calls, None)


class Refused(SmtpdCase):
    """The system refuses a call for a while; strace makes it do so."""

    def send(self, size):
        """(code, text) of the reply to one message."""
        try:
            with self.smtpd.smtp() as client:
                client.sendmail("x@load.test", ["alice@example.test"],
                                "Subject: x\r\n\r\n" +
                                ("z" * 70 + "\r\n") * (size // 72))
        except smtplib.SMTPResponseException as reply:
            return reply.smtp_code, reply.smtp_error.decode()
        return 250, ""

    def with_fault(self, call, error, size):
        strace = subprocess.Popen(
            ["strace", "-f", "-o", os.devnull, "-e", "trace=" + call, "-e",
             f"inject={call}:error={error}:when=1+",
             "-p", str(self.smtpd.process.pid)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            self.assertIn(b"attached", strace.stderr.readline())
            time.sleep(0.2)
            return self.send(size)
        finally:
            strace.terminate()
            strace.communicate(timeout=30)

    def test_who_sent_is_told_and_the_next_is_served(self):
        accepted, refused = 0, 0
        for call in ("fdatasync", "pwrite64"):
            for error, expected in (("EIO", (451, "4.3.0")),
                                    ("ENOSPC", (452, "4.3.1"))):
                with self.subTest(call=call, error=error):
                    got, text = self.with_fault(call, error, 2000)
                    self.assertEqual((got, text[:5]), expected)
                    refused += 1
                    for size in (500, 100000):
                        self.assertEqual(self.send(size), (250, ""))
                        accepted += 1
        self.assertEqual(self.store.ctl("store", "check"), "no faults\n")
        self.assertIn(len(self.messages("alice")),
                      range(accepted, accepted + refused + 1))

    def test_a_large_one(self):
        for call in ("fsync", "pwrite64", "linkat"):
            got, text = self.with_fault(call, "EIO", 300000)
            self.assertEqual((got, text[:5]), (451, "4.3.0"), call)
            self.assertEqual(self.send(300000), (250, ""))
        self.assertEqual(self.store.ctl("store", "check"), "no faults\n")
        self.assertEqual(len(self.messages("alice")), 3)


if __name__ == "__main__":
    if not may_trace():
        print("skipped: strace is missing or may not trace")
        sys.exit(77)
    unittest.main()
