"""A program of the check language that behaves as a check asks it to: well, badly, or talkatively.

In: an argument vector with `do=WORD` (kubectl's selector) or `SELECT 'WORD'` (psql's probe), or
nothing of the kind; the port of a recorder, in the file `recorder` beside it.
Out: what WORD asks for.
Must not know: the agent. It is copied under the name of a program, and imports no other file.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import resource
import signal
import socket
import sys
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path

KEPT = 16 * 1024
# What connects this process to the recorder.
CONNECTIONS: list[socket.socket] = []
SECRETS = ("PGPASSWORD", "VALKEYCLI_AUTH", "REDISCLI_AUTH")


def tell(**facts: object) -> socket.socket:
    """Tell the recorder, and stay connected for as long as this process lives."""
    port = int((Path(__file__).parent / "recorder").read_text(encoding="utf-8"))
    connection = socket.create_connection(("127.0.0.1", port))
    told = {"pid": os.getpid(), "began": time.monotonic(), **facts}
    connection.sendall(json.dumps(told).encode() + b"\n")
    return connection


def environment() -> dict[str, str]:
    """Return the environment as the kernel has it: an interpreter may add to its own."""
    entries = Path("/proc/self/environ").read_bytes().split(b"\0")
    pairs = (entry.decode().partition("=") for entry in entries if entry)
    return {name: value for name, _, value in pairs}


def secret() -> str:
    """Return the secret that this program was given, or nothing."""
    found = environment()
    return next((found[name] for name in SECRETS if name in found), "")


FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64b": lambda text: base64.b64encode(b"x" + text.encode()).decode(),
    "base64c": lambda text: base64.b64encode(b"xx" + text.encode()).decode(),
    "urlsafe": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "upperhex": lambda text: text.encode().hex().upper(),
    "reversed": lambda text: text[::-1],
    "url": lambda text: urllib.parse.quote(text, safe=""),
    "form": urllib.parse.quote_plus,
    "json": json.dumps,
    "widejson": lambda text: json.dumps(text, ensure_ascii=False),
    "environ": lambda _: "\n".join(f"{name}={value}" for name, value in environment().items()),
    "argv": lambda text: f"{sys.argv} {text}",
}


def facts(_: str) -> None:
    """Say everything that this process can see of its own situation, without values."""
    limits = {name: resource.getrlimit(number) for name, number in _limits().items()}
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    privileges = re.search(r"NoNewPrivs:\s*(\d)", status)
    found = {
        "argv": sys.argv[1:],
        "names": sorted(environment()),
        "directory": str(Path.cwd()),
        "descriptors": _descriptors(),
        "stdin": sys.stdin.read(),
        "limits": limits,
        "group": os.getpgid(0),
        "no_new_privileges": privileges.group(1) if privileges else None,
        "hash": hashlib.sha256(secret().encode()).hexdigest(),
    }
    print(json.dumps(found))


def _limits() -> dict[str, int]:
    return {
        "cpu": resource.RLIMIT_CPU,
        "core": resource.RLIMIT_CORE,
        "files": resource.RLIMIT_FSIZE,
        "open": resource.RLIMIT_NOFILE,
    }


def _descriptors() -> list[str]:
    """Return what is open beyond the three streams."""
    paths = [path for path in Path("/proc/self/fd").iterdir() if int(path.name) > 2]
    # The one that the listing itself used is closed by now.
    return [str(path.readlink()) for path in paths if path.is_symlink()]


def said(word: str) -> None:
    """`say-FORM-STREAM`: the secret in a form, on stdout, on stderr or as a failure on both."""
    _, form, stream = word.split("-")
    text = f"begin {FORMS[form](secret())} end"
    for name in ("out", "err") if stream == "both" else (stream,):
        print(text, file=sys.stdout if name == "out" else sys.stderr)
    sys.exit(0 if stream == "out" else 1)


def long(word: str) -> None:
    """`long-FORM-BEFORE`: the secret where the kept part of a stream ends."""
    _, form, before = word.split("-")
    text = "." * (KEPT - int(before)) + FORMS[form](secret()) + "." * KEPT
    print(text)


def slow(word: str) -> None:
    """`slow-MILLISECONDS`: take a while, then say so."""
    time.sleep(int(word.split("-")[1]) / 1000)
    print("done")


def held(_: str) -> None:
    """Wait until the recorder lets go, then say so."""
    CONNECTIONS[0].recv(1)
    print("done")


def die(word: str) -> None:
    """`die-NUMBER`: end by a signal."""
    os.kill(os.getpid(), int(word.split("-")[1]))
    time.sleep(60)


def family(_: str) -> None:
    """Leave a child that keeps no stream open, and wait with it."""
    child = os.fork()
    connection = tell(group=os.getpgid(0))
    if child == 0:
        for number in (0, 1, 2):
            os.close(number)
    time.sleep(60)
    connection.close()


def orphan(_: str) -> None:
    """Leave a child that keeps no stream open, and end well."""
    if os.fork() == 0:
        connection = tell(group=os.getpgid(0))
        for number in (0, 1, 2):
            os.close(number)
        time.sleep(60)
        connection.close()
    print("done")


def _escape(*, is_quiet: bool) -> None:
    """Leave a grandchild in a session and a group of its own, as a daemon does."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            if is_quiet:
                os.closerange(0, 3)
            connection = tell(group=os.getpgid(0), session=os.getsid(0))
            time.sleep(600)
            connection.close()
        os._exit(0)
    os.wait()


def daemon(word: str) -> None:
    """`daemon-STREAMS-END`: leave a daemon that is quiet or loud, then end well or wait with it."""
    _, streams, end = word.split("-")
    _escape(is_quiet=streams == "quiet")
    if end == "waits":
        time.sleep(600)
    print("done")


def usurper(_: str) -> None:
    """Leave a daemon, and end the process that keeps watch over this one."""
    _escape(is_quiet=True)
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)


def burn(_: str) -> None:
    """Use up processor time, and nothing else."""
    while True:
        pass


def stubborn(_: str) -> None:
    """Use up processor time and refuse to be asked to stop."""
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    burn("")


def endless(_: str) -> None:
    """Print lines without an end."""
    while True:
        print("pod-0 1/1 Running 0 1d")


def lines(word: str) -> None:
    """`lines-NUMBER`: print so many lines that a count would count."""
    print("pod-0 1/1 Running 0 1d\n" * int(word.split("-")[1]), end="")


def write(_: str) -> None:
    """Write a file, with the signal that forbids it ignored."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    path = Path("/tmp") / f"written-by-a-check-{os.getpid()}"
    try:
        path.write_text("text", encoding="utf-8")
        print("written")
    except OSError as error:
        print(f"refused {error.errno}")
    finally:
        path.unlink(missing_ok=True)


ACTS: dict[str, Callable[[str], None]] = {
    "facts": facts,
    "say": said,
    "long": long,
    "slow": slow,
    "held": held,
    "die": die,
    "family": family,
    "orphan": orphan,
    "daemon": daemon,
    "usurper": usurper,
    "burn": burn,
    "stubborn": stubborn,
    "endless": endless,
    "lines": lines,
    "write": write,
}


# What programs do that cannot be asked.
UNASKED = {"valkey-cli": "say-environ-both"}


def main() -> None:
    """Do what the arguments ask for."""
    text = " ".join(sys.argv[1:])
    asked = re.search(r"do=([a-z0-9-]+)|SELECT '([a-z0-9-]+)'", text)
    word = (
        (asked.group(1) or asked.group(2)) if asked else UNASKED.get(Path(__file__).name, "lines-1")
    )
    connection = tell(argv=sys.argv[1:], word=word)
    CONNECTIONS.append(connection)
    ACTS[word.split("-")[0]](word)
    sys.stdout.flush()
    ended = {"pid": os.getpid(), "ended": time.monotonic()}
    connection.sendall(json.dumps(ended).encode() + b"\n")
    connection.close()


main()
