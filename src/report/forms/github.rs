//! Workflow commands of GitHub Actions: one line a notice, shown in the diff of a pull request.
//!
//! <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>

use std::fmt::Write as _;

use super::{Notice, Weight};

pub(super) fn print(notices: &[Notice]) -> String {
    let mut text = String::new();
    for notice in notices {
        let command = match notice.weight {
            Weight::Error => "error",
            Weight::Warning => "warning",
            Weight::Note => "notice",
        };
        let mut properties = format!("file={}", property(&notice.file));
        if notice.line > 0 {
            let end = notice.column + notice.length.max(1);
            let _ = write!(
                properties,
                ",line={},col={},endColumn={end}",
                notice.line, notice.column
            );
        }
        let _ = writeln!(
            text,
            "::{command} {properties},title={}::{}",
            property(&notice.rule),
            data(&notice.whole())
        );
    }
    text
}

/// A message ends at the end of its line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property ends at a comma or a colon, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
