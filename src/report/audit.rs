//! What audit logs tell, for people and programs.
//!
//! In: the report of the logs, and the names of their files. It shows names of keys, tools and replicas as what a forged line
//! may hold: every character that is not plain is spelled out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::Style;
use crate::verify::audit::{Affected, Affecteds, Counts, GivenLock, Place, Report, shown};

/// Most flaws, and most calls, that people are told one by one; programs are told all that were kept.
const MOST_FLAWS: usize = 50;
const MOST_CALLS: usize = 50;
/// Most rows of a table.
const MOST_ROWS: usize = 50;

/// What is wrong, an error each.
#[must_use]
pub fn audit_flaws(report: &Report, names: &[String], style: Style) -> String {
    let mut text = String::new();
    for flaw in report.flaws.iter().take(MOST_FLAWS) {
        let (word, at) = (flaw.kind.word(), place(flaw.place, names));
        let _ = writeln!(text, "{}: {word}: {}\n --> {at}\n", style.error("error"), flaw.fact);
    }
    let told = report.flaws.len().min(MOST_FLAWS);
    if report.flaw_count > told {
        let _ = writeln!(text, "{} more, of which `-o json` tells\n", report.flaw_count - told);
    }
    text
}

/// What the logs tell, and whether they are whole.
#[must_use]
pub fn audit_text(report: &Report, names: &[String]) -> String {
    let mut text = String::new();
    for run in &report.runs {
        let whose = if run.replica.is_empty() {
            place(run.place, names)
        } else {
            format!("`{}`", shown(&run.replica))
        };
        let (from, to) = (shown(&run.from), shown(&run.to));
        let _ = writeln!(
            text,
            "{whose}: lines {} to {}, {from} to {to}",
            run.first, run.head.sequence
        );
        let _ = writeln!(
            text,
            "  head: {}",
            head(run.head.sequence, &run.head.sha256, &run.head.replica)
        );
    }
    let all = report.summary.all;
    let _ = writeln!(
        text,
        "{} lines: {} requests, {} calls of tools, {} denied, {} failed, {} writes; {} lines of others in between",
        report.lines, all.requests, all.calls, all.denied, all.failed, all.writes, report.others
    );
    table(&mut text, "key", &report.summary.keys);
    table(&mut text, "tool", &report.summary.tools);
    if !report.summary.codes.is_empty() {
        let codes = report.summary.codes.iter().take(MOST_ROWS);
        let codes: Vec<String> = codes.map(|(code, count)| format!("{} {count}", shown(code))).collect();
        let _ = writeln!(text, "\ncodes: {}", codes.join(", "));
    }
    if let Some(affected) = &report.affected {
        affected_text(&mut text, affected, names);
    }
    let _ = match report.flaw_count {
        0 => writeln!(
            text,
            "\neach line is as it was written, as far as a later line or a head that was kept can tell"
        ),
        1 => writeln!(text, "\n1 fault"),
        count => writeln!(text, "\n{count} faults"),
    };
    text
}

/// The same, and every call that was listed, as JSON.
#[must_use]
pub fn audit_json(report: &Report, names: &[String], given: Option<&GivenLock>) -> Json {
    let at = |place: Place| json!({ "file": names.get(place.file), "line": place.line });
    let runs = report.runs.iter().map(|run| {
        json!({
            "replica": run.replica, "lines": run.lines, "from": run.from, "to": run.to, "begins": at(run.place),
            "head": { "sequence": run.head.sequence, "sha256": run.head.sha256 },
        })
    });
    let flaws = report.flaws.iter();
    let flaws = flaws.map(|flaw| json!({ "kind": flaw.kind.word(), "at": at(flaw.place), "fact": flaw.fact }));
    let counted = |rows: &BTreeMap<String, Counts>| -> Json {
        rows.iter()
            .map(|(name, counts)| (name.clone(), counts_json(*counts)))
            .collect()
    };
    let affected = report.affected.as_ref().map(|affected| {
        let calls = affected.listed.iter().map(|call| {
            json!({
                "time": call.time, "replica": call.replica, "key": call.key, "tool": call.tool, "decision": call.decision,
                "at": at(call.place), "in_lock": !call.is_unknown, "under_lock": call.is_under,
            })
        });
        json!({
            "digests": given.map(|given| &given.digests), "under": affected.under, "under_another": affected.under_another,
            "under_untold": affected.under_untold, "not_in_lock": affected.unknown, "calls": calls.collect::<Vec<_>>(),
        })
    });
    json!({
        "whole": report.flaw_count == 0,
        "faults": report.flaw_count,
        "flaws": flaws.collect::<Vec<_>>(),
        "logs": runs.collect::<Vec<_>>(),
        "lines": report.lines,
        "other_lines": report.others,
        "all": counts_json(report.summary.all),
        "keys": counted(&report.summary.keys),
        "tools": counted(&report.summary.tools),
        "codes": report.summary.codes,
        "locks": report.locks,
        "lock": affected,
    })
}

fn affected_text(text: &mut String, affected: &Affecteds, names: &[String]) {
    let _ = writeln!(
        text,
        "\nthe lock: {} calls under it, {} under another one, {} of which the log does not tell; {} of tools that it does not know",
        affected.under, affected.under_another, affected.under_untold, affected.unknown
    );
    let is_told = |call: &&Affected| call.is_unknown || call.is_under != Some(false);
    let listed: Vec<&Affected> = affected.listed.iter().filter(is_told).collect();
    for call in listed.iter().take(MOST_CALLS) {
        let [time, key, tool, decision] = [&call.time, &call.key, &call.tool, &call.decision].map(|text| shown(text));
        let note = if call.is_unknown { ", not in the lock" } else { "" };
        let _ = writeln!(
            text,
            "  {time}  {key}  {tool}  {decision}{note}  {}",
            place(call.place, names)
        );
    }
    if listed.len() > MOST_CALLS {
        let _ = writeln!(text, "  and more, of which `-o json` tells");
    }
}

fn table(text: &mut String, title: &str, rows: &BTreeMap<String, Counts>) {
    if rows.is_empty() {
        return;
    }
    let name = |name: &str| {
        if name.is_empty() {
            "(none)".to_owned()
        } else {
            shown(name)
        }
    };
    let most = rows.iter().take(MOST_ROWS);
    let width = most
        .clone()
        .map(|(row, _)| name(row).len())
        .max()
        .unwrap_or_default()
        .max(title.len());
    let _ = writeln!(text, "\n{title:width$}  requests   denied   failed   writes");
    for (row, counts) in most {
        let (requests, denied, failed, writes) = (counts.requests, counts.denied, counts.failed, counts.writes);
        let _ = writeln!(
            text,
            "{:width$}  {requests:8} {denied:8} {failed:8} {writes:8}",
            name(row)
        );
    }
    if rows.len() > MOST_ROWS {
        let _ = writeln!(text, "and {} more", rows.len() - MOST_ROWS);
    }
}

fn counts_json(counts: Counts) -> Json {
    json!({
        "requests": counts.requests, "calls": counts.calls, "denied": counts.denied, "failed": counts.failed, "writes": counts.writes,
    })
}

/// As `--head` takes it.
fn head(sequence: u64, sha256: &str, replica: &str) -> String {
    let replica = if replica.is_empty() {
        String::new()
    } else {
        format!(" {}", shown(replica))
    };
    format!("{sequence} {sha256}{replica}")
}

fn place(place: Place, names: &[String]) -> String {
    let name = names.get(place.file).map_or("", String::as_str);
    match place.line {
        0 => name.to_owned(),
        line => format!("{name}:{line}"),
    }
}
