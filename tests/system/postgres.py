# SPDX-License-Identifier: MIT
"""A PostgreSQL of our own: its own folder, its own socket, no network, gone
when the test ends.

    postgres.py COMMAND...    run COMMAND with SMTPMAIL_TEST_STORE set to it

Ends with 77, which ctest takes for "skipped", where PostgreSQL is not
installed.
"""
import contextlib
import ctypes
import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

SKIPPED = 77
PR_SET_PDEATHSIG = 1
PORT = 5432  # names the socket; nothing listens on a network


def programs():
    """The folder with postgres and initdb, the newest; None if there is
    none."""
    found = glob.glob("/usr/lib/postgresql/*/bin/postgres")
    found += filter(None, [shutil.which("postgres")])
    found = [f for f in found
             if os.access(os.path.join(os.path.dirname(f), "initdb"), os.X_OK)]
    if not found:
        return None
    return os.path.dirname(max(found, key=lambda f: [
        int(n) for n in re.findall(r"\d+", f)]))


def owner():
    """How to start it: it refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid,
                    "extra_groups": []}
    raise OSError("no user to run PostgreSQL as")


def end_with_us():
    """In the child: it goes when the test does, however that ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


class Server:
    """Started by the constructor; stop() takes it and its folder away."""

    def __init__(self, durable=False):
        self.bin = programs()
        self.as_owner = owner()
        self.folder = tempfile.mkdtemp(prefix="smtpmail-postgres-")
        self.process = None
        if self.as_owner:
            os.chown(self.folder, self.as_owner["user"],
                     self.as_owner["group"])
        self.environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"),
                            "LC_ALL": "C"}
        self.settings = [] if durable else [
            "-c", "fsync=off", "-c", "full_page_writes=off",
            "-c", "autovacuum=off"]
        try:
            self._make()
            self.start()
        except BaseException:
            self.stop()
            raise

    def _make(self):
        subprocess.run(
            [os.path.join(self.bin, "initdb"), "-D", self.folder + "/data",
             "-U", "smtpmail", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
             "--no-sync", "--no-instructions"],
            check=True, stdout=subprocess.DEVNULL, env=self.environment,
            cwd=self.folder, timeout=120, **self.as_owner)

    def start(self):
        """Start it, or start it again."""
        with open(self.folder + "/log", "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(self.bin, "postgres"), "-D",
                 self.folder + "/data", "-k", self.folder, "-p", str(PORT),
                 "-c", "listen_addresses=", "-c", "shared_buffers=16MB",
                 *self.settings],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.environment, cwd=self.folder, preexec_fn=end_with_us,
                **self.as_owner)
        until = time.monotonic() + 60
        while self.psql("SELECT 1", check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > until:
                with open(self.folder + "/log", encoding="utf-8") as log:
                    raise OSError("PostgreSQL does not start: " + log.read())
            time.sleep(0.05)

    def halt(self, how=signal.SIGINT):
        """SIGINT ends it at once and in order, SIGQUIT as a crash would."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)
        self.process = None

    def stop(self):
        """Take it away."""
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, schema=None):
        """Of a store in a schema of that name."""
        query = {"host": self.folder, "port": PORT, "user": "smtpmail"}
        if schema is not None:
            query["options"] = f"-csearch_path={schema}"
        return ("postgresql:///postgres?"
                + urllib.parse.urlencode(query,
                                         quote_via=urllib.parse.quote))

    def psql(self, sql, schema=None, check=True):
        """Ask from outside; rows as lines, columns parted by |."""
        return subprocess.run(
            [os.path.join(self.bin, "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1",
             self.url(schema), "-c", sql],
            capture_output=True, text=True, env=self.environment, timeout=60,
            check=check)

    def rows(self, sql, schema=None):
        """The rows of an answer, each a list of texts."""
        return [line.split("|")
                for line in self.psql(sql, schema).stdout.splitlines()]

    def schema(self, name):
        """A new schema for a store; its URL."""
        self.psql(f"CREATE SCHEMA {name}")
        return self.url(name)


def main(command):
    if programs() is None:
        print("PostgreSQL is not installed", file=sys.stderr)
        return SKIPPED
    server = Server()
    try:
        environment = dict(os.environ, SMTPMAIL_TEST_STORE=server.url())
        return subprocess.run(command, env=environment, check=False).returncode
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
