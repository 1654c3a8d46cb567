//! Secrets out of text, in every form that a program is likely to print them in.
//!
//! Text and secrets go in, text with `[secret]` comes out. The places of all forms are found in the
//! text as it came and replaced together, so that one replacement cannot hide another form.

use super::bind::MASK;
use super::forms::{Form, forms};
use super::unfit::without_line_ends;

/// Replaces the forms of a set of secrets.
pub struct Redactor {
    forms: Vec<Form>,
}

impl Redactor {
    /// For these secrets; line ends around them are not part of them, and empty ones are none.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut forms: Vec<Form> = secrets
            .into_iter()
            .flat_map(|secret| forms(without_line_ends(secret)))
            .collect();
        forms.sort();
        forms.dedup();
        Self { forms }
    }

    /// `text` without any form of a secret.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        replace(text, &self.places(text), text.len())
    }

    /// The same for text whose end was cut off: the last characters go as well, as many as could be
    /// the beginning of a secret.
    #[must_use]
    pub fn redact_cut(&self, text: &str) -> String {
        let longest = self.forms.iter().map(|form| form.text.len()).max().unwrap_or(1);
        let mut end = text.len().saturating_sub(longest.saturating_sub(1));
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        replace(text, &self.places(text), end)
    }

    /// Places of all forms, sorted and without overlap.
    fn places(&self, text: &str) -> Vec<(usize, usize)> {
        let mut found: Vec<(usize, usize)> = self.forms.iter().flat_map(|form| form.places(text)).collect();
        found.sort_unstable();
        let mut merged: Vec<(usize, usize)> = Vec::new();
        for (start, end) in found {
            match merged.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        merged
    }
}

/// Mask the places that begin before `end`, and leave out what follows it.
fn replace(text: &str, places: &[(usize, usize)], end: usize) -> String {
    let mut output = String::with_capacity(end);
    let mut from = 0;
    for (start, stop) in places.iter().filter(|(start, _)| *start < end) {
        output.push_str(&text[from..*start]);
        output.push_str(MASK);
        from = *stop;
    }
    output.push_str(text.get(from..end).unwrap_or_default());
    output
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;

    const SECRET: &str = "s3cur3+pw/\"ä\"";

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(Redactor::new([SECRET, ""]).redact(text), expected, "{text}");
    }

    #[test]
    fn plain_and_reversed() {
        check("a s3cur3+pw/\"ä\" b", "a [secret] b");
        check("\"ä\"/wp+3ruc3s", "[secret]");
        check("s3cur3+pw", "s3cur3+pw");
        check("", "");
    }

    #[test]
    fn hexadecimal() {
        check("x7333637572332b70772f22c3a422x", "x[secret]x");
        check("7333637572332B70772F22C3A422", "[secret]");
    }

    #[test]
    fn base64_at_every_alignment() {
        // `printf '%s' 's3cur3+pw/"ä"' | base64`, then with one and two characters before it.
        check("czNjdXIzK3B3LyLDpCI=", "[secret]I=");
        check("eHMzY3VyMytwdy8iw6QieQ==", "eH[secret]eQ==");
        check("eHhzM2N1cjMrcHcvIsOkInl5", "eHh[secret]nl5");
    }

    #[test]
    fn urls_and_json() {
        check("p=s3cur3%2Bpw%2F%22%C3%A4%22&", "p=[secret]&");
        check("p=s3cur3%2bpw%2f%22%c3%a4%22&", "p=[secret]&");
        check(r#""s3cur3+pw/\"ä\"""#, r#""[secret]""#);
        check(r#""s3cur3+pw\/\"\u00e4\"""#, r#""[secret]""#);
        check(r#""s3cur3+pw/\"\u00E4\"""#, r#""[secret]""#);
    }

    /// Base64 with padding, three bytes at a time: another way than the one that is tested.
    fn encode(bytes: &[u8]) -> String {
        let alphabet: Vec<char> = ('A'..='Z')
            .chain('a'..='z')
            .chain('0'..='9')
            .chain("+/".chars())
            .collect();
        let group = |chunk: &[u8]| {
            let padded = [0, 1, 2].map(|at| u32::from(chunk.get(at).copied().unwrap_or(0)));
            let number = padded[0] << 16 | padded[1] << 8 | padded[2];
            let character = |at: usize| match at > chunk.len() {
                true => '=',
                false => alphabet[(number >> (18 - 6 * at) & 63) as usize],
            };
            [0, 1, 2, 3].map(character)
        };
        bytes.chunks(3).flat_map(group).collect()
    }

    proptest! {
        #[test]
        fn base64_of_a_text_around_a_secret(before in "[ -~]{0,5}", secret in "[ -~]{8,40}", after in "[ -~]{0,5}") {
            let encoded = encode(format!("{before}{secret}{after}").as_bytes());
            let redacted = Redactor::new([secret.as_str()]).redact(&encoded);
            prop_assert!(redacted.contains(MASK), "{}", encoded);
            // A character at either edge is shared with a byte that is not the secret's.
            let around = encode(before.as_bytes()).len() + encode(after.as_bytes()).len() + 8;
            prop_assert!(redacted.len() <= around + MASK.len(), "{} {}", encoded, redacted);
        }

        #[test]
        fn no_form_is_left(before in ".{0,9}", secret in "\\PC{1,40}", after in ".{0,9}") {
            let redactor = Redactor::new([secret.as_str()]);
            for form in forms(&secret) {
                let redacted = redactor.redact(&format!("{before}{}{after}", form.text));
                prop_assert!(redacted.contains(MASK));
                let left = redacted.replace(MASK, "\n");
                prop_assert!(form.places(&left).is_empty() || secret.len() < 4, "{}", redacted);
            }
        }

        #[test]
        fn cutting_never_panics(text in ".{0,60}", secret in ".{0,9}") {
            let redactor = Redactor::new([secret.as_str(), "ab"]);
            prop_assert!(!redactor.redact_cut(&text).contains("ab"));
        }
    }

    #[test]
    fn overlapping_forms_leave_nothing() {
        let redactor = Redactor::new(["abcabc", "bcab", "zz"]);
        assert_eq!(redactor.redact("xabcabcabcx zzz"), "x[secret]x [secret]");
    }

    #[test]
    fn a_cut_end_takes_the_beginning_of_a_secret_with_it() {
        let redactor = Redactor::new(["hunter2-hunter2"]);
        let cut = redactor.redact_cut("a long line of output that ends in the middle of a secret: hunter2-hunt");
        assert!(cut.starts_with("a long line"), "{cut}");
        assert!(!cut.contains("hunt"), "{cut}");
        assert_eq!(redactor.redact_cut("ä"), "");
        assert_eq!(Redactor::new(["pw-of-a-file\n"]).redact("pw-of-a-file"), MASK);
        assert_eq!(Redactor::new([]).redact_cut("nothing is secret"), "nothing is secret");
    }
}
