"""A second fence before PostgreSQL's own: functions whose effect outlives a rolled back read.

In: the text of one statement.
Out: nothing, or a `Refusal` that names the function.
Must not know: connections. It is not what keeps the data safe: the role without a grant and
the cursor in a read-only transaction do that. A read-only transaction still runs these.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolkit import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

# Some take locks that others wait for, some write to the log or to files, some send messages,
# some end other sessions, and the last line runs SQL that arrives as text.
_REFUSED = re.compile(
    r"pg_(try_)?advisory_\w+|pg_notify|pg_logical_\w+|set_config|pg_export_snapshot"
    r"|pg_(cancel|terminate)_backend|pg_reload_conf|pg_rotate_logfile|pg_switch_wal|pg_promote"
    r"|pg_(create|drop|copy|advance)_\w+|pg_replication_\w+|pg_wal_replay_\w+|pg_backup_\w+"
    r"|pg_stat_reset\w*|pg_stat_statements_reset|pg_sleep\w*|pg_log_backend_memory_contexts"
    r"|pg_read_(binary_)?file|pg_ls_\w+|pg_stat_file|pg_current_logfile|nextval|setval"
    r"|lo_(creat|create|import|export|open|put|from_bytea|truncate|truncate64|unlink)|lowrite"
    r"|dblink\w*|query_to_xml\w*|cursor_to_xml\w*|ts_stat|ts_rewrite|crosstab\w*|connectby"
)
_DOLLAR_TAG = re.compile(r"\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$")
_WORD = re.compile(r"[^\W\d][\w$]*")
_CALL = re.compile(r"\s*\(")


def ensure_no_side_effects(sql: str) -> None:
    """Refuse a call of a function whose effect a rollback does not undo."""
    if re.search(r'[uU]&"', sql):
        raise Refusal("E_SQL", 'identifiers written as U&"…" are not accepted')
    for name in _called(_without_text(sql)):
        if _REFUSED.fullmatch(name.lower()):
            raise Refusal("E_SQL", f"the function {name.lower()} is not open to read tools")


def _called(sql: str) -> Iterator[str]:
    """Yield each name that an opening parenthesis follows."""
    for match in _WORD.finditer(sql):
        if _CALL.match(sql, match.end()):
            yield match.group()


def _without_text(sql: str) -> str:
    """Return the statement with strings and comments as blanks and quoted names bare."""
    parts: list[str] = []
    position = 0
    while position < len(sql):
        end, kept = _token(sql, position)
        parts.append(kept)
        position = end
    return "".join(parts)


def _token(sql: str, start: int) -> tuple[int, str]:
    """Return where the token at `start` ends and what of it stays."""
    two = sql[start : start + 2]
    if two == "--":
        end = sql.find("\n", start)
        return (len(sql) if end < 0 else end), " "
    if two == "/*":
        return _comment_end(sql, start), " "
    if sql[start] == "'":
        return _quoted_end(sql, start, escapes=_is_escape_string(sql, start)), " ' "
    if sql[start] == '"':
        end = _quoted_end(sql, start, escapes=False)
        # Padded with nothing: `"pg_notify" (` reads as a call like the bare name.
        return end, sql[start + 1 : end - 1].replace('"', "")
    tag = _DOLLAR_TAG.match(sql, start)
    if tag and not (start and (sql[start - 1].isalnum() or sql[start - 1] in "_$")):
        end = sql.find(tag.group(), tag.end())
        return (len(sql) if end < 0 else end + len(tag.group())), " ' "
    return start + 1, sql[start]


def _is_escape_string(sql: str, quote: int) -> bool:
    before = sql[max(0, quote - 2) : quote]
    return before[-1:] in {"e", "E"} and not (before[:-1].isalnum() or before[:-1] == "_")


def _quoted_end(sql: str, start: int, *, escapes: bool) -> int:
    quote = sql[start]
    position = start + 1
    while position < len(sql):
        if escapes and sql[position] == "\\":
            position += 2
        elif sql[position] != quote:
            position += 1
        elif sql[position + 1 : position + 2] == quote:
            position += 2
        else:
            return position + 1
    return len(sql)


def _comment_end(sql: str, start: int) -> int:
    """Comments nest in PostgreSQL."""
    depth = 0
    position = start
    while position < len(sql):
        two = sql[position : position + 2]
        if two == "/*":
            depth += 1
        elif two == "*/":
            depth -= 1
        else:
            position += 1
            continue
        position += 2
        if depth == 0:
            return position
    return len(sql)
