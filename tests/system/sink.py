# SPDX-License-Identifier: MIT
"""A mail host of our own: it takes mail, writes down what it heard, and
answers as a test tells it to, properly or not."""
import asyncio
import ssl
import threading

BIG = 64 * 1024 * 1024


class Hang(Exception):
    """The script says no more; the connection stays open."""


class Session:
    """One connection: what was said, and what is being sent."""

    def __init__(self, sink, number):
        self.sink = sink
        self.number = number
        self.commands = []
        self.mail = None
        self.recipients = []
        self.tls = False
        self.sent = 0


class Sink:
    """Listens on a port of the kernel's choice, or `port`, until it is closed.

    `answer(session, verb, line)` may give the octets to answer with (b"" for
    nothing), None for the usual answer, or raise Hang or ConnectionReset.
    The verbs are BANNER, EHLO, MAIL, RCPT, DATA, BODY (after the mail), BDAT,
    RSET, STARTTLS, TLS (just after the handshake), QUIT.
    """

    def __init__(self, answer=None, extensions=(), files=None, greeting=None,
                 address="127.0.0.1", port=0):
        self.address = address
        self.answer = answer or (lambda session, verb, line: None)
        self.extensions = list(extensions)
        self.context = None
        if files:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*files)
        self.greeting = greeting
        self.sessions = []
        self.mails = []  # (session number, MAIL line, RCPT lines, the octets)
        self.memory = {}  # of the script
        self.port = port
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self.serve, args=(ready,),
                                       daemon=True)
        self.thread.start()
        ready.wait(10)

    def serve(self, ready):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(
            self.connected, self.address, self.port, limit=BIG))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0.01))
        self.loop.close()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    async def say(self, writer, session, verb, line, usual):
        """Answer; True when the answer was the script's own."""
        given = self.answer(session, verb, line)
        if asyncio.iscoroutine(given):
            given = await given
        octets = usual if given is None else given
        if octets is ENDLESS:
            while True:
                writer.write(b"250-and more\r\n" * 1000)
                await writer.drain()
                session.sent += 14000
        writer.write(octets)
        session.sent += len(octets)
        await writer.drain()
        return octets

    async def connected(self, reader, writer):
        session = Session(self, len(self.sessions))
        self.sessions.append(session)
        try:
            await self.talk(reader, writer, session)
        except Hang:
            await reader.read()
        except ConnectionResetError:
            writer.transport.abort()
            return
        except (OSError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        except asyncio.CancelledError:
            return
        writer.close()

    def ehlo(self, session):
        offers = ["sink.test", "PIPELINING", "8BITMIME",
                  "ENHANCEDSTATUSCODES", *self.extensions]
        if self.context and not session.tls:
            offers.append("STARTTLS")
        return "".join(f"250{' ' if i == len(offers) - 1 else '-'}{offer}\r\n"
                       for i, offer in enumerate(offers)).encode()

    async def body(self, reader):
        """The octets up to the lone dot, as they were sent."""
        octets = await reader.readuntil(b"\r\n")
        if octets == b".\r\n":
            return b""
        return octets + (await reader.readuntil(b"\r\n.\r\n"))[:-3]

    async def talk(self, reader, writer, session):
        await self.say(writer, session, "BANNER", b"",
                       self.greeting or b"220 sink.test ESMTP\r\n")
        chunks = b""
        while line := await reader.readline():
            session.commands.append(line)
            verb = line.split(b" ")[0].strip().upper().decode("ascii",
                                                              "replace")
            usual = b"250 2.0.0 OK\r\n"
            if verb == "EHLO":
                usual = self.ehlo(session)
            elif verb == "DATA":
                usual = b"354 go\r\n"
                if not session.recipients:
                    usual = b"554 5.5.1 no recipients\r\n"
            elif verb == "STARTTLS":
                usual = b"220 2.0.0 go\r\n"
            elif verb == "QUIT":
                usual = b"221 2.0.0 bye\r\n"
            elif verb == "RSET":
                session.recipients = []
            elif verb == "MAIL":
                session.mail, session.recipients, chunks = line, [], b""
            elif verb == "BDAT":
                chunks += await reader.readexactly(int(line.split()[1]))
                if b"LAST" in line.upper():
                    self.take(session, chunks)
            said = await self.say(writer, session, verb, line, usual)
            if verb == "RCPT" and said.startswith(b"2"):
                session.recipients.append(line)
            elif verb == "DATA" and said.startswith(b"354"):
                octets = await self.body(reader)
                said = await self.say(writer, session, "BODY", octets, usual=
                                      b"250 2.0.0 taken\r\n")
                if said.startswith(b"2"):
                    self.take(session, octets)
            elif verb == "STARTTLS" and said.startswith(b"220"):
                await writer.start_tls(self.context)
                session.tls = True
                await self.say(writer, session, "TLS", b"", b"")
            elif verb == "QUIT":
                return

    def take(self, session, octets):
        self.mails.append((session.number, session.mail,
                           list(session.recipients), octets))
        session.recipients = []

ENDLESS = bytes(bytearray(b"endless"))  # lines of a reply, until they hang up
