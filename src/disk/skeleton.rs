//! Secret skeletons: dotenv files of which the keys are stacktic's and the values the user's.
//!
//! In: a `Skeleton`, the file as it stands, and the keys that stacktic put into it before. Out: the file as it should be, with
//! every value that a user filled in, byte for byte; of an encrypted file only whether its keys are right. It must not know
//! the disk, and puts no value into a message.

use std::collections::{BTreeMap, BTreeSet};

use super::dotenv::{self, Entry, Item, UnreadableLine};
use super::sops;
use crate::tree::{Skeleton, SkeletonKey};

/// Starts a comment that stacktic writes; translators' files tell the tool's comments from people's in the same way.
const MARK: &str = "#.";
const LEGEND: &str = "Lines that start with `#.` are written anew by each run; values and other comments stay yours.";

/// Which keys stacktic has put into a file, with the values it may have prefilled.
pub(super) type Tracked = BTreeMap<String, BTreeSet<String>>;

/// What has to happen to the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A plain file, as it should be; possibly as it is.
    Plain(Vec<u8>),
    /// An encrypted file whose keys are right.
    InStep,
    /// An encrypted file, and the commands that put its keys right.
    OutOfStep(String),
    /// Not dotenv, and why.
    Unreadable(String),
}

/// The file before anybody filled it in.
pub(super) fn render(skeleton: &Skeleton) -> Vec<u8> {
    merge(skeleton, &[], &Tracked::new())
}

/// The keys to remember, with their prefilled values.
pub(super) fn prefilled(skeleton: &Skeleton) -> BTreeMap<String, String> {
    skeleton
        .keys
        .iter()
        .map(|key| (key.key.clone(), key.value.clone()))
        .collect()
}

/// Compares `file`, which a user would call `shown`, with `skeleton`.
pub(super) fn compare(skeleton: &Skeleton, file: &[u8], tracked: &Tracked, shown: &str) -> Outcome {
    let is_known = |key: &str| tracked.contains_key(key) || skeleton.keys.iter().any(|wanted| wanted.key == key);
    let items = match dotenv::parse(file, &is_known) {
        Ok(items) => items,
        Err(UnreadableLine(number)) => {
            return Outcome::Unreadable(format!(
                "line {number} is neither a comment nor `KEY=value`, so the keys cannot be compared; keep secrets in dotenv \
                 form, plain or encrypted by SOPS"
            ));
        }
    };
    if sops::is_encrypted(&items) {
        return sops::compare(skeleton, &items, shown);
    }
    let merged = merge(skeleton, &items, tracked);
    // The order of lines and the space between them are no reason to touch a file.
    let is_same = dotenv::parse(&merged, &is_known).is_ok_and(|after| sorted(&items) == sorted(&after));
    Outcome::Plain(if is_same { file.to_vec() } else { merged })
}

fn sorted<'file>(items: &[Item<'file>]) -> Vec<Item<'file>> {
    let mut items = items.to_vec();
    items.sort();
    items
}

/// An entry with the user's comments above it.
#[derive(Default)]
struct Block<'file> {
    comments: Vec<&'file [u8]>,
    entry: Option<Entry<'file>>,
}

fn merge(skeleton: &Skeleton, items: &[Item<'_>], tracked: &Tracked) -> Vec<u8> {
    let is_wanted = |key: &str| skeleton.keys.iter().any(|wanted| wanted.key == key);
    let blocks = blocks(items, &|key| is_wanted(key) || !tracked.contains_key(key));
    let mut out = Vec::new();
    for line in skeleton.header.iter().map(String::as_str).chain([LEGEND]) {
        push_comment(&mut out, line);
    }
    let mut keys: Vec<&SkeletonKey> = skeleton.keys.iter().collect();
    keys.sort_by(|one, other| one.key.cmp(&other.key));
    for wanted in keys {
        push_key(&mut out, wanted, &blocks, tracked);
    }
    // Last, in their order: keys that stacktic never wrote, and comments below everything.
    for block in blocks
        .iter()
        .filter(|block| !block.entry.is_some_and(|entry| is_wanted(entry.key)))
    {
        out.push(b'\n');
        push_lines(&mut out, &block.comments);
        push_lines(&mut out, block.entry.map(|entry| entry.raw).as_slice());
    }
    out
}

/// Comments stay with the entry below them; where that entry goes, with the next that stays.
fn blocks<'file>(items: &[Item<'file>], stays: &dyn Fn(&str) -> bool) -> Vec<Block<'file>> {
    let mut blocks = Vec::new();
    let mut block = Block::default();
    for item in items {
        match item {
            Item::Comment(line) if line.trim_ascii_start().starts_with(MARK.as_bytes()) => {}
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

/// A wanted key: the user's comments, stacktic's, then each line that sets it.
fn push_key(out: &mut Vec<u8>, wanted: &SkeletonKey, blocks: &[Block<'_>], tracked: &Tracked) {
    let own = || {
        blocks
            .iter()
            .filter(|block| block.entry.is_some_and(|entry| entry.key == wanted.key))
    };
    out.push(b'\n');
    own().for_each(|block| push_lines(out, &block.comments));
    wanted.comment.lines().for_each(|line| push_comment(out, line));
    let ours = format!("{}={}", wanted.key, wanted.value);
    if own().next().is_none() {
        push_lines(out, &[ours.as_bytes()]);
    }
    for entry in own().filter_map(|block| block.entry) {
        let is_users = !is_prefilled(&entry, tracked) || entry.value.trim_ascii() == wanted.value.as_bytes();
        push_lines(out, &[if is_users { entry.raw } else { ours.as_bytes() }]);
    }
}

/// The value is one that stacktic wrote there itself, so that a new one may take its place.
fn is_prefilled(entry: &Entry<'_>, tracked: &Tracked) -> bool {
    let values = tracked.get(entry.key);
    values.is_some_and(|values| values.iter().any(|value| value.as_bytes() == entry.value.trim_ascii()))
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
    use super::*;

    fn skeleton(keys: &[(&str, &str)]) -> Skeleton {
        let key = |(key, value): &(&str, &str)| SkeletonKey {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
            comment: format!("where {key} comes from"),
        };
        Skeleton {
            header: vec!["Generated".to_owned()],
            keys: keys.iter().map(key).collect(),
        }
    }

    fn tracked(keys: &[(&str, &str)]) -> Tracked {
        keys.iter()
            .map(|(key, value)| ((*key).to_owned(), BTreeSet::from([(*value).to_owned()])))
            .collect()
    }

    /// The merged file without stacktic's own comments.
    fn merged(new: &[(&str, &str)], file: &str, old: &[(&str, &str)]) -> String {
        let Outcome::Plain(merged) = compare(&skeleton(new), file.as_bytes(), &tracked(old), "s.env") else {
            panic!("{file:?} is plain");
        };
        let again = compare(&skeleton(new), &merged, &tracked(new), "s.env");
        assert_eq!(again, Outcome::Plain(merged.clone()), "a second run changes nothing");
        let text = String::from_utf8(merged).unwrap();
        text.lines()
            .filter(|line| !line.is_empty() && !line.starts_with(MARK))
            .map(|line| format!("{line}\n"))
            .collect()
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
        check(&[b], "A=1\nB=2\n", &[a, b], "B=2\n");
        check(
            &[a, b],
            "B=2\nA= 'x # y' \r\n",
            &[a, b],
            "A= 'x # y' \r\nB=2\n".replace('\r', "").as_str(),
        );
        check(&[a], "export A=1\nA=2", &[a], "export A=1\nA=2\n");
        check(&[], "A=\"1\n2==\n3\"\n", &[a], "");
        check(&[a], "", &[a], "A=\n");
    }

    #[test]
    fn values_stay_byte_for_byte() {
        let file = b"A=\xff\t'\"x \r\n";
        let Outcome::Plain(merged) = compare(&skeleton(&[("A", "")]), file, &Tracked::new(), "s.env") else {
            panic!("it is plain");
        };
        assert!(merged.windows(file.len()).any(|window| window == file));
    }

    #[test]
    fn a_prefilled_value_follows_the_stack_until_a_user_changes_it() {
        check(&[("A", "new")], "A=old\n", &[("A", "old")], "A=new\n");
        check(&[("A", "new")], "A=mine\n", &[("A", "old")], "A=mine\n");
        check(&[("A", "new")], "A=\n", &[("A", "")], "A=new\n");
        check(&[("A", "new")], "A=old\n", &[], "A=old\n");
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
        check(&[b], "# on A\nA=1\nB=2\n", &[a, b], "# on A\nB=2\n");
        check(&[b], "B=2\n# on A\nA=1\n", &[a, b], "B=2\n# on A\n");
        check(&[a], "# note\nMINE=x\nA=1\n", &[a], "A=1\n# note\nMINE=x\n");
        check(&[a], "#. old comment\nA=1\n", &[a], "A=1\n");
    }

    #[test]
    fn order_and_space_are_the_users() {
        let new = skeleton(&[("A", ""), ("B", "")]);
        let text = String::from_utf8(render(&new)).unwrap().replace("\n\n", "\n\n\n") + "# end\nMINE=1";
        let lines: Vec<&str> = text.lines().rev().collect();
        for file in [text.clone(), lines.join("\n")] {
            let outcome = compare(&new, file.as_bytes(), &tracked(&[("A", ""), ("B", "")]), "s.env");
            assert_eq!(outcome, Outcome::Plain(file.into_bytes()));
        }
    }

    #[test]
    fn leaves_alone_what_is_not_dotenv() {
        for file in [
            "{\"data\": \"x\", \"sops\": {}}",
            "A=1\nhidden\n",
            "\0GITCRYPT\0",
            "A: ENC[x]\nsops:\n",
        ] {
            let outcome = compare(&skeleton(&[("A", "")]), file.as_bytes(), &Tracked::new(), "s.env");
            let Outcome::Unreadable(message) = outcome else {
                panic!("{file:?}: {outcome:?}")
            };
            assert!(message.contains("line ") && !message.contains("hidden"), "{message}");
        }
    }

    proptest::proptest! {
        #[test]
        fn merging_twice_is_merging_once(file in "([AB#'\"=. ]|C=|\n|\r){0,40}", keys in "[ABD]{0,3}") {
            let keys: BTreeSet<String> = keys.chars().map(String::from).collect();
            let keys: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "")).collect();
            let old = tracked(&[("A", ""), ("C", "")]);
            if let Outcome::Plain(merged) = compare(&skeleton(&keys), file.as_bytes(), &old, "s.env") {
                let again = compare(&skeleton(&keys), &merged, &tracked(&keys), "s.env");
                proptest::prop_assert_eq!(again, Outcome::Plain(merged));
            }
        }
    }
}
