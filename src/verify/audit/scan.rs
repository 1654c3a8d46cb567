//! The outermost fields of a JSON object as Python writes one, each with its bytes.
//!
//! It goes over hostile input once and without recursion, takes `NaN` and `Infinity`, which Python writes, and half a surrogate
//! pair, and finds a key that stands twice. It must not know what a field means.

use std::collections::BTreeMap;

/// Bytes of each value, by key.
pub(super) type Fields<'line> = BTreeMap<String, &'line [u8]>;

/// The object that `text` begins with, and what follows it; or what is wrong.
pub(super) fn object(text: &[u8]) -> Result<(Fields<'_>, &[u8]), &'static str> {
    let mut scan = Scan { text, at: 0 };
    let mut fields = Fields::new();
    scan.take(b'{')?;
    loop {
        let key = scan.value()?;
        let key = string(key).ok_or("a key is no text")?;
        scan.take(b':')?;
        if fields.insert(key, scan.value()?).is_some() {
            return Err("a key stands in it twice");
        }
        match scan.next() {
            Some(b',') => {}
            Some(b'}') => return Ok((fields, &text[scan.at..])),
            _ => return Err("it is not finished"),
        }
    }
}

/// The text behind the bytes of a string.
pub(super) fn string(bytes: &[u8]) -> Option<String> {
    let inner = bytes.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut text = String::new();
    let mut rest = inner.iter().copied();
    while let Some(byte) = rest.next() {
        let decoded = match byte {
            b'\\' => match rest.next()? {
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'u' => unit(&mut rest)?,
                other @ (b'"' | b'\\' | b'/') => char::from(other),
                _ => return None,
            },
            plain if plain.is_ascii() => char::from(plain),
            _ => return None,
        };
        text.push(decoded);
    }
    Some(text)
}

/// One code unit; half of a pair becomes the sign for what cannot be shown.
fn unit(rest: &mut impl Iterator<Item = u8>) -> Option<char> {
    let mut number = 0;
    for _ in 0..4 {
        number = number * 16 + char::from(rest.next()?).to_digit(16)?;
    }
    Some(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER))
}

struct Scan<'line> {
    text: &'line [u8],
    at: usize,
}

impl<'line> Scan<'line> {
    fn next(&mut self) -> Option<u8> {
        let byte = self.text.get(self.at).copied();
        self.at += 1;
        byte
    }

    fn take(&mut self, wanted: u8) -> Result<(), &'static str> {
        match self.next() {
            Some(byte) if byte == wanted => Ok(()),
            _ => Err("it is no object as the log writes one"),
        }
    }

    fn value(&mut self) -> Result<&'line [u8], &'static str> {
        let start = self.at;
        match self.text.get(start) {
            Some(b'"') => self.string()?,
            Some(b'{' | b'[') => self.nested()?,
            _ => self.word()?,
        }
        Ok(&self.text[start..self.at])
    }

    fn string(&mut self) -> Result<(), &'static str> {
        self.at += 1;
        loop {
            match self.next() {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.at += 1,
                Some(b' '..=b'~') => {}
                Some(_) => return Err("a text in it holds bytes that the log never writes"),
                None => return Err("a text in it is not finished"),
            }
        }
    }

    /// Past an object or a list, however deep: it is covered by the hash, and nobody reads it here.
    fn nested(&mut self) -> Result<(), &'static str> {
        let mut depth = 0_usize;
        loop {
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.string()?;
                    continue;
                }
                Some(b'{' | b'[') => depth += 1,
                Some(b'}' | b']') => depth -= 1,
                Some(b' '..=b'~') => {}
                Some(_) => return Err("it holds bytes that the log never writes"),
                None => return Err("it is not finished"),
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// A number, `null`, `true`, `false`, or one of Python's words for what is no number.
    fn word(&mut self) -> Result<(), &'static str> {
        let rest = &self.text[self.at.min(self.text.len())..];
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let length = rest.iter().take_while(|byte| is_part(byte)).count();
        let word = std::str::from_utf8(&rest[..length]).unwrap_or_default();
        let is_word = matches!(word, "null" | "true" | "false" | "NaN" | "Infinity" | "-Infinity");
        if is_word
            || (word.starts_with(|first: char| first == '-' || first.is_ascii_digit()) && word.parse::<f64>().is_ok())
        {
            self.at += length;
            return Ok(());
        }
        Err("a value in it is none of JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_python_writes_and_nothing_by_halves() {
        let (fields, rest) = object(br#"{"a":1,"b":{"c":["}\"",NaN,{}]},"d":-Infinity,"e":null} x"#).unwrap();
        assert_eq!(
            fields.keys().map(String::as_str).collect::<Vec<_>>(),
            ["a", "b", "d", "e"]
        );
        assert_eq!(fields["b"], br#"{"c":["}\"",NaN,{}]}"#);
        assert_eq!(rest, b" x");
        let broken = [
            "",
            "{",
            "{}",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":1,",
            "{\"a\":1,}",
            "{\"a\":[1}",
            "{\"a\":nul}",
            "{\"a\":\"x}",
            "{\"a\":\"x\\",
            "{a:1}",
            "{\"a\": 1}",
            "{\"a\":1,\"a\":1}",
            "{\"a\":1,\"\\u0061\":1}",
            "{\"a\":\"\n\"}",
            "{\"a\":inf}",
            "{\"a\":\"\u{e4}\"}",
            "{\"a\":{\"\u{e4}\":1}}",
            "{1:1}",
        ];
        for text in broken {
            let read = object(text.as_bytes());
            // A list that ends like an object is told by its hash alone.
            assert!(read.is_err() || text.contains('['), "{text}");
        }
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(object(deep.as_bytes()).is_ok());
    }

    #[test]
    fn decodes_texts_with_halves_of_pairs() {
        assert_eq!(string(br#""a\n\u00e4\ud800\"""#).unwrap(), "a\n\u{e4}\u{fffd}\"");
        for text in [r#""\u12""#, r#""\x""#, "x", r#"""#, "\"\\\""] {
            assert_eq!(string(text.as_bytes()), None, "{text}");
        }
    }
}
