//! The plain settings of a server, as `config/cloud.env` has them.
//!
//! In: the text of that generated file. Out: its assignments. It must not know what they mean.

/// `NAME=value` lines; comments and blank lines are passed over. Values stand there without quotes.
pub(super) fn parse(text: &str) -> Vec<(String, String)> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments() {
        let text = "# Generated\n\nMCP_LOKI_HOST=loki.monitoring\nMCP_X=a=b\nMCP_EMPTY=\n";
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = [
            pair("MCP_LOKI_HOST", "loki.monitoring"),
            pair("MCP_X", "a=b"),
            pair("MCP_EMPTY", ""),
        ];
        assert_eq!(parse(text), expected);
    }
}
