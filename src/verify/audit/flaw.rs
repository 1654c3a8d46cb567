//! What is wrong with a log, and where.

/// Most flaws that are kept; of more, their number is told.
const MOST_KEPT: usize = 10_000;

/// A line of a file, both by number: files in the order in which they were named, from 0, lines from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub file: usize,
    pub line: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Changed,
    Removed,
    Reordered,
    /// Lines are missing at an end.
    Cut,
    Duplicated,
    /// A line that the server has not written.
    Foreign,
    /// Lines of several servers in one file, which do not say whose they are.
    Mixed,
    /// A write was begun, and nothing tells of its end.
    Unfinished,
}

impl Kind {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Reordered => "reordered",
            Self::Cut => "cut",
            Self::Duplicated => "duplicated",
            Self::Foreign => "foreign",
            Self::Mixed => "mixed",
            Self::Unfinished => "unfinished",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub kind: Kind,
    pub place: Place,
    pub fact: String,
}

impl Flaw {
    pub(super) fn new(kind: Kind, place: Place, fact: impl Into<String>) -> Self {
        let fact = fact.into();
        Self { kind, place, fact }
    }
}

/// All that was found; of very many the first.
#[derive(Debug, Default)]
pub(super) struct Flaws {
    kept: Vec<Flaw>,
    pub(super) count: usize,
}

impl Flaws {
    /// Adds one; its number.
    pub(super) fn add(&mut self, flaw: Flaw) -> usize {
        if self.kept.len() < MOST_KEPT {
            self.kept.push(flaw);
        }
        self.count += 1;
        self.count - 1
    }

    /// Says another thing in place of what was said before.
    pub(super) fn replace(&mut self, number: usize, flaw: Flaw) -> usize {
        if let Some(kept) = self.kept.get_mut(number) {
            *kept = flaw;
        }
        number
    }

    /// In the order of the files and their lines.
    pub(super) fn sorted(mut self) -> Vec<Flaw> {
        self.kept.sort_by_key(|flaw| (flaw.place, flaw.kind));
        self.kept
    }
}
