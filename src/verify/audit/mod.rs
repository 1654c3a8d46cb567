//! `verify --audit`: whether audit logs are as servers wrote them, and what they tell.
//!
//! Lines go in, file by file; a report comes out. The chain is over the bytes of each line, so nothing is written anew here to
//! be compared. Memory follows from flaws, names and writes under way, never from the number of lines. It must not know where
//! lines come from, and it never looks into arguments.

mod chain;
mod flaw;
mod heads;
mod line;
mod locks;
mod scan;
mod summary;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chain::Chain;
use flaw::Flaws;
pub use flaw::{Flaw, Kind, Place};
pub use heads::Head;
use heads::Heads;
use line::{Line, Record};
pub use locks::{Affected, Affecteds, GivenLock};
pub use summary::{Counts, Summary};

use crate::name::sha256_hex;

/// Chains of one replica, or of one file, that may still go on.
const MOST_OPEN: usize = 16;
/// Runs of servers that a report can hold; a log that begins more often is forged.
const MOST_CHAINS: usize = 100_000;
/// Runs of servers that are told one by one.
const MOST_RUNS: usize = 1000;
/// Characters of a name that are shown.
const MOST_SHOWN: usize = 80;

/// One run of a server: from its first line to its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub replica: String,
    pub lines: u64,
    pub first: u64,
    pub head: Head,
    pub from: String,
    pub to: String,
    pub place: Place,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// By the times of their first lines.
    pub runs: Vec<Run>,
    pub flaws: Vec<Flaw>,
    pub flaw_count: usize,
    pub summary: Summary,
    pub lines: u64,
    /// Lines of others in between.
    pub others: u64,
    /// Calls by the digest of the lock that was served; empty where the log does not tell.
    pub locks: BTreeMap<String, u64>,
    /// Of the lock that was asked about.
    pub affected: Option<Affecteds>,
}

/// Reads logs, line by line.
#[derive(Debug, Default)]
pub struct Audit {
    chains: Vec<Chain>,
    /// Those that may go on, by replica; the latest is the last.
    open: BTreeMap<String, Vec<usize>>,
    heads: Heads,
    flaws: Flaws,
    report: Report,
    given: Option<GivenLock>,
    mixed: BTreeSet<usize>,
    /// The last line that is no call, by its hash: a server that went down in the middle of one goes on behind it.
    torn: String,
    seen: BTreeSet<usize>,
}

impl Audit {
    #[must_use]
    pub fn new(given: Option<GivenLock>) -> Self {
        let mut audit = Self::default();
        audit.report.affected = given.as_ref().map(|_| Affecteds::default());
        audit.given = given;
        audit
    }

    /// Heads come before the lines that they are of.
    pub fn remember(&mut self, head: Head) {
        self.heads.add(head);
    }

    pub fn line(&mut self, bytes: &[u8], place: Place) {
        match line::read(bytes) {
            Line::Record(record) => self.record(&record, place),
            Line::Other if bytes.trim_ascii().is_empty() => {}
            other => {
                self.torn = sha256_hex(bytes);
                match other {
                    Line::Broken(why) => self.broken(why, place),
                    _ => self.report.others += 1,
                }
            }
        }
    }

    /// A line that is longer than any of ours, by its beginning.
    pub fn long_line(&mut self, begin: &[u8], place: Place) {
        match line::looks_like_ours(begin) {
            true => self.broken("it is longer than any line of the log", place),
            false => self.report.others += 1,
        }
    }

    fn broken(&mut self, why: &str, place: Place) {
        let fact = format!("it looks like a line of the log, and is none: {why}");
        self.flaws.add(Flaw::new(Kind::Foreign, place, fact));
    }

    fn record(&mut self, record: &Record, place: Place) {
        self.heads.look(record, place);
        self.seen.insert(place.file);
        let Some(number) = self.chain_of(record, place) else {
            return;
        };
        self.report.lines += 1;
        self.report.summary.add(record);
        if record.is_call() && !record.is_intent() {
            let lock = &self.chains[number].lock;
            locks::count(&mut self.report.locks, lock);
            if let (Some(given), Some(affected)) = (&self.given, &mut self.report.affected) {
                affected.add(given, record, lock, place);
            }
        }
    }

    /// The chain that took the line; nothing where it came before.
    fn chain_of(&mut self, record: &Record, place: Place) -> Option<usize> {
        let open = self.open.get(&record.replica).cloned().unwrap_or_default();
        let next = open
            .iter()
            .rev()
            .find(|number| self.chains[**number].is_followed_by(record));
        if let Some(&number) = next.filter(|_| !record.is_first()) {
            self.note_mixed(number, &open, place);
            return self.chains[number]
                .take(record, place, &mut self.flaws)
                .then_some(number);
        }
        if record.is_first() {
            let again = open
                .iter()
                .find(|number| self.chains[**number].first.hash == record.hash);
            if let Some(&number) = again {
                let fact = "line 1 stands here again, and what follows on it".to_owned();
                self.flaws.add(Flaw::new(Kind::Duplicated, place, fact));
                if self.chains[number].lines == 1 {
                    return None;
                }
            }
            return self.begin(record, place);
        }
        match self.latest(record, &open, place) {
            Some(number) if record.previous == self.torn => {
                self.flaws
                    .add(Flaw::new(Kind::Foreign, place, "the line before it was never finished"));
                self.chains[number].resume(record, place);
                Some(number)
            }
            Some(number) => self.chains[number]
                .take(record, place, &mut self.flaws)
                .then_some(number),
            None => self.begin(record, place),
        }
    }

    /// The chain that a line belongs to which follows on none.
    fn latest(&self, record: &Record, open: &[usize], place: Place) -> Option<usize> {
        let latest = *open.last()?;
        let here = open
            .iter()
            .rev()
            .find(|number| self.chains[**number].tip.place.file == place.file);
        if here.is_some() {
            return here.copied();
        }
        let goes_on = record.sequence > self.chains[latest].tip.sequence;
        (!record.replica.is_empty() || (open.len() == 1 && goes_on)).then_some(latest)
    }

    fn begin(&mut self, record: &Record, place: Place) -> Option<usize> {
        let number = self.chains.len();
        if number == MOST_CHAINS {
            self.flaws
                .add(Flaw::new(Kind::Foreign, place, "it begins one log too many"));
            return None;
        }
        self.chains.push(Chain::begin(record, place));
        let open = self.open.entry(record.replica.clone()).or_default();
        if open.len() == MOST_OPEN {
            self.chains[open.remove(0)].close();
        }
        open.push(number);
        Some(number)
    }

    /// A line that follows on a chain which another one came behind in the same file.
    fn note_mixed(&mut self, number: usize, open: &[usize], place: Place) {
        let later = open.iter().any(|other| {
            let tip = self.chains[*other].tip.place;
            *other > number && tip.file == place.file && self.chains[number].tip.place < tip
        });
        let both_here = self.chains[number].tip.place.file == place.file;
        if later && both_here && self.mixed.insert(place.file) {
            let fact = "lines of several servers stand here, and do not say whose they are".to_owned();
            self.flaws.add(Flaw::new(Kind::Mixed, place, fact));
        }
    }

    /// What is known when all lines of `files` files were read.
    #[must_use]
    pub fn end(mut self, files: usize) -> Report {
        for file in (0..files).filter(|file| !self.seen.contains(file)) {
            let place = Place { file, line: 0 };
            self.flaws
                .add(Flaw::new(Kind::Cut, place, "no line of an audit log is here"));
        }
        self.heads.end(&mut self.chains, &mut self.flaws);
        for chain in &self.chains {
            chain.end(&mut self.flaws);
        }
        let mut report = self.report;
        report.runs = self.chains.iter().take(MOST_RUNS).map(run_of).collect();
        report
            .runs
            .sort_by(|one, other| (&one.from, &one.replica).cmp(&(&other.from, &other.replica)));
        if let Some(affected) = &mut report.affected {
            affected
                .listed
                .sort_by(|one, other| (&one.time, one.place).cmp(&(&other.time, other.place)));
        }
        report.flaw_count = self.flaws.count;
        report.flaws = self.flaws.sorted();
        report
    }
}

/// The time of a line and its number, by which files are read in their order; nothing where it is no line of a log.
#[must_use]
pub fn order_of(bytes: &[u8]) -> Option<(String, u64)> {
    match line::read(bytes) {
        Line::Record(record) => Some((record.time, record.sequence)),
        Line::Broken(_) | Line::Other => None,
    }
}

/// A text of a line as it may be shown: a forged line may hold anything.
#[must_use]
pub fn shown(text: &str) -> String {
    let is_plain = |next: char| next == ' ' || next.is_ascii_graphic();
    let mut shown = String::new();
    for next in text.chars().take(MOST_SHOWN) {
        match is_plain(next) {
            true => shown.push(next),
            false => shown.extend(next.escape_unicode()),
        }
    }
    if text.chars().nth(MOST_SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}

fn run_of(chain: &Chain) -> Run {
    Run {
        replica: chain.replica.clone(),
        lines: chain.lines,
        first: chain.first.sequence,
        head: Head {
            sequence: chain.tip.sequence,
            sha256: chain.tip.hash.clone(),
            replica: chain.replica.clone(),
            file: None,
        },
        from: chain.times.0.clone(),
        to: chain.times.1.clone(),
        place: chain.first.place,
    }
}
