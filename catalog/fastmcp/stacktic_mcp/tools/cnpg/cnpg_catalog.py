"""The statements over PostgreSQL's own catalog that the tools run.

In: nothing.
Out: constants; every value of a caller is a `$n` parameter.
Must not know: connections, links, or the shape of answers.
"""

from __future__ import annotations

# One row, one text: empty when the role may read and do nothing else here.
SELF_CHECK = r"""
SELECT concat_ws(', ',
  CASE WHEN EXISTS (
    SELECT FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')
      AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls))
  THEN 'it is a superuser or has a role attribute beyond LOGIN' END,
  CASE WHEN EXISTS (
    SELECT FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER') AND rolname ~ '^pg_'
      AND rolname NOT IN ('pg_database_owner', 'pg_monitor', 'pg_read_all_settings',
                          'pg_read_all_stats', 'pg_stat_scan_tables'))
  THEN 'it is a member of a predefined role' END,
  CASE WHEN EXISTS (
      SELECT FROM pg_database WHERE datname = current_database()
        AND pg_has_role(current_user, datdba, 'MEMBER'))
    OR EXISTS (SELECT FROM pg_namespace WHERE pg_has_role(current_user, nspowner, 'MEMBER'))
    OR EXISTS (SELECT FROM pg_class WHERE pg_has_role(current_user, relowner, 'MEMBER'))
    OR EXISTS (SELECT FROM pg_proc WHERE pg_has_role(current_user, proowner, 'MEMBER'))
  THEN 'it owns objects' END,
  CASE WHEN EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^(pg_|information_schema$)' AND CASE
      WHEN c.relkind IN ('r', 'p', 'v', 'm', 'f') THEN
        has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        OR has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES')
      WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, 'USAGE, UPDATE')
      ELSE false END)
  THEN 'it may write to a table or a sequence' END,
  CASE WHEN EXISTS (
    SELECT FROM pg_namespace WHERE nspname !~ '^pg_(temp|toast)'
      AND has_schema_privilege(oid, 'CREATE'))
    OR has_database_privilege(current_database(), 'CREATE, TEMPORARY')
  THEN 'it may create objects' END) AS reasons
"""

DATABASES = """
SELECT d.datname AS name, pg_get_userbyid(d.datdba) AS owner,
       pg_encoding_to_char(d.encoding) AS encoding, reachable,
       CASE WHEN reachable THEN pg_database_size(d.oid) END AS size_bytes,
       CASE WHEN d.datconnlimit >= 0 THEN d.datconnlimit END AS connection_limit
FROM pg_database d, LATERAL (SELECT has_database_privilege(d.oid, 'CONNECT') AS reachable) p
WHERE d.datname = ANY ($1::text[]) ORDER BY d.datname
"""

TABLES = r"""
SELECT n.nspname AS schema, c.relname AS name,
       CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
                      WHEN 'm' THEN 'materialized view' ELSE 'foreign table' END AS kind,
       CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint END AS estimated_rows,
       pg_total_relation_size(c.oid) AS size_bytes,
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^(pg_|information_schema$)'
  AND ($1::text IS NULL OR n.nspname = $1) AND ($2::text IS NULL OR c.relname LIKE $2)
ORDER BY n.nspname, c.relname LIMIT $3
"""

TABLE = """
SELECT c.oid::bigint AS oid, obj_description(c.oid, 'pg_class') AS comment,
       CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint END AS estimated_rows,
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""

COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
       NOT a.attnotnull AS nullable, pg_get_expr(d.adbin, d.adrelid) AS default,
       col_description(a.attrelid, a.attnum) AS comment
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = $1::bigint::oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""

CONSTRAINTS = """
SELECT conname AS name, CASE contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique'
         WHEN 'f' THEN 'foreign key' WHEN 'c' THEN 'check' ELSE 'exclusion' END AS kind,
       pg_get_constraintdef(oid) AS definition
FROM pg_constraint WHERE conrelid = $1::bigint::oid AND contype IN ('p', 'u', 'f', 'c', 'x')
ORDER BY contype, conname
"""

INDEXES = """
SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition, i.indisvalid AS valid,
       pg_relation_size(i.indexrelid) AS size_bytes
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = $1::bigint::oid ORDER BY c.relname
"""

# `{order}` is one of ORDERS, never a caller's text.
TABLE_STATS = """
SELECT schemaname AS schema, relname AS name, pg_total_relation_size(relid) AS size_bytes,
       n_live_tup AS live_rows, n_dead_tup AS dead_rows, seq_scan AS sequential_scans,
       idx_scan AS index_scans, n_tup_ins AS inserted, n_tup_upd AS updated,
       n_tup_del AS deleted, greatest(last_vacuum, last_autovacuum) AS last_vacuum,
       greatest(last_analyze, last_autoanalyze) AS last_analyze
FROM pg_stat_user_tables ORDER BY {order} DESC NULLS LAST, schemaname, relname LIMIT $1
"""

ORDERS = {
    "size": "pg_total_relation_size(relid)",
    "rows": "n_live_tup",
    "dead_rows": "n_dead_tup",
    "sequential_scans": "seq_scan",
    "writes": "n_tup_ins + n_tup_upd + n_tup_del",
}

# Without pg_read_all_stats PostgreSQL hides what other roles do; no statement text is ever read.
ACTIVITY = """
SELECT pid, datname AS database, usename AS role, application_name AS application, state,
       wait_event_type AS waits_for, backend_type,
       round(extract(epoch FROM now() - xact_start))::bigint AS transaction_age_s,
       round(extract(epoch FROM now() - query_start))::bigint AS statement_age_s,
       pg_blocking_pids(pid)::text AS blocked_by
FROM pg_stat_activity
WHERE datname = ANY ($1::text[]) AND pid <> pg_backend_pid()
  AND ($2 OR state IS DISTINCT FROM 'idle')
ORDER BY xact_start NULLS LAST, pid LIMIT $3
"""

HEALTH = """
SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS in_recovery,
       round(extract(epoch FROM now() - pg_postmaster_start_time()))::bigint AS uptime_s,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
       current_setting('max_connections')::int AS max_connections,
       CASE WHEN pg_is_in_recovery()
         THEN round(extract(epoch FROM now() - pg_last_xact_replay_timestamp()))::bigint END
         AS replay_delay_s
"""

DATABASE_HEALTH = """
SELECT s.datname AS name, s.numbackends AS connections, s.xact_commit AS commits,
       s.xact_rollback AS rollbacks, s.deadlocks, s.temp_bytes,
       age(d.datfrozenxid) AS oldest_xid_age, round(
         100.0 * s.blks_hit / nullif(s.blks_hit + s.blks_read, 0), 2)::float8 AS cache_hit_percent
FROM pg_stat_database s JOIN pg_database d ON d.oid = s.datid
WHERE s.datname = ANY ($1::text[]) ORDER BY s.datname
"""

# Functions that PUBLIC may run unless the cluster was created with them revoked.
OPEN_FUNCTIONS = """
SELECT p.proname::text AS name FROM pg_proc p
WHERE p.pronamespace = 'pg_catalog'::regnamespace
  AND (p.proname IN ('set_config', 'pg_logical_emit_message', 'pg_notify')
       OR p.proname ~ '^pg_(try_)?advisory_')
  AND has_function_privilege(p.oid, 'EXECUTE')
GROUP BY p.proname ORDER BY p.proname LIMIT 50
"""

# What the driver knows by number alone: enums, domains, composite types, types of extensions.
TYPE_NAMES = """
SELECT number AS oid, format_type(number::oid, NULL) AS name
FROM unnest($1::bigint[]) AS number
"""
