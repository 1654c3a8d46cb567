"""Names of files and commits that a caller gives, as nothing but names within one repository.

In: a path or a reference, from a caller.
Out: the segments of the path; a refusal where some reader on the way could take it for another.
Must not know: HTTP, MCP, or what lies at a path.
"""

from __future__ import annotations

import unicodedata
from urllib.parse import unquote

from stacktic_mcp.lib.refusal import Refusal

MAX_PATH_BYTES = 1024
MAX_SEGMENTS = 64
# A percent sign may be read as an escape, again and again.
READINGS = 4
DOTS = frozenset({"", ".", ".."})


def segments_of(path: str) -> list[str]:
    """Return the segments of a path, none for the top of the repository."""
    if not path:
        return []
    if len(path.encode("utf-8", "replace")) > MAX_PATH_BYTES:
        raise Refusal("E_ARG", f"a path has at most {MAX_PATH_BYTES} bytes")
    # Git takes a path that begins with a colon for a pattern.
    if path.startswith(":"):
        raise Refusal("E_ARG", "a path does not begin with a colon")
    for reading in _readings(path):
        _ensure_plain(reading)
    segments = path.split("/")
    if len(segments) > MAX_SEGMENTS:
        raise Refusal("E_ARG", f"a path has at most {MAX_SEGMENTS} folders")
    return segments


def ensure_reference(reference: str) -> str:
    """Return a branch, tag or commit; Git has a word for several of them, which is refused."""
    parts = reference.split("/")
    if ".." in reference or any(part in DOTS or part.endswith(".lock") for part in parts):
        raise Refusal("E_ARG", "this is no name of one branch, tag or commit")
    return reference


def _ensure_plain(path: str) -> None:
    if any(segment in DOTS for segment in path.split("/")):
        raise Refusal("E_ARG", "a segment of the path is empty or made of dots only")
    if any(segment.lower() == ".git" for segment in path.split("/")):
        raise Refusal("E_ARG", "no repository has anything below .git")
    if "\\" in path or any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in path):
        raise Refusal("E_ARG", "the path holds a backslash or a control character")


def _readings(path: str) -> list[str]:
    found = [path]
    while len(found) < READINGS and (reading := unquote(found[-1])) != found[-1]:
        found.append(reading)
    return found
