//! One line of a log: a call, something that looks like one and is none, or what somebody else wrote.

use super::scan::{self, Fields};
use crate::name::sha256_hex;

/// What the first line has in place of the hash of one before.
pub(super) const FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// What a line of ours always has, and what no other line happens to have.
const MARKS: [&str; 2] = ["\"sequence\":", "\"previous\":\""];
/// Places in a line at which an object may begin: a log driver puts its own words in front.
const MOST_STARTS: usize = 8;

/// What a line says.
#[derive(Debug)]
pub(super) enum Line {
    Record(Box<Record>),
    /// It has the marks of an audit line; the reason why it is none.
    Broken(&'static str),
    Other,
}

/// The facts of a call that a reader is told or that the chain is made of; arguments are none of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) replica: String,
    pub(super) sequence: u64,
    pub(super) time: String,
    pub(super) key: String,
    pub(super) method: String,
    pub(super) tool: String,
    pub(super) decision: String,
    pub(super) code: String,
    /// The number of the line that told of the write before.
    pub(super) intent: u64,
    /// Digest of the lock, in the first line of a process.
    pub(super) lock: String,
    pub(super) previous: String,
    /// SHA-256 of its bytes, as the next line has it.
    pub(super) hash: String,
}

impl Record {
    pub(super) fn is_intent(&self) -> bool {
        self.decision == "intended"
    }

    pub(super) fn is_call(&self) -> bool {
        self.method == "tools/call"
    }

    /// Nothing came before it.
    pub(super) fn is_first(&self) -> bool {
        self.sequence == 1 && self.previous == FIRST
    }
}

pub(super) fn read(bytes: &[u8]) -> Line {
    let mut why = None;
    for start in starts(bytes) {
        match scan::object(&bytes[start..]) {
            Ok((fields, rest)) if fields.contains_key("sequence") && fields.contains_key("previous") => {
                let own = &bytes[start..bytes.len() - rest.len()];
                return match record(&fields, own) {
                    _ if !rest.trim_ascii().is_empty() => Line::Broken("something follows behind it"),
                    Some(record) => Line::Record(Box::new(record)),
                    None => Line::Broken("a field is missing, or is not of its kind"),
                };
            }
            Ok(_) => {}
            Err(error) => why = why.or(Some(error)),
        }
    }
    if looks_like_ours(bytes) {
        Line::Broken(why.unwrap_or("a field is missing"))
    } else {
        Line::Other
    }
}

/// Of a line that is too long to be kept: whether its beginning is one of ours.
pub(super) fn looks_like_ours(bytes: &[u8]) -> bool {
    let holds = |mark: &str| bytes.windows(mark.len()).any(|window| window == mark.as_bytes());
    MARKS.iter().any(|mark| holds(mark))
}

fn starts(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let open = bytes.windows(2).enumerate().filter(|(_, pair)| *pair == b"{\"");
    open.map(|(start, _)| start).take(MOST_STARTS)
}

fn record(fields: &Fields<'_>, own: &[u8]) -> Option<Record> {
    let text = |name: &str| {
        fields
            .get(name)
            .map_or(Some(String::new()), |bytes| scan::string(bytes))
    };
    let number = |name: &str| {
        fields
            .get(name)
            .map_or(Some(0), |bytes| std::str::from_utf8(bytes).ok()?.parse().ok())
    };
    let code = match fields.get("code") {
        Some(&b"null") => String::new(),
        _ => text("code")?,
    };
    let all = ["time", "key", "method", "tool", "decision"];
    if !all.iter().all(|name| fields.contains_key(*name)) {
        return None;
    }
    Some(Record {
        replica: text("replica")?,
        sequence: number("sequence").filter(|number| *number > 0)?,
        time: text("time")?,
        key: text("key")?,
        method: text("method")?,
        tool: text("tool")?,
        decision: text("decision")?,
        code,
        intent: number("intent")?,
        lock: text("lock")?,
        previous: text("previous").filter(|text| is_hash(text))?,
        hash: sha256_hex(own),
    })
}

pub(super) fn is_hash(text: &str) -> bool {
    let is_lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == FIRST.len() && text.bytes().all(is_lower)
}
