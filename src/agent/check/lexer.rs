//! Sentence to tokens, by hand: every character is named here or refused.
//!
//! Text goes in, tokens with their places come out. What a shell would expand (globs, tildes,
//! command substitution, escapes) has no token, so it is refused here; braces mean a variable only.

use super::refusal::{Code, Mistake, Span};
use super::sentence::{Part, Piece, Word};

/// Longest sentence, in characters.
pub const MAX_CHARACTERS: usize = 512;

/// Longest name of a variable, an environment slot or a capture.
const MAX_NAME: usize = 64;

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Word(Word),
    /// `|`
    Pipe,
    /// `=$(`
    Open,
    /// `)`
    Close,
    /// `;`
    Semicolon,
    /// `"$name"`
    Captured(String),
}

/// The tokens of `text`.
pub(super) fn lex(text: &str) -> Result<Vec<Token>, Mistake> {
    check_characters(text)?;
    let mut lexer = Lexer {
        text: text.as_bytes(),
        at: 0,
    };
    let mut tokens = Vec::new();
    while lexer.skip_spaces() {
        let start = lexer.at;
        let kind = lexer.token()?;
        let span = Span::new(start, lexer.at);
        tokens.push(Token { kind, span });
    }
    Ok(tokens)
}

/// Printable ASCII only, and not too much of it.
fn check_characters(text: &str) -> Result<(), Mistake> {
    let length = text.chars().count();
    if length > MAX_CHARACTERS {
        let message = format!("a check has at most {MAX_CHARACTERS} characters, this one has {length}");
        return Err(Mistake::new(
            Code::E_TOO_LONG,
            Span::new(MAX_CHARACTERS, length),
            message,
        ));
    }
    match text.chars().position(|character| !matches!(character, ' '..='~')) {
        Some(at) => {
            let message = "a check is printable ASCII on one line";
            Err(Mistake::new(Code::E_CHARSET, Span::new(at, at + 1), message))
        }
        None => Ok(()),
    }
}

/// Whether a character may stand in a word without quotes.
pub(super) fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_./:=,@%+-".contains(&byte)
}

struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
}

impl Lexer<'_> {
    /// Go to the next token; whether there is one.
    fn skip_spaces(&mut self) -> bool {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
        self.peek().is_some()
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn ahead(&self, expected: &[u8]) -> bool {
        self.text[self.at..].starts_with(expected)
    }

    fn token(&mut self) -> Result<Kind, Mistake> {
        let single = match self.peek() {
            Some(b'|') => Kind::Pipe,
            Some(b')') => Kind::Close,
            Some(b';') => Kind::Semicolon,
            _ if self.ahead(b"=$(") => {
                self.at += 3;
                return Ok(Kind::Open);
            }
            _ if self.ahead(b"\"$") => return self.captured(),
            _ => return self.word(),
        };
        self.at += 1;
        Ok(single)
    }

    /// `"$name"`, and a space or the end after it.
    fn captured(&mut self) -> Result<Kind, Mistake> {
        let start = self.at;
        self.at += 2;
        let name = self.name();
        let closed = is_name(&name) && self.ahead(b"\"") && matches!(self.text.get(self.at + 1), None | Some(b' '));
        if !closed {
            let message = "`$` stands only in `NAME=$(` and in `\"$NAME\"`";
            return Err(Mistake::new(Code::E_TOKEN, Span::new(start + 1, start + 2), message));
        }
        self.at += 1;
        Ok(Kind::Captured(name))
    }

    fn name(&mut self) -> String {
        let start = self.at;
        while self
            .peek()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            self.at += 1;
        }
        self.slice(start, self.at)
    }

    fn word(&mut self) -> Result<Kind, Mistake> {
        let start = self.at;
        let mut pieces = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                _ if self.ahead(b"=$(") => break,
                b' ' | b'|' | b')' | b';' => break,
                b'{' => pieces.push(self.variable(false)?),
                b'\'' | b'"' => self.quoted(byte, &mut pieces)?,
                _ if is_bare(byte) => pieces.push(self.bare()),
                _ => return Err(self.unknown(byte)),
            }
        }
        let span = Span::new(start, self.at);
        Ok(Kind::Word(Word { pieces, span }))
    }

    fn bare(&mut self) -> Piece {
        let start = self.at;
        while self.peek().is_some_and(is_bare) && !self.ahead(b"=$(") {
            self.at += 1;
        }
        self.text_piece(start, false)
    }

    /// `'…'` or `"…"`. Empty quotes are a piece as well: after them nothing is an assignment.
    fn quoted(&mut self, quote: u8, pieces: &mut Vec<Piece>) -> Result<(), Mistake> {
        let open = self.at;
        self.at += 1;
        let mut start = self.at;
        let before = pieces.len();
        loop {
            let Some(byte) = self.peek() else {
                let message = format!("the quote `{}` is not closed", char::from(quote));
                return Err(Mistake::new(Code::E_TOKEN, Span::new(open, self.at), message));
            };
            if byte != quote && byte != b'{' {
                self.check_inside(quote, byte)?;
                self.at += 1;
                continue;
            }
            if self.at > start || (byte == quote && pieces.len() == before) {
                pieces.push(self.text_piece(start, true));
            }
            if byte == quote {
                self.at += 1;
                return Ok(());
            }
            pieces.push(self.variable(true)?);
            start = self.at;
        }
    }

    /// Inside single quotes a shell leaves everything alone, inside double quotes not these.
    fn check_inside(&self, quote: u8, byte: u8) -> Result<(), Mistake> {
        match byte {
            b'}' => Err(self.unknown(byte)),
            b'$' | b'`' | b'\\' if quote == b'"' => Err(self.unknown(byte)),
            _ => Ok(()),
        }
    }

    /// `{name}`.
    fn variable(&mut self, quoted: bool) -> Result<Piece, Mistake> {
        let start = self.at;
        self.at += 1;
        let name = self.name();
        let lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
        let letter = name.starts_with(|first: char| first.is_ascii_lowercase());
        if !(lower && letter && name.len() <= MAX_NAME && self.ahead(b"}")) {
            let message = "a brace opens a `{variable}` of lower-case letters, digits and `_`, and nothing else";
            return Err(Mistake::new(
                Code::E_TOKEN,
                Span::new(start, self.at.max(start + 1)),
                message,
            ));
        }
        self.at += 1;
        Ok(Piece {
            part: Part::Variable(name),
            quoted,
            span: Span::new(start, self.at),
        })
    }

    fn text_piece(&self, start: usize, quoted: bool) -> Piece {
        Piece {
            part: Part::Text(self.slice(start, self.at)),
            quoted,
            span: Span::new(start, self.at),
        }
    }

    fn slice(&self, start: usize, end: usize) -> String {
        self.text[start..end].iter().copied().map(char::from).collect()
    }

    fn unknown(&self, byte: u8) -> Mistake {
        let message = match byte {
            b'$' => "`$` stands only in `NAME=$(` and in `\"$NAME\"`".to_owned(),
            b'}' => "`}` closes no `{variable}`".to_owned(),
            _ => format!("`{}` is not part of the check language", char::from(byte)),
        };
        Mistake::new(Code::E_TOKEN, Span::new(self.at, self.at + 1), message)
    }
}

/// Whether `text` can name a capture or an environment slot.
pub(super) fn is_name(text: &str) -> bool {
    let first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    text.bytes().next().is_some_and(first)
        && text.len() <= MAX_NAME
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
