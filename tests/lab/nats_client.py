"""A NATS client of a few lines, so that a test sees each refusal of the server in its own words.

In: a port, a user, a password, by TLS where it is told whom to trust. Out: messages and refusals.
Must not know what the server is set up for.
"""

import json
import socket
import ssl
from dataclasses import dataclass, field
from typing import Any, Self

WAIT_S = 10.0


class RefusedError(Exception):
    """The server did not let somebody in."""


@dataclass(frozen=True)
class Message:
    """What arrived."""

    subject: str
    reply: str
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return an answer of JetStream."""
        answer: dict[str, Any] = json.loads(self.body)
        return answer


@dataclass
class Client:
    """A connection; what arrives lies in `messages` and `refusals` after `settle`."""

    socket: socket.socket
    inbox: str
    messages: list[Message] = field(default_factory=list[Message])
    refusals: list[str] = field(default_factory=list[str])
    asked: int = 0

    def __post_init__(self) -> None:
        self.lines = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.lines.close()
        self.socket.close()

    def send(self, line: str, body: bytes | None = None) -> None:
        """Send one command."""
        self.socket.sendall(line.encode() + b"\r\n" + (b"" if body is None else body + b"\r\n"))

    def publish(self, subject: str, body: bytes = b"", reply: str = "") -> None:
        """Publish, and name where an answer should go."""
        self.send(f"PUB {subject} {reply + ' ' if reply else ''}{len(body)}", body)

    def subscribe(self, subject: str) -> None:
        """Listen at a subject."""
        self.asked += 1
        self.send(f"SUB {subject} {self.asked}")

    def settle(self) -> None:
        """Take what the server has said up to an answer that it gives now."""
        self.send("PING")
        while (line := self._line()) != "PONG":
            self._take(line)

    def ask(self, subject: str, body: bytes = b"") -> Message:
        """Return the answer to a request."""
        self.asked += 1
        reply = f"{self.inbox}.{self.asked}"
        self.publish(subject, body, reply)
        while True:
            for message in self.messages:
                if message.subject == reply:
                    self.messages.remove(message)
                    return message
            self._take(self._line())
            if self.refusals:
                raise RefusedError(self.refusals.pop())

    def pull(self, stream: str, consumer: str) -> Message:
        """Return the next message of a consumer, whose subject is the one that it was put to."""
        self.publish(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}", b"1", f"{self.inbox}.next")
        while not self.messages:
            self._take(self._line())
            if self.refusals:
                raise RefusedError(self.refusals.pop())
        return self.messages.pop(0)

    def _line(self) -> str:
        line = self.lines.readline()
        if not line:
            raise RefusedError("; ".join(self.refusals) or "the connection was closed")
        return line.decode().strip()

    def _take(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "PING":
            self.send("PONG")
        elif word == "-ERR":
            self.refusals.append(rest.strip("'"))
        elif word == "MSG":
            subject, _, *reply, size = rest.split()
            body = self.lines.read(int(size) + 2)[:-2]
            self.messages.append(Message(subject, reply[0] if reply else "", body))


def connect(
    port: int,
    user: str,
    password: str,
    *,
    inbox: str = "_INBOX",
    trusted: ssl.SSLContext | None = None,
    host: str | None = None,
) -> Client:
    """Log in, and listen at an inbox.

    Raises:
        RefusedError: The server does not know the user, or nobody without TLS.
    """
    plain = socket.create_connection(("127.0.0.1", port), WAIT_S)
    hello = b""
    while not hello.endswith(b"\r\n"):
        hello += plain.recv(1)
    client = Client(trusted.wrap_socket(plain, server_hostname=host) if trusted else plain, inbox)
    login = {"verbose": False, "user": user, "pass": password, "lang": "python", "version": "1"}
    client.send(f"CONNECT {json.dumps(login)}")
    try:
        client.settle()
    except (OSError, RefusedError) as refused:
        client.__exit__(None)
        raise RefusedError(str(refused)) from refused
    client.subscribe(f"{inbox}.>")
    return client
