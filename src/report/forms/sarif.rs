//! SARIF 2.1.0, as code scanning reads it.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::gitlab::fingerprint;
use super::{Notice, Weight};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn print(notices: &[Notice]) -> String {
    let rules: Vec<&str> = notices
        .iter()
        .map(|notice| notice.rule.as_str())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let results: Vec<Json> = notices.iter().map(|notice| result(notice, &rules)).collect();
    let driver = json!({
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "rules": rules.iter().map(|rule| json!({ "id": rule })).collect::<Vec<_>>(),
    });
    // Columns are counted in characters, as findings count them.
    let run = json!({ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results });
    format!(
        "{:#}\n",
        json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] })
    )
}

fn result(notice: &Notice, rules: &[&str]) -> Json {
    let level = match notice.weight {
        Weight::Error => "error",
        Weight::Warning => "warning",
        Weight::Note => "note",
    };
    let mut place = json!({ "artifactLocation": { "uri": uri(&notice.file) } });
    if notice.line > 0 {
        let start = notice.column.max(1);
        place["region"] = json!({
            "startLine": notice.line,
            "startColumn": start,
            "endColumn": start + notice.length.max(1),
        });
    }
    json!({
        "ruleId": notice.rule,
        "ruleIndex": rules.iter().position(|rule| *rule == notice.rule),
        "level": level,
        "message": { "text": notice.whole() },
        "locations": [{ "physicalLocation": place }],
        "partialFingerprints": { "stacktic/v1": fingerprint(notice) },
    })
}

/// A path as a reference: what has a meaning in one is escaped.
fn uri(path: &str) -> String {
    let mut text = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
