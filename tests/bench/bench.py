# SPDX-License-Identifier: MIT
"""What the comparisons share: our programs, the load, and the figures.

Every comparison runs us and the peer in turns, within one run, and prints
ratios of medians: absolute figures are the machine's.
"""
import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "peers"))

from peers import DOMAIN, Missing, postfix_tool, wait_for_port  # noqa: E402

PASSWORD = b"bench-password-1\n"


def arguments(text, **more):
    """The options that every comparison takes."""
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--build", default=os.path.join(ROOT, "build",
                                                        "release"),
                        help="where smtpd and mailctl were built, optimised")
    parser.add_argument("--runs", type=int, default=7,
                        help="turns of which the median counts")
    parser.add_argument("--folder", help="where stores and queues are made; "
                        "a disk, not memory")
    for name, (kind, default, words) in more.items():
        parser.add_argument("--" + name, type=kind, default=default,
                            help=words)
    return parser.parse_args()


def machine():
    """One line that names the machine."""
    model = platform.processor() or platform.machine()
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}"


class Folder:
    """A folder for one run, gone afterwards."""

    def __init__(self, parent=None):
        self.parent = parent or os.path.join(ROOT, "build")
        self.path = None

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="bench-", dir=self.parent)
        os.chmod(self.path, 0o755)
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def make_store(mailctl, url):
    """A store with the account user@DOMAIN."""
    for words, data in ((["domain", "add", DOMAIN, "--no-dkim"], b""),
                        (["account", "add", f"user@{DOMAIN}",
                          "--password-stdin"], PASSWORD)):
        subprocess.run([mailctl, "--store", url, *words], input=data,
                       capture_output=True, check=True)


class Ours:
    """smtpd; with a store, also the account user@DOMAIN."""

    def __init__(self, folder, build, kind="smtp", discard=False, config="",
                 also=()):
        self.folder = folder
        self.smtpd = os.path.join(build, "apps", "smtpd", "smtpd")
        self.mailctl = os.path.join(build, "apps", "mailctl", "mailctl")
        for program in (self.smtpd, self.mailctl):
            if not os.access(program, os.X_OK):
                raise Missing(f"{program} is not built: cmake --preset "
                              "release && cmake --build --preset release")
        self.kinds = (kind, *also)
        self.discard = discard
        self.config = config
        self.store = "sqlite:" + os.path.join(folder, "mail.db")
        self.ready = os.path.join(folder, "ready")
        self.log = os.path.join(folder, "smtpd.log")
        self.port = 0
        self.ports = {}
        self.process = None

    def ctl(self, *words, data=b""):
        """What mailctl prints."""
        return subprocess.run([self.mailctl, "--store", self.store, *words],
                              input=data, capture_output=True,
                              check=True).stdout

    def __enter__(self):
        os.makedirs(self.folder, exist_ok=True)
        command = [self.smtpd, "--hostname", "mail.bench.test", "--log-level",
                   "warning", "--ready-file", self.ready]
        for kind in self.kinds:
            command += ["--listen", f"{kind}:127.0.0.1:0"]
        if self.config:
            path = os.path.join(self.folder, "smtpd.conf")
            with open(path, "w", encoding="ascii") as file:
                file.write(self.config)
            command += ["--config", path]
        if self.discard:
            command.append("--discard")
        else:
            make_store(self.mailctl, self.store)
            command += ["--store", self.store]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stderr=log,
                                            stdin=subprocess.DEVNULL)
        while not os.path.exists(self.ready):
            if self.process.poll() is not None:
                with open(self.log, encoding="utf-8") as log:
                    raise Missing("smtpd ended: " + log.read())
            time.sleep(0.01)
        with open(self.ready, encoding="ascii") as file:
            for line in file:
                kind, _, port = line.split()
                self.ports[kind] = int(port)
        self.port = self.ports[self.kinds[0]]
        if self.kinds[0] != "submissions":  # nobody greets before TLS
            wait_for_port(self.port, self.process, self.log)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def delivered(self):
        """Messages in the mailbox."""
        import sqlite3
        base = sqlite3.connect("file:" + self.store[len("sqlite:"):] +
                               "?mode=ro", uri=True)
        try:
            return base.execute("SELECT count(*) FROM email").fetchone()[0]
        finally:
            base.close()

    def unindexed(self):
        """Messages that search cannot find yet."""
        import sqlite3
        base = sqlite3.connect("file:" + self.store[len("sqlite:"):] +
                               "?mode=ro", uri=True)
        try:
            return base.execute(
                "SELECT count(*) FROM unindexed").fetchone()[0]
        finally:
            base.close()


def send(port, count, sessions, size=4096, persistent=False, lmtp=False,
         user="user"):
    """Seconds that smtp-source takes to have `count` messages accepted."""
    command = [*postfix_tool("smtp-source"), "-s", str(sessions), "-m",
               str(count), "-l", str(size), "-f", "sender@sender.test", "-t",
               f"{user}@{DOMAIN}"]
    if persistent:
        command.append("-d")
    if lmtp:
        command.append("-L")
    began = time.perf_counter()
    subprocess.run([*command, f"127.0.0.1:{port}"], check=True,
                   stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def ratio_line(label, ours, theirs, unit="/s"):
    """One line of a table: medians, the ratio, and how far runs spread."""
    mine, yours = statistics.median(ours), statistics.median(theirs)
    pairs = sorted(a / b for a, b in zip(ours, theirs))
    return (f"{label:<28} {mine:>10.0f}{unit} {yours:>10.0f}{unit} "
            f"ratio {mine / yours:6.2f}   ({pairs[0]:.2f} to {pairs[-1]:.2f})")
