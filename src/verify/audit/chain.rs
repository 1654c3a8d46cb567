//! One chain of lines: each names the hash of the line before, and has the next number.
//!
//! Lines go in, in the order in which they stand; flaws come out. What a break is called is the plainest reading of what follows
//! it: a whole line that nobody else names cannot be told from one that was changed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::flaw::{Flaw, Flaws, Kind, Place};
use super::line::{FIRST, Record};

/// Lines that are known again when they come twice.
const REMEMBERED: usize = 4096;
/// Writes under way at once, and runs of lines that are missing, of which each is told.
const MOST_OPEN: usize = 65_536;

/// The last line so far.
#[derive(Clone, Debug)]
pub(super) struct Tip {
    pub(super) sequence: u64,
    pub(super) hash: String,
    pub(super) place: Place,
}

/// Lines that are not where they belong; they may come yet.
#[derive(Debug)]
struct Gap {
    last: u64,
    /// The first line behind it.
    place: Place,
    /// The writer itself went on without them.
    was_known: bool,
}

#[derive(Debug)]
pub(super) struct Chain {
    pub(super) replica: String,
    pub(super) first: Tip,
    /// What the first line names as the line before.
    pub(super) before: String,
    pub(super) tip: Tip,
    /// The lock that the process had which wrote the last lines.
    pub(super) lock: String,
    pub(super) times: (String, String),
    pub(super) lines: u64,
    /// Somebody remembers the line before the first.
    pub(super) is_begin_proven: bool,
    /// The tip before the last, and what was said of the last.
    prior: Option<(Tip, Told)>,
    gaps: BTreeMap<u64, Gap>,
    intents: BTreeMap<u64, Place>,
    recent: VecDeque<String>,
    known: BTreeSet<String>,
}

/// What was said of the last line.
#[derive(Clone, Copy, Debug)]
enum Told {
    Nothing,
    /// It names the line before, and numbers are missing: perhaps its own was changed.
    Jump,
    Flaw(usize),
}

impl Chain {
    pub(super) fn begin(record: &Record, place: Place) -> Self {
        let tip = tip_of(record, place);
        let mut chain = Self {
            replica: record.replica.clone(),
            first: tip.clone(),
            before: record.previous.clone(),
            tip,
            lock: String::new(),
            times: (record.time.clone(), record.time.clone()),
            lines: 0,
            is_begin_proven: record.is_first(),
            prior: None,
            gaps: BTreeMap::new(),
            intents: BTreeMap::new(),
            recent: VecDeque::new(),
            known: BTreeSet::new(),
        };
        chain.note(record, place);
        chain
    }

    /// Whether the line is the next one.
    pub(super) fn is_followed_by(&self, record: &Record) -> bool {
        record.previous == self.tip.hash
    }

    /// Takes the next line that stands there; false for one that stood there before.
    pub(super) fn take(&mut self, record: &Record, place: Place, flaws: &mut Flaws) -> bool {
        let told = if self.is_followed_by(record) {
            self.follow(record, place, flaws)
        } else if self.known.contains(&record.hash) {
            let fact = format!("line {} stands here again", record.sequence);
            flaws.add(Flaw::new(Kind::Duplicated, place, fact));
            return false;
        } else {
            match self.explain(record, place, flaws) {
                Some(told) => told,
                None => {
                    self.note(record, place);
                    return true;
                }
            }
        };
        let new = tip_of(record, place);
        self.prior = Some((std::mem::replace(&mut self.tip, new), told));
        self.note(record, place);
        true
    }

    /// Goes on behind a line that was never finished.
    pub(super) fn resume(&mut self, record: &Record, place: Place) {
        if record.sequence > self.tip.sequence + 1 {
            self.open_gap(self.tip.sequence + 1, record.sequence - 1, place, true);
        }
        self.tip = tip_of(record, place);
        self.prior = None;
        self.note(record, place);
    }

    /// The line names the one before it; its number may be wrong all the same.
    fn follow(&mut self, record: &Record, place: Place, flaws: &mut Flaws) -> Told {
        let next = self.tip.sequence + 1;
        if record.sequence > next {
            self.open_gap(next, record.sequence - 1, place, true);
            return Told::Jump;
        }
        if record.sequence == next {
            return Told::Nothing;
        }
        let fact = format!("its number is {} where {next} comes next", record.sequence);
        Told::Flaw(flaws.add(Flaw::new(Kind::Changed, place, fact)))
    }

    /// The line does not name the one before it. What is told, or nothing where it belongs further up.
    fn explain(&mut self, record: &Record, place: Place, flaws: &mut Flaws) -> Option<Told> {
        let (tip, sequence) = (self.tip.clone(), record.sequence);
        if let Some(told) = self.explain_tip(record, flaws) {
            return Some(told);
        }
        if self.is_missing(sequence) {
            self.fill(sequence);
            let fact = format!("line {sequence} stands behind line {}", tip.sequence);
            flaws.add(Flaw::new(Kind::Reordered, place, fact));
            return None;
        }
        if sequence <= tip.sequence {
            let fact = format!("a second line {sequence}, which is not the first one");
            flaws.add(Flaw::new(Kind::Foreign, place, fact));
            return None;
        }
        if sequence > tip.sequence + 1 {
            self.open_gap(tip.sequence + 1, sequence - 1, place, false);
            return Some(Told::Nothing);
        }
        Some(Told::Flaw(flaws.add(changed(&tip, tip.sequence))))
    }

    /// Whether the line shows what is wrong with the one before.
    fn explain_tip(&mut self, record: &Record, flaws: &mut Flaws) -> Option<Told> {
        let (prior, told) = self.prior.as_ref()?;
        let next = prior.sequence + 1;
        let flaw = match told {
            Told::Jump if record.sequence == next + 1 => changed(&self.tip, next),
            _ if record.previous == prior.hash && record.sequence == next && !self.is_missing(next) => {
                let fact = format!(
                    "it is none of this log: line {next} follows on line {} without it",
                    prior.sequence
                );
                Flaw::new(Kind::Foreign, self.tip.place, fact)
            }
            _ => return None,
        };
        let told = *told;
        self.gaps.remove(&next);
        Some(Told::Flaw(match told {
            Told::Flaw(number) => flaws.replace(number, flaw),
            Told::Jump | Told::Nothing => flaws.add(flaw),
        }))
    }

    fn open_gap(&mut self, first: u64, last: u64, place: Place, was_known: bool) {
        if self.gaps.len() < MOST_OPEN {
            self.gaps.insert(first, Gap { last, place, was_known });
        }
    }

    fn is_missing(&self, sequence: u64) -> bool {
        let before = self.gaps.range(..=sequence).next_back();
        before.is_some_and(|(_, gap)| sequence <= gap.last)
    }

    fn fill(&mut self, sequence: u64) {
        let Some((&first, _)) = self.gaps.range(..=sequence).next_back() else {
            return;
        };
        let Some(gap) = self.gaps.remove(&first) else { return };
        if first < sequence {
            self.open_gap(first, sequence - 1, gap.place, gap.was_known);
        }
        if sequence < gap.last {
            self.open_gap(sequence + 1, gap.last, gap.place, gap.was_known);
        }
    }

    fn note(&mut self, record: &Record, place: Place) {
        self.lines += 1;
        if !record.lock.is_empty() {
            self.lock.clone_from(&record.lock);
        }
        if record.time < self.times.0 {
            self.times.0.clone_from(&record.time);
        }
        if record.time > self.times.1 {
            self.times.1.clone_from(&record.time);
        }
        if record.is_intent() && self.intents.len() < MOST_OPEN {
            self.intents.insert(record.sequence, place);
        }
        self.intents.remove(&record.intent);
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front().map(|oldest| self.known.remove(&oldest));
        }
        self.recent.push_back(record.hash.clone());
        self.known.insert(record.hash.clone());
    }

    /// No further line is expected.
    pub(super) fn close(&mut self) {
        self.recent = VecDeque::new();
        self.known = BTreeSet::new();
    }

    /// What is known once no further line comes.
    pub(super) fn end(&self, flaws: &mut Flaws) {
        if !self.is_begin_proven {
            let (number, at) = (self.first.sequence, self.first.place);
            let fact = match number {
                1 => "the first line names one before it".to_owned(),
                _ if self.before == FIRST => format!("line {number} says that it is the first"),
                2 => "the log begins with line 2: line 1 is not here".to_owned(),
                _ => format!(
                    "the log begins with line {number}: lines 1 to {} are not here",
                    number - 1
                ),
            };
            flaws.add(Flaw::new(Kind::Cut, at, fact));
        }
        for (first, gap) in &self.gaps {
            let missing = match gap.last - first {
                0 => format!("line {first} is missing"),
                _ => format!("lines {first} to {} are missing", gap.last),
            };
            let by = if gap.was_known {
                ", and the server went on without: it could not write them, or found them gone"
            } else {
                ""
            };
            flaws.add(Flaw::new(
                Kind::Removed,
                gap.place,
                format!("{missing} before this one{by}"),
            ));
        }
        for (number, place) in &self.intents {
            let fact =
                format!("line {number} tells of a write that was about to be done, and no line tells how it ended");
            flaws.add(Flaw::new(Kind::Unfinished, *place, fact));
        }
    }
}

fn changed(tip: &Tip, number: u64) -> Flaw {
    let fact = format!("line {number} is not as it was written: the next line names another");
    Flaw::new(Kind::Changed, tip.place, fact)
}

fn tip_of(record: &Record, place: Place) -> Tip {
    Tip {
        sequence: record.sequence,
        hash: record.hash.clone(),
        place,
    }
}
