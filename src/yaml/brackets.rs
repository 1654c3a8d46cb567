//! Brackets and quotes that are not closed, in a text that is no YAML.
//!
//! A parser reads on behind a bracket that was forgotten, and complains far below it. A line that begins
//! like a key or an item, and no deeper than the line of the bracket, tells where the bracket should have ended.

use super::lines::lines;

/// A bracket or quote, where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sign {
    pub(super) sign: char,
    pub(super) line: usize,
    pub(super) column: usize,
    /// Of its line.
    indent: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    Unclosed(Sign),
    /// A bracket that closes nothing.
    Extra(Sign),
    /// What follows a value that a bracket ended.
    Behind(Sign),
    /// A bracket that another one closes.
    Mixed {
        open: Sign,
        close: Sign,
    },
}

/// The first mistake.
pub(super) fn mistake(text: &str) -> Option<Mistake> {
    let held = lines(text);
    let mut scan = Scan::default();
    for (position, line) in text.lines().enumerate() {
        let known = held.binary_search_by_key(&(position + 1), |line| line.number);
        let begins = known.is_ok_and(|known| held[known].key().is_some() || held[known].is_item());
        let indent = line.len() - line.trim_start().len();
        if begins && scan.outermost().is_some_and(|outermost| indent <= outermost) {
            break;
        }
        if known.is_err() && scan.outermost().is_none() {
            continue; // a comment, or the body of a block scalar
        }
        if let Some(mistake) = scan.line(position + 1, line) {
            return Some(mistake);
        }
    }
    scan.quote.or(scan.open.pop()).map(Mistake::Unclosed)
}

impl Sign {
    pub(super) fn closing(self) -> char {
        match self.sign {
            '{' => '}',
            '[' => ']',
            quote => quote,
        }
    }
}

#[derive(Default)]
struct Scan {
    open: Vec<Sign>,
    quote: Option<Sign>,
}

impl Scan {
    /// The indentation of the line on which it began.
    fn outermost(&self) -> Option<usize> {
        self.open.first().or(self.quote.as_ref()).map(|sign| sign.indent)
    }

    fn line(&mut self, number: usize, text: &str) -> Option<Mistake> {
        let indent = text.len() - text.trim_start().len();
        let characters: Vec<char> = text.chars().collect();
        let mut begins = true;
        let mut closed = false;
        let mut column = 0;
        while let Some(&character) = characters.get(column) {
            let sign = Sign {
                sign: character,
                line: number,
                column: column + 1,
                indent,
            };
            let next = characters.get(column + 1).copied();
            column += 1;
            if let Some(quote) = self.quote {
                column += self.quoted(quote, character, next);
                continue;
            }
            let after_space = column == 1 || characters[column - 2].is_whitespace();
            match character {
                '#' if after_space => break,
                ' ' | '\t' | ':' => {}
                '}' | ']' if closed && self.open.is_empty() => return Some(Mistake::Extra(sign)),
                _ if closed && self.open.is_empty() => return Some(Mistake::Behind(sign)),
                '"' | '\'' if begins => self.quote = Some(sign),
                '{' | '[' if begins => self.open.push(sign),
                '}' | ']' => match self.open.pop() {
                    Some(open) if open.closing() != character => return Some(Mistake::Mixed { open, close: sign }),
                    Some(_) => closed = true,
                    None => {}
                },
                _ => {}
            }
            begins = match character {
                ' ' | '\t' => begins,
                '{' | '[' | ',' => begins || !self.open.is_empty(),
                ':' => next.is_none_or(char::is_whitespace),
                '-' => begins && next.is_none_or(char::is_whitespace),
                _ => false,
            };
        }
        None
    }

    /// One character inside a quote; the answer is how many more belong to it.
    fn quoted(&mut self, quote: Sign, character: char, next: Option<char>) -> usize {
        match (quote.sign, character, next) {
            ('"', '\\', _) | ('\'', '\'', Some('\'')) => 1,
            _ if character == quote.sign => {
                self.quote = None;
                0
            }
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, char, usize, usize)>) {
        let found = mistake(text).map(|mistake| match mistake {
            Mistake::Unclosed(sign) => ("unclosed", sign.sign, sign.line, sign.column),
            Mistake::Extra(sign) => ("extra", sign.sign, sign.line, sign.column),
            Mistake::Behind(sign) => ("behind", sign.sign, sign.line, sign.column),
            Mistake::Mixed { close, .. } => ("mixed", close.sign, close.line, close.column),
        });
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn what_is_not_closed() {
        check("a: {b: 1\nc: 2\n", Some(("unclosed", '{', 1, 4)));
        check("a:\n  b: {c: {d: 1}\n  e: 2\n", Some(("unclosed", '{', 2, 6)));
        check("a: {b: {c: 1\nd: 2\n", Some(("unclosed", '{', 1, 8)));
        check("a: [\n  {b: 1},\n  {c: 1}\n", Some(("unclosed", '[', 1, 4)));
        check("a: [1\n- b\n", Some(("unclosed", '[', 1, 4)));
        check("a: \"b\nc: 1\n", Some(("unclosed", '"', 1, 4)));
        check("a: 'b\n", Some(("unclosed", '\'', 1, 4)));
        check("a: {b: \"c}\n", Some(("unclosed", '"', 1, 8)));
        check("a: {b: 1}}\n", Some(("extra", '}', 1, 10)));
        check("- {b: 1}, {b: 2}\n", Some(("behind", ',', 1, 9)));
        check("a: {b: [1}\n", Some(("mixed", '}', 1, 10)));
    }

    #[test]
    fn what_is_closed_or_text() {
        for text in [
            "a: {b: 1, c: [1, 2]}\nd: {\n  e: 1,\n}\n",
            "a: it's\nb: x{y\nc: x]y\n",
            "a: 'it''s' # {\nb: \"\\\"{\"\n",
            "a: |\n  {\n  [\nb: 1\n",
            "# {\na: 1\n",
            "a: \"{\n  b: 1\"\n",
        ] {
            check(text, None);
        }
    }
}
