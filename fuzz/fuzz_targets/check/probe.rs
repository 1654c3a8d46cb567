//! A second opinion on the SQL of a probe, by another way than the grammar: texts are taken out, then words are judged
//! by the words before them.
//!
//! SQL goes in, whether it reads nothing but constants and catalog views comes out. The grammar is narrower than this.

const CALLED: [&str; 11] = [
    "clock_timestamp",
    "count",
    "current_database",
    "max",
    "min",
    "now",
    "pg_conf_load_time",
    "pg_is_in_recovery",
    "pg_postmaster_start_time",
    "sum",
    "version",
];

const READ: [&str; 9] = [
    "pg_database",
    "pg_extension",
    "pg_locks",
    "pg_replication_slots",
    "pg_stat_activity",
    "pg_stat_archiver",
    "pg_stat_database",
    "pg_stat_replication",
    "pg_stat_user_tables",
];

/// Words that a probe has no use for, but as the name of a column behind `as`.
const FORBIDDEN: [&str; 16] = [
    "alter",
    "call",
    "client_addr",
    "copy",
    "create",
    "delete",
    "do",
    "drop",
    "grant",
    "insert",
    "into",
    "query",
    "set",
    "union",
    "update",
    "with",
];

const PREFIXES: [&str; 8] = ["b", "B", "e", "E", "n", "N", "x", "X"];

pub fn is_read_only(sql: &str) -> bool {
    let Some(code) = without_texts(sql) else {
        return false;
    };
    let signs = |sign: char| sign.is_ascii_alphanumeric() || " _<>!=,()*.;".contains(sign);
    let statement = code.trim_end();
    let statement = statement.strip_suffix(';').unwrap_or(statement);
    let words: Vec<&str> = code
        .split(|sign: char| !is_word(sign))
        .filter(|word| !word.is_empty())
        .collect();
    let selects = words.iter().filter(|word| **word == "select").count();
    code.chars().all(signs)
        && !statement.contains(';')
        && words.first() == Some(&"select")
        && selects == 1
        && words
            .windows(2)
            .all(|pair| pair[0] == "as" || !FORBIDDEN.contains(&pair[1]))
        && calls(&code).all(|called| CALLED.contains(&called))
        && reads(&words)
}

/// Lower-case SQL without `'…'`; none where a text is not closed, or escapes what follows it.
fn without_texts(sql: &str) -> Option<String> {
    let parts: Vec<&str> = sql.split('\'').collect();
    let is_closed = parts.len() % 2 == 1;
    let texts = parts.iter().skip(1).step_by(2);
    let plain = texts.clone().all(|text| !text.contains(['\\', '$']));
    // A prefix such as `E` or `U&` changes what a text is.
    let mut before = parts.iter().step_by(2).take(parts.len() / 2);
    let has_prefix = before.any(|code| code.ends_with('&') || PREFIXES.contains(&last_word(code)));
    let joined: Vec<&str> = parts.iter().step_by(2).copied().collect();
    (is_closed && plain && !has_prefix).then(|| joined.join("  ").to_ascii_lowercase())
}

fn is_word(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || sign == '_'
}

/// The word before each parenthesis.
fn calls(code: &str) -> impl Iterator<Item = &str> {
    code.match_indices('(')
        .map(|(place, _)| last_word(code[..place].trim_end()))
}

/// The word that `code` ends with; empty where it ends with a sign.
fn last_word(code: &str) -> &str {
    code.rsplit(|sign: char| !is_word(sign)).next().unwrap_or_default()
}

/// One view of the list behind the one `from`, where there is one.
fn reads(words: &[&str]) -> bool {
    let mut read = words.iter().enumerate().filter(|(_, word)| **word == "from");
    let Some((place, _)) = read.next() else {
        return true;
    };
    let from = &words[place + 1..];
    let view = if from.first() == Some(&"pg_catalog") {
        from.get(1)
    } else {
        from.first()
    };
    read.next().is_none() && view.is_some_and(|view| READ.contains(view))
}
