//! Fuzz target `check`: any text as a sentence of the check language, compiled for every record of `records`.
//!
//! In: bytes; the first line is the sentence, what follows it is what a program prints. A broken law of
//! `laws`, `arguments` or `probe` is a crash. It knows the language by its public interface alone.
#![no_main]

mod arguments;
mod laws;
mod probe;
mod records;

use libfuzzer_sys::fuzz_target;
use stacktic::agent::check::Check;

/// What a program prints where the input does not say it.
const PODS: &str = "kafka-0 1/1 Running 0 1d\nkafka-1 0/1 Pending 0 1d\n";

fuzz_target!(|bytes: &[u8]| {
    let input = String::from_utf8_lossy(bytes);
    if input.contains('\n') {
        laws::more_than_one_line_is_refused(&input);
    }
    let (text, stdout) = input.split_once('\n').unwrap_or((&input, PODS));
    judge(text, stdout);
});

fn judge(text: &str, stdout: &str) {
    let check = match Check::parse(text) {
        Ok(check) => check,
        Err(refusal) => return laws::refused_while_reading(text, &refusal),
    };
    laws::a_sentence_is_short_and_printable(text);
    for subject in records::subjects() {
        match check.compile(&subject.record, records::context()) {
            Ok(compiled) => {
                laws::compiled(text, subject, &compiled);
                arguments::belong_to(&subject.record, &compiled.step);
                laws::concluded(&compiled, stdout);
            }
            Err(refusal) => laws::refused_for_a_record(text, subject, &refusal),
        }
    }
}
