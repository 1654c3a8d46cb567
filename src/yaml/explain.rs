//! What is wrong with a text that is no YAML, in the words of the mistake that a person made.
//!
//! The text and the parser's complaint go in; a complaint with the place of the mistake, and what to
//! write, comes out. Values are never repeated: they may be secret.

use super::brackets::{Mistake, Sign, mistake};
use super::lines::{Line, lines};
use super::read::{Problem, ProblemKind, Span};
use crate::name::secret_word;

/// Put the parser's complaint, where there is one, into the words of a mistake that is known.
pub(super) fn explain(text: &str, problems: Vec<Problem>) -> Vec<Problem> {
    let explained = |problem: Problem| {
        match problem.kind {
            ProblemKind::Unreadable => {}
            ProblemKind::Number if is_secret(text, problem.span.line) => return unnamed(problem),
            _ => return problem,
        }
        let known = tab(text, &problem)
            .or_else(|| bracket(text, &problem))
            .or_else(|| line(text, &problem));
        known.map_or(problem, |(span, message, hint)| Problem {
            span,
            kind: ProblemKind::Unreadable,
            message,
            hint: Some(hint),
        })
    };
    problems.into_iter().map(explained).collect()
}

/// Whether a value on `line` stands behind a key that sounds like a secret, or below one.
fn is_secret(text: &str, line: usize) -> bool {
    let above: Vec<&str> = text.lines().take(line).collect();
    let mut lines = above.into_iter().filter(|line| !line.trim().is_empty());
    let held = lines.next_back().unwrap_or_default();
    let before = lines.next_back().filter(|_| !held.contains(':'));
    secret_word(held).or_else(|| secret_word(before?)).is_some()
}

/// The same without the number.
fn unnamed(problem: Problem) -> Problem {
    Problem {
        message: "the value is a number to some YAML readers, and another or text to others".to_owned(),
        hint: Some("put it in quotes".to_owned()),
        ..problem
    }
}

type Explained = (Span, String, String);

/// A line that begins with a tab.
fn tab(text: &str, problem: &Problem) -> Option<Explained> {
    let begins = |line: &str| {
        let held = line.trim_start_matches([' ', '\t']);
        line[..line.len() - held.len()].find('\t').filter(|_| !held.is_empty())
    };
    let found = text.lines().take(problem.span.line).enumerate();
    let (line, column) = found
        .filter_map(|(line, held)| begins(held).map(|column| (line + 1, column + 1)))
        .next()?;
    let message = "the line is indented with a tab".to_owned();
    let hint = "indent with spaces, two for each level".to_owned();
    Some((span(line, column, 1), message, hint))
}

fn bracket(text: &str, problem: &Problem) -> Option<Explained> {
    let at = |sign: Sign| span(sign.line, sign.column, 1);
    match mistake(text)? {
        // The parser cannot complain before the bracket.
        Mistake::Unclosed(sign) if sign.line <= problem.span.line => {
            let what = if matches!(sign.sign, '{' | '[') {
                "bracket"
            } else {
                "quote"
            };
            let message = format!("this {what} is not closed");
            Some((at(sign), message, format!("close it with `{}`", sign.closing())))
        }
        Mistake::Extra(sign) if sign.line <= problem.span.line => {
            let message = "this bracket closes nothing: there is one too many".to_owned();
            Some((at(sign), message, format!("remove the `{}`", sign.sign)))
        }
        Mistake::Behind(sign) if sign.line <= problem.span.line => {
            let message = "something follows the bracket that ended the value".to_owned();
            let hint = "write the next entry on a line of its own".to_owned();
            Some((at(sign), message, hint))
        }
        Mistake::Mixed { open, close } if close.line <= problem.span.line => {
            let message = format!(
                "this bracket closes the `{}` of line {}, which ends in `{}`",
                open.sign,
                open.line,
                open.closing()
            );
            Some((at(close), message, format!("write `{}` here first", open.closing())))
        }
        _ => None,
    }
}

/// A line whose indentation, or whose colon, is wrong.
fn line(text: &str, problem: &Problem) -> Option<Explained> {
    let lines = lines(text);
    let position = lines.iter().position(|line| line.number == problem.span.line)?;
    let (above, line) = (&lines[..position], lines[position]);
    colon(above, line)
        .or_else(|| below_a_value(above, line))
        .or_else(|| second_colon(line))
        .or_else(|| indentation(above, line))
        .or_else(|| sign(problem))
}

/// Signs that mean something to YAML, in the parser's words.
fn sign(problem: &Problem) -> Option<Explained> {
    let says = |words: &str| problem.message.contains(words);
    let (message, hint) = if says("flow mapping, did not find") || says("flow sequence, did not find") {
        (
            "a comma is missing in front of this",
            "put a comma between the entries, and quotes round a value with a colon and a space in it",
        )
    } else if says("alias") || says("anchor") {
        (
            "`*` and `&` mean something else to YAML at the beginning of a value",
            "put the value in quotes",
        )
    } else if says("cannot start any token") || says("unexpected character") || says("directive") {
        ("a value cannot begin with this sign", "put the value in quotes")
    } else {
        return None;
    };
    Some((problem.span, message.to_owned(), hint.to_owned()))
}

/// `kafka` on a line of its own, and its keys below it.
fn colon(above: &[Line<'_>], line: Line<'_>) -> Option<Explained> {
    let before = above.last()?;
    let word = before.text.trim_start_matches("- ");
    let is_word = !word.contains([' ', ':', '{', '[', '"', '\'']) && before.indent < line.indent;
    is_word.then(|| {
        let column = before.indent + before.text.len() - word.len() + 1;
        let message = format!("`{word}` has keys below it and no colon behind it");
        (
            span(before.number, column, word.len()),
            message,
            format!("write `{word}:`"),
        )
    })
}

/// A key that is indented below `key: value`.
fn below_a_value(above: &[Line<'_>], line: Line<'_>) -> Option<Explained> {
    let before = above.last()?;
    let ((key, own), (outer, column)) = (line.key()?, before.key()?);
    if own <= column || before.value().is_empty() || line.is_item() {
        return None;
    }
    let message = format!(
        "`{key}` is indented below `{outer}` of line {}, which has a value already",
        before.number
    );
    let hint = format!("indent it by {}, like `{outer}`", spaces(column));
    Some((span(line.number, own + 1, key.len()), message, hint))
}

/// `a: b: c`.
fn second_colon(line: Line<'_>) -> Option<Explained> {
    let (key, column) = line.key()?;
    let rest = &line.text[line.text.find(key)? + key.len() + 1..];
    let is_plain = !rest.trim_start().starts_with(['{', '[', '"', '\'']);
    (is_plain && rest.contains(": ")).then(|| {
        let message = format!("the value of `{key}` has a colon and a space in it");
        let hint = "put the value in quotes, or write what follows on lines of its own, indented further".to_owned();
        (span(line.number, column + 1, key.len()), message, hint)
    })
}

/// A line that begins where no block above it begins, or that is of another kind than that block.
fn indentation(above: &[Line<'_>], line: Line<'_>) -> Option<Explained> {
    let open = open_blocks(above);
    let indent = span(line.number, line.indent + 1, 1);
    let like = |block: &Block<'_>| {
        let what = if block.is_item {
            "the item".to_owned()
        } else {
            format!("`{}`", block.key)
        };
        format!("{} like {what} on line {}", spaces(block.indent), block.line)
    };
    let Some(same) = open.iter().find(|block| block.indent == line.indent) else {
        // A line deeper than all above it begins a block, as it may.
        let deeper = open.iter().find(|block| block.indent > line.indent)?;
        let outer = open.iter().rfind(|block| block.indent < line.indent);
        let meant: Vec<String> = std::iter::once(deeper).chain(outer).map(like).collect();
        let message = format!(
            "the line is indented by {}, which fits no block above it",
            spaces(line.indent)
        );
        return Some((indent, message, format!("indent it by {}", meant.join(", or by "))));
    };
    if same.is_item && !line.is_item() {
        let inner = open
            .iter()
            .rev()
            .find(|block| block.indent > line.indent && !block.is_item);
        let deeper = inner.map_or(String::new(), |block| format!(", or indent it by {}", like(block)));
        let message = "a key stands where the list above it goes on".to_owned();
        return Some((indent, message, format!("begin the line with `- `{deeper}")));
    }
    (line.is_item() && !same.is_item).then(|| {
        let message = "a list item stands where the keys above it go on".to_owned();
        let hint = format!(
            "indent it further than `{}` on line {}, or write `key: value`",
            same.key, same.line
        );
        (indent, message, hint)
    })
}

struct Block<'a> {
    indent: usize,
    /// The key, or the dash, that it last had.
    key: &'a str,
    line: usize,
    is_item: bool,
}

/// The blocks that a next line may go on, the outermost first.
fn open_blocks<'a>(above: &[Line<'a>]) -> Vec<Block<'a>> {
    let mut open: Vec<Block<'a>> = Vec::new();
    for line in above {
        open.retain(|block| block.indent < line.indent);
        if line.is_item() {
            open.push(Block {
                indent: line.indent,
                key: "-",
                line: line.number,
                is_item: true,
            });
        }
        if let Some((key, indent)) = line.key() {
            open.push(Block {
                indent,
                key,
                line: line.number,
                is_item: false,
            });
        }
    }
    open
}

fn spaces(count: usize) -> String {
    match count {
        1 => "1 space".to_owned(),
        _ => format!("{count} spaces"),
    }
}

fn span(line: usize, column: usize, length: usize) -> Span {
    Span {
        line,
        column,
        length: length.max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    /// `line:column: message; hint`.
    fn told(text: &str) -> String {
        let problems = parse(text).unwrap_err();
        let Problem {
            span, message, hint, ..
        } = &problems[0];
        format!(
            "{}:{}: {message}; {}",
            span.line,
            span.column,
            hint.as_deref().unwrap_or_default()
        )
    }

    #[test]
    fn indentation_names_the_line_and_where_it_belongs() {
        for (text, expected) in [
            (
                "a:\n  b:\n     c: 1\n    d: 2\n",
                "4:5: the line is indented by 4 spaces, which fits no block above it; indent it by 5 spaces like `c` on line 3, or by 2 spaces like `b` on line 2",
            ),
            (
                "a:\n  b: 1\n c: 2\n",
                "3:2: the line is indented by 1 space, which fits no block above it; indent it by 2 spaces like `b` on line 2, or by 0 spaces like `a` on line 1",
            ),
            (
                "a:\n  - b: 1\n   c: 2\n",
                "3:4: the line is indented by 3 spaces, which fits no block above it; indent it by 4 spaces like `b` on line 2, or by 2 spaces like the item on line 2",
            ),
            (
                "a:\n  - b: 1\n  c: 2\n",
                "3:3: a key stands where the list above it goes on; begin the line with `- `, or indent it by 4 spaces like `b` on line 2",
            ),
            (
                "a:\n  b: 1\n  - c\n",
                "3:3: a list item stands where the keys above it go on; indent it further than `b` on line 2, or write `key: value`",
            ),
            (
                "a: 1\n  b: 2\n",
                "2:3: `b` is indented below `a` of line 1, which has a value already; indent it by 0 spaces, like `a`",
            ),
            (
                "a\n  b: 2\n",
                "1:1: `a` has keys below it and no colon behind it; write `a:`",
            ),
            (
                "x:\n\t\ty: 1\n",
                "2:1: the line is indented with a tab; indent with spaces, two for each level",
            ),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn signs_and_brackets_name_what_is_missing() {
        for (text, expected) in [
            ("a: {b: 1\nc: 2\n", "1:4: this bracket is not closed; close it with `}`"),
            ("a: [b\nc: 2\n", "1:4: this bracket is not closed; close it with `]`"),
            ("a: \"b\nc: 2\n", "1:4: this quote is not closed; close it with `\"`"),
            (
                "a: {b: 1}}\n",
                "1:10: this bracket closes nothing: there is one too many; remove the `}`",
            ),
            (
                "a: [{b: 1]\n",
                "1:10: this bracket closes the `{` of line 1, which ends in `}`; write `}` here first",
            ),
            (
                "- {a: 1}, {a: 2}\n",
                "1:9: something follows the bracket that ended the value; write the next entry on a line of its own",
            ),
            (
                "a: [{b: 1 c: 2}]\n",
                "1:12: a comma is missing in front of this; put a comma between the entries, and quotes round a value with a colon and a space in it",
            ),
            (
                "a: b: c\n",
                "1:1: the value of `a` has a colon and a space in it; put the value in quotes, or write what follows on lines of its own, indented further",
            ),
            (
                "a: @b\n",
                "1:4: a value cannot begin with this sign; put the value in quotes",
            ),
            (
                "a: *\n",
                "1:4: `*` and `&` mean something else to YAML at the beginning of a value; put the value in quotes",
            ),
            (
                "a: 1\nb: 2\na: 3\n",
                "3:1: the key `a` stands on line 1 already; remove one of the two, or give one another name",
            ),
            (
                "a: 010\n",
                "1:4: `010` is the number 8 to some YAML readers and 10 to others; write `10` without the 0 in front, or put it in quotes if it is text",
            ),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn a_number_that_may_be_secret_is_not_repeated() {
        for text in ["a: {password: 0x3f}\n", "api_key: 0123\n", "token:\n  1_000\n"] {
            let told = told(text);
            assert!(told.ends_with("put it in quotes"), "{told}");
            assert!(
                !told.contains("0x3f") && !told.contains("123") && !told.contains("000"),
                "{told}"
            );
        }
    }

    /// Whatever a text is broken into, its places lie in it.
    #[test]
    fn every_place_lies_in_the_text() {
        let whole = "a:\n  b: {c: [1, \"x: y\"], d: 'é'}\n  e:\n    - f: |\n        g\n      h: 2 # i\n  j: k\n";
        let signs = [
            "", "{", "}", "[", "\"", "'", ":", "\t", " ", "\n", "- ", "#", "é", "|\n",
        ];
        let cuts: Vec<usize> = whole.char_indices().map(|(position, _)| position).collect();
        let mut refused = 0;
        for (position, sign) in cuts.iter().flat_map(|cut| signs.iter().map(move |sign| (*cut, *sign))) {
            for skip in [0, 1] {
                let rest = &whole[position..];
                let rest = &rest[rest.char_indices().nth(skip).map_or(rest.len(), |(start, _)| start)..];
                let text = format!("{}{sign}{rest}", &whole[..position]);
                for problem in parse(&text).err().unwrap_or_default() {
                    refused += 1;
                    let lines = text.lines().count() + 1;
                    assert!((1..=lines).contains(&problem.span.line), "{text}: {problem:?}");
                    assert!(
                        problem.span.column >= 1 && !problem.message.is_empty(),
                        "{text}: {problem:?}"
                    );
                }
            }
        }
        assert!(refused > 500, "{refused}");
    }
}
