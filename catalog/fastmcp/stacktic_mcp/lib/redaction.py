"""Secrets as they may be written, and texts without them.

In: the values of secrets, and a text that is about to be shown.
Out: the text with `[secret]` in every such place; values that cannot be hidden, with the reason.
Must not know: where a secret comes from, or what a text means.

The rules are those of the Stack Agent. The places of all forms are found in the text as it came
and replaced together, so that one replacement cannot hide another form.
"""

from __future__ import annotations

import base64
import json
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = "[secret]"
LINE_ENDS = "\r\n"
SHORTEST_BYTES = 8
FEWEST_DIFFERENT = 4
LONGEST_WORD_BYTES = 11
# Encoded forms that are shorter would be found everywhere.
SHORTEST_FORM = 4
ASCII_END = 0x80
UNRESERVED = "-_.~"
VISIBLE = bytes(range(0x21, 0x7F)).replace(b"%", b"").decode("ascii")
# Values that people put in until they think of a better one, and longer words of any log.
COMMON = frozenset(
    "00001234 0123456789 12345678 123456789 1234567890 87654321 abcd1234 access_key "
    "admin-password admin123 admin1234 administrator app-user app_user authentication "
    "authorization change-me change_me changeme1 changeme123 changethis123 configuration "
    "grafana1 guest123 guest1234 iloveyou1 letmein1 letmein123 minioadmin123 my-password "
    "my-secret my_password my_secret mypassword1 no-password not-a-secret p@ssw0rd p@ssword "
    "passw0rd passw0rd1 password! password-123 password1 password12 password123 password1234 "
    "postgres1 postgres123 qwerty123 rabbitmq1 replace-me replace_me root-password root1234 "
    "rootpassword secret-key secret123 secret1234 secretpassword service-account stack-agent "
    "stack_agent supersecretpassword superuser123 test-password test1234 testpassword "
    "to-be-replaced username1 valkey123 your-password your_password".encode("ascii").split()
)
REASONS = {
    "short": f"is shorter than {SHORTEST_BYTES} bytes",
    "uniform": f"has fewer than {FEWEST_DIFFERENT} different signs",
    "word": "is a word",
    "common": "is a common one",
}


def unfit(value: str) -> str | None:
    """Return why a value cannot be hidden, a key of `REASONS`; an empty one is not filled in."""
    raw = value.strip(LINE_ENDS).encode("utf-8", "surrogatepass")
    if not raw:
        return None
    if len(raw) < SHORTEST_BYTES:
        return "short"
    if len(set(raw)) < FEWEST_DIFFERENT:
        return "uniform"
    if len(raw) <= LONGEST_WORD_BYTES and raw.isalpha():
        return "word"
    return "common" if raw.lower() in COMMON else None


class Redactor:
    """Replaces the forms of a set of secrets."""

    def __init__(
        self, secrets: Iterable[str], names: Iterable[str] = (), digests: Iterable[str] = ()
    ) -> None:
        """Work out all forms, once; the names of secrets are none, however like a value.

        Digests are many, and are written in hexadecimal alone.
        """
        self._names = sorted(name.encode("utf-8", "surrogatepass") for name in names)
        exact: set[bytes] = set()
        any_case = {digest.lower().encode("ascii") for digest in digests}
        for secret in secrets:
            value = secret.strip(LINE_ENDS)
            exact.update(_exact_forms(value))
            any_case.update(form.lower() for form in _forms_in_any_case(value))
        # Found in any case, it is found in its own.
        self._exact = sorted(form for form in exact if form.lower() not in any_case)
        self._any_case = sorted(any_case)
        # As they stand within a string of a JSON text.
        self._exact_in_json = [_escaped(form) for form in self._exact]
        self._any_case_in_json = [_escaped(form) for form in self._any_case]

    def touches(self, text: str) -> bool:
        """Tell whether any string of a JSON text holds a secret, without looking at each."""
        raw = text.encode("utf-8", "surrogatepass")
        if any(form in raw for form in self._exact_in_json):
            return True
        lower = raw.lower()
        return any(form in lower for form in self._any_case_in_json)

    def __call__(self, text: str) -> str:
        """Return the text without any form of a secret."""
        raw = text.encode("utf-8", "surrogatepass")
        places = sorted([*_places(raw, self._exact), *_places(raw.lower(), self._any_case)])
        if places and self._names:
            named = list(_places(raw, self._names))
            places = [place for place in places if not _is_within(place, named)]
        if not places:
            return text
        return _masked(raw, places).decode("utf-8", "surrogatepass")


def _places(raw: bytes, forms: Iterable[bytes]) -> Iterator[tuple[int, int]]:
    for form in forms:
        start = raw.find(form)
        while start >= 0:
            yield start, start + len(form)
            start = raw.find(form, start + 1)


def _is_within(place: tuple[int, int], others: Iterable[tuple[int, int]]) -> bool:
    """Tell whether a place is a part of another; the whole of it is none."""
    return any(
        start <= place[0] and place[1] <= stop and place != (start, stop) for start, stop in others
    )


def _masked(raw: bytes, places: list[tuple[int, int]]) -> bytes:
    """Replace places, sorted by their start; those that overlap or touch become one mask."""
    parts: list[bytes] = []
    end = -1
    for start, stop in places:
        if start > end:
            parts += [raw[max(end, 0) : start], MASK.encode("ascii")]
        end = max(end, stop)
    return b"".join([*parts, raw[end:]])


def _escaped(form: bytes) -> bytes:
    text = json.dumps(form.decode("utf-8", "surrogatepass"), ensure_ascii=False)
    return text[1:-1].encode("utf-8", "surrogatepass")


def _exact_forms(secret: str) -> Iterator[bytes]:
    if not secret:
        return
    yield from (text.encode("utf-8", "surrogatepass") for text in (secret, secret[::-1]))
    encoded = [_base64(secret, alignment) for alignment in range(3)]
    encoded += [text.replace(b"+", b"-").replace(b"/", b"_") for text in encoded]
    encoded += [_json(secret, more, False) for more in ("", "/", "<>&")]
    yield from (form for form in encoded if len(form) >= SHORTEST_FORM)


def _forms_in_any_case(secret: str) -> Iterator[bytes]:
    raw = secret.encode("utf-8", "surrogatepass")
    quoted = [quote_from_bytes(raw, safe) for safe in (UNRESERVED, f"{UNRESERVED}!*'()", VISIBLE)]
    texts = [raw.hex(), *quoted, quoted[0].replace("%20", "+")]
    encoded = [text.encode("ascii") for text in texts]
    encoded += [_json(secret, more, True) for more in ("", "/", "<>&")]
    yield from (form for form in encoded if len(form) >= SHORTEST_FORM)


def _base64(secret: str, alignment: int) -> bytes:
    """Return the characters that depend on the secret alone, so many bytes after a group."""
    raw = secret.encode("utf-8", "surrogatepass")
    bits = (alignment + len(raw)) * 8
    text = base64.b64encode(bytes(alignment) + raw)
    # A character holds six bits; those at both ends hold some of what stands beside the secret.
    return text[-(-alignment * 8 // 6) : bits // 6]


def _json(secret: str, more: str, ascii_only: bool) -> bytes:
    """Return the secret inside a JSON text that escapes what it must, and `more` than that."""
    written = "".join(_in_json(character, more, ascii_only) for character in secret)
    return written.encode("utf-8", "surrogatepass")


def _in_json(character: str, more: str, ascii_only: bool) -> str:
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    if character in short:
        return short[character]
    if character == "/" and "/" in more:
        return "\\/"
    control = unicodedata.category(character) == "Cc"
    if control or character in more or (ascii_only and ord(character) >= ASCII_END):
        units = character.encode("utf-16-be", "surrogatepass").hex()
        return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
    return character
