//! Patterns of the catalog: text with `{variables}`, and nothing else.
//!
//! `{name}`, `{to.host}`, `{endpoints.http.port}` are replaced; braces mean only that. A pattern
//! without a variable costs no copy.

use std::borrow::Cow;

use anyhow::bail;

use crate::fault::Code;

/// Replace each `{variable}` of `pattern` by what `lookup` gives for it.
///
/// # Errors
/// A brace that opens no variable, or a variable that `lookup` does not know.
pub fn expand<'a, 'v>(pattern: &'a str, lookup: impl Fn(&str) -> Option<Cow<'v, str>>) -> anyhow::Result<Cow<'a, str>> {
    if !pattern.contains(['{', '}']) {
        return Ok(Cow::Borrowed(pattern));
    }
    let mut text = String::with_capacity(pattern.len() + 32);
    let mut rest = pattern;
    while let Some(open) = rest.find(['{', '}']) {
        text.push_str(&rest[..open]);
        let Some(close) = rest[open..].find('}').filter(|_| rest[open..].starts_with('{')) else {
            let fact = format!("pattern `{pattern}` has a brace that is not part of a `{{variable}}`");
            bail!(Code::E_CATALOG_PATTERN.fault(fact).in_pattern(pattern));
        };
        let variable = &rest[open + 1..open + close];
        let Some(value) = lookup(variable) else {
            let fact = format!("pattern `{pattern}` names `{variable}`, which is not known there");
            bail!(Code::E_CATALOG_PATTERN.fault(fact).in_pattern(pattern));
        };
        text.push_str(&value);
        rest = &rest[open + close + 1..];
    }
    text.push_str(rest);
    Ok(Cow::Owned(text))
}

/// A part of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// The parts of a pattern, in order.
pub fn pieces(pattern: &str) -> impl Iterator<Item = Piece<'_>> {
    let first = pattern.split('{').next().map(Piece::Text);
    let others = pattern.split('{').skip(1).filter_map(|part| part.split_once('}'));
    let others = others.flat_map(|(name, text)| [Piece::Variable(name), Piece::Text(text)]);
    first
        .into_iter()
        .chain(others)
        .filter(|piece| *piece != Piece::Text(""))
}

/// Names of the variables of a pattern, in order.
pub fn variables(pattern: &str) -> impl Iterator<Item = &str> {
    pieces(pattern).filter_map(|piece| match piece {
        Piece::Variable(name) => Some(name),
        Piece::Text(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, expected: Option<&str>) {
        let found = expand(pattern, |name| (name == "name").then_some(Cow::Borrowed("kafka")));
        assert_eq!(found.ok().as_deref(), expected, "{pattern}");
    }

    #[test]
    fn patterns() {
        check("plain", Some("plain"));
        check("{name}-rw.{name}", Some("kafka-rw.kafka"));
        check("{nome}", None);
        check("{name", None);
        check("name}", None);
        check("{}", None);
    }
}
