"""A second fence before PostgreSQL's own: functions whose effect outlives a rolled back read.

In: the text of one statement.
Out: nothing, or a `Refusal` that names the function.
Must not know: connections. It is not what keeps the data safe: the role without a grant and
the cursor in a read-only transaction do that. A read-only transaction still runs these.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stacktic_mcp.core.toolkit import Refusal
from stacktic_mcp.tools.cnpg.cnpg_lexer import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

# Some take locks that others wait for, some write to the log or to files, some send messages,
# some end other sessions, and the last line runs SQL that arrives as text.
_REFUSED = re.compile(
    r"pg_(try_)?advisory_\w+|pg_notify|pg_logical_\w+|set_config|pg_export_snapshot"
    r"|pg_(cancel|terminate)_backend|pg_reload_conf|pg_rotate_logfile|pg_switch_wal|pg_promote"
    r"|pg_(create|drop|copy|advance)_\w+|pg_replication_\w+|pg_wal_replay_\w+|pg_backup_\w+"
    r"|pg_sync_replication_slots|pg_(clear|restore)_\w+_stats|binary_upgrade_\w+"
    r"|pg_stat_reset\w*|pg_stat_statements_reset|pg_sleep\w*|pg_log_backend_memory_contexts"
    r"|pg_read_(binary_)?file|pg_ls_\w+|pg_stat_file|pg_current_logfile|nextval|setval"
    r"|lo_(creat|create|import|export|open|put|from_bytea|truncate|truncate64|unlink)|lowrite"
    r"|dblink\w*|query_to_xml\w*|cursor_to_xml\w*|ts_stat|ts_rewrite|crosstab\w*|connectby"
    r"|xpath_table"
)


def ensure_no_side_effects(sql: str) -> None:
    """Refuse a call of a function whose effect a rollback does not undo."""
    for name in called_names(sql):
        if _REFUSED.fullmatch(name):
            raise Refusal("E_SQL", f"the function {name} is not open to read tools")


def called_names(sql: str) -> Iterator[str]:
    """Yield each name that may call a function: before a parenthesis, or after a dot.

    PostgreSQL also takes `(1).pg_sleep` and `row.function` for calls.
    """
    before = ""
    name = ""
    for token in tokens(sql):
        if token.kind == "escaped_name":
            raise Refusal("E_SQL", 'identifiers written as U&"…" are not accepted')
        if name and token.text == "(" and token.kind == "sign":
            yield name
        name = token.text if token.kind == "name" else ""
        if name and before == ".":
            yield name
        before = token.text if token.kind == "sign" else ""
