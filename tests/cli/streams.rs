//! Which stream says what, and with which colors.

use crate::builder::{LOKI, Project};

const BAD: &str = "kind: Stack\n";

/// Messages are on stderr; stdout is empty unless an artefact was asked for.
#[test]
fn messages_are_on_stderr() {
    let project = Project::new(LOKI);
    for arguments in ["gen --dry-run", "gen --check", "gen", "gen", "check"] {
        let run = project.run(arguments);
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{arguments}");
    }
    for arguments in [
        "gen -o json",
        "check -o json",
        "catalog ls",
        "schema",
        "completions bash",
    ] {
        let run = project.run(arguments);
        assert!(!run.stdout.is_empty() && run.stderr.is_empty(), "{arguments}");
    }
}

/// A pipe is no terminal, so that nothing is colored unless it is asked for.
#[test]
fn colors() {
    let project = Project::new(BAD);
    let colored =
        |arguments: &str, variables: &[(&str, &str)]| project.run_as(arguments, variables).stderr.contains('\u{1b}');
    for (arguments, variables, expected) in [
        ("check", &[][..], false),
        ("check --color auto", &[], false),
        ("check --color always", &[], true),
        ("check --color never", &[], false),
        ("--color always check", &[("NO_COLOR", "1")], true),
        ("check", &[("NO_COLOR", "1")], false),
        ("check", &[("STACKTIC_COLOR", "always")], true),
        ("check --color never", &[("STACKTIC_COLOR", "always")], false),
        ("gen --color always", &[], true),
    ] {
        assert_eq!(colored(arguments, variables), expected, "{arguments} {variables:?}");
    }
}

/// Colors are all that `--color always` adds.
#[test]
fn colors_add_nothing_else() {
    let project = Project::new(BAD);
    let plain = project.run("check").stderr;
    let colored = project.run("check --color always").stderr;
    let mut parts = colored.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    let stripped = parts.fold(first, |text, part| {
        text + part.split_once('m').map_or(part, |(_, rest)| rest)
    });
    assert_eq!(stripped, plain);
}

/// What a file says never reaches the terminal as a command to it.
#[test]
fn no_control_characters_from_the_file() {
    let project = Project::new(&LOKI.replace("loki: ", "\"lo\\e[31mki\\u202e\": "));
    let said = project.run("check").stderr;
    assert!(said.contains("E_TOPOLOGY_TEXT"), "{said}");
    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
}

/// A reader that goes away is no reason to panic.
#[test]
fn a_closed_pipe() {
    let project = Project::new(LOKI);
    let run = crate::support::run(crate::support::shell(project.path(), "\"$PROGRAM\" schema | head -n 1"));
    assert_eq!((run.code, run.stdout.as_str()), (0, "{\n"));
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
}
