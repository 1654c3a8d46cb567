//! Text as a word of a POSIX shell, for commands that a user can paste.

/// `text` as one word, in quotes where it needs them.
#[must_use]
pub fn word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// `text` as one word in quotes.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_a_shell_takes_as_they_are_meant() {
        for (text, expected) in [
            ("out/k8s", "out/k8s"),
            (
                "registry.shop.example.com:5000/stacktic-mcp@sha256:0a",
                "registry.shop.example.com:5000/stacktic-mcp@sha256:0a",
            ),
            ("my out", "'my out'"),
            ("it's", "'it'\\''s'"),
            ("$HOME", "'$HOME'"),
            ("", "''"),
        ] {
            assert_eq!(word(text), expected);
        }
    }
}
