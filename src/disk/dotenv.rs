//! Reads a dotenv file without losing a byte of it.
//!
//! In: a file's bytes. Out: its comments and entries, each with the bytes as they stand there. What it cannot read, it says
//! by line number alone: any line may hold a secret. It must not know which keys are wanted, or why.

use crate::tree::is_dotenv_key;

/// A part of the file, without the line end after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Item<'file> {
    Comment(&'file [u8]),
    Entry(Entry<'file>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry<'file> {
    pub(super) key: &'file str,
    /// What stands after `=`.
    pub(super) value: &'file [u8],
    /// All of it, on one line or, inside quotes, on several.
    pub(super) raw: &'file [u8],
}

/// The number of the first line that is neither blank, nor a comment, nor an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnreadableLine(pub(super) usize);

/// `is_known` tells keys that begin an entry even where an open quote before them would swallow them.
pub(super) fn parse<'file>(
    file: &'file [u8],
    is_known: &dyn Fn(&str) -> bool,
) -> Result<Vec<Item<'file>>, UnreadableLine> {
    let mut items = Vec::new();
    let (mut rest, mut number) = (file, 1);
    while !rest.is_empty() {
        let line = first_line(rest);
        let mut length = line.len();
        if line.trim_ascii_start().starts_with(b"#") {
            items.push(Item::Comment(line));
        } else if !line.trim_ascii().is_empty() {
            let (key, value_at) = split(line).ok_or(UnreadableLine(number))?;
            length = entry_length(rest, value_at, is_known);
            items.push(Item::Entry(Entry {
                key,
                value: &rest[value_at..length],
                raw: &rest[..length],
            }));
        }
        number += 1 + rest[..length].iter().filter(|byte| **byte == b'\n').count();
        rest = rest.get(length + 1..).unwrap_or_default();
    }
    Ok(items)
}

fn first_line(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

/// The key of a line and where its value starts.
fn split(line: &[u8]) -> Option<(&str, usize)> {
    let equals = line.iter().position(|byte| *byte == b'=')?;
    let name = std::str::from_utf8(&line[..equals]).ok()?.trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    is_dotenv_key(name).then_some((name, equals + 1))
}

/// How far the entry at the start of `text` reaches: to the end of its line, or to the line that closes its quote.
fn entry_length(text: &[u8], value_at: usize, is_known: &dyn Fn(&str) -> bool) -> usize {
    let line = first_line(text).len();
    let value = text[value_at..line].trim_ascii();
    let Some(quote) = value.first().filter(|byte| b"\"'`".contains(byte)) else {
        return line;
    };
    if value[1..].contains(quote) {
        return line;
    }
    let mut length = line;
    while let Some(rest) = text.get(length + 1..).filter(|rest| !rest.is_empty()) {
        let next = first_line(rest);
        if split(next).is_some_and(|(key, _)| is_known(key)) {
            break;
        }
        length += 1 + next.len();
        if next.trim_ascii_end().ends_with(&[*quote]) {
            return length;
        }
    }
    // Nothing closes it, so the quote is part of the value.
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<(String, String)> {
        let items = parse(text.as_bytes(), &|key| key == "KNOWN").unwrap();
        let pair = |item: &Item<'_>| match item {
            Item::Comment(line) => ("#".to_owned(), String::from_utf8_lossy(line).into_owned()),
            Item::Entry(entry) => (entry.key.to_owned(), String::from_utf8_lossy(entry.value).into_owned()),
        };
        items.iter().map(pair).collect()
    }

    fn check(text: &str, expected: &[(&str, &str)]) {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        assert_eq!(
            entries(text),
            expected.iter().map(owned).collect::<Vec<_>>(),
            "{text:?}"
        );
    }

    #[test]
    fn finds_keys_and_leaves_values_as_they_are() {
        check("", &[]);
        check("\n\n", &[]);
        check("A=", &[("A", "")]);
        check("A=1\r\nB = x=y # z \n", &[("A", "1\r"), ("B", " x=y # z ")]);
        check(" # note\n export A=1", &[("#", " # note"), ("A", "1")]);
        check("A=1\nA=2\n", &[("A", "1"), ("A", "2")]);
    }

    #[test]
    fn follows_a_quote_over_several_lines() {
        check("A=\"x\nabc==\nz\"\nB=1", &[("A", "\"x\nabc==\nz\""), ("B", "1")]);
        check("A=\"x\" # it's\nB='", &[("A", "\"x\" # it's"), ("B", "'")]);
        // A password that starts with a quote is not the start of a longer value.
        check("A=\"x\nB=1\n", &[("A", "\"x"), ("B", "1")]);
        check("A=\"x\nKNOWN=1\"\n", &[("A", "\"x"), ("KNOWN", "1\"")]);
    }

    #[test]
    fn names_the_line_that_it_cannot_read() {
        for (text, line) in [
            ("{\n}", 1),
            ("A=1\n\n#\nsecret", 4),
            ("A='1\n2'\n=x", 3),
            ("a b=1", 1),
            ("\u{feff}A=1", 1),
        ] {
            assert_eq!(
                parse(text.as_bytes(), &|_| false),
                Err(UnreadableLine(line)),
                "{text:?}"
            );
        }
        assert!(parse(b"\0GITCRYPT\0\xff=", &|_| false).is_err());
    }
}
