//! What a check says: passed or not, and one text.

/// The answer of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub passed: bool,
    /// Not redacted yet.
    pub output: String,
}

/// The text of a check: its output without space around it; where that is empty and a count was
/// captured, the count and what was counted, as in `9 running`.
#[must_use]
pub fn shape(stdout: &str, captured: Option<&str>, counted: Option<&str>) -> String {
    let text = stdout.trim();
    let count = captured.map_or("", str::trim);
    let is_count = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    if !text.is_empty() || !is_count {
        return text.to_owned();
    }
    match counted {
        Some(counted) => format!("{count} {}", counted.to_lowercase()),
        None => count.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stdout: &str, captured: Option<&str>, counted: Option<&str>, expected: &str) {
        assert_eq!(shape(stdout, captured, counted), expected);
    }

    #[test]
    fn texts() {
        check(" 1\n", None, None, "1");
        check("", None, None, "");
        check("", Some("9\n"), Some("Running"), "9 running");
        check("\n", Some("0"), Some("running"), "0 running");
        check("up", Some("9"), Some("Running"), "up");
        check("", Some("3"), None, "3");
        check("", Some("kafka-0 Running"), None, "");
        check("", Some(""), Some("Running"), "");
    }
}
