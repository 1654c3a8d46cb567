//! The forms that a secret takes in output: as it is, reversed, and in the usual encodings.
//!
//! A short fragment of an encoding would be found everywhere, so encoded forms count from a length.

use std::fmt::Write as _;

use crate::name::hex;

/// Shortest encoded form that is looked for.
const SHORTEST: usize = 4;

/// A text to look for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Form {
    pub(super) text: String,
    /// Of encodings whose letters come in both cases.
    pub(super) any_case: bool,
}

impl Form {
    /// Where it stands in `text`.
    pub(super) fn places(&self, text: &str) -> Vec<(usize, usize)> {
        let wanted = self.text.as_bytes();
        let windows = text.as_bytes().windows(wanted.len()).enumerate();
        let hits = windows.filter(|(_, found)| match self.any_case {
            true => found.eq_ignore_ascii_case(wanted),
            false => *found == wanted,
        });
        hits.map(|(start, found)| (start, start + found.len())).collect()
    }
}

/// All forms of a secret; none of an empty one.
pub(super) fn forms(secret: &str) -> Vec<Form> {
    if secret.is_empty() {
        return Vec::new();
    }
    let mut encoded = vec![(hex(secret.as_bytes()), true)];
    for alignment in 0..3 {
        encoded.push((base64(secret, alignment, *b"+/"), false));
        encoded.push((base64(secret, alignment, *b"-_"), false));
    }
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    encoded.push((percent(secret, unreserved), true));
    encoded.push((
        percent(secret, |byte| unreserved(byte) || b"!*'()".contains(&byte)),
        true,
    ));
    encoded.push((percent(secret, unreserved).replace("%20", "+"), true));
    encoded.push((percent(secret, |byte| byte.is_ascii_graphic() && byte != b'%'), true));
    for escape in [Escape::Needed, Escape::Slash, Escape::Markup] {
        encoded.push((json(secret, escape, false), false));
        encoded.push((json(secret, escape, true), true));
    }
    let plain = [secret.to_owned(), secret.chars().rev().collect()];
    let plain = plain.into_iter().map(|text| (text, false));
    let encoded = encoded.into_iter().filter(|(text, _)| text.len() >= SHORTEST);
    plain
        .chain(encoded)
        .map(|(text, any_case)| Form { text, any_case })
        .collect()
}

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The characters of base64 text that depend on the secret alone when it begins `alignment` bytes
/// after a group of three.
fn base64(secret: &str, alignment: usize, last: [u8; 2]) -> String {
    let bits = secret
        .bytes()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    // The bits before the first character that is the secret's own.
    let skipped = (6 - alignment * 8 % 6) % 6;
    let bits: Vec<u8> = bits.skip(skipped).collect();
    let character = |group: &[u8]| {
        let index = group.iter().fold(0, |sum, bit| sum << 1 | usize::from(*bit));
        let from_end = last
            .get(index.saturating_sub(ALPHABET.len()))
            .copied()
            .unwrap_or_default();
        char::from(ALPHABET.get(index).copied().unwrap_or(from_end))
    };
    bits.chunks_exact(6).map(character).collect()
}

/// URL encoding that keeps what `keep` says.
fn percent(secret: &str, keep: impl Fn(u8) -> bool) -> String {
    let mut text = String::with_capacity(secret.len());
    for byte in secret.bytes() {
        if keep(byte) {
            text.push(char::from(byte));
        } else {
            let _written = write!(text, "%{byte:02x}");
        }
    }
    text
}

/// What a JSON writer escapes beside quotes, backslashes and control characters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    Needed,
    /// `\/`
    Slash,
    /// `<`, `>` and `&`, for text that may end up in a page.
    Markup,
}

fn json(secret: &str, escape: Escape, ascii: bool) -> String {
    let mut text = String::with_capacity(secret.len());
    for character in secret.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '/' if escape == Escape::Slash => text.push_str("\\/"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '<' | '>' | '&' if escape == Escape::Markup => unicode(&mut text, character),
            _ if character.is_control() || (ascii && !character.is_ascii()) => unicode(&mut text, character),
            _ => text.push(character),
        }
    }
    text
}

fn unicode(text: &mut String, character: char) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        let _written = write!(text, "\\u{unit:04x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_known_texts() {
        assert_eq!(base64("abc", 0, *b"+/"), "YWJj");
        assert_eq!(base64("abcd", 0, *b"+/"), "YWJjZ");
        // `printf 'xabc' | base64` is eGFiYw==, `printf 'xxabc' | base64` is eHhhYmM=.
        assert_eq!(base64("abc", 1, *b"+/"), "FiY");
        assert_eq!(base64("abc", 2, *b"+/"), "hYm");
        assert_eq!(base64("\u{3f}\u{3f}\u{3f}~~~", 0, *b"+/"), "Pz8/fn5+");
        assert_eq!(base64("???~~~", 0, *b"-_"), "Pz8_fn5-");
    }

    #[test]
    fn urls_and_json() {
        assert_eq!(percent("a b/ü", |byte| byte.is_ascii_alphanumeric()), "a%20b%2f%c3%bc");
        assert_eq!(
            json("a\"\\/\n\u{1}ü😀", Escape::Slash, true),
            "a\\\"\\\\\\/\\n\\u0001\\u00fc\\ud83d\\ude00"
        );
        assert_eq!(json("<ü>", Escape::Markup, false), "\\u003cü\\u003e");
    }

    #[test]
    fn short_secrets_have_their_plain_forms_only() {
        let found: Vec<String> = forms("x").into_iter().map(|form| form.text).collect();
        assert_eq!(found, ["x", "x"]);
        assert!(forms("").is_empty());
    }
}
