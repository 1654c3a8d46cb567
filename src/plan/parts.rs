//! A document in numbered parts, for one that is too large for a ConfigMap.
//!
//! Text and a size go in, pieces of the text and their file names come out. `kubectl apply` keeps what it applied in an
//! annotation, as JSON in a JSON string, so a piece is measured as such a string.

/// Cut `text` into pieces, each at most `most` bytes as a string of JSON. Joined they are the text.
pub(super) fn split(text: &str, most: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (position, character) in text.char_indices() {
        let next = json_size(character);
        if size + next > most && position > start {
            pieces.push(&text[start..position]);
            (start, size) = (position, 0);
        }
        size += next;
    }
    pieces.push(&text[start..]);
    pieces
}

/// Bytes of a character in a string of JSON, as Kubernetes writes it: Go escapes what HTML would read as well.
fn json_size(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => 6,
        control if control < ' ' => 6,
        other => other.len_utf8(),
    }
}

/// `config/stack-metadata.json.007`
pub(super) fn name(whole: &str, number: usize) -> String {
    format!("{whole}.{number:03}")
}

/// The whole that a file is a part of, and the number as it is written: at least three digits.
pub(super) fn of(name: &str) -> Option<(&str, &str)> {
    let (whole, number) = name.rsplit_once('.')?;
    let is_number = number.len() >= 3 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some((whole, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Kubernetes would write, by another way: serde's string with Go's further escapes.
    fn written(text: &str) -> usize {
        let json = serde_json::to_string(text).unwrap();
        let more = |character| match character {
            '<' | '>' | '&' => 5,
            '\u{2028}' | '\u{2029}' => 3,
            _ => 0,
        };
        json.len() - 2 + text.chars().map(more).sum::<usize>()
    }

    #[test]
    fn pieces_join_to_the_text_and_keep_to_the_size() {
        let texts = [
            "",
            "a",
            "\"\"\"\"",
            "äöü→𝄞<&>\u{2028}\n\\ \"x\"",
            r#"{"a":["b \"c\"",1]}"#,
        ];
        for text in texts {
            for most in 6..40 {
                let pieces = split(text, most);
                assert_eq!(pieces.concat(), text);
                assert!(pieces.iter().all(|piece| written(piece) <= most), "{text} {most}");
                // No piece could take one more character.
                for pair in pieces.windows(2) {
                    let next = pair[1].chars().next().unwrap();
                    assert!(written(&format!("{}{next}", pair[0])) > most, "{text} {most}");
                }
            }
        }
    }

    #[test]
    fn names() {
        assert_eq!(name("config/a.json", 7), "config/a.json.007");
        for (text, expected) in [
            ("config/a.json.007", Some(("config/a.json", "007"))),
            ("config/a.json.1000", Some(("config/a.json", "1000"))),
            ("config/a.json", None),
            ("config/a.json.07", None),
            ("007", None),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
