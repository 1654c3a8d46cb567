//! Logs as the server writes them, and what somebody could do to them.

use proptest::prelude::*;

use super::{Audit, GivenLock, Head, Kind, Place, Report, order_of, shown};
use crate::name::sha256_hex;
use crate::verify::audit::line::FIRST;

/// Lines of a log that goes on from `head`: a read, then a write with its intent, again and again.
fn log_from(replica: &str, head: (u64, &str), count: u64) -> Vec<String> {
    let mut previous = head.1.to_owned();
    let mut lines = Vec::new();
    for number in head.0 + 1..=head.0 + count {
        let (decision, intent) = match number % 3 {
            2 => ("intended", String::new()),
            0 => ("allowed", format!(",\"intent\":{}", number - 1)),
            _ => ("denied", String::new()),
        };
        let replica = match replica {
            "" => String::new(),
            name => format!("\"replica\":\"{name}\","),
        };
        let line = format!(
            "{{{replica}\"sequence\":{number},\"time\":\"2026-11-30T10:00:{:02}.000Z\",\"key\":\"ci\",\"session\":\"s\",\
             \"method\":\"tools/call\",\"tool\":\"t{}\",\"link\":\"l\",\"arguments\":{{\"a\":[NaN,\"\\ud83d\\u0000}}\"]}},\
             \"arguments_sha256\":\"x\",\"decision\":\"{decision}\",\"code\":null,\"duration_ms\":1,\"bytes\":2,\
             \"previous\":\"{previous}\"{intent}}}",
            number % 60,
            number % 2,
        );
        previous = sha256_hex(line.as_bytes());
        lines.push(line);
    }
    lines
}

fn log(count: u64) -> Vec<String> {
    log_from("", (0, FIRST), count)
}

fn head_of(lines: &[String]) -> Head {
    Head {
        sequence: lines.len() as u64,
        sha256: sha256_hex(lines.last().unwrap().as_bytes()),
        replica: String::new(),
        file: Some(0),
    }
}

fn read(files: &[&[String]], heads: Vec<Head>) -> Report {
    let mut audit = Audit::new(None);
    heads.into_iter().for_each(|head| audit.remember(head));
    for (file, lines) in files.iter().enumerate() {
        for (line, text) in (1..).zip(*lines) {
            audit.line(text.as_bytes(), Place { file, line });
        }
    }
    audit.end(files.len())
}

/// The kinds of what is found, each with its line.
fn found(lines: &[String]) -> Vec<(Kind, u64)> {
    let report = read(&[lines], vec![]);
    report.flaws.iter().map(|flaw| (flaw.kind, flaw.place.line)).collect()
}

#[test]
fn a_whole_log_is_counted() {
    let report = read(&[&log(9)], vec![head_of(&log(9))]);
    assert_eq!(report.flaws, []);
    let all = report.summary.all;
    assert_eq!(
        (report.lines, all.requests, all.calls, all.denied, all.writes),
        (9, 6, 6, 3, 3)
    );
    assert_eq!(report.runs[0].head.sha256, head_of(&log(9)).sha256);
}

#[test]
fn each_tampering_has_its_name_and_its_line() {
    let whole = log(12);
    let tampered = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = whole.clone();
        change(&mut lines);
        found(&lines)
    };
    assert_eq!(
        tampered(&|lines| lines[3] = lines[3].replace("denied", "failed")),
        [(Kind::Changed, 4)]
    );
    assert_eq!(
        tampered(&|lines| lines[3] = lines[3].replace("\"sequence\":4", "\"sequence\":7")),
        [(Kind::Changed, 4)]
    );
    assert_eq!(tampered(&|lines| drop(lines.remove(3))), [(Kind::Removed, 4)]);
    assert_eq!(tampered(&|lines| drop(lines.drain(3..6))), [(Kind::Removed, 4)]);
    assert_eq!(
        tampered(&|lines| lines.swap(3, 6)),
        [(Kind::Reordered, 5), (Kind::Reordered, 6), (Kind::Reordered, 7)]
    );
    assert_eq!(tampered(&|lines| lines.swap(5, 6)), [(Kind::Reordered, 7)]);
    assert_eq!(
        tampered(&|lines| lines.insert(7, lines[3].clone())),
        [(Kind::Duplicated, 8)]
    );
    assert_eq!(
        tampered(&|lines| lines.insert(1, lines[0].clone())),
        [(Kind::Duplicated, 2)]
    );
    assert_eq!(tampered(&|lines| drop(lines.drain(..3))), [(Kind::Cut, 1)]);
    assert_eq!(tampered(&|lines| drop(lines.remove(11))), [(Kind::Unfinished, 11)]);
    assert_eq!(
        tampered(&|lines| lines[5].replace_range(..1, "[")),
        [(Kind::Unfinished, 5), (Kind::Foreign, 6), (Kind::Removed, 7)]
    );
    let forged = |lines: &[String]| lines[3].replace("\"t0\"", "\"forged\"");
    assert_eq!(tampered(&|lines| lines.insert(4, forged(lines))), [(Kind::Foreign, 5)]);
    assert_eq!(tampered(&|lines| lines.insert(3, forged(lines))), [(Kind::Foreign, 4)]);
}

#[test]
fn a_cut_is_found_by_whoever_remembers() {
    let (whole, mut cut) = (log(12), log(12));
    cut.truncate(9);
    assert_eq!(read(&[&cut], vec![]).flaws, []);
    let flaws = read(&[&cut], vec![head_of(&whole)]).flaws;
    assert_eq!(flaws[0].kind, Kind::Cut);
    assert_eq!(flaws[0].place.line, 9);
    // A later file says so, too.
    let later = log_from("", (12, &head_of(&whole).sha256), 3);
    assert_eq!(read(&[&whole, &later], vec![]).flaws, []);
    assert_eq!(read(&[&cut, &later], vec![]).flaws[0].kind, Kind::Removed);
    // The later file alone lacks its beginning, unless that was remembered.
    assert_eq!(read(&[&later], vec![]).flaws[0].kind, Kind::Cut);
    let head = Head {
        file: None,
        ..head_of(&whole)
    };
    assert_eq!(read(&[&later], vec![head]).flaws, []);
    // The last line was changed, which no line tells.
    let mut changed = whole.clone();
    changed[11] = changed[11].replace("\"ci\"", "\"xx\"");
    assert_eq!(read(&[&changed], vec![]).flaws, []);
    assert_eq!(read(&[&changed], vec![head_of(&whole)]).flaws[0].kind, Kind::Changed);
    assert_eq!(read(&[&[]], vec![head_of(&whole)]).flaws[0].kind, Kind::Cut);
}

#[test]
fn replicas_are_told_apart_and_strangers_are_not() {
    let (one, other) = (log_from("a", (0, FIRST), 6), log_from("b", (0, FIRST), 6));
    let mixed: Vec<String> = one
        .iter()
        .zip(&other)
        .flat_map(|(one, other)| [one.clone(), other.clone()])
        .collect();
    let report = read(&[&mixed], vec![]);
    assert_eq!((report.flaws.len(), report.runs.len(), report.lines), (0, 2, 12));
    let mut torn = mixed.clone();
    torn.remove(3);
    let flaws = read(&[&torn], vec![]).flaws;
    assert!(flaws.iter().any(|flaw| flaw.kind == Kind::Removed), "{flaws:?}");
    // Two logs that do not say whose they are.
    let other: Vec<String> = log(6).iter().map(|line| line.replace("\"ci\"", "\"xx\"")).collect();
    let mut previous = FIRST.to_owned();
    let other: Vec<String> = other
        .iter()
        .map(|line| {
            let at = line.find("\"previous\":\"").unwrap() + 12;
            let line = format!("{}{previous}{}", &line[..at], &line[at + 64..]);
            previous = sha256_hex(line.as_bytes());
            line
        })
        .collect();
    let mixed: Vec<String> = log(6)
        .iter()
        .zip(&other)
        .flat_map(|(one, other)| [one.clone(), other.clone()])
        .collect();
    let kinds: Vec<Kind> = read(&[&mixed], vec![]).flaws.iter().map(|flaw| flaw.kind).collect();
    assert_eq!(kinds, [Kind::Mixed]);
    // A process that began anew.
    let again = [log(6), other].concat();
    let report = read(&[&again], vec![]);
    assert_eq!((report.flaws.len(), report.runs.len()), (0, 2));
    // The same file twice.
    assert_eq!(read(&[&log(6), &log(6)], vec![]).flaws[0].kind, Kind::Duplicated);
}

#[test]
fn lines_of_others_are_no_matter_unless_they_look_like_ours() {
    let mut lines = vec!["INFO starting {\"a\": 1}".to_owned(), String::new()];
    lines.extend(
        log(3)
            .iter()
            .map(|line| format!("2026-11-30T10:00:00Z stdout F {line}")),
    );
    lines.push("\u{1b}[31m \"x\"".to_owned());
    let report = read(&[&lines], vec![]);
    assert_eq!((report.flaws.len(), report.others, report.lines), (0, 2, 3));
    let broken = [
        "{\"sequence\":1}",
        "{\"sequence\":1,\"sequence\":2,\"previous\":\"\"}",
        "{\"sequence\":NaN,\"previous\":\"x\"}",
        "\u{202e}{\"previous\":\"",
    ];
    for line in broken {
        let flaws = read(&[&[log(1), vec![line.to_owned()]].concat()], vec![]).flaws;
        assert_eq!(flaws[0].kind, Kind::Foreign, "{line}");
    }
    assert_eq!(order_of(b"x \xff {\"sequence\":"), None);
    assert_eq!(shown("a\n\u{202e}\u{1b}"), "a\\u{a}\\u{202e}\\u{1b}");
    assert_eq!(shown(&"x".repeat(90)).len(), 83);
}

#[test]
fn a_line_that_was_never_finished_is_told_as_such() {
    for length in [5, 100, 300] {
        let mut lines = log(4);
        let torn = lines[3][..length].to_owned();
        let next = log_from("", (3, &sha256_hex(torn.as_bytes())), 3);
        lines[3] = torn;
        lines.extend(next);
        let kinds: Vec<Kind> = read(&[&lines], vec![]).flaws.iter().map(|flaw| flaw.kind).collect();
        assert!(
            kinds.iter().all(|kind| *kind == Kind::Foreign) && !kinds.is_empty(),
            "{kinds:?}"
        );
    }
}

#[test]
fn calls_under_a_lock_are_listed() {
    let lock = r#"{"version": 2, "links": [{"b": "ä\u0001", "a": null}], "tools": [{"name": "t1", "class": "read"}]}"#;
    let given = GivenLock::parse(lock).unwrap();
    // As `schema_sha256` of the server has it.
    let canonical = "{\"links\":[{\"a\":null,\"b\":\"\u{e4}\\u0001\"}],\"tools\":[{\"class\":\"read\",\"name\":\"t1\"}],\"version\":2}";
    let digest = sha256_hex(canonical.as_bytes());
    assert!(given.digests.contains(&digest));
    let stack = r#"{"version": 2, "servers": {"s": {"links": [{"b": "ä\u0001", "a": null}], "tools": [{"name": "t1", "class": "read",
        "description": "x"}]}}}"#;
    assert_eq!(GivenLock::parse(stack).unwrap().digests, given.digests);
    for text in ["", "[]", "{}", "{\"servers\": {\"s\": 1}}"] {
        assert!(GivenLock::parse(text).is_err(), "{text}");
    }
    let mut audit = Audit::new(Some(given));
    let mut lines = log(4);
    lines[0] = lines[0]
        .replace("}]", &format!("}}],\"lock\":\"{digest}\""))
        .replace(",\"session\"", &format!(",\"lock\":\"{digest}\",\"session\""));
    let mut previous = FIRST.to_owned();
    for (line, text) in (1..).zip(&lines) {
        let at = text.find("\"previous\":\"").unwrap() + 12;
        let text = format!("{}{previous}{}", &text[..at], &text[at + 64..]);
        previous = sha256_hex(text.as_bytes());
        audit.line(text.as_bytes(), Place { file: 0, line });
    }
    let affected = audit.end(1).affected.unwrap();
    assert_eq!((affected.under, affected.under_another, affected.unknown), (3, 0, 1));
    assert_eq!(
        affected
            .listed
            .iter()
            .filter(|call| call.is_unknown)
            .map(|call| call.tool.as_str())
            .collect::<Vec<_>>(),
        ["t0"]
    );
}

proptest! {
    #[test]
    fn whatever_is_done_to_a_log_is_found(at in 0_usize..23, what in 0_usize..5, byte in 0_usize..400, put in any::<u8>()) {
        let whole = log(24);
        let mut lines: Vec<Vec<u8>> = whole.iter().map(|line| line.clone().into_bytes()).collect();
        match what {
            0 => {
                let byte = byte % lines[at].len();
                prop_assume!(lines[at][byte] != put && put != b'\n');
                lines[at][byte] = put;
            }
            1 => drop(lines.remove(at)),
            2 => lines.swap(at, at + 1),
            3 => lines.insert(at + 1, lines[at].clone()),
            _ => lines.truncate(at),
        }
        let mut audit = Audit::new(None);
        audit.remember(head_of(&whole));
        for (line, bytes) in (1..).zip(&lines) {
            audit.line(bytes, Place { file: 0, line });
        }
        prop_assert!(audit.end(1).flaw_count > 0);
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..300) {
        let mut line = log(1).remove(0).into_bytes();
        let at = at.min(line.len());
        line.splice(at..at, bytes);
        let mut audit = Audit::new(None);
        audit.line(&line, Place { file: 0, line: 1 });
        let _ = audit.end(1);
    }
}
