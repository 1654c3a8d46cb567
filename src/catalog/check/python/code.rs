//! Python without its comments and strings: what is left is code, at the places where it stands.
//!
//! Text in, text of the same lines and columns out. What stands in braces of an f-string is code and stays.

/// Every character that is no code is a space; a string keeps its first and its last quote.
pub(super) fn code(text: &str) -> Vec<char> {
    let mut scan = Scan {
        text: text.chars().collect(),
        out: text.chars().map(|one| if one == '\n' { one } else { ' ' }).collect(),
        at: 0,
    };
    scan.code(false);
    scan.out
}

struct Scan {
    text: Vec<char>,
    out: Vec<char>,
    at: usize,
}

impl Scan {
    fn now(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn keep(&mut self) {
        self.out[self.at] = self.text[self.at];
        self.at += 1;
    }

    /// Code up to the end, or up to the brace that ends a field of an f-string.
    fn code(&mut self, in_field: bool) {
        let mut depth = 0_usize;
        while let Some(now) = self.now() {
            match now {
                '#' => self.comment(),
                '"' | '\'' => self.string(),
                '}' if in_field && depth == 0 => {
                    self.at += 1;
                    return;
                }
                ':' if in_field && depth == 0 => {
                    self.format();
                    return;
                }
                '(' | '[' | '{' => {
                    depth += 1;
                    self.keep();
                }
                ')' | ']' | '}' => {
                    depth = depth.saturating_sub(1);
                    self.keep();
                }
                _ => self.keep(),
            }
        }
    }

    fn comment(&mut self) {
        while self.now().is_some_and(|now| now != '\n') {
            self.at += 1;
        }
    }

    /// The form in which a field is written, which may have fields of its own.
    fn format(&mut self) {
        self.at += 1;
        while let Some(now) = self.now() {
            self.at += 1;
            match now {
                '{' => self.code(true),
                '}' => return,
                _ => {}
            }
        }
    }

    fn string(&mut self) {
        let has_fields = self.prefix().contains(['f', 't']);
        let Some(quote) = self.now() else { return };
        let is_long = self.text[self.at..].starts_with(&[quote; 3]);
        let length = if is_long { 3 } else { 1 };
        self.out[self.at] = quote;
        self.at += length;
        while let Some(now) = self.now() {
            if self.text[self.at..].starts_with(&[quote; 3][..length]) {
                self.at += length;
                self.out[self.at - 1] = quote;
                return;
            }
            match now {
                '\n' if !is_long => return, // not Python; the rest is looked at all the same
                // In a raw string, too, a quote behind it ends nothing.
                '\\' => self.at += 2,
                '{' if has_fields && self.text.get(self.at + 1) == Some(&'{') => self.at += 2,
                '{' if has_fields => {
                    self.at += 1;
                    self.code(true);
                }
                _ => self.at += 1,
            }
        }
    }

    /// The letters in front of a quote, in lower case.
    fn prefix(&self) -> String {
        let before = self.text[..self.at]
            .iter()
            .rev()
            .take_while(|one| one.is_ascii_alphabetic());
        let letters: String = before.take(4).map(char::to_ascii_lowercase).collect();
        let is_prefix = letters.len() <= 2 && letters.chars().all(|one| "rbfut".contains(one));
        if is_prefix { letters } else { String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_go_and_places_stay() {
        for (text, expected) in [
            ("a = 'b' # c\n", "a = ' '    \n"),
            ("a = \"\"\"b\n\"c\"\"\"\nd", "a = \"   \n    \"\nd"),
            ("a = r'\\\\' + b'\\'' + c", "a = r'  ' + b'  ' + c"),
            ("f'{a!r:>{b}} {{c}}'", "f' a!r   b        '"),
            ("f'{d[\"e\"]}'", "f' d[\" \"] '"),
            ("of'x'", "of' '"),
        ] {
            let found: String = code(text).into_iter().collect();
            assert_eq!(found.chars().count(), text.chars().count(), "{text}");
            assert_eq!(found, expected, "{text}");
        }
    }
}
