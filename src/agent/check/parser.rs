//! Tokens to a sentence: one function for each rule of the grammar.
//!
//! ```text
//! check    = pipeline | NAME "=$(" pipeline ")" ";" test
//! pipeline = command *2( "|" command )
//! command  = *1( ENVNAME "=" secret ) word *word
//! test     = "test" DQ "$" NAME DQ op 1*9DIGIT
//! ```
//!
//! It must not know which programs there are.

use super::lexer::{Kind, Token, is_name, lex};
use super::refusal::{Code, Mistake, Span};
use super::sentence::{Assignment, Command, Operator, Part, Piece, Sentence, Test, Word};

/// Most commands of a pipeline.
pub const MAX_COMMANDS: usize = 3;

/// The sentence that `text` is.
pub(super) fn parse(text: &str) -> Result<Sentence, Mistake> {
    let mut parser = Parser {
        tokens: lex(text)?,
        next: 0,
        end: text.len(),
    };
    let sentence = parser.check()?;
    match parser.take() {
        None => Ok(sentence),
        Some(token) => Err(Mistake::new(Code::E_PARSE, token.span, "the check should end here")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    /// Length of the sentence.
    end: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.next).map(|token| &token.kind)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token
    }

    /// The place of the next token, or the end.
    fn place(&self) -> Span {
        let end = Span::new(self.end, self.end);
        self.tokens.get(self.next).map_or(end, |token| token.span)
    }

    fn expected(&self, what: &str) -> Mistake {
        Mistake::new(Code::E_PARSE, self.place(), format!("{what} should stand here"))
    }

    fn check(&mut self) -> Result<Sentence, Mistake> {
        let Some(name) = self.capture_name()? else {
            let pipeline = self.pipeline()?;
            return Ok(Sentence { pipeline, test: None });
        };
        let pipeline = self.pipeline()?;
        if !matches!(self.peek(), Some(Kind::Close)) {
            return Err(self.expected("`)`"));
        }
        self.next += 1;
        if !matches!(self.peek(), Some(Kind::Semicolon)) {
            return Err(self.expected("`;` and a `test`"));
        }
        self.next += 1;
        let test = Some(self.test(&name)?);
        Ok(Sentence { pipeline, test })
    }

    /// `NAME=$(`, where the sentence begins with it.
    fn capture_name(&mut self) -> Result<Option<String>, Mistake> {
        let [first, open, ..] = self.tokens.as_slice() else {
            return Ok(None);
        };
        if !matches!(open.kind, Kind::Open) {
            return Ok(None);
        }
        let name = match &first.kind {
            Kind::Word(word) if first.span.end == open.span.start => word.bare().filter(|name| is_name(name)),
            _ => None,
        };
        let Some(name) = name.map(str::to_owned) else {
            return Err(self.expected("a name, directly before `=$(`,"));
        };
        self.next = 2;
        Ok(Some(name))
    }

    fn pipeline(&mut self) -> Result<Vec<Command>, Mistake> {
        let mut pipeline = vec![self.command()?];
        while matches!(self.peek(), Some(Kind::Pipe)) {
            if pipeline.len() == MAX_COMMANDS {
                let message = format!("a pipeline has at most {MAX_COMMANDS} commands");
                return Err(Mistake::new(Code::E_LIMIT, self.place(), message));
            }
            self.next += 1;
            pipeline.push(self.command()?);
        }
        Ok(pipeline)
    }

    fn command(&mut self) -> Result<Command, Mistake> {
        let assignment = self.assignment();
        if let Some(Kind::Word(second)) = self.peek()
            && split_assignment(second).is_some()
        {
            let message = "a command has at most one environment slot";
            return Err(Mistake::new(Code::E_PARSE, second.span, message));
        }
        let Some(program) = self.word() else {
            return Err(self.expected("a program"));
        };
        let mut arguments = Vec::new();
        while let Some(word) = self.word() {
            arguments.push(word);
        }
        Ok(Command {
            assignment,
            program,
            arguments,
        })
    }

    fn assignment(&mut self) -> Option<Assignment> {
        let Some(Kind::Word(word)) = self.peek() else {
            return None;
        };
        let assignment = split_assignment(word)?;
        self.next += 1;
        Some(assignment)
    }

    fn word(&mut self) -> Option<Word> {
        let Some(Kind::Word(word)) = self.peek() else {
            return None;
        };
        let word = word.clone();
        self.next += 1;
        Some(word)
    }

    /// `test "$NAME" op digits`, of the name that was captured.
    fn test(&mut self, captured: &str) -> Result<Test, Mistake> {
        self.bare("`test`", |text| (text == "test").then_some(()))?;
        if !matches!(self.peek(), Some(Kind::Captured(name)) if name == captured) {
            return Err(self.expected(&format!("`\"${captured}\"`")));
        }
        self.next += 1;
        let operator = self.bare("`-gt`, `-ge`, `-lt`, `-le`, `-eq` or `-ne`", Operator::parse)?;
        let number = self.bare("a number of at most nine digits", |text| {
            let digits = text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten()
        })?;
        Ok(Test { operator, number })
    }

    /// A word without quotes that `read` understands.
    fn bare<T>(&mut self, what: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, Mistake> {
        let found = match self.peek() {
            Some(Kind::Word(word)) => word.bare().and_then(read),
            _ => None,
        };
        let value = found.ok_or_else(|| self.expected(what))?;
        self.next += 1;
        Ok(value)
    }
}

/// Read `NAME=value` as a shell does: the name and the `=` stand without quotes.
fn split_assignment(word: &Word) -> Option<Assignment> {
    let first = word.pieces.first()?;
    let Part::Text(text) = &first.part else {
        return None;
    };
    let (name, rest) = text
        .split_once('=')
        .filter(|(name, _)| !first.quoted && is_name(name))?;
    let mut value = Vec::new();
    if !rest.is_empty() {
        let span = Span::new(first.span.start + name.len() + 1, first.span.end);
        value.push(Piece {
            part: Part::Text(rest.to_owned()),
            quoted: false,
            span,
        });
    }
    value.extend(word.pieces.iter().skip(1).cloned());
    Some(Assignment {
        name: name.to_owned(),
        value,
        span: word.span,
    })
}
