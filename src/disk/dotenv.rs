//! Reads a dotenv file as kustomize does, without losing a byte of it.
//!
//! In: a file's bytes. Out: its comments and entries, each with the bytes as they stand there; or every line that kustomize
//! would refuse, or would take for something that nobody means, with the fix. It speaks of line numbers alone, since any line
//! may hold a secret. It must not know which keys are wanted, or why.
//!
//! What kustomize does (its `api/kv`, of which the reader is a line scanner of Go's): a byte order mark before the first line
//! and white space before any line go; a line that is empty then, or starts with `#`, says nothing; the rest is split at the
//! first `=`, and both halves are taken as they are, quotes and blanks included. A line of 64 KiB ends the reading, and what
//! follows is lost without a word.

use std::collections::BTreeMap;

/// A part of the file, without the line end after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Item<'file> {
    Comment(&'file [u8]),
    Entry(Entry<'file>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry<'file> {
    pub(super) key: &'file str,
    /// What kustomize takes from behind `=`.
    pub(super) value: &'file str,
    /// The whole line, a carriage return at its end included.
    pub(super) raw: &'file [u8],
    pub(super) line: usize,
}

/// A line that kustomize reads as nobody means it, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) message: String,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The buffer of Go's line scanner: a line has to fit in it, with its line end where it has one.
const MAX_LINE: usize = 64 * 1024 - 1;
/// Kubernetes' limit for a key of a Secret.
const MAX_KEY: usize = 253;
const CONFLICT_MARKS: [&str; 4] = ["<<<<<<< ", "||||||| ", "=======", ">>>>>>> "];

pub(super) fn parse(file: &[u8]) -> Result<Vec<Item<'_>>, Vec<Fault>> {
    let file = file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file);
    let (mut items, mut faults) = (Vec::new(), Vec::new());
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    // What follows the last line end is a line only where there is something.
    let text = file.strip_suffix(b"\n").unwrap_or(file);
    for (line, raw) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        match item(raw, line) {
            Ok(Some(Item::Entry(entry))) if seen.contains_key(entry.key) => {
                let first = seen[entry.key];
                let message = format!(
                    "the key stands on line {first} already, and kustomize refuses it twice; keep one of the two"
                );
                faults.push(Fault { line, message });
            }
            Ok(Some(item)) => {
                if let Item::Entry(entry) = item {
                    seen.insert(entry.key, line);
                }
                items.push(item);
            }
            Ok(None) => {}
            Err(message) => faults.push(Fault {
                line,
                message: message.to_owned(),
            }),
        }
    }
    if faults.is_empty() { Ok(items) } else { Err(faults) }
}

/// What one line says; nothing where it is blank.
fn item(raw: &[u8], line: usize) -> Result<Option<Item<'_>>, &'static str> {
    if raw.len() > MAX_LINE {
        return Err("a line of more than 64 KiB, at which kustomize stops reading without a word; shorten it");
    }
    let text = std::str::from_utf8(raw).map_err(|_| {
        "not UTF-8, which kustomize refuses; save the file as UTF-8, and keep bytes that are no text in an encoding such as base64"
    })?;
    let text = text.strip_suffix('\r').unwrap_or(text).trim_start();
    if text.is_empty() {
        return Ok(None);
    }
    if text.starts_with('#') {
        return Ok(Some(Item::Comment(raw)));
    }
    if CONFLICT_MARKS.iter().any(|mark| text.starts_with(mark)) {
        return Err("a conflict mark of git; settle the conflict");
    }
    let Some((key, value)) = text.split_once('=') else {
        return Err(
            "no `=`: kustomize makes a key without a value of it; write `KEY=value`, with the whole value on that line",
        );
    };
    check_key(key)?;
    Ok(Some(Item::Entry(Entry { key, value, raw, line })))
}

/// A key that Kubernetes takes as one of a Secret: kustomize itself takes anything.
fn check_key(key: &str) -> Result<(), &'static str> {
    if key.is_empty() {
        return Err("nothing in front of `=`, so that kustomize leaves the line out; write `KEY=value`");
    }
    if key.starts_with("export ") || key.starts_with("export\t") {
        return Err("`export` becomes a part of the key; take it away");
    }
    if key.trim_end() != key {
        return Err("the space in front of `=` becomes a part of the key; write `KEY=value` without space around `=`");
    }
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if key.len() > MAX_KEY || !key.bytes().all(is_legal) || key == "." || key.starts_with("..") {
        return Err("what stands in front of `=` is no key of a Secret; use letters, digits, `_`, `-` and `.`");
    }
    Ok(())
}

/// What of the value is probably not meant, though it could be: quotes and blanks are legal in a password.
pub(super) fn doubt(value: &str) -> Option<&'static str> {
    let is_quoted = |quote: char| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
    if value.trim() != value {
        return Some("the blanks around the value become a part of it; take them away");
    }
    if ['"', '\'', '`'].into_iter().any(is_quoted) {
        return Some("the quotes around the value become a part of it; take them away");
    }
    if value.contains(" #") || value.contains("\t#") {
        return Some("`#` and what follows become a part of the value; put the comment on a line of its own");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let items = parse(text.as_bytes()).unwrap();
        let pair = |item: &Item<'_>| match item {
            Item::Comment(line) => ("#".to_owned(), String::from_utf8_lossy(line).into_owned()),
            Item::Entry(entry) => (entry.key.to_owned(), entry.value.to_owned()),
        };
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        assert_eq!(
            items.iter().map(pair).collect::<Vec<_>>(),
            expected.iter().map(owned).collect::<Vec<_>>(),
            "{text:?}"
        );
    }

    #[test]
    fn finds_keys_and_leaves_values_as_they_are() {
        check("", &[]);
        check("\n\n", &[]);
        check("A=", &[("A", "")]);
        check("A=1\r\nB=2\r\r\n", &[("A", "1"), ("B", "2\r")]);
        check("A= x=y # z ", &[("A", " x=y # z ")]);
        check("A=\"x\nB='", &[("A", "\"x"), ("B", "'")]);
        check("\u{feff}\u{a0} A=1\n # note\n", &[("A", "1"), ("#", " # note")]);
        check("1a.B_c-d=1", &[("1a.B_c-d", "1")]);
    }

    /// The faulty lines.
    fn faults(text: &[u8]) -> Vec<usize> {
        let faults = parse(text).err().unwrap_or_default();
        faults.into_iter().map(|fault| fault.line).collect()
    }

    #[test]
    fn names_every_line_that_is_not_read_as_it_is_meant() {
        for (text, lines) in [
            ("{\n}", vec![1, 2]),
            ("A=1\n\n#\nsecret", vec![4]),
            ("A='1\n2'\n=x", vec![2, 3]),
            ("a b=1\nA =1\nexport A=1\nexport\tA=1", vec![1, 2, 3, 4]),
            ("A=1\n\u{feff}B=1", vec![2]),
            ("A=1\nB=2\nA=1\nA=1", vec![3, 4]),
            ("..=1\n.=1\n..a=1\n.a=1\na/b=1\nä=1", vec![1, 2, 3, 5, 6]),
            ("<<<<<<< HEAD\nA=1\n=======\nB=1\n>>>>>>> other", vec![1, 3, 5]),
        ] {
            assert_eq!(faults(text.as_bytes()), lines, "{text:?}");
        }
        assert_eq!(faults(b"\0GITCRYPT\0\xff="), [1]);
        assert_eq!(faults(b"A=1\nB=\xff\n"), [2]);
        let long = |length: usize| format!("A={}\nB=1", "x".repeat(length - 2));
        assert_eq!(faults(long(MAX_LINE).as_bytes()), Vec::<usize>::new());
        assert_eq!(faults(long(MAX_LINE + 1).as_bytes()), [1]);
    }

    #[test]
    fn no_message_quotes_a_line() {
        for text in [
            "hidden",
            "=hidden",
            "A=1\nA=hidden",
            "hidden words=hidden",
            "export hidden=1",
        ] {
            for fault in parse(text.as_bytes()).unwrap_err() {
                assert!(!fault.message.contains("hidden"), "{}", fault.message);
            }
        }
    }

    #[test]
    fn doubts_what_a_shell_would_take_away() {
        for (value, is_doubted) in [
            ("", false),
            ("it's", false),
            ("\"", false),
            ("\"x\"y", false),
            ("a#b", false),
            ("\"x\"", true),
            ("''", true),
            ("`x`", true),
            (" x", true),
            ("x\t", true),
            ("x\r", true),
            ("x # y", true),
        ] {
            assert_eq!(doubt(value).is_some(), is_doubted, "{value:?}");
        }
    }
}
