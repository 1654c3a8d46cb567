//! What a probe may name: catalog views with the columns that carry no one's data, and functions
//! that neither wait nor change anything.
//!
//! Left out on purpose: columns with the text of queries, addresses of clients, connection strings
//! and the settings of roles.

/// Functions without arguments.
pub(super) const FUNCTIONS: [&str; 7] = [
    "clock_timestamp",
    "current_database",
    "now",
    "pg_conf_load_time",
    "pg_is_in_recovery",
    "pg_postmaster_start_time",
    "version",
];

/// Functions of one column.
pub(super) const AGGREGATES: [&str; 4] = ["count", "max", "min", "sum"];

/// Words that are values without parentheses.
pub(super) const CONSTANTS: [&str; 7] = [
    "current_date",
    "current_timestamp",
    "current_user",
    "false",
    "null",
    "session_user",
    "true",
];

/// The columns of a view that a probe may name.
pub(super) fn columns(view: &str) -> Option<&'static [&'static str]> {
    let found = VIEWS.iter().find(|(name, _)| *name == view);
    found.map(|(_, columns)| *columns)
}

pub(super) const VIEWS: [(&str, &[&str]); 9] = [
    ("pg_database", &["datallowconn", "datconnlimit", "datname"]),
    ("pg_extension", &["extname", "extversion"]),
    ("pg_locks", &["granted", "locktype", "mode", "pid"]),
    (
        "pg_replication_slots",
        &["active", "slot_name", "slot_type", "wal_status"],
    ),
    (
        "pg_stat_activity",
        &[
            "backend_start",
            "backend_type",
            "datname",
            "pid",
            "state",
            "state_change",
            "usename",
            "wait_event",
            "wait_event_type",
            "xact_start",
        ],
    ),
    (
        "pg_stat_archiver",
        &[
            "archived_count",
            "failed_count",
            "last_archived_time",
            "last_failed_time",
        ],
    ),
    (
        "pg_stat_database",
        &[
            "blks_hit",
            "blks_read",
            "conflicts",
            "datname",
            "deadlocks",
            "numbackends",
            "stats_reset",
            "temp_bytes",
            "temp_files",
            "xact_commit",
            "xact_rollback",
        ],
    ),
    (
        "pg_stat_replication",
        &[
            "application_name",
            "flush_lag",
            "replay_lag",
            "state",
            "sync_state",
            "write_lag",
        ],
    ),
    (
        "pg_stat_user_tables",
        &[
            "idx_scan",
            "last_analyze",
            "last_autoanalyze",
            "last_autovacuum",
            "last_vacuum",
            "n_dead_tup",
            "n_live_tup",
            "relname",
            "schemaname",
            "seq_scan",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_carries_data_is_listed() {
        let columns = || VIEWS.iter().flat_map(|(_, columns)| columns.iter());
        for hidden in [
            "query",
            "client_addr",
            "client_hostname",
            "conninfo",
            "setting",
            "rolpassword",
        ] {
            assert!(columns().all(|column| *column != hidden), "{hidden}");
        }
    }

    #[test]
    fn unknown_views_have_no_columns() {
        assert!(columns("pg_database").is_some());
        for view in [
            "pg_authid",
            "pg_shadow",
            "pg_user_mapping",
            "pg_hba_file_rules",
            "users",
            "",
        ] {
            assert!(columns(view).is_none(), "{view}");
        }
    }
}
