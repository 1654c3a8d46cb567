//! The shape of a check: commands of words, words of pieces.
//!
//! The lexer makes words, the parser puts them in order. Nothing here knows a program or a record.

use super::refusal::Span;

/// A sentence of the check language.
#[derive(Clone, Debug)]
pub(super) struct Sentence {
    /// One to three commands; the output of one is the input of the next.
    pub(super) pipeline: Vec<Command>,
    /// What is asked of the captured output, where it is captured.
    pub(super) test: Option<Test>,
}

impl Sentence {
    /// Every variable, in the order of the sentence.
    pub(super) fn variables(&self) -> impl Iterator<Item = &Piece> {
        let pieces = self.pipeline.iter().flat_map(Command::pieces);
        pieces.filter(|piece| matches!(piece.part, Part::Variable(_)))
    }
}

/// `PGPASSWORD={password} psql -h {host}`.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub(super) assignment: Option<Assignment>,
    pub(super) program: Word,
    pub(super) arguments: Vec<Word>,
}

impl Command {
    fn pieces(&self) -> impl Iterator<Item = &Piece> {
        let assigned = self.assignment.iter().flat_map(|assignment| &assignment.value);
        let words = std::iter::once(&self.program).chain(&self.arguments);
        assigned.chain(words.flat_map(|word| &word.pieces))
    }
}

/// `PGPASSWORD={password}` before a program.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: Vec<Piece>,
    pub(super) span: Span,
}

impl Assignment {
    /// The variable, where the value is one variable and nothing else.
    pub(super) fn variable(&self) -> Option<&str> {
        match self.value.as_slice() {
            [
                Piece {
                    part: Part::Variable(name),
                    ..
                },
            ] => Some(name),
            _ => None,
        }
    }
}

/// What becomes one argument: text and variables without a space between them.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) pieces: Vec<Piece>,
    pub(super) span: Span,
}

impl Word {
    /// Its text, where no variable is part of it.
    pub(super) fn literal(&self) -> Option<String> {
        let text = |piece: &Piece| match &piece.part {
            Part::Text(text) => Some(text.clone()),
            Part::Variable(_) => None,
        };
        self.pieces.iter().map(text).collect()
    }

    /// Its text, where it is one piece without quotes.
    pub(super) fn bare(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [
                Piece {
                    part: Part::Text(text),
                    quoted: false,
                    ..
                },
            ] => Some(text),
            _ => None,
        }
    }

    /// Its text before the first variable.
    pub(super) fn prefix(&self) -> String {
        let mut prefix = String::new();
        for piece in &self.pieces {
            match &piece.part {
                Part::Text(text) => prefix.push_str(text),
                Part::Variable(_) => break,
            }
        }
        prefix
    }
}

/// A part of a word, with its place.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) part: Part,
    pub(super) quoted: bool,
    /// Of a variable: with its braces, without quotes around it.
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) enum Part {
    Text(String),
    Variable(String),
}

/// `test "$pods" -gt 0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Test {
    pub(super) operator: Operator,
    pub(super) number: u32,
}

impl Test {
    /// Whether the captured text is a number that stands in the relation; other text is none.
    #[must_use]
    pub fn passes(self, captured: &str) -> bool {
        let number = i64::from(self.number);
        let compare = |captured: i64| match self.operator {
            Operator::Greater => captured > number,
            Operator::AtLeast => captured >= number,
            Operator::Less => captured < number,
            Operator::AtMost => captured <= number,
            Operator::Equal => captured == number,
            Operator::NotEqual => captured != number,
        };
        captured.trim().parse().is_ok_and(compare)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Greater,
    AtLeast,
    Less,
    AtMost,
    Equal,
    NotEqual,
}

impl Operator {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "-gt" => Some(Self::Greater),
            "-ge" => Some(Self::AtLeast),
            "-lt" => Some(Self::Less),
            "-le" => Some(Self::AtMost),
            "-eq" => Some(Self::Equal),
            "-ne" => Some(Self::NotEqual),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(operator: &str, number: u32, captured: &str, expected: bool) {
        let operator = Operator::parse(operator).unwrap();
        assert_eq!(Test { operator, number }.passes(captured), expected, "{captured}");
    }

    #[test]
    fn tests_compare_numbers() {
        check("-gt", 0, "9", true);
        check("-gt", 0, "0\n", false);
        check("-ge", 9, "9", true);
        check("-lt", 3, "2", true);
        check("-le", 3, "4", false);
        check("-eq", 3, " 3 ", true);
        check("-ne", 3, "3", false);
        check("-ne", 3, "", false);
        check("-lt", 3, "-1", true);
        check("-gt", 0, "nine", false);
        check("-gt", 0, "99999999999999999999", false);
    }

    #[test]
    fn unknown_operators_are_none() {
        assert_eq!(Operator::parse("-a"), None);
    }
}
