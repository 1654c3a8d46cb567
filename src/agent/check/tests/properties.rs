//! Laws that hold for all sentences, tried on generated ones.

use proptest::prelude::{Strategy, prop, prop_assert, prop_assert_eq, prop_assume, proptest};
use proptest::sample::select;

use super::{Check, Code, SENTENCES, compile, record};
use crate::agent::check::{EnvironmentValue, MASK, Refusal, Value};

const CODES: [Code; 16] = [
    Code::E_CHARSET,
    Code::E_TOO_LONG,
    Code::E_TOKEN,
    Code::E_PARSE,
    Code::E_LIMIT,
    Code::E_PROGRAM,
    Code::E_ENV_NAME,
    Code::E_ENV_VALUE,
    Code::E_SECRET_POSITION,
    Code::E_DESTINATION,
    Code::E_ARG,
    Code::E_SQL,
    Code::E_UNKNOWN_VAR,
    Code::E_VAR_UNSET,
    Code::E_VAR_VALUE,
    Code::E_EXTERNAL,
];

/// Words that sentences are made of, secrets among them.
const WORDS: [&str; 48] = [
    "psql",
    "kubectl",
    "curl",
    "valkey-cli",
    "redis-cli",
    "pg_isready",
    "nc",
    "grep",
    "test",
    "get",
    "pods",
    "ping",
    "-h",
    "-p",
    "-U",
    "-d",
    "-c",
    "-n",
    "-l",
    "-o",
    "-z",
    "-m",
    "-w",
    "-sk",
    "--no-headers",
    "wide",
    "5",
    "Running",
    "{host}",
    "{port}",
    "{username}",
    "{database}",
    "{namespace}",
    "{password}",
    "{token}",
    "'{password}'",
    "x{password}",
    "a={token}",
    "PGPASSWORD={password}",
    "PGPASSWORD={token}",
    "REDISCLI_AUTH={password}",
    "'SELECT 1'",
    "\"SELECT '{password}'\"",
    "https://{subdomain}.{domain}",
    "https://{subdomain}.{domain}/{password}",
    "https://{token}",
    "|",
    "{password}={password}",
];

/// One sentence, a few of its words replaced, dropped or doubled.
fn reworded() -> impl Strategy<Value = String> {
    let change = (0..20_usize, 0..4_u8, select(WORDS.as_slice()));
    (select(SENTENCES.as_slice()), prop::collection::vec(change, 0..4)).prop_map(|(sentence, changes)| {
        let mut words: Vec<&str> = sentence.split(' ').collect();
        for (place, kind, word) in changes {
            let place = place % (words.len() + 1);
            match (kind, place < words.len()) {
                (0, true) => words[place] = word,
                (1, true) => drop(words.remove(place)),
                _ => words.insert(place, word),
            }
        }
        words.join(" ")
    })
}

/// One sentence, a few of its characters replaced, dropped, added or put in quotes.
pub(super) fn mutated() -> impl Strategy<Value = String> {
    let alphabet: Vec<char> = (' '..='~').chain(" \"'{}{}\"'  =-|;$()".chars()).collect();
    let change = (0..512_usize, 0..6_u8, select(alphabet));
    (select(SENTENCES.as_slice()), prop::collection::vec(change, 1..4)).prop_map(|(sentence, changes)| {
        let mut characters: Vec<char> = sentence.chars().collect();
        for (place, kind, character) in changes {
            let place = place % (characters.len() + 1);
            match (kind, place < characters.len()) {
                (0, true) => characters[place] = character,
                (1, true) => drop(characters.remove(place)),
                (2 | 3, true) => quote(&mut characters, place, kind == 2),
                _ => characters.insert(place, character),
            }
        }
        characters.into_iter().collect()
    })
}

/// Put a few characters from `place` on in quotes.
fn quote(characters: &mut Vec<char>, place: usize, single: bool) {
    let quote = if single { '\'' } else { '"' };
    let end = (place + 1 + place % 11).min(characters.len());
    characters.insert(end, quote);
    characters.insert(place, quote);
}

/// What every refusal is, whatever the sentence.
fn well_formed(text: &str, refusal: &Refusal) {
    assert!(CODES.contains(&refusal.code), "{refusal:?}");
    assert!(refusal.position <= text.chars().count().max(512), "{refusal:?}");
    assert!(
        refusal.token.bytes().all(|byte| matches!(byte, b' '..=b'~')),
        "{refusal:?}"
    );
    if refusal.code != Code::E_CHARSET && text.is_ascii() {
        assert!(
            text[refusal.position..].starts_with(&refusal.token),
            "{text}: {refusal:?}"
        );
    }
}

/// No secret but in the slots of the environment, and shown only behind one.
fn keeps_secrets(text: &str) {
    let compiled = match compile(text) {
        Ok(compiled) => compiled,
        Err(refusal) => return well_formed(text, &refusal),
    };
    let step = &compiled.step;
    let secrets: Vec<String> = record()
        .variables
        .into_iter()
        .filter(|(_, value)| *value == Value::Secret)
        .map(|(name, _)| format!("{{{name}}}"))
        .collect();
    let hidden = |text: &str| !text.contains(MASK) && secrets.iter().all(|secret| !text.contains(secret));
    assert!(step.arguments.iter().all(|argument| hidden(argument)), "{text}");
    for (name, value) in &step.environment {
        let slot = ["PGPASSWORD", "VALKEYCLI_AUTH", "REDISCLI_AUTH"].contains(name);
        let secret = matches!(value, EnvironmentValue::Secret("password"));
        assert_eq!(slot, secret, "{text}: {name}");
    }
    let is_plain = |value: &EnvironmentValue| matches!(value, EnvironmentValue::Plain(_));
    assert!(
        ["psql", "valkey-cli", "redis-cli"].contains(&step.program) || step.environment.values().all(is_plain),
        "{text}"
    );
    let bare = compiled
        .shown
        .replace("PGPASSWORD=[secret]", "")
        .replace("REDISCLI_AUTH=[secret]", "");
    let bare = bare.replace("=\"[secret]\"", "").replace("='[secret]'", "");
    let bare = bare.replace("VALKEYCLI_AUTH=[secret]", "");
    assert!(hidden(&bare), "{text}: {}", compiled.shown);
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: 4096,
        failure_persistence: None,
        ..proptest::prelude::ProptestConfig::default()
    })]

    #[test]
    fn arbitrary_text_is_read_or_refused(text in "\\PC{0,80}|.{0,600}|[ -~]{0,80}") {
        if let Err(refusal) = compile(&text) {
            well_formed(&text, &refusal);
        }
    }

    #[test]
    fn mutated_sentences_keep_secrets(text in mutated()) {
        keeps_secrets(&text);
    }

    #[test]
    fn reworded_sentences_keep_secrets(text in reworded()) {
        keeps_secrets(&text);
    }

    /// What a value is has no say in which words are flags: the same sentence is read for all records.
    #[test]
    fn reading_needs_no_record(text in mutated()) {
        prop_assume!(Check::parse(&text).is_err());
        prop_assert_eq!(compile(&text).err(), Check::parse(&text).err());
    }

    /// A value that is accepted comes out as it is, in one argument.
    #[test]
    fn values_stay_one_word(value in "[ -~]{1,40}") {
        let mut record = record();
        record.variables.insert("name".to_owned(), Value::Plain(value.clone()));
        let check = Check::parse("kubectl get pods -n db -l app={name}").unwrap();
        if let Ok(compiled) = check.compile(&record, &super::context()) {
            let selector = format!("app={value}");
            prop_assert!(compiled.step.arguments.contains(&selector));
            prop_assert_eq!(compiled.step.arguments.len(), 7);
        }
    }
}
