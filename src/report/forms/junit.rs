//! JUnit XML, which nearly every pipeline shows: an error is a failed test, and a file without one is a test that passed.

use std::fmt::Write as _;

use super::{Notice, Weight};

pub(super) fn print(notices: &[Notice], checked: &[String]) -> String {
    let is_failure = |notice: &&Notice| notice.weight == Weight::Error;
    let failures = notices.iter().filter(is_failure).count();
    let passed: Vec<&String> = checked
        .iter()
        .filter(|file| !notices.iter().any(|notice| notice.file == **file))
        .collect();
    let counts = format!(
        "name=\"stacktic\" tests=\"{}\" failures=\"{failures}\"",
        notices.len() + passed.len()
    );
    let mut text =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite {counts}>\n");
    for file in passed {
        let _ = writeln!(text, "    <testcase classname=\"{0}\" name=\"{0}\"/>", escaped(file));
    }
    for notice in notices {
        add(&mut text, notice);
    }
    text + "  </testsuite>\n</testsuites>\n"
}

fn add(text: &mut String, notice: &Notice) {
    let (file, rule, told) = (escaped(&notice.file), escaped(&notice.rule), escaped(&notice.whole()));
    let place = match notice.line {
        0 => file.clone(),
        line => format!("{file}:{line}:{}", notice.column),
    };
    let fact = escaped(notice.text.lines().next().unwrap_or_default());
    let _ = writeln!(text, "    <testcase classname=\"{file}\" name=\"{rule} {place}\">");
    let _ = match notice.weight {
        Weight::Error => writeln!(
            text,
            "      <failure type=\"{rule}\" message=\"{fact}\">{place}\n{told}</failure>"
        ),
        Weight::Warning | Weight::Note => writeln!(text, "      <system-out>{told}</system-out>"),
    };
    let _ = writeln!(text, "    </testcase>");
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}
