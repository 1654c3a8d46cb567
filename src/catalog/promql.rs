//! The metrics of a PromQL expression, and whether each is selected by `$own`.
//!
//! An expression goes in, names with their places come out. Only words are told apart here; whether an expression is one
//! is Prometheus's to say, and `promtool` says it of every rule and panel in the tests.

use super::watching::OWN;

/// Words that are followed by labels in parentheses.
const WITH_LABELS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
/// Words between operands.
const OPERATORS: [&str; 8] = ["and", "or", "unless", "atan2", "bool", "offset", "inf", "nan"];

/// A metric that an expression asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    pub metric: &'a str,
    /// Byte of the expression at which it stands.
    pub at: usize,
    /// Whether its labels begin with `$own`.
    pub is_own: bool,
}

/// All metrics of an expression, in its order; a selector without a name has an empty one.
#[must_use]
pub fn metrics(expr: &str) -> Vec<Asked<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = expr[at..].chars().next() {
        let rest = &expr[at..];
        at += match first {
            '"' | '\'' | '`' => text(rest),
            '[' => closed(rest, ']'),
            '{' => {
                found.push(asked("", at, rest));
                closed(rest, '}')
            }
            '0'..='9' => leading(rest, |one| one.is_ascii_alphanumeric() || one == '.'),
            first if is_of_word(first) => {
                let word = &rest[..leading(rest, is_of_word)];
                word.len() + after(word, at, &rest[word.len()..], &mut found)
            }
            other => other.len_utf8(),
        };
    }
    found
}

/// How much of what follows a word belongs to it; a word that is a metric is found.
fn after<'a>(word: &'a str, at: usize, rest: &'a str, found: &mut Vec<Asked<'a>>) -> usize {
    let blanks = leading(rest, char::is_whitespace);
    let next = &rest[blanks..];
    let is_listed = |words: &[&str]| words.iter().any(|one| word.eq_ignore_ascii_case(one));
    if is_listed(&WITH_LABELS) {
        return if next.starts_with('(') {
            blanks + closed(next, ')')
        } else {
            0
        };
    }
    let follows = &next[..leading(next, is_of_word)];
    let is_aggregation = ["by", "without"].iter().any(|one| follows.eq_ignore_ascii_case(one));
    if next.starts_with('(') || is_aggregation || is_listed(&OPERATORS) {
        return 0;
    }
    found.push(asked(word, at, rest));
    if rest.starts_with('{') { closed(rest, '}') } else { 0 }
}

fn asked<'a>(metric: &'a str, at: usize, labels: &str) -> Asked<'a> {
    let own = labels.strip_prefix('{').and_then(|labels| labels.strip_prefix(OWN));
    Asked {
        metric,
        at,
        is_own: own.is_some_and(|rest| rest.starts_with([',', '}'])),
    }
}

/// Bytes up to the sign that closes what begins here, texts passed over.
fn closed(rest: &str, close: char) -> usize {
    let mut at = 1;
    while let Some(one) = rest[at..].chars().next() {
        if one == close {
            return at + one.len_utf8();
        }
        at += match one {
            '"' | '\'' | '`' => text(&rest[at..]),
            other => other.len_utf8(),
        };
    }
    rest.len()
}

/// Bytes of a text in quotes.
fn text(rest: &str) -> usize {
    let quote = rest.chars().next().unwrap_or_default();
    let mut is_escaped = false;
    for (at, one) in rest.char_indices().skip(1) {
        match one {
            _ if is_escaped => is_escaped = false,
            '\\' if quote != '`' => is_escaped = true,
            one if one == quote => return at + one.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

fn leading(rest: &str, is_meant: impl Fn(char) -> bool) -> usize {
    rest.find(|one| !is_meant(one)).unwrap_or(rest.len())
}

fn is_of_word(one: char) -> bool {
    one.is_ascii_alphanumeric() || one == '_' || one == ':'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_told_from_other_words() {
        for (expr, expected) in [
            ("up{$own} == 0", vec![("up", true)]),
            ("up == 0", vec![("up", false)]),
            (r#"up{job="a", $own}"#, vec![("up", false)]),
            ("up{$owner}", vec![("up", false)]),
            (r#"{$own, __name__="up"}"#, vec![("", true)]),
            ("time() - max by (pod) (last{$own}) > 1e6", vec![("last", true)]),
            ("sum(rate(a_total{$own}[5m])) without (b)", vec![("a_total", true)]),
            (
                r#"sum by (pod) (rate(a:b{$own, code=~"5..}"}[5m])) > 0.8 * max(c{$own})"#,
                vec![("a:b", true), ("c", true)],
            ),
            (
                "a{$own} / on (pod) group_left b and c{$own} offset 1h",
                vec![("a", true), ("b", false), ("c", true)],
            ),
            (
                r#"label_replace(a{$own}, "x", "$1", 'pod\'', "(.*)")"#,
                vec![("a", true)],
            ),
            ("topk(3, a{$own}) > bool 2", vec![("a", true)]),
            ("", vec![]),
            ("\"open", vec![]),
            ("a{$own", vec![("a", false)]),
        ] {
            let found = metrics(expr);
            let found: Vec<_> = found.iter().map(|asked| (asked.metric, asked.is_own)).collect();
            assert_eq!(found, expected, "{expr}");
        }
    }

    #[test]
    fn places_are_those_of_the_names() {
        let expr = "1 + up{$own} / down";
        let places: Vec<_> = metrics(expr).iter().map(|asked| asked.at).collect();
        assert_eq!(places, [4, 15]);
    }
}
