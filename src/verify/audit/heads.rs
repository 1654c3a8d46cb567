//! Last lines that somebody remembers: with them a log is found cut, or its last line changed, which the lines alone do not show.

use super::chain::Chain;
use super::flaw::{Flaw, Flaws, Kind, Place};
use super::line::{Record, is_hash};

/// A number and a hash; the server writes them beside its file, and the report prints them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub sequence: u64,
    pub sha256: String,
    /// Whose it is; empty where it is the one log's.
    pub replica: String,
    /// The file beside which it lay; nothing where it may be of any.
    pub file: Option<usize>,
}

impl Head {
    /// `NUMBER SHA256`, with the name of the replica behind it where there are several.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let sequence = words.next()?.parse().ok()?;
        let sha256 = words.next().filter(|word| is_hash(word))?.to_owned();
        let replica = words.next().unwrap_or_default().to_owned();
        words.next().is_none().then_some(Self {
            sequence,
            sha256,
            replica,
            file: None,
        })
    }

    fn is_of(&self, replica: &str, place: Place) -> bool {
        (self.replica.is_empty() || self.replica == replica) && self.file.is_none_or(|file| file == place.file)
    }
}

#[derive(Debug)]
pub(super) struct Kept {
    head: Head,
    is_found: bool,
    /// A line of its number that is another one.
    other: Option<Place>,
}

#[derive(Debug, Default)]
pub(super) struct Heads(Vec<Kept>);

impl Heads {
    pub(super) fn add(&mut self, head: Head) {
        // Nothing was written yet when it was made.
        if head.sequence > 0 {
            let (is_found, other) = (false, None);
            self.0.push(Kept { head, is_found, other });
        }
    }

    pub(super) fn look(&mut self, record: &Record, place: Place) {
        for kept in &mut self.0 {
            if kept.head.sequence == record.sequence && kept.head.is_of(&record.replica, place) {
                match kept.head.sha256 == record.hash {
                    true => kept.is_found = true,
                    false => kept.other = Some(place),
                }
            }
        }
    }

    /// What the logs lack; a log that goes on behind such a line begins as it should.
    pub(super) fn end(self, chains: &mut [Chain], flaws: &mut Flaws) {
        for Kept { head, is_found, other } in self.0 {
            let next = chains
                .iter_mut()
                .find(|chain| chain.before == head.sha256 && chain.first.sequence > head.sequence);
            if let Some(chain) = next {
                chain.is_begin_proven = true;
                if head.file.is_none() {
                    continue;
                }
            }
            if is_found {
                continue;
            }
            let number = head.sequence;
            let whose = if head.replica.is_empty() {
                String::new()
            } else {
                format!(" of `{}`", super::shown(&head.replica))
            };
            flaws.add(match other {
                Some(place) => {
                    let fact = format!("line {number} is not the one that was remembered");
                    Flaw::new(Kind::Changed, place, fact)
                }
                None => {
                    let of_it = chains
                        .iter()
                        .filter(|chain| head.is_of(&chain.replica, chain.tip.place));
                    let last = of_it.map(|chain| chain.tip.place).max();
                    let place = last.unwrap_or(Place {
                        file: head.file.unwrap_or(0),
                        line: 0,
                    });
                    let fact = format!("line {number}{whose} was remembered, and is not here: the log was cut");
                    Flaw::new(Kind::Cut, place, fact)
                }
            });
        }
    }
}
