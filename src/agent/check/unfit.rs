//! Values that are no secrets: masking them would eat ordinary text, or they are everybody's first guess.
//!
//! A value goes in, what is wrong with it comes out. The rule is that of `tests/vectors/`, which the MCP server keeps as well.

use std::collections::BTreeSet;
use std::fmt;

/// Fewest bytes of a secret.
const SHORTEST_BYTES: usize = 8;

/// Fewest different bytes of a secret.
const FEWEST_DIFFERENT: usize = 4;

/// Most bytes of what is a word when it has nothing but letters.
const LONGEST_WORD_BYTES: usize = 11;

/// Values that people put in until they think of a better one, and longer words of any log; in lower case.
const COMMON: &str = "\
    00001234 0123456789 12345678 123456789 1234567890 87654321 abcd1234 access_key admin-password \
    admin123 admin1234 administrator app-user app_user authentication authorization change-me change_me \
    changeme1 changeme123 changethis123 configuration grafana1 guest123 guest1234 iloveyou1 letmein1 \
    letmein123 minioadmin123 my-password my-secret my_password my_secret mypassword1 no-password \
    not-a-secret p@ssw0rd p@ssword passw0rd passw0rd1 password! password-123 password1 password12 \
    password123 password1234 postgres1 postgres123 qwerty123 rabbitmq1 replace-me replace_me \
    root-password root1234 rootpassword secret-key secret123 secret1234 secretpassword service-account \
    stack-agent stack_agent supersecretpassword superuser123 test-password test1234 testpassword \
    to-be-replaced username1 valkey123 your-password your_password";

/// What is wrong with a value; it never repeats the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    Short,
    Uniform,
    Word,
    Common,
}

impl fmt::Display for Unfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => write!(formatter, "is shorter than {SHORTEST_BYTES} bytes"),
            Self::Uniform => write!(formatter, "has fewer than {FEWEST_DIFFERENT} different signs"),
            Self::Word => formatter.write_str("is a word"),
            Self::Common => formatter.write_str("is a common one"),
        }
    }
}

/// The value itself: line ends around it belong to the file that it came in.
#[must_use]
pub(super) fn without_line_ends(value: &str) -> &str {
    value.trim_matches(['\r', '\n'])
}

/// Why a value cannot be kept out of answers; an empty one is not filled in yet, and no secret.
#[must_use]
pub fn unfit(value: &str) -> Option<Unfit> {
    let value = without_line_ends(value);
    if value.is_empty() {
        None
    } else if value.len() < SHORTEST_BYTES {
        Some(Unfit::Short)
    } else if value.bytes().collect::<BTreeSet<u8>>().len() < FEWEST_DIFFERENT {
        Some(Unfit::Uniform)
    } else if value.len() <= LONGEST_WORD_BYTES && value.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        Some(Unfit::Word)
    } else {
        let mut common = COMMON.split_ascii_whitespace();
        common
            .any(|word| word.eq_ignore_ascii_case(value))
            .then_some(Unfit::Common)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::check::tests::vectors::redaction;

    #[test]
    fn the_rule_is_that_of_the_vectors() {
        let vectors = redaction();
        assert_eq!(vectors.rule.shortest_bytes, SHORTEST_BYTES);
        assert_eq!(vectors.rule.fewest_different, FEWEST_DIFFERENT);
        assert_eq!(vectors.rule.longest_word_bytes, LONGEST_WORD_BYTES);
        assert_eq!(vectors.common, COMMON.split_ascii_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn values_are_judged_as_the_vectors_say() {
        for case in redaction().refused {
            let expected = match case.refused.as_str() {
                "short" => Unfit::Short,
                "uniform" => Unfit::Uniform,
                "word" => Unfit::Word,
                "common" => Unfit::Common,
                other => panic!("unknown reason {other}"),
            };
            assert_eq!(unfit(&case.value), Some(expected), "{}", case.why);
        }
        for case in redaction().accepted {
            assert_eq!(unfit(&case.value), None, "{}", case.why);
        }
        assert_eq!(unfit("\r\n"), None, "nothing is no secret");
    }
}
