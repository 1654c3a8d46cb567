"""The statements over MariaDB's own catalog that the tools run.

In: nothing.
Out: constants; every value of a caller is a `?` parameter.
Must not know: connections, links, or the shape of answers.
"""

from __future__ import annotations

GRANTS = "SHOW GRANTS"

# `{marks}` is a `?` for each linked database.
DATABASES = """
SELECT s.SCHEMA_NAME AS name, s.DEFAULT_COLLATION_NAME AS collation, count(t.TABLE_NAME) AS tables,
       CAST(coalesce(sum(t.DATA_LENGTH + t.INDEX_LENGTH), 0) AS UNSIGNED) AS size_bytes
FROM information_schema.SCHEMATA s
LEFT JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = s.SCHEMA_NAME
WHERE s.SCHEMA_NAME IN ({marks}) GROUP BY s.SCHEMA_NAME, s.DEFAULT_COLLATION_NAME
ORDER BY s.SCHEMA_NAME
"""

TABLES = """
SELECT TABLE_NAME AS name, lower(TABLE_TYPE) AS kind, ENGINE AS engine,
       TABLE_ROWS AS estimated_rows, DATA_LENGTH + INDEX_LENGTH AS size_bytes
FROM information_schema.TABLES
WHERE TABLE_SCHEMA = ? AND (? IS NULL OR TABLE_NAME LIKE ?) AND TABLE_NAME > ?
ORDER BY TABLE_NAME LIMIT ?
"""

TABLE = """
SELECT TABLE_NAME AS name, lower(TABLE_TYPE) AS kind, ENGINE AS engine,
       TABLE_ROWS AS estimated_rows, TABLE_COLLATION AS collation, TABLE_COMMENT AS comment
FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?
"""

COLUMNS = """
SELECT COLUMN_NAME AS name, COLUMN_TYPE AS type, IS_NULLABLE = 'YES' AS nullable,
       COLUMN_DEFAULT AS `default`, EXTRA AS extra, COLUMN_COMMENT AS comment
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?
ORDER BY ORDINAL_POSITION
"""

INDEXES = """
SELECT INDEX_NAME AS name, min(NON_UNIQUE) = 0 AS is_unique, min(INDEX_TYPE) AS kind,
       group_concat(COLUMN_NAME ORDER BY SEQ_IN_INDEX SEPARATOR ', ') AS columns
FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?
GROUP BY INDEX_NAME ORDER BY INDEX_NAME
"""

FOREIGN_KEYS = """
SELECT CONSTRAINT_NAME AS name, min(REFERENCED_TABLE_NAME) AS refers_to,
       group_concat(COLUMN_NAME ORDER BY ORDINAL_POSITION SEPARATOR ', ') AS columns,
       group_concat(REFERENCED_COLUMN_NAME ORDER BY ORDINAL_POSITION SEPARATOR ', ') AS keys_of
FROM information_schema.KEY_COLUMN_USAGE
WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND REFERENCED_TABLE_NAME IS NOT NULL
GROUP BY CONSTRAINT_NAME ORDER BY CONSTRAINT_NAME
"""

# `{order}` is one of ORDERS, never a caller's text.
TABLE_STATS = """
SELECT TABLE_NAME AS name, ENGINE AS engine, TABLE_ROWS AS estimated_rows,
       DATA_LENGTH AS data_bytes, INDEX_LENGTH AS index_bytes, DATA_FREE AS free_bytes,
       AUTO_INCREMENT AS next_number, CREATE_TIME AS created, UPDATE_TIME AS updated
FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE'
ORDER BY {order} DESC, TABLE_NAME LIMIT ?
"""

ORDERS = {
    "size": "DATA_LENGTH + INDEX_LENGTH",
    "rows": "TABLE_ROWS",
    "free": "DATA_FREE",
    "updated": "UPDATE_TIME",
}

# What is counted for the whole server; none of it names a client, a host or a file.
STATUS = """
SELECT lower(VARIABLE_NAME) AS name, VARIABLE_VALUE AS value FROM information_schema.GLOBAL_STATUS
WHERE VARIABLE_NAME IN (
  'UPTIME', 'THREADS_CONNECTED', 'THREADS_RUNNING', 'MAX_USED_CONNECTIONS', 'QUESTIONS',
  'SLOW_QUERIES', 'ABORTED_CONNECTS', 'CONNECTION_ERRORS_MAX_CONNECTIONS', 'COM_SELECT',
  'INNODB_BUFFER_POOL_READS', 'INNODB_BUFFER_POOL_READ_REQUESTS', 'INNODB_DEADLOCKS',
  'INNODB_ROW_LOCK_WAITS', 'WSREP_CLUSTER_SIZE', 'WSREP_CLUSTER_STATUS', 'WSREP_READY',
  'WSREP_LOCAL_STATE_COMMENT', 'WSREP_FLOW_CONTROL_PAUSED')
ORDER BY VARIABLE_NAME
"""

SERVER = """
SELECT version() AS version, @@max_connections AS max_connections, @@read_only AS read_only,
       @@max_statement_time AS time_limit_s
"""
