//! A Code Quality report of GitLab: an array of issues that a merge request shows.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>

use serde_json::json;

use super::{Notice, Weight};
use crate::name::sha256_hex;

pub(super) fn print(notices: &[Notice]) -> String {
    let issues: Vec<_> = notices
        .iter()
        .map(|notice| {
            let severity = match notice.weight {
                Weight::Error => "blocker",
                Weight::Warning => "major",
                Weight::Note => "info",
            };
            json!({
                "description": notice.whole(),
                "check_name": notice.rule,
                "fingerprint": fingerprint(notice),
                "severity": severity,
                // An issue without a line is not shown.
                "location": { "path": notice.file, "lines": { "begin": notice.line.max(1) } },
            })
        })
        .collect();
    format!("{:#}\n", json!(issues))
}

/// It stays when lines above it come and go, so that an issue is known again.
pub(super) fn fingerprint(notice: &Notice) -> String {
    sha256_hex(format!("{}\n{}\n{}", notice.rule, notice.file, notice.text).as_bytes())
}
