//! A text that a regular expression matches: what a stack file might give where a type wants a value and has no default.
//!
//! Of every choice the first is taken and of every repetition the least, so the text is short and always the same.
//! Whether it fits is for the attribute to say: an expression may ask for more than is read here.

use std::iter::Peekable;
use std::str::Chars;

/// A text for `expression`.
pub(super) fn matching(expression: &str) -> String {
    let mut signs = expression.chars().peekable();
    alternatives(&mut signs)
}

/// The first of several, up to the bracket that ends them.
fn alternatives(signs: &mut Peekable<Chars<'_>>) -> String {
    let mut first = None;
    let mut text = String::new();
    while let Some(sign) = signs.next() {
        match sign {
            ')' => break,
            '|' => {
                first.get_or_insert(std::mem::take(&mut text));
                text.clear();
            }
            '^' | '$' => {}
            _ => {
                let one = atom(sign, signs);
                text.push_str(&one.repeat(least(signs)));
            }
        }
    }
    first.unwrap_or(text)
}

fn atom(sign: char, signs: &mut Peekable<Chars<'_>>) -> String {
    match sign {
        '(' => {
            // `(?:…)` and the like: what stands before the colon says nothing of the text.
            if signs.next_if_eq(&'?').is_some() {
                while signs.next_if(|next| !matches!(next, ':' | '>' | ')')).is_some() {}
                signs.next_if(|next| matches!(next, ':' | '>'));
            }
            alternatives(signs)
        }
        '[' => class(signs).to_string(),
        '.' => "a".to_owned(),
        '\\' => escaped(signs.next()).to_string(),
        other => other.to_string(),
    }
}

fn escaped(sign: Option<char>) -> char {
    match sign {
        Some('d') => '0',
        Some('w') | None => 'a',
        Some('s') => ' ',
        Some(other) => other,
    }
}

/// The first sign of a class, or one that a class of what may not stand there lets in.
fn class(signs: &mut Peekable<Chars<'_>>) -> char {
    let is_negated = signs.next_if_eq(&'^').is_some();
    let mut listed = Vec::new();
    while let Some(sign) = signs.next_if(|next| *next != ']' || listed.is_empty()) {
        listed.push(if sign == '\\' { escaped(signs.next()) } else { sign });
    }
    signs.next_if_eq(&']');
    match is_negated {
        true => ['a', 'A', '0', '-']
            .into_iter()
            .find(|sign| !listed.contains(sign))
            .unwrap_or('_'),
        false => listed.first().copied().unwrap_or('a'),
    }
}

/// How often the last atom stands at least.
fn least(signs: &mut Peekable<Chars<'_>>) -> usize {
    let least = match signs.peek() {
        Some('?' | '*') => 0,
        Some('+') => 1,
        Some('{') => {
            let digits: String = signs.clone().skip(1).take_while(char::is_ascii_digit).collect();
            while signs.next_if(|next| *next != '}').is_some() {}
            digits.parse().unwrap_or(1)
        }
        _ => return 1,
    };
    signs.next();
    signs.next_if_eq(&'?');
    least.min(64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_matches_its_expression() {
        for (expression, expected) in [
            ("[a-z]([a-z0-9-]{0,61}[a-z0-9])?", "a"),
            ("[A-Za-z0-9_.-]+:(,[A-Za-z0-9_.-]+:)*", "A:"),
            ("https?://[a-z0-9.:-]{1,253}", "http://a"),
            ("[1-9][0-9]{0,5}(kB|MB|GB)", "1kB"),
            ("(?:x|y)z{2}", "xzz"),
            ("\\d{3}-\\w", "000-a"),
            ("[^a]b\\.", "Ab."),
            ("a|b", "a"),
            ("[]x]+", "]"),
        ] {
            let text = matching(expression);
            assert_eq!(text, expected, "{expression}");
            let whole = regex_lite::Regex::new(&format!("^(?:{expression})$")).unwrap();
            assert!(whole.is_match(&text), "{expression}: {text}");
        }
    }
}
