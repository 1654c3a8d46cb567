//! `.stacktic/lock.json`: what stacktic wrote, file by file.
//!
//! In: the lock's bytes, which anybody may have changed. Out: a `Lock`, or a `LockError`; and a lock's bytes again, sorted, one
//! file a line, without clock or host. It must not know where the bytes are kept or what follows from them.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::conflict;
use super::digest::Digest;
use super::tracked::LockedKey;
use crate::rel_path::RelPath;
use crate::tree::{Class, Places, ensure_not_reserved};

const VERSION: u64 = 1;

/// The lock or the journal cannot be trusted (exit 4).
#[derive(Debug)]
pub struct LockError(pub(super) String);

impl fmt::Display for LockError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for LockError {}

/// What was written at one path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockEntry {
    /// Of the contents; of a secret skeleton before anyone filled it in, so that it tells nothing of the values.
    pub sha256: Digest,
    pub class: Class,
    #[serde(deserialize_with = "printable")]
    pub why: String,
    /// A secret skeleton's keys; nothing of them is secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<BTreeMap<String, LockedKey>>,
}

/// Every path that stacktic wrote and has not taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    pub files: BTreeMap<RelPath, LockEntry>,
}

impl Lock {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, LockError> {
        let Document { files, .. } = parse(bytes, "lock.json")?;
        let Files(files): Files<LockEntry> = files;
        Self::checked(files)
    }

    /// A lock is of files that fit beside each other.
    fn checked(files: BTreeMap<RelPath, LockEntry>) -> Result<Self, LockError> {
        let mut places = Places::default();
        for path in files.keys() {
            ensure_not_reserved(path)
                .and_then(|()| places.insert(path))
                .map_err(|error| fault("lock.json", &error))?;
        }
        Ok(Self { files })
    }

    pub(super) fn render(&self) -> Vec<u8> {
        render(&[section("files", &self.files)])
    }
}

/// A lock as it stands: of one run, or of two whose branches git is merging.
#[derive(Default)]
pub(super) struct Locks {
    /// The lock, or that of our side with the paths that only the other side has.
    pub(super) lock: Lock,
    /// That of the other side.
    pub(super) theirs: Option<Lock>,
}

impl Locks {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, LockError> {
        let Some([ours, theirs]) = conflict::sides(bytes) else {
            return Lock::parse(bytes).map(|lock| Self { lock, theirs: None });
        };
        let (ours, theirs) = (Lock::parse(&ours)?, Lock::parse(&theirs)?);
        let mut files = theirs.files.clone();
        files.extend(ours.files);
        Ok(Self {
            // What one side made of a path may not fit beside what the other made of it.
            lock: Lock::checked(files)?,
            theirs: Some(theirs),
        })
    }
}

/// The reason is shown on terminals, which would obey control characters.
fn printable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.chars().any(char::is_control) {
        let shown = text.escape_default();
        return Err(serde::de::Error::custom(format_args!(
            "`{shown}` holds a control character"
        )));
    }
    Ok(text)
}

#[derive(Deserialize)]
struct Version {
    version: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "T: DeserializeOwned")]
struct Document<T> {
    #[serde(rename = "version", deserialize_with = "known")]
    _version: (),
    files: Files<T>,
}

/// Reads a lock or a journal. Of what it does not know, another version is told first.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8], name: &str) -> Result<T, LockError> {
    serde_json::from_slice(bytes).map_err(|error| match serde_json::from_slice(bytes) {
        Ok(Version { version }) if version != VERSION => {
            let message = format_args!("its version is {version}, and this stacktic knows version {VERSION}");
            fault(name, &message)
        }
        _ => fault(name, &error),
    })
}

/// The one version that is read.
pub(super) fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    match u64::deserialize(deserializer)? {
        VERSION => Ok(()),
        other => Err(serde::de::Error::custom(format_args!("its version is {other}"))),
    }
}

pub(super) fn fault(name: &str, fault: &dyn fmt::Display) -> LockError {
    // It may quote what stands in the file.
    let fault = fault.to_string().replace(char::is_control, "\u{fffd}");
    LockError(format!(
        "could not read `.stacktic/{name}`: {fault}; restore it from version control (in a merge, `git checkout --merge` on it \
         brings both sides back, which are read as they are), or delete it: files that are as they should be are then taken \
         over, others are refused"
    ))
}

/// One file a line: a changed file is a changed line, and version control merges what does not overlap.
pub(super) fn section<T: Serialize>(name: &str, files: &BTreeMap<RelPath, T>) -> Vec<u8> {
    let mut text = format!("\"{name}\": {{").into_bytes();
    for (position, (path, entry)) in files.iter().enumerate() {
        text.extend_from_slice(if position == 0 { b"\n    " } else { b",\n    " });
        put(&mut text, path.as_str());
        text.extend_from_slice(b": ");
        put(&mut text, entry);
    }
    text.extend_from_slice(if files.is_empty() { b"}" } else { b"\n  }" });
    text
}

/// Maps with text keys, text and numbers always have a JSON form.
fn put<T: Serialize + ?Sized>(text: &mut Vec<u8>, value: &T) {
    _ = serde_json::to_writer(text, value);
}

pub(super) fn render(sections: &[Vec<u8>]) -> Vec<u8> {
    let start = format!("{{\n  \"version\": {VERSION},\n  ").into_bytes();
    [start, sections.join(&b",\n  "[..]), b"\n}\n".to_vec()].concat()
}

/// A map that refuses a path that stands twice, where serde's own would keep the last.
pub(super) struct Files<T>(pub(super) BTreeMap<RelPath, T>);

impl<T> Default for Files<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Files<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FilesVisitor(PhantomData))
    }
}

struct FilesVisitor<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for FilesVisitor<T> {
    type Value = Files<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map from path to what was written there")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut files = BTreeMap::new();
        while let Some((path, entry)) = access.next_entry::<RelPath, T>()? {
            if files.contains_key(&path) {
                return Err(serde::de::Error::custom(format_args!("`{path}` stands twice")));
            }
            files.insert(path, entry);
        }
        Ok(Files(files))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(why: &str, keys: Option<BTreeMap<String, LockedKey>>) -> LockEntry {
        LockEntry {
            sha256: Digest::of(why.as_bytes()),
            class: Class::Owned,
            why: why.to_owned(),
            keys,
        }
    }

    #[test]
    fn reads_what_it_writes() {
        let of = |of: &[&str]| LockedKey {
            value: "x".to_owned(),
            of: of.iter().copied().map(str::to_owned).collect(),
        };
        let keys = BTreeMap::from([("A".to_owned(), of(&[])), ("B".to_owned(), of(&["valkey *_PASSWORD"]))]);
        let files = BTreeMap::from([
            (RelPath::parse("b").unwrap(), entry("hook \"x\"", None)),
            (RelPath::parse("a/c").unwrap(), entry("link", Some(keys))),
        ]);
        let lock = Lock { files };
        let text = String::from_utf8(lock.render()).unwrap();
        assert_eq!(Lock::parse(text.as_bytes()).unwrap(), lock);
        assert_eq!(text.lines().count(), 6 + 1, "{text}");
        let keys = r#""keys":{"A":"x","B":{"value":"x","of":["valkey *_PASSWORD"]}}"#;
        assert!(text.contains(keys), "{text}");
        assert!(
            text.find("\"a/c\"") < text.find("\"b\"") && text.ends_with("}\n"),
            "{text}"
        );
        let empty = Lock::default();
        assert_eq!(Lock::parse(&empty.render()).unwrap(), empty);
    }

    #[test]
    fn refuses_what_it_cannot_trust() {
        let good = format!(
            "{{\"sha256\":\"{}\",\"class\":\"owned\",\"why\":\"x\"}}",
            Digest::of(b"")
        );
        let with = |files: &str| format!("{{\"version\":1,\"files\":{{{files}}}}}");
        assert!(Lock::parse(with(&format!("\"a\":{good}")).as_bytes()).is_ok());
        for (text, part) in [
            (String::new(), "EOF"),
            ("[]".to_owned(), "version"),
            ("{\"files\":{}}".to_owned(), "version"),
            ("{\"version\":2,\"files\":{},\"more\":1}".to_owned(), "its version is 2"),
            ("{\"version\":1,\"files\":{},\"more\":1}".to_owned(), "unknown field"),
            ("{\"version\":1,\"version\":1,\"files\":{}}".to_owned(), "duplicate"),
            (with(&format!("\"../a\":{good}")), "`..`"),
            (with(&format!("\"/a\":{good}")), "absolute"),
            (with(&format!("\"a\":{good},\"a\":{good}")), "twice"),
            (with(&format!("\"a\":{good},\"A\":{good}")), "upper and lower"),
            (
                with(&format!("\"a\":{good},\"a/b\":{good}")),
                "both a file and a directory",
            ),
            (with(&format!("\".stacktic/lock.json\":{good}")), "keeps for itself"),
            (
                with(&format!("\"a\":{}", good.replace("owned", "mine"))),
                "unknown variant",
            ),
            (with(&format!("\"a\":{}", good.replace("e3b0", "E3B0"))), "SHA-256"),
            (
                with(&format!("\"a\":{}", good.replace("why", "because"))),
                "unknown field",
            ),
            (
                with(&format!("\"a\":{}", good.replace("\"x\"", "\"x\\u001b[2J\""))),
                "control character",
            ),
            (
                with(&format!("\"a\":{}", good.replace("\"x\"", "\"x\u{9b}2J\""))),
                "control character",
            ),
            (with(&format!("\"a\\u001b[2J\":{good}")), "holds the character"),
            (
                with(&format!("\"a\":{}", good.replace("why", "\\u001b[2Jwhy"))),
                "unknown field `\u{fffd}[2Jwhy`",
            ),
        ] {
            let message = Lock::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(
                message.contains(part) && message.contains(".stacktic/lock.json"),
                "{text}: {message}"
            );
            assert!(!message.contains(char::is_control), "{message:?}");
        }
    }

    #[test]
    fn reads_both_sides_of_a_merge() {
        let line = |at: &str, why: &str| {
            let lock = Lock {
                files: BTreeMap::from([(RelPath::parse(at).unwrap(), entry(why, None))]),
            };
            let text = String::from_utf8(lock.render()).unwrap();
            text.lines().nth(3).unwrap().to_owned()
        };
        let (a1, a2, b, c) = (line("a", "1"), line("a", "2"), line("b", "1"), line("c", "1"));
        let text = format!(
            "{{\n  \"version\": 1,\n  \"files\": {{\n<<<<<<< HEAD\n{a1},\n{b},\n=======\n{a2},\n>>>>>>> x\n{c}\n  }}\n}}\n"
        );
        let locks = Locks::parse(text.as_bytes()).unwrap();
        let names = |lock: &Lock| lock.files.keys().map(ToString::to_string).collect::<String>();
        assert_eq!(
            (
                names(&locks.lock).as_str(),
                names(locks.theirs.as_ref().unwrap()).as_str()
            ),
            ("abc", "ac")
        );
        let of = |lock: &Lock| lock.files[&RelPath::parse("a").unwrap()].why.clone();
        assert_eq!(
            (of(&locks.lock), of(&locks.theirs.unwrap())),
            ("1".to_owned(), "2".to_owned())
        );
        // Neither side may say what a lock may not say.
        for (good, bad) in [("\"a\"", "\"../a\""), ("\"b\"", "\"C\""), ("=======\n", "")] {
            assert!(Locks::parse(text.replace(good, bad).as_bytes()).is_err(), "{bad}");
        }
    }
}
