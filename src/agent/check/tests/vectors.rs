//! The cases of `tests/vectors/redaction.json`.

use serde::Deserialize;

use crate::agent::check::{MASK, Redactor};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::agent::check) struct Redaction {
    mask: String,
    pub(in crate::agent::check) rule: Rule,
    pub(in crate::agent::check) common: Vec<String>,
    pub(in crate::agent::check) refused: Vec<RefusedValue>,
    pub(in crate::agent::check) accepted: Vec<AcceptedValue>,
    masked: Vec<Masked>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::agent::check) struct Rule {
    pub(in crate::agent::check) shortest_bytes: usize,
    pub(in crate::agent::check) fewest_different: usize,
    pub(in crate::agent::check) longest_word_bytes: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::agent::check) struct RefusedValue {
    pub(in crate::agent::check) why: String,
    pub(in crate::agent::check) value: String,
    pub(in crate::agent::check) refused: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::agent::check) struct AcceptedValue {
    pub(in crate::agent::check) why: String,
    pub(in crate::agent::check) value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Masked {
    why: String,
    secrets: Vec<String>,
    text: String,
    expected: String,
}

pub(in crate::agent::check) fn redaction() -> Redaction {
    serde_json::from_str(include_str!("../../../../tests/vectors/redaction.json")).unwrap()
}

#[test]
fn texts_are_masked_as_the_vectors_say() {
    let vectors = redaction();
    assert_eq!(vectors.mask, MASK);
    for case in vectors.masked {
        let redactor = Redactor::new(case.secrets.iter().map(String::as_str));
        assert_eq!(
            redactor.redact(&case.text),
            case.expected,
            "{}: {}",
            case.why,
            case.text
        );
    }
}
