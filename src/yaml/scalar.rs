//! What a plain scalar means by the core schema of YAML 1.2, and where YAML 1.1 reads something else.
//!
//! A text goes in, a value comes out. Stack files, catalog entries and rendered files are read by both
//! kinds of readers, so a number that they read differently is refused rather than guessed.

use super::Value;

/// The value of a plain scalar: `yes` and `no` are text.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

fn number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty() {
        return text.strip_prefix('+').unwrap_or(text).parse().ok().map(Value::Integer);
    }
    let looks_numeric = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte))
        && digits.bytes().any(|byte| byte.is_ascii_digit());
    if looks_numeric {
        text.parse().ok().map(Value::Float)
    } else {
        None
    }
}

/// A number that readers do not agree about: the fact, and what to write.
pub(super) fn two_readings(text: &str) -> Option<(String, String)> {
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) if text.starts_with('-') => ("-", digits),
        Some(digits) => ("", digits),
        None => ("", text),
    };
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let quotes = "or put it in quotes if it is text";
    if let Some(decimal) = padded(digits) {
        return octal(digits, decimal).map(|other| {
            let fact = format!("`{text}` is {other} to some YAML readers and {sign}{decimal} to others");
            (
                fact,
                format!("write `{sign}{decimal}` without the 0 in front, {quotes}"),
            )
        });
    }
    let number = based(digits)
        .or_else(|| sixties(digits))
        .or_else(|| underscored(digits))?;
    let fact = format!("`{text}` is the number {sign}{number} to some YAML readers and text to others");
    Some((fact, format!("write `{sign}{number}`, {quotes}")))
}

/// The decimal value of `010`.
fn padded(digits: &str) -> Option<u64> {
    let is_padded = digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_padded.then(|| digits.parse().ok()).flatten()
}

/// `010` is 8 by YAML 1.1, and `08` is text; nothing where both readings are one number.
fn octal(digits: &str, decimal: u64) -> Option<String> {
    match u64::from_str_radix(digits, 8) {
        Ok(other) if other == decimal => None,
        Ok(other) => Some(format!("the number {other}")),
        Err(_) => Some("text".to_owned()),
    }
}

/// `0x1f`, `0o17`, `0b11`.
fn based(digits: &str) -> Option<u64> {
    [("0x", 16), ("0o", 8), ("0b", 2)].iter().find_map(|(prefix, radix)| {
        let rest = digits.strip_prefix(prefix)?.replace('_', "");
        u64::from_str_radix(&rest, *radix)
            .ok()
            .filter(|_| !rest.starts_with('+'))
    })
}

/// `1:30` is 90 by YAML 1.1.
fn sixties(digits: &str) -> Option<u64> {
    let parts: Vec<&str> = digits.split(':').collect();
    let numeric = |part: &&str| !part.is_empty() && part.len() <= 9 && part.bytes().all(|byte| byte.is_ascii_digit());
    let legal = parts.len() > 1
        && parts.iter().all(numeric)
        && !parts[0].starts_with('0')
        && parts[1..].iter().all(|part| part.len() <= 2 && *part < "60");
    legal.then(|| {
        parts
            .iter()
            .filter_map(|part| part.parse::<u64>().ok())
            .fold(0_u64, |sum, part| sum.saturating_mul(60).saturating_add(part))
    })
}

/// `1_000`.
fn underscored(digits: &str) -> Option<u64> {
    let legal = digits.contains('_') && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    legal.then(|| digits.replace('_', "").parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_readers_do_not_agree_about() {
        for (text, advice) in [
            ("010", Some("write `10` without the 0 in front")),
            ("-010", Some("write `-10` without the 0 in front")),
            ("0440", Some("write `440` without the 0 in front")),
            ("09", Some("write `9` without the 0 in front")),
            ("00", None),
            ("07", None),
            ("0x3", Some("write `3`")),
            ("0xFF", Some("write `255`")),
            ("0o7", Some("write `7`")),
            ("0b11", Some("write `3`")),
            ("1_000", Some("write `1000`")),
            ("+1_000", Some("write `1000`")),
            ("1:30", Some("write `90`")),
            ("0", None),
            ("8", None),
            ("-3", None),
            ("1.5", None),
            ("0.5", None),
            ("1e3", None),
            ("10Gi", None),
            ("1.2.3", None),
            ("0xyz", None),
            ("2024-01-01", None),
            ("99:99", None),
            ("08:00", None),
            ("_1", None),
            ("1_000m", None),
            ("0x", None),
            ("a", None),
        ] {
            let found = two_readings(text).map(|(_, advice)| advice);
            let found = found.as_deref().and_then(|advice| advice.split(',').next());
            assert_eq!(found, advice, "{text}");
        }
    }
}
