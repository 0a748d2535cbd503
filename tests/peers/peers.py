# SPDX-License-Identifier: MIT
"""Other mail servers, each in a folder of its own, on loopback.

Postfix and Dovecot come unpacked from their Debian packages (tests/peers/fetch)
and run in a mount namespace in which they stand where they belong, with the
users they want: nothing of it is seen outside. That needs root. aiosmtpd is
unpacked too and needs nothing.

A peer is a context manager; `port` is where it listens:

    with Postfix(folder) as peer:
        ...
"""
import gzip
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
UNPACKED = os.path.join(ROOT, "build", "peers")
DOMAIN = "bench.test"
START_SECONDS = 20

# Users that the packages would have made. The numbers are free on Debian.
USERS = {"postfix": 7901, "postdrop": 7902, "dovecot": 7903, "dovenull": 7904,
         "vmail": 7905, "Debian-exim": 7906}


class Missing(Exception):
    """The peer is not there; why, and what would bring it."""


def free_port():
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def unpacked(name, program):
    """The folder a package was unpacked into."""
    folder = os.path.join(UNPACKED, name)
    if not os.access(os.path.join(folder, program), os.X_OK):
        raise Missing(f"{name} is not unpacked: tests/peers/fetch")
    return folder


def postfix_tool(name):
    """A command line that runs smtp-source or smtp-sink."""
    installed = shutil.which(name, path="/usr/sbin:/usr/bin")
    if installed:
        return [installed]
    folder = unpacked("postfix", f"usr/sbin/{name}")
    library = os.path.join(folder, "usr", "lib", "postfix")
    return ["env", f"LD_LIBRARY_PATH={library}",
            os.path.join(folder, "usr", "sbin", name)]


def wait_for_port(port, process, log, greets=True):
    """Until somebody is at the port, and greets, if that comes first."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as probe:
                probe.settimeout(5)
                if not greets or probe.recv(1):
                    return
        except OSError:
            time.sleep(0.05)
    text = ""
    if os.path.exists(log):
        with open(log, encoding="utf-8", errors="replace") as file:
            text = file.read()[-2000:]
    raise Missing(f"nobody answers at port {port}: {text}")


class Peer:
    """One server process and all that it started."""

    name = "?"
    greets = True  # in the clear

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.port = free_port()
        self.log = os.path.join(self.folder, self.name + ".log")
        self.process = None

    def command(self):
        """What to run, in the foreground."""
        raise NotImplementedError

    def prepare(self):
        """Make folders and configuration."""

    def __enter__(self):
        os.makedirs(self.folder, exist_ok=True)
        self.prepare()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)
        try:
            wait_for_port(self.port, self.process, self.log, self.greets)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(10)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        self.process.wait()

    def write(self, name, text):
        """A file of the configuration."""
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path


class Namespaced(Peer):
    """A peer that runs where its package would have put it."""

    package = "?"
    program = "?"

    def prepare(self):
        if os.geteuid() != 0:
            raise Missing(f"{self.name} needs root for a mount namespace")
        if not shutil.which("unshare"):
            raise Missing("unshare (util-linux) is not there")
        unpacked(self.package, self.program)
        with open("/etc/passwd", encoding="utf-8") as file:
            passwd = file.read()
        with open("/etc/group", encoding="utf-8") as file:
            group = file.read()
        known = {entry.pw_name for entry in pwd.getpwall()}
        for user, number in USERS.items():
            if user not in known:
                passwd += f"{user}:x:{number}:{number}::/nonexistent:/bin/false\n"
                group += f"{user}:x:{number}:\n"
        self.write("passwd", passwd)
        self.write("group", group)

    def own(self, *parts, user="root"):
        """A folder that belongs to a user of the namespace."""
        path = os.path.join(self.folder, *parts)
        os.makedirs(path, exist_ok=True)
        try:
            number = pwd.getpwnam(user).pw_uid
        except KeyError:
            number = USERS[user]
        os.chown(path, number, -1)
        return path

    def inside(self, *command):
        """The command in the namespace."""
        usr = os.path.join(UNPACKED, self.package, "usr")
        script = ('mount -t overlay overlay -o lowerdir="$1":/usr /usr && '
                  'mount --bind "$2/passwd" /etc/passwd && '
                  'mount --bind "$2/group" /etc/group && '
                  '{ [ ! -e "$2/hosts" ] || mount --bind "$2/hosts" /etc/hosts'
                  '; } && shift 2 && exec "$@"')
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                script, "sh", usr, self.folder, *command]


POSTFIX_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.bench.test
mydestination =
mynetworks =
local_recipient_maps =
alias_maps =
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = static:bench/
virtual_mailbox_base = {folder}/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
virtual_mailbox_limit = 0
message_size_limit = 134217728
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
default_process_limit = 400
virtual_destination_concurrency_limit = 100
in_flow_delay = 0
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
{more}
"""

POSTFIX_MASTER = """\
127.0.0.1:{port} inet n - n - 400 smtpd
{more}
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold",
          "incoming", "private", "saved", "trace")


def debian_version(package, folder):
    """Name and version of a package as it was unpacked."""
    changes = os.path.join(UNPACKED, folder, "usr", "share", "doc", package,
                           "changelog.Debian.gz")
    try:
        with gzip.open(changes, "rt", encoding="utf-8") as file:
            return f"{folder} " + file.readline().split("(")[1].split(")")[0]
    except OSError:
        return folder


class Postfix(Namespaced):
    """Postfix that delivers each address of DOMAIN into one Maildir."""

    name = "postfix"
    package = "postfix"
    program = "usr/sbin/postfix"

    def __init__(self, folder, main="", master=""):
        super().__init__(folder)
        self.main = main
        self.master = master

    def prepare(self):
        super().prepare()
        shutil.rmtree(os.path.join(self.folder, "queue"), ignore_errors=True)
        self.own("queue")
        for queue in QUEUES:
            os.chmod(self.own("queue", queue, user="postfix"), 0o700)
        os.chmod(self.own("queue", "public", user="postfix"), 0o710)
        os.chmod(self.own("queue", "maildrop", user="postfix"), 0o1730)
        self.own("queue", "pid")
        self.own("data", user="postfix")
        self.own("mail", user="vmail")
        self.write("main.cf", POSTFIX_MAIN.format(
            folder=self.folder, domain=DOMAIN, uid=USERS["vmail"],
            more=self.main))
        self.write("master.cf", POSTFIX_MASTER.format(port=self.port,
                                                      more=self.master))

    def version(self):
        """The Debian package it was unpacked from."""
        return debian_version("postfix", "postfix")

    def command(self):
        return self.inside("/usr/lib/postfix/sbin/master", "-c", self.folder,
                           "-d")

    def delivered(self):
        """Messages in the Maildir."""
        try:
            return len(os.listdir(os.path.join(self.folder, "mail", "bench",
                                               "new")))
        except FileNotFoundError:
            return 0


DOVECOT = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = lmtp
ssl = no
first_valid_uid = 1
mail_location = sdbox:~/mail
default_client_limit = 2000
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={uid} gid={uid} home={folder}/home/%n allow_all_users=yes
}}
service lmtp {{
  process_limit = 400
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""


class DovecotLmtp(Namespaced):
    """Dovecot's LMTP server, delivering into sdbox."""

    name = "dovecot"
    package = "dovecot"
    program = "usr/sbin/dovecot"

    def prepare(self):
        super().prepare()
        self.own("home", user="vmail")
        self.write("dovecot.conf", DOVECOT.format(
            folder=self.folder, uid=USERS["vmail"], port=self.port))

    def version(self):
        """The Debian package it was unpacked from."""
        return debian_version("dovecot-core", "dovecot")

    def command(self):
        return self.inside("/usr/sbin/dovecot", "-F", "-c",
                           os.path.join(self.folder, "dovecot.conf"))

    def delivered(self, user="user"):
        """Messages in the mailbox of a user."""
        folder = os.path.join(self.folder, "home", user, "mail", "mailboxes",
                              "INBOX", "dbox-Mails")
        try:
            return sum(name.startswith("u.") for name in os.listdir(folder))
        except FileNotFoundError:
            return 0


EXIM = """\
primary_hostname = exim.bench.test
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
exim_user = Debian-exim
exim_group = Debian-exim
never_users =
local_interfaces = 127.0.0.1.{port}
daemon_smtp_ports = {port}
disable_ipv6
tls_advertise_hosts =
host_lookup =
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
chunking_advertise_hosts = *
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
{more}
begin acl
rcpt:
  deny message = no such user
       local_parts = ^bad
  defer message = come back later
       local_parts = ^later
  accept domains = {domain}
  deny message = relay not permitted
begin routers
all:
  driver = accept
  transport = file
begin transports
file:
  driver = appendfile
  directory = {folder}/mail/new
  directory_file = $message_exim_id
  user = Debian-exim
  create_directory
begin retry
* * F,1h,1m
"""


class Exim(Namespaced):
    """Exim that keeps each message for DOMAIN in a file; it refuses bad*, and
    puts off later*."""

    name = "exim"
    package = "exim"
    program = "usr/sbin/exim4"

    def __init__(self, folder, main=""):
        super().__init__(folder)
        self.main = main

    def prepare(self):
        super().prepare()
        for name in ("spool", "log", "mail"):
            self.own(name, user="Debian-exim")
        self.write("exim.conf", EXIM.format(folder=self.folder, port=self.port,
                                            domain=DOMAIN, more=self.main))

    def version(self):
        """The Debian package it was unpacked from."""
        return debian_version("exim4-base", "exim")

    def command(self):
        return self.inside("/usr/sbin/exim4", "-C",
                           os.path.join(self.folder, "exim.conf"), "-bdf",
                           "-q1m")


class SmtpSink(Peer):
    """Postfix's smtp-sink: takes all and keeps nothing, or does as its
    `options` say."""

    name = "smtp-sink"

    def __init__(self, folder, *options, greets=True):
        super().__init__(folder)
        self.options = options
        self.greets = greets

    def command(self):
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        return [*postfix_tool("smtp-sink"), *user, *self.options,
                f"127.0.0.1:{self.port}", "1000"]


AIOSMTPD = """
import asyncio, sys
from aiosmtpd.handlers import Mailbox, Sink
from aiosmtpd.smtp import SMTP
async def main():
    loop = asyncio.get_running_loop()
    handler = Mailbox(sys.argv[2]) if len(sys.argv) > 2 else Sink()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="mail.bench.test", enable_SMTPUTF8=True),
        "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(main())
"""


class Aiosmtpd(Peer):
    """aiosmtpd, that takes all: it keeps nothing, or what it has in mail/."""

    name = "aiosmtpd"

    def __init__(self, folder, keep=False):
        super().__init__(folder)
        self.keep = keep
        self.modules = os.path.join(UNPACKED, "aiosmtpd", "usr", "lib",
                                    "python3", "dist-packages")

    def version(self):
        """The Debian package it was unpacked from."""
        return debian_version("python3-aiosmtpd", "aiosmtpd")

    def python(self, *arguments):
        """Python that knows the module."""
        return ["env", f"PYTHONPATH={self.modules}", "PYTHONWARNINGS=ignore",
                sys.executable, *arguments]

    def prepare(self):
        done = subprocess.run(self.python("-c", "import aiosmtpd.controller"),
                              capture_output=True, check=False)
        if done.returncode != 0:
            raise Missing("aiosmtpd is not there: tests/peers/fetch")

    def command(self):
        mail = [os.path.join(self.folder, "mail")] if self.keep else []
        return self.python("-c", AIOSMTPD, str(self.port), *mail)
