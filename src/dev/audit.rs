//! An audit line of the MCP server, for the eyes of a person.
//!
//! In: one JSON line as `audit.py` writes it. Out: one short line. It must not know where it is shown.

use serde::Deserialize;

use crate::name::is_hidden;

const SHOWN_NAME: usize = 40;

#[derive(Deserialize)]
struct Record {
    time: String,
    method: String,
    tool: String,
    decision: String,
    code: Option<String>,
    duration_ms: u64,
}

/// `14:03:07 get_topology  allowed  12 ms`; a line that is no audit record is shown as it came.
pub(super) fn short(line: &str) -> String {
    let Ok(record) = serde_json::from_str::<Record>(line) else {
        return visible(line);
    };
    // `2026-01-31T14:03:07.123Z`: the day is no news to somebody who watches.
    let time = record.time.get(11..19).unwrap_or(&record.time);
    let what = match record.tool.as_str() {
        "" => record.method.as_str(),
        tool => tool,
    };
    let decision = match &record.code {
        Some(code) => format!("{} {code}", record.decision),
        None => record.decision,
    };
    visible(&format!(
        "{time} {what:<SHOWN_NAME$} {decision:<20} {} ms",
        record.duration_ms
    ))
}

/// Text without characters that move a terminal's cursor or cannot be seen.
pub(super) fn visible(text: &str) -> String {
    let shown = |next: char| {
        if is_hidden(next) { '\u{fffd}' } else { next }
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(tool: &str, method: &str, decision: &str, code: &str) -> String {
        let line = serde_json::json!({
            "sequence": 1, "time": "2026-01-31T14:03:07.123Z", "key": "dev", "session": "s", "method": method,
            "tool": tool, "link": "", "arguments": {}, "arguments_sha256": "", "decision": decision,
            "code": if code.is_empty() { None } else { Some(code) }, "duration_ms": 12, "bytes": 3, "previous": "0",
        });
        line.to_string()
    }

    fn check(line: &str, expected: &[&str]) {
        let short = short(line);
        assert_eq!(short.split_whitespace().collect::<Vec<_>>(), expected, "{short}");
    }

    #[test]
    fn lines() {
        let allowed = record("get_topology", "tools/call", "allowed", "");
        check(&allowed, &["14:03:07", "get_topology", "allowed", "12", "ms"]);
        let denied = record("", "POST /mcp", "denied", "HTTP_401");
        check(&denied, &["14:03:07", "POST", "/mcp", "denied", "HTTP_401", "12", "ms"]);
        check("Traceback", &["Traceback"]);
    }

    #[test]
    fn a_caller_cannot_move_the_cursor() {
        let line = record("", "GET /\u{1b}[2J\u{202e}", "denied", "HTTP_401");
        assert!(!short(&line).contains(['\u{1b}', '\u{202e}']));
        assert!(!short("\u{1b}[2J").contains('\u{1b}'));
    }
}
