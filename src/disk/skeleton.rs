//! Secret skeletons: dotenv files of which the keys are stacktic's and the values the user's.
//!
//! In: a `Skeleton`, the file as it stands, and the keys that stacktic put into it before. Out: the file as it should be, with
//! every value that a user filled in, byte for byte; of an encrypted file only whether its keys are right. It must not know
//! the disk, and puts no value into a message.

use std::collections::BTreeMap;

use super::dotenv::{self, Entry, Fault, Item};
use super::placement::{Placement, entries};
use super::sops;
use super::tracked::{LockedKey, Tracked};
use crate::tree::{Skeleton, SkeletonKey, is_dotenv_key};

/// Starts a comment that stacktic writes; translators' files tell the tool's comments from people's in the same way.
const MARK: &str = "#.";
const LEGEND: &str = "Lines that start with `#.` are written anew by each run; values and other comments stay yours.";
/// Most faults that are told of one file: in what is no dotenv at all, every line is one.
const MAX_TOLD: usize = 5;

/// What has to happen to the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A plain file, as it should be.
    Plain(Merged),
    /// An encrypted file whose keys are right.
    InStep,
    /// An encrypted file, and the commands that put its keys right.
    OutOfStep(String),
    /// Not read by kustomize as it is meant, and why.
    Unreadable(String),
}

/// A plain file with the keys of today.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Merged {
    /// Possibly as it is.
    pub(super) bytes: Vec<u8>,
    /// Keys and values that somebody filled in and that are in `bytes` no more.
    pub(super) aside: Vec<(String, String)>,
    /// What else is to be said, a line each.
    pub(super) notes: Vec<String>,
}

/// The file before anybody filled it in.
pub(crate) fn render(skeleton: &Skeleton) -> Vec<u8> {
    merge(
        skeleton,
        &[],
        &Tracked::default(),
        &Placement::new(skeleton, &[], &Tracked::default()),
    )
}

/// The keys to remember.
pub(super) fn locked(skeleton: &Skeleton) -> BTreeMap<String, LockedKey> {
    let locked = |key: &SkeletonKey| LockedKey {
        value: key.value.clone(),
        of: key.of.clone(),
    };
    let keys = skeleton.keys.iter();
    keys.map(|key| (key.key.clone(), locked(key))).collect()
}

/// How many keys of the skeleton have no value in `file` once they stand there; `None` where SOPS encrypted it, or it is no dotenv file.
pub(crate) fn empty_values(skeleton: &Skeleton, file: &[u8]) -> Option<usize> {
    let items = dotenv::parse(file).ok().filter(|items| !sops::is_encrypted(items))?;
    // A key that is missing comes with the value that is prefilled.
    let value = |key: &SkeletonKey| {
        let entry = entries(&items).find(|entry| entry.key == key.key);
        entry.map_or(key.value.clone(), |entry| entry.value.to_owned())
    };
    Some(skeleton.keys.iter().filter(|key| value(key).is_empty()).count())
}

/// Compares `file`, which a user would call `shown`, with `skeleton`.
pub(super) fn compare(skeleton: &Skeleton, file: &[u8], tracked: &Tracked, shown: &str) -> Outcome {
    let items = match dotenv::parse(file) {
        Ok(items) => items,
        Err(faults) => return Outcome::Unreadable(told(&faults, shown)),
    };
    match (sops::is_encrypted(&items), skeleton.takes_ciphertext) {
        (false, _) => {}
        (true, true) => return sops::compare(skeleton, &items, tracked, shown),
        (true, false) => return Outcome::Unreadable(sops::refusal(shown)),
    }
    let placement = Placement::new(skeleton, &items, tracked);
    let merged = merge(skeleton, &items, tracked, &placement);
    // The order of lines, the space between them and how they end are no reason to touch a file.
    let is_same = dotenv::parse(&merged).is_ok_and(|after| lines(&items) == lines(&after));
    let bytes = if is_same { file.to_vec() } else { merged };
    let names = placement.renamed();
    let mut notes: Vec<String> = names
        .map(|(old, new)| format!("`{old}` is now `{new}`, with its value"))
        .collect();
    notes.extend(doubts(&bytes, shown));
    let owned = |entry: &Entry<'_>| (entry.key.to_owned(), entry.value.to_owned());
    Outcome::Plain(Merged {
        bytes,
        aside: placement.aside.iter().map(owned).collect(),
        notes,
    })
}

/// The faults of a file, a line each.
fn told(faults: &[Fault], shown: &str) -> String {
    let line = |Fault { line, message }: &Fault| format!("{shown}:{line}: {message}");
    let mut lines: Vec<String> = faults.iter().take(MAX_TOLD).map(line).collect();
    if faults.len() > MAX_TOLD {
        lines.push(format!("and {} more lines like these", faults.len() - MAX_TOLD));
    }
    lines.push("its keys cannot be compared, so the file is left as it is".to_owned());
    lines.join("\n")
}

/// Values that kustomize reads with more in them than was probably meant.
fn doubts(file: &[u8], shown: &str) -> Vec<String> {
    let items = dotenv::parse(file).unwrap_or_default();
    let doubt = |entry: Entry<'_>| Some(format!("{shown}:{}: {}", entry.line, dotenv::doubt(entry.value)?));
    entries(&items).filter_map(doubt).take(MAX_TOLD).collect()
}

fn lines<'file>(items: &[Item<'file>]) -> Vec<&'file [u8]> {
    let raw = |item: &Item<'file>| match item {
        Item::Comment(line) => *line,
        Item::Entry(entry) => entry.raw,
    };
    let ended = |line: &'file [u8]| line.strip_suffix(b"\r").unwrap_or(line);
    let mut lines: Vec<&[u8]> = items.iter().map(raw).map(ended).collect();
    lines.sort_unstable();
    lines
}

/// An entry with the user's comments above it.
#[derive(Default)]
struct Block<'file> {
    comments: Vec<&'file [u8]>,
    entry: Option<Entry<'file>>,
}

fn merge(skeleton: &Skeleton, items: &[Item<'_>], tracked: &Tracked, placement: &Placement<'_>) -> Vec<u8> {
    let is_wanted = |key: &str| skeleton.keys.iter().any(|wanted| wanted.key == key);
    let is_users = |key: &str| !is_wanted(key) && !tracked.has(key);
    let blocks = blocks(skeleton, items, &|key| placement.is_source(key) || is_users(key));
    let mut out = Vec::new();
    for line in header(skeleton) {
        push_comment(&mut out, line);
    }
    let mut keys: Vec<&SkeletonKey> = skeleton.keys.iter().collect();
    keys.sort_by(|one, other| one.key.cmp(&other.key));
    for wanted in keys {
        push_key(&mut out, wanted, &blocks, tracked, placement.source(&wanted.key));
    }
    // Last, in their order: keys that stacktic never wrote, and comments below everything.
    for block in blocks
        .iter()
        .filter(|block| !block.entry.is_some_and(|entry| placement.is_source(entry.key)))
    {
        out.push(b'\n');
        push_lines(&mut out, &block.comments);
        push_lines(&mut out, block.entry.map(|entry| entry.raw).as_slice());
    }
    out
}

fn header(skeleton: &Skeleton) -> impl Iterator<Item = &str> {
    skeleton.header.iter().map(String::as_str).chain([LEGEND])
}

/// Comments stay with the entry below them; where that entry goes, with the next that stays.
fn blocks<'file>(skeleton: &Skeleton, items: &[Item<'file>], stays: &dyn Fn(&str) -> bool) -> Vec<Block<'file>> {
    let mut blocks = Vec::new();
    let mut block = Block::default();
    for item in items {
        match item {
            Item::Comment(line) if is_own(skeleton, line) => {}
            Item::Comment(line) => block.comments.push(line),
            Item::Entry(entry) if stays(entry.key) => {
                block.entry = Some(*entry);
                blocks.push(std::mem::take(&mut block));
            }
            Item::Entry(_) => {}
        }
    }
    if !block.comments.is_empty() {
        blocks.push(block);
    }
    blocks
}

/// A comment that stacktic wrote. A key that was put behind the mark, as in `#. KEY=value` or `#.dockerconfigjson=value`, is
/// somebody's value, which stays.
fn is_own(skeleton: &Skeleton, line: &[u8]) -> bool {
    let Some(text) = line.strip_prefix(MARK.as_bytes()) else {
        return false;
    };
    let text = text.trim_ascii_end();
    let Some(text) = text.strip_prefix(b" ").or_else(|| text.is_empty().then_some(text)) else {
        return false;
    };
    let is_written = |own: &str| own.trim_end().as_bytes() == text;
    let comments = skeleton.keys.iter().flat_map(|key| key.comment.lines());
    !holds_value(text) || header(skeleton).chain(comments).any(is_written)
}

fn holds_value(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let entry = text.trim_start().split_once('=');
    entry.is_some_and(|(key, value)| is_dotenv_key(key.trim_end()) && !value.trim().is_empty())
}

/// A wanted key: the user's comments, stacktic's, then the line that sets it.
fn push_key(
    out: &mut Vec<u8>,
    wanted: &SkeletonKey,
    blocks: &[Block<'_>],
    tracked: &Tracked,
    source: Option<Entry<'_>>,
) {
    let is_its = |block: &&Block<'_>| source.is_some() && block.entry == source;
    out.push(b'\n');
    blocks
        .iter()
        .filter(is_its)
        .for_each(|block| push_lines(out, &block.comments));
    wanted.comment.lines().for_each(|line| push_comment(out, line));
    let ours = format!("{}={}", wanted.key, wanted.value);
    let moved = |entry: &Entry<'_>| format!("{}={}", wanted.key, entry.value);
    match source {
        Some(entry) if entry.key != wanted.key => push_lines(out, &[moved(&entry).as_bytes()]),
        Some(entry) if is_users(&entry, wanted, tracked) => push_lines(out, &[entry.raw]),
        _ => push_lines(out, &[ours.as_bytes()]),
    }
}

/// The value is not one that stacktic wrote there itself, so that no new one takes its place.
fn is_users(entry: &Entry<'_>, wanted: &SkeletonKey, tracked: &Tracked) -> bool {
    !tracked.is_prefilled(entry.key, entry.value) || entry.value.trim() == wanted.value
}

fn push_comment(out: &mut Vec<u8>, text: &str) {
    push_lines(out, &[format!("{MARK} {text}").trim_end().as_bytes()]);
}

fn push_lines(out: &mut Vec<u8>, lines: &[&[u8]]) {
    for line in lines {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::tree::Holds;

    /// Keys with their prefilled values; `A=valkey` is a key that stands for `valkey`, whatever it is called.
    fn skeleton(keys: &[(&str, &str)]) -> Skeleton {
        let key = |(key, value): &(&str, &str)| {
            let (key, of) = key.split_once('=').unwrap_or((key, ""));
            SkeletonKey {
                key: key.to_owned(),
                value: (*value).to_owned(),
                comment: format!("where {key} comes from"),
                of: of.split(' ').filter(|of| !of.is_empty()).map(str::to_owned).collect(),
                holds: Holds::default(),
            }
        };
        Skeleton {
            header: vec!["Generated".to_owned()],
            keys: keys.iter().map(key).collect(),
            takes_ciphertext: true,
        }
    }

    fn tracked(keys: &[(&str, &str)]) -> Tracked {
        let mut tracked = Tracked::default();
        tracked.add(&locked(&skeleton(keys)), true);
        tracked
    }

    fn plain(outcome: Outcome) -> Merged {
        let Outcome::Plain(merged) = outcome else {
            panic!("{outcome:?}")
        };
        merged
    }

    /// The merged file without stacktic's own comments, then what is set aside.
    fn merged(new: &[(&str, &str)], file: &str, old: &[(&str, &str)]) -> String {
        let merged = plain(compare(&skeleton(new), file.as_bytes(), &tracked(old), "s.env"));
        let again = plain(compare(&skeleton(new), &merged.bytes, &tracked(new), "s.env"));
        assert_eq!(again.bytes, merged.bytes, "a second run changes nothing");
        assert!(again.aside.is_empty(), "{again:?}");
        let text = String::from_utf8(merged.bytes).unwrap();
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("#. "));
        let aside = merged.aside.iter().map(|(key, value)| format!("- {key}={value}\n"));
        lines.map(|line| format!("{line}\n")).chain(aside).collect()
    }

    fn check(new: &[(&str, &str)], file: &str, old: &[(&str, &str)], expected: &str) {
        assert_eq!(merged(new, file, old), expected, "{file:?}");
    }

    #[test]
    fn a_new_file_says_where_values_come_from() {
        let text = String::from_utf8(render(&skeleton(&[("B", ""), ("A", "x")]))).unwrap();
        let expected =
            format!("#. Generated\n#. {LEGEND}\n\n#. where A comes from\nA=x\n\n#. where B comes from\nB=\n");
        assert_eq!(text, expected);
    }

    #[test]
    fn keys_come_and_go_and_values_stay() {
        let (a, b) = (("A", ""), ("B", ""));
        check(&[a, b], "A=1\n", &[a], "A=1\nB=\n");
        check(&[b], "A=1\nB=2\n", &[a, b], "B=2\n- A=1\n");
        check(&[b], "A=\nB=2\n", &[a, b], "B=2\n");
        check(&[b], "A= \nB=2\n", &[a, b], "B=2\n");
        check(&[a, b], "B=2\nA= 'x # y' \r\n", &[a, b], "A= 'x # y' \nB=2\n");
        check(&[], "A=\"1\n", &[a], "- A=\"1\n");
        check(&[a], "", &[a], "A=\n");
    }

    #[test]
    fn values_stay_byte_for_byte() {
        let file = "A=ü\t'\"x \r\n";
        let merged = plain(compare(
            &skeleton(&[("A", "")]),
            file.as_bytes(),
            &Tracked::default(),
            "s.env",
        ));
        assert!(merged.bytes.windows(file.len()).any(|window| window == file.as_bytes()));
    }

    #[test]
    fn a_prefilled_value_follows_the_stack_until_a_user_changes_it() {
        check(&[("A", "new")], "A=old\n", &[("A", "old")], "A=new\n");
        check(&[("A", "new")], "A=mine\n", &[("A", "old")], "A=mine\n");
        check(&[("A", "new")], "A=\n", &[("A", "")], "A=new\n");
        check(&[("A", "new")], "A=old\n", &[], "A=old\n");
        // What stacktic wrote is nobody's work.
        check(&[], "A=old\n", &[("A", "old")], "");
    }

    #[test]
    fn a_value_follows_what_its_key_stands_for() {
        let (valkey, sessions) = (("VALKEY=v", ""), ("SESSIONS=v", ""));
        check(&[sessions], "VALKEY=1\n", &[valkey], "SESSIONS=1\n");
        check(
            &[sessions],
            "# mine\nVALKEY=' 1 '\r\n",
            &[valkey],
            "# mine\nSESSIONS=' 1 '\n",
        );
        check(&[sessions], "VALKEY=\n", &[valkey], "SESSIONS=\n");
        // Somebody was there first.
        check(
            &[sessions],
            "VALKEY=1\nSESSIONS=2\n",
            &[valkey],
            "SESSIONS=2\n- VALKEY=1\n",
        );
        check(&[sessions], "VALKEY=1\nSESSIONS=\n", &[valkey], "SESSIONS=1\n");
        // The name now stands for another thing, which must not get the value.
        let other = ("VALKEY=w", "");
        check(&[other], "VALKEY=1\n", &[valkey], "VALKEY=\n- VALKEY=1\n");
        check(&[sessions, other], "VALKEY=1\n", &[valkey], "SESSIONS=1\nVALKEY=\n");
        let exchanged = [("VALKEY=w", ""), ("SESSIONS=v", "")];
        let file = "VALKEY=1\nSESSIONS=2\n";
        check(
            &exchanged,
            file,
            &[valkey, ("SESSIONS=w", "")],
            "SESSIONS=1\nVALKEY=2\n",
        );
        // Two links share a key, and one of them leaves.
        let shared = ("MCP=a b", "");
        check(&[("MCP=a", "")], "MCP=1\n", &[shared], "MCP=1\n");
        check(&[("MCP=a", ""), ("X=b", "")], "MCP=1\n", &[shared], "MCP=1\nX=\n");
        // Locks of older releases do not say what a key stands for.
        check(&[sessions], "VALKEY=1\n", &[("VALKEY", "")], "SESSIONS=\n- VALKEY=1\n");
        check(&[valkey], "VALKEY=1\n", &[("VALKEY", "")], "VALKEY=1\n");
    }

    #[test]
    fn comments_and_keys_of_the_user_stay() {
        let (a, b) = (("A", ""), ("B", ""));
        check(
            &[a, b],
            "# on B\nB=2\n# on A\nA=1\n# end\n",
            &[a, b],
            "# on A\nA=1\n# on B\nB=2\n# end\n",
        );
        check(&[b], "# on A\nA=\nB=2\n", &[a, b], "# on A\nB=2\n");
        check(&[b], "B=2\n# on A\nA=\n", &[a, b], "B=2\n# on A\n");
        check(&[a], "# note\nMINE=x\nA=1\n", &[a], "A=1\n# note\nMINE=x\n");
        check(&[a], "#. old comment\nA=1\n", &[a], "A=1\n");
    }

    #[test]
    fn a_value_behind_the_mark_is_somebodys() {
        let a = ("A", "");
        for line in ["#.dockerconfigjson=x", "#.A=x", " #. A", "#A=x"] {
            check(&[a], &format!("{line}\nA=1\n"), &[a], &format!("{line}\nA=1\n"));
        }
        let file = "#. A=x\n#. B = y\nA=\n";
        let merged = plain(compare(&skeleton(&[a]), file.as_bytes(), &tracked(&[a]), "s.env"));
        let text = String::from_utf8(merged.bytes).unwrap();
        assert!(
            text.contains("\n#. A=x\n#. B = y\n#. where A comes from\nA=\n"),
            "{text}"
        );
        // A comment of ours that reads like an entry is not kept beside itself.
        let mut own = skeleton(&[a]);
        own.keys[0].comment = "B=x".to_owned();
        let once = plain(compare(&own, b"A=1\n", &tracked(&[a]), "s.env")).bytes;
        assert_eq!(plain(compare(&own, &once, &tracked(&[a]), "s.env")).bytes, once);
    }

    #[test]
    fn order_space_and_line_ends_are_the_users() {
        let new = skeleton(&[("A", ""), ("B", "")]);
        let text = String::from_utf8(render(&new)).unwrap().replace("\n\n", "\n\n\n") + "# end\nMINE=1";
        let lines: Vec<&str> = text.lines().rev().collect();
        let marked = format!("\u{feff}{text}");
        for file in [text.clone(), lines.join("\n"), text.replace('\n', "\r\n"), marked] {
            let merged = plain(compare(
                &new,
                file.as_bytes(),
                &tracked(&[("A", ""), ("B", "")]),
                "s.env",
            ));
            assert_eq!(merged.bytes, file.into_bytes());
        }
    }

    #[test]
    fn leaves_alone_what_is_not_read_as_it_is_meant() {
        for file in [
            "{\"data\": \"x\", \"sops\": {}}",
            "A=1\nhidden\n",
            "\0GITCRYPT\0",
            "A: ENC[x]\nsops:\n",
            "A=hidden\nA=2\n",
            "export A=hidden\n",
            "A=1\nA =hidden\n",
        ] {
            let outcome = compare(&skeleton(&[("A", "")]), file.as_bytes(), &Tracked::default(), "s.env");
            let Outcome::Unreadable(message) = outcome else {
                panic!("{file:?}: {outcome:?}")
            };
            assert!(
                message.starts_with("s.env:") && !message.contains("hidden"),
                "{message}"
            );
        }
        let many = compare(
            &Skeleton::default(),
            "x\n".repeat(9).as_bytes(),
            &Tracked::default(),
            "s.env",
        );
        assert!(matches!(many, Outcome::Unreadable(text) if text.lines().count() == 7 && text.contains("4 more")));
    }

    #[test]
    fn says_what_kustomize_reads_with_a_value() {
        let a = [("A", ""), ("B", "")];
        let merged = plain(compare(&skeleton(&a), b"A=\"x\"\nB=1\n", &tracked(&a), "s.env"));
        let line = 1 + merged
            .bytes
            .split(|byte| *byte == b'\n')
            .position(|line| line == b"A=\"x\"")
            .unwrap();
        assert_eq!(merged.notes.len(), 1);
        assert!(
            merged.notes[0].starts_with(&format!("s.env:{line}: the quotes")),
            "{:?}",
            merged.notes
        );
    }

    proptest::proptest! {
        #[test]
        fn merging_twice_is_merging_once(file in "([AB#'\". ]|C=|A=|B=|D=|\n|\r){0,40}", keys in "[ABD]{0,3}") {
            let keys: BTreeSet<String> = keys.chars().map(String::from).collect();
            let keys: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "")).collect();
            let old = tracked(&[("A", ""), ("C", "")]);
            if let Outcome::Plain(merged) = compare(&skeleton(&keys), file.as_bytes(), &old, "s.env") {
                let again = plain(compare(&skeleton(&keys), &merged.bytes, &tracked(&keys), "s.env"));
                proptest::prop_assert_eq!(again.bytes, merged.bytes);
            }
        }

        /// Whatever is wanted and was wanted, in whatever sense: each value that somebody typed is in the file or set aside.
        #[test]
        fn no_value_is_lost(
            values in proptest::collection::btree_map("[A-F]", "[a-z]{1,3}( [a-z])?", 0..6),
            old in proptest::collection::btree_map("[A-F]", "[v-z]( [v-z])?", 0..6),
            new in proptest::collection::btree_map("[A-F]", "[v-z]( [v-z])?", 0..6),
        ) {
            let spelled = |keys: &std::collections::BTreeMap<String, String>| -> Vec<String> {
                keys.iter().map(|(key, of)| format!("{key}={of}")).collect()
            };
            let (old, new) = (spelled(&old), spelled(&new));
            let pairs = |keys: &[String]| -> Vec<(String, &str)> { keys.iter().map(|key| (key.clone(), "")).collect() };
            let (old, new) = (pairs(&old), pairs(&new));
            let borrowed = |keys: &[(String, &'static str)]| -> Skeleton {
                skeleton(&keys.iter().map(|(key, value)| (key.as_str(), *value)).collect::<Vec<_>>())
            };
            let file: String = values.iter().map(|(key, value)| format!("{key}={key}{value}\n")).collect();
            let mut tracked = Tracked::default();
            tracked.add(&locked(&borrowed(&old)), true);
            let merged = plain(compare(&borrowed(&new), file.as_bytes(), &tracked, "s.env"));
            let text = String::from_utf8(merged.bytes).unwrap();
            for (key, value) in &values {
                let value = format!("{key}{value}");
                let stands = text.lines().filter(|line| line.ends_with(&format!("={value}"))).count();
                let kept = merged.aside.iter().filter(|(_, kept)| *kept == value).count();
                proptest::prop_assert_eq!(stands + kept, 1, "{} of {}", value, text);
            }
        }
    }
}
