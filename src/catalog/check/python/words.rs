//! The words and signs of Python code, with their places and the statements that they belong to.

use super::code::code;
use crate::yaml::Span;

/// A name, a number or a sign. A string is its first quote.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) span: Span,
    /// Whether a statement begins here.
    pub(super) begins: bool,
    /// What a string holds between its quotes, as it is written; its letters in front are a word of their own.
    pub(super) content: &'a str,
}

/// Every word of `text` that is code, in order.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let bytes: Vec<(usize, char)> = text.char_indices().collect();
    let kept = code(text);
    let mut reader = Reader {
        text,
        places: bytes,
        kept,
        found: Vec::new(),
        at: 0,
        line: 1,
        start: 0,
        depth: 0,
        begins: true,
    };
    while reader.at < reader.kept.len() {
        reader.next();
    }
    reader.found
}

struct Reader<'a> {
    text: &'a str,
    places: Vec<(usize, char)>,
    kept: Vec<char>,
    found: Vec<Word<'a>>,
    at: usize,
    line: usize,
    /// Where the line begins.
    start: usize,
    depth: usize,
    begins: bool,
}

impl<'a> Reader<'a> {
    fn next(&mut self) {
        let now = self.kept[self.at];
        match now {
            '\n' => {
                let continues = self.at > 0 && self.kept[self.at - 1] == '\\';
                self.begins |= self.depth == 0 && !continues;
                self.at += 1;
                self.line += 1;
                self.start = self.at;
            }
            '\\' => self.at += 1,
            _ if now.is_whitespace() => self.at += 1,
            _ if is_of_name(now) => {
                let rest = self.kept[self.at..].iter();
                let length = rest.take_while(|one| is_of_name(**one)).count();
                self.add(length, "");
            }
            '"' | '\'' => self.string(now),
            _ => {
                match now {
                    '(' | '[' | '{' => self.depth += 1,
                    ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                self.add(1, "");
                self.begins = self.depth == 0 && matches!(now, ';' | ':');
            }
        }
    }

    /// From a quote to the one that ends it; code of fields in between stays for the words that follow.
    fn string(&mut self, quote: char) {
        let end = self.kept[self.at + 1..]
            .iter()
            .position(|one| *one == quote || *one == '\n');
        let end = end.map_or(self.kept.len(), |length| self.at + 1 + length);
        let inner = self.slice(self.at + 1, end.saturating_sub(self.at + 1));
        self.add(1, inner);
        let is_plain = self.kept[self.at..end.min(self.kept.len())]
            .iter()
            .all(|one| *one == ' ');
        if is_plain && self.kept.get(end) == Some(&quote) {
            self.at = end + 1;
        }
    }

    fn add(&mut self, length: usize, content: &'a str) {
        let span = Span {
            line: self.line,
            column: self.at - self.start + 1,
            length,
        };
        let word = Word {
            text: self.slice(self.at, length),
            span,
            begins: std::mem::take(&mut self.begins),
            content,
        };
        self.found.push(word);
        self.at += length;
    }

    fn slice(&self, at: usize, length: usize) -> &'a str {
        let byte = |position: usize| self.places.get(position).map_or(self.text.len(), |(byte, _)| *byte);
        &self.text[byte(at)..byte(at + length)]
    }
}

fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}
