//! Text within Markdown that nobody takes for markup, whatever it holds.

use crate::name::is_hidden;

/// Text for a cell of a table, or a line of a paragraph: no cell ends early, nothing is a tag, a link or emphasis, and what
/// does not show is marked.
pub(crate) fn text(text: &str) -> String {
    let characters: Vec<char> = text.trim().chars().collect();
    let mut escaped = String::with_capacity(text.len());
    for (position, character) in characters.iter().enumerate() {
        let before = position.checked_sub(1).and_then(|before| characters.get(before));
        let after = characters.get(position + 1);
        let within_a_word = [before, after]
            .iter()
            .all(|next| next.is_some_and(|next| next.is_alphanumeric()));
        match *character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' => escaped.push_str("&#92;"),
            // So that no address becomes a link: `a@b.c`, `http://`, `www.`
            '@' if within_a_word => escaped.push_str("&#64;"),
            '/' if before == Some(&':') => escaped.push_str("&#47;"),
            '.' if ends_with_www(&characters[..position]) => escaped.push_str("&#46;"),
            '_' if within_a_word => escaped.push('_'),
            '|' | '`' | '*' | '_' | '~' | '[' | ']' | '$' => escaped.extend(['\\', *character]),
            '\n' | '\r' | '\t' => escaped.push(' '),
            hidden if is_hidden(hidden) => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A name in a code span; one that has other characters than names have is plain text.
pub(crate) fn code(name: &str) -> String {
    let is_plain = |next: char| next.is_ascii_alphanumeric() || "_-./:,*+=@{}()#%".contains(next);
    if !name.is_empty() && name.chars().all(is_plain) {
        format!("`{name}`")
    } else {
        text(name)
    }
}

fn ends_with_www(characters: &[char]) -> bool {
    let last = characters.len().saturating_sub(3);
    characters[last..]
        .iter()
        .collect::<String>()
        .eq_ignore_ascii_case("www")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (input, expected) in [
            ("List the folders of Grafana.", "List the folders of Grafana."),
            ("member of stacktic_readers", "member of stacktic_readers"),
            ("_all_ of **it**", "\\_all\\_ of \\*\\*it\\*\\*"),
            ("a | b \\| c", "a \\| b &#92;\\| c"),
            ("`code`", "\\`code\\`"),
            ("<img src=x> &lt;", "&lt;img src=x&gt; &amp;lt;"),
            ("[a](http://b)", "\\[a\\](http:&#47;/b)"),
            ("see www.example.com, a@b.com", "see www&#46;example.com, a&#64;b.com"),
            ("two\nlines\u{202e}\u{1b}[31m", "two lines\u{fffd}\u{fffd}\\[31m"),
            ("$1, $2", "\\$1, \\$2"),
            ("+@read, keys ~<prefix>*", "+@read, keys \\~&lt;prefix&gt;\\*"),
        ] {
            assert_eq!(text(input), expected);
        }
    }

    #[test]
    fn names() {
        for (input, expected) in [
            ("stack-3/*", "`stack-3/*`"),
            ("app_db", "`app_db`"),
            ("a`b", "a\\`b"),
            ("a|b", "a\\|b"),
            ("", ""),
            ("two words", "two words"),
        ] {
            assert_eq!(code(input), expected);
        }
    }
}
