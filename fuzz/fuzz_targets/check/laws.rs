//! Laws of refusals, of compiled checks and of what they conclude.
//!
//! Each function takes what the language made of a text and panics where a law is broken.

use stacktic::agent::check::{Check, Code, Compiled, EnvironmentValue, MASK, Record, Refusal, Value, programs};

use crate::records::{CANARY, Subject};

/// What reading alone may refuse; the others need a record.
const READING: [Code; 10] = [
    Code::E_CHARSET,
    Code::E_TOO_LONG,
    Code::E_TOKEN,
    Code::E_PARSE,
    Code::E_LIMIT,
    Code::E_PROGRAM,
    Code::E_ENV_NAME,
    Code::E_ENV_VALUE,
    Code::E_ARG,
    Code::E_SQL,
];

const BINDING: [Code; 10] = [
    Code::E_SECRET_POSITION,
    Code::E_DESTINATION,
    Code::E_UNKNOWN_VAR,
    Code::E_VAR_UNSET,
    Code::E_VAR_VALUE,
    Code::E_EXTERNAL,
    Code::E_ENV_VALUE,
    Code::E_LIMIT,
    Code::E_ARG,
    Code::E_SQL,
];

/// Every place where a secret's mask may stand in a dry run.
const MASKED: [&str; 3] = ["PGPASSWORD", "VALKEYCLI_AUTH", "REDISCLI_AUTH"];

pub fn more_than_one_line_is_refused(text: &str) {
    let Err(refusal) = Check::parse(text) else {
        panic!("more than one line was read");
    };
    assert!(
        matches!(refusal.code, Code::E_CHARSET | Code::E_TOO_LONG),
        "{refusal:?}"
    );
    well_formed(text, &refusal);
}

pub fn refused_while_reading(text: &str, refusal: &Refusal) {
    assert!(READING.contains(&refusal.code), "{refusal:?}");
    well_formed(text, refusal);
}

pub fn refused_for_a_record(text: &str, subject: &Subject, refusal: &Refusal) {
    assert!(BINDING.contains(&refusal.code), "{refusal:?}");
    let is_external = refusal.code == Code::E_EXTERNAL;
    assert!(is_external || !subject.record.is_external, "{refusal:?}");
    assert!(says_canary(text) || !refusal.message.contains(CANARY), "{refusal:?}");
    well_formed(text, refusal);
}

fn well_formed(text: &str, refusal: &Refusal) {
    assert!(refusal.position <= text.chars().count(), "{refusal:?}");
    assert!(refusal.token.bytes().all(is_printable), "{refusal:?}");
    assert!(!refusal.message.is_empty(), "{refusal:?}");
    assert!(!refusal.message.chars().any(char::is_control), "{refusal:?}");
    if text.bytes().all(is_printable) {
        assert!(text[refusal.position..].starts_with(&refusal.token), "{refusal:?}");
    }
}

pub fn a_sentence_is_short_and_printable(text: &str) {
    assert!(text.len() <= 512 && text.bytes().all(is_printable));
}

pub fn compiled(text: &str, subject: &Subject, compiled: &Compiled) {
    let record = &subject.record;
    assert!(!record.is_external, "a check of another stack's component");
    assert!(programs().contains(&compiled.step.program));
    let used = subject.hostile.iter().find(|name| text.contains(&variable(name)));
    assert_eq!(used, None, "a hostile value was bound");
    let reaches_itself = !matches!(compiled.step.program, "curl" | "kubectl");
    assert!(!(subject.has_hostile_destination && reaches_itself), "{compiled:?}");
    no_canary(text, compiled);
    secrets_in_slots(record, compiled);
    masks_for_secrets(text, record, &compiled.shown);
    let inherits = !compiled.step.inherited.is_empty();
    assert_eq!(inherits, compiled.step.program == "kubectl");
}

fn no_canary(text: &str, compiled: &Compiled) {
    let everything = format!("{compiled:?}");
    assert!(says_canary(text) || !everything.contains(CANARY), "{everything}");
}

/// A sentence may say the word by itself, in pieces that quotes join.
fn says_canary(text: &str) -> bool {
    text.replace(['\'', '"'], "").to_ascii_lowercase().contains(CANARY)
}

/// The password is in the program's own slots where the record has one, and a secret is nowhere else.
fn secrets_in_slots(record: &Record, compiled: &Compiled) {
    let step = &compiled.step;
    let slots: &[&str] = match step.program {
        _ if record.variables.get("password") != Some(&Value::Secret) => &[],
        "psql" => &["PGPASSWORD"],
        "valkey-cli" => &["REDISCLI_AUTH", "VALKEYCLI_AUTH"],
        "redis-cli" => &["REDISCLI_AUTH"],
        _ => &[],
    };
    let secret = step.environment.iter().filter_map(|(name, value)| match value {
        EnvironmentValue::Secret(variable) => Some((*name, *variable)),
        EnvironmentValue::Plain(text) => {
            assert!(!text.contains(MASK) && text.bytes().all(is_printable));
            None
        }
        EnvironmentValue::Authority(_) => None,
    });
    let expected = slots.iter().map(|slot| (*slot, "password"));
    assert!(secret.eq(expected), "{step:?}");
    assert!(
        step.arguments.iter().all(|argument| !argument.contains(MASK)),
        "{step:?}"
    );
    assert!(!format!("{:?}", compiled.filters).contains(MASK), "{compiled:?}");
}

/// A dry run has one mask for each secret variable of the sentence, directly behind a slot.
fn masks_for_secrets(text: &str, record: &Record, shown: &str) {
    assert!(
        shown.bytes().all(is_printable) && !shown.contains(['{', '}']),
        "{shown}"
    );
    let secret = record.variables.iter().filter(|(_, value)| **value == Value::Secret);
    let wanted: usize = secret.map(|(name, _)| text.matches(&variable(name)).count()).sum();
    assert_eq!(shown.matches(MASK).count(), wanted, "{shown}");
    for (place, _) in shown.match_indices(MASK) {
        let before = shown[..place].trim_end_matches(['\'', '"']);
        let slot = before.strip_suffix('=').unwrap_or_default();
        assert!(MASKED.iter().any(|name| slot.ends_with(name)), "{shown}");
    }
}

/// A process that failed passes no check, and an output is no more than what was printed or counted.
pub fn concluded(compiled: &Compiled, stdout: &str) {
    let outcome = compiled.conclude(stdout, true);
    assert_eq!(outcome.output, outcome.output.trim());
    assert!(!compiled.conclude(stdout, false).passed);
    assert_eq!(compiled.conclude(stdout, false).output, outcome.output);
    if compiled.filters.is_empty() && compiled.test.is_none() {
        assert_eq!((outcome.passed, outcome.output.as_str()), (true, stdout.trim()));
        return;
    }
    // A number and a pattern are never longer than this.
    assert!(outcome.output.len() <= stdout.len().max(96));
    if compiled.test.is_some() && !outcome.output.is_empty() {
        assert!(
            outcome.output.starts_with(|first: char| first.is_ascii_digit()),
            "{outcome:?}"
        );
    }
}

fn variable(name: &str) -> String {
    format!("{{{name}}}")
}

pub fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}
