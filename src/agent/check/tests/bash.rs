//! Words are split as a shell splits them: accepted sentences are read by bash as well, and compared.
//!
//! The programs are shell functions that write down what they got; bash finds no other program.

use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::prop_oneof;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::properties::mutated;
use super::{SENTENCES, compile};
use crate::agent::check::{Check, MASK, Value, parser, sentence};

/// Each function writes its slot and its words, `\2` ends a command and `\1` a sentence. What is
/// written down goes to standard output; what a sentence prints goes nowhere.
const PRELUDE: &str = r#"
exec 3>&1 1>/dev/null
PATH=
note() { printf '%s\0' "$@" $'\2' >&3; }
psql() { note "$PGPASSWORD" psql "$@"; }
valkey-cli() { note "$VALKEYCLI_AUTH$REDISCLI_AUTH" valkey-cli "$@"; }
redis-cli() { note "$REDISCLI_AUTH" redis-cli "$@"; }
kubectl() { note "" kubectl "$@"; }
curl() { note "" curl "$@"; }
nc() { note "" nc "$@"; }
pg_isready() { note "" pg_isready "$@"; }
grep() { note "" grep "$@"; }
test() { note "" test "$2" "$((10#$3))" "${@:4}"; }
while IFS= read -r -d '' sentence; do eval "$sentence"; printf '%s\0' $'\1' >&3; done
"#;

/// What bash makes of each sentence: its commands, sorted, since those of a pipeline race.
fn ask_bash(sentences: &[String]) -> Vec<Vec<Vec<String>>> {
    let arguments = ["--norc", "--noprofile", "-c", PRELUDE];
    #[expect(
        clippy::disallowed_methods,
        reason = "the only way to ask bash; no other test starts a process here"
    )]
    let mut bash = Command::new("bash");
    let mut child = bash
        .args(arguments)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let text: Vec<u8> = sentences
        .iter()
        .flat_map(|sentence| [sentence.as_bytes(), &[0]].concat())
        .collect();
    let writer = std::thread::spawn(move || input.write_all(&text).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let mut read: Vec<Vec<Vec<String>>> = output.split("\u{1}\0").map(read_commands).collect();
    let after_last = read.pop();
    assert_eq!(after_last, Some(Vec::new()));
    assert_eq!(read.len(), sentences.len());
    read
}

fn read_commands(text: &str) -> Vec<Vec<String>> {
    let commands = text.split_terminator("\u{2}\0");
    let words = |command: &str| command.split_terminator('\0').map(str::to_owned).collect();
    let mut commands: Vec<Vec<String>> = commands.map(words).collect();
    commands.sort();
    commands
}

/// What this module makes of a sentence, in the same form; variables are text with braces.
fn own_reading(sentence: &sentence::Sentence) -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    for command in &sentence.pipeline {
        let slot = command.assignment.iter().flat_map(|assignment| &assignment.value);
        let slot: String = slot.map(spell).collect();
        let words = std::iter::once(&command.program).chain(&command.arguments);
        let words = words.map(|word| word.pieces.iter().map(spell).collect());
        commands.push(std::iter::once(slot).chain(words).collect());
    }
    if let Some(test) = &sentence.test {
        commands.push(vec![
            String::new(),
            "test".to_owned(),
            flag(test.operator),
            test.number.to_string(),
        ]);
    }
    commands.sort();
    commands
}

fn spell(piece: &sentence::Piece) -> String {
    match &piece.part {
        sentence::Part::Text(text) => text.clone(),
        sentence::Part::Variable(name) => format!("{{{name}}}"),
    }
}

fn flag(operator: sentence::Operator) -> String {
    let flags = ["-gt", "-ge", "-lt", "-le", "-eq", "-ne"];
    let found = flags
        .iter()
        .find(|flag| sentence::Operator::parse(flag) == Some(operator));
    (*found.unwrap()).to_owned()
}

/// `count` texts of a strategy; the same ones on every run.
fn samples(strategy: &impl Strategy<Value = String>, count: usize) -> Vec<String> {
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let mut sample = || strategy.new_tree(&mut runner).unwrap().current();
    (0..count).map(|_| sample()).collect()
}

#[test]
fn bash_reads_accepted_sentences_the_same_way() {
    let mut accepted: Vec<String> = SENTENCES.map(str::to_owned).to_vec();
    let mutations = samples(&mutated(), 30_000);
    accepted.extend(mutations.into_iter().filter(|text| Check::parse(text).is_ok()));
    accepted.sort();
    accepted.dedup();
    assert!(accepted.len() > 2_000, "{} sentences", accepted.len());
    let found = ask_bash(&accepted);
    for (text, found) in accepted.iter().zip(found) {
        let read = Check::parse(text).unwrap();
        assert_eq!(own_reading(&read.sentence), found, "{text}");
    }
}

/// Text of bare characters, quotes and variables, with a stray character here and there.
fn loose_words() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        12 => "[a-zA-Z0-9_./:=,@%+-]{1,3}",
        3 => "\\{[a-z]{1,2}\\}",
        3 => "'[ -~]{0,3}'",
        3 => "\"[ -~]{0,3}\"",
        4 => " {1,2}",
        1 => "[ -~]",
    ];
    proptest::collection::vec(part, 1..10).prop_map(|parts| parts.concat())
}

/// The words alone, of sentences that no program would accept: more of the lexer is tried this way.
#[test]
fn bash_splits_words_the_same_way() {
    let read = |text: &String| parser::parse(text).ok().map(|sentence| (text.clone(), sentence));
    let candidates = samples(&loose_words(), 8_000);
    let plain = |(_, sentence): &(String, sentence::Sentence)| {
        sentence.pipeline.len() == 1 && sentence.test.is_none() && sentence.pipeline[0].assignment.is_none()
    };
    let (texts, sentences): (Vec<String>, Vec<sentence::Sentence>) =
        candidates.iter().filter_map(read).filter(plain).unzip();
    assert!(texts.len() > 4_000, "{} texts", texts.len());
    let printing: Vec<String> = texts.iter().map(|text| format!("note '' {text}")).collect();
    let found = ask_bash(&printing);
    for ((text, sentence), found) in texts.iter().zip(&sentences).zip(found) {
        assert_eq!(own_reading(sentence), found, "{text}");
    }
}

/// A dry run is a sentence that bash would read as the words that run.
#[test]
fn bash_reads_dry_runs_as_the_words_that_run() {
    let shown = SENTENCES.map(|text| compile(text).unwrap().shown);
    for (text, found) in SENTENCES.iter().zip(ask_bash(&shown)) {
        assert_eq!(found, bound(text), "{text}");
    }
}

/// The words of a sentence with the record's values in them.
fn bound(text: &str) -> Vec<Vec<String>> {
    let mut commands = own_reading(&Check::parse(text).unwrap().sentence);
    for word in commands.iter_mut().flatten() {
        for (name, value) in super::record().variables {
            let value = match value {
                Value::Plain(value) => value,
                Value::Secret => MASK.to_owned(),
            };
            *word = word.replace(&format!("{{{name}}}"), &value);
        }
    }
    commands.sort();
    commands
}
