//! Random sets of files that share values: whatever stands there, and wherever a run ends, both ends come to be one.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Rotation, State, Value, Values, fill};
use crate::name::sha256_hex;
use crate::rel_path::RelPath;
use crate::stack::{Maker, SecretText, SecretValue, TextPart};
use crate::tree::{Holds, Skeleton, SkeletonKey};

/// Values by file and key.
type Disk = BTreeMap<RelPath, BTreeMap<String, Value>>;

struct Wanted(Vec<(RelPath, Skeleton)>);

fn value(id: &str, maker: Maker) -> SecretValue {
    let id = id.to_owned();
    SecretValue { id, maker }
}

fn key(key: &str, holds: Holds) -> SkeletonKey {
    SkeletonKey {
        key: key.to_owned(),
        value: String::new(),
        comment: format!("where {key} comes from"),
        of: BTreeSet::new(),
        holds,
    }
}

fn ours() -> Maker {
    Maker::Us { least: 16 }
}

fn text(before: &str, of: SecretValue, after: &str) -> Holds {
    let plain = |text: &str| TextPart::Plain(text.to_owned());
    let parts = [plain(before), TextPart::Value(of), plain(after)];
    let parts = parts.into_iter().filter(|part| *part != plain(""));
    Holds::Secret(SecretText(parts.collect()))
}

/// A provider with two accounts, a consumer with both and an address made of one, a server with digests, and a token of others.
fn wanted() -> Wanted {
    let file = |path: &str, keys: Vec<SkeletonKey>| {
        let header = Vec::new();
        (
            RelPath::parse(path).unwrap(),
            Skeleton {
                header,
                keys,
                takes_ciphertext: true,
            },
        )
    };
    let (a, b, token) = (
        |maker| value("db a", maker),
        |maker| value("db b", maker),
        |maker| value("api x", maker),
    );
    Wanted(vec![
        file("db/a.env", vec![key("password", text("", a(ours()), ""))]),
        file("db/b.env", vec![key("password", text("", b(ours()), ""))]),
        file(
            "app/cloud.env",
            vec![
                key("DB_A", text("", a(Maker::Known), "")),
                key("DB_B", text("", b(Maker::Known), "")),
                key("DB_URL", text("postgres://x:", a(Maker::Known), "@db/x")),
                key("KEY", text("Bearer ", value("mcp app", ours()), "")),
                key("TOKEN", text("", token(Maker::Others { command: None }), "")),
            ],
        ),
        file(
            "mcp/cloud.env",
            vec![key(
                "KEYS",
                Holds::Digests(vec![("link.app".to_owned(), value("mcp app", Maker::Known))]),
            )],
        ),
    ])
}

impl Wanted {
    fn on<'a>(&'a self, disk: &Disk) -> Vec<Values<'a>> {
        let values = |path: &RelPath| disk.get(path).cloned().unwrap_or_default();
        let files = self.0.iter();
        files
            .map(|(path, skeleton)| Values {
                path,
                skeleton,
                values: values(path),
            })
            .collect()
    }
}

/// A run that ends after `files` files were written; the states, and how many values it made.
fn run(wanted: &Wanted, disk: &mut Disk, rotation: &Rotation, files: usize) -> (BTreeMap<String, State>, usize) {
    let mut made = 0;
    let mut make = |_| {
        made += 1;
        super::strong(16)
    };
    let filling = fill(&wanted.on(disk), rotation, &mut make).unwrap();
    for (path, values) in filling.writes.into_iter().take(files) {
        disk.entry(path).or_default().extend(values);
    }
    let states = filling
        .keys
        .into_iter()
        .map(|key| (format!("{} {}", key.path, key.key), key.state));
    (states.collect(), made)
}

fn at<'a>(disk: &'a Disk, file: &str, key: &str) -> &'a str {
    disk.get(&RelPath::parse(file).unwrap())
        .and_then(|keys| keys.get(key))
        .map_or("", Value::reveal)
}

fn put(disk: &mut Disk, file: &str, key: &str, text: &str) {
    let keys = disk.entry(RelPath::parse(file).unwrap()).or_default();
    keys.insert(key.to_owned(), Value::new(text));
}

fn ensure_one_value(disk: &Disk) {
    let (a, bearer) = (at(disk, "db/a.env", "password"), at(disk, "app/cloud.env", "KEY"));
    assert!(!a.is_empty() && at(disk, "app/cloud.env", "DB_A") == a);
    assert_eq!(at(disk, "app/cloud.env", "DB_URL"), format!("postgres://x:{a}@db/x"));
    assert_eq!(at(disk, "db/b.env", "password"), at(disk, "app/cloud.env", "DB_B"));
    let sha = sha256_hex(bearer.strip_prefix("Bearer ").unwrap().as_bytes());
    let keys = at(disk, "mcp/cloud.env", "KEYS");
    assert!(
        keys.split(',').any(|entry| entry == format!("link.app:{sha}")),
        "{keys}"
    );
}

#[test]
fn an_empty_stack_of_files_is_filled_but_for_what_others_issue() {
    let (wanted, mut disk) = (wanted(), Disk::new());
    let (_, made) = run(&wanted, &mut disk, &Rotation::default(), 9);
    assert_eq!(made, 3);
    ensure_one_value(&disk);
    let (states, made) = run(&wanted, &mut disk.clone(), &Rotation::default(), 9);
    assert_eq!(made, 0);
    let left: Vec<&String> = states
        .iter()
        .filter(|(_, state)| **state != State::Filled)
        .map(|(key, _)| key)
        .collect();
    assert_eq!(left, ["app/cloud.env TOKEN"]);
}

#[test]
fn two_ends_that_differ_are_told_and_left() {
    let (wanted, mut disk) = (wanted(), Disk::new());
    put(&mut disk, "db/a.env", "password", "one");
    put(&mut disk, "app/cloud.env", "DB_A", "two");
    put(&mut disk, "app/cloud.env", "KEY", "without its scheme");
    let (states, _) = run(&wanted, &mut disk, &Rotation::default(), 9);
    for key in [
        "db/a.env password",
        "app/cloud.env DB_A",
        "app/cloud.env DB_URL",
        "app/cloud.env KEY",
    ] {
        assert!(matches!(states[key], State::Differs { .. }), "{key}: {:?}", states[key]);
    }
    assert_eq!(
        (at(&disk, "db/a.env", "password"), at(&disk, "app/cloud.env", "DB_A")),
        ("one", "two")
    );
    assert_eq!(at(&disk, "app/cloud.env", "DB_URL"), "");
}

#[test]
fn a_value_that_an_address_would_read_otherwise_is_left_to_a_person() {
    let (wanted, mut disk) = (wanted(), Disk::new());
    put(&mut disk, "db/a.env", "password", "p@ss/word");
    let (states, _) = run(&wanted, &mut disk, &Rotation::default(), 9);
    assert_eq!(at(&disk, "app/cloud.env", "DB_A"), "p@ss/word");
    assert!(matches!(states["app/cloud.env DB_URL"], State::Missing { .. }));
    put(&mut disk, "app/cloud.env", "DB_URL", "postgres://x:p%40ss%2Fword@db/x");
    let (states, _) = run(&wanted, &mut disk, &Rotation::default(), 9);
    assert_eq!(states["app/cloud.env DB_URL"], State::Filled);
}

#[test]
fn digests_of_people_stay_and_those_of_links_follow_their_values() {
    let (wanted, mut disk) = (wanted(), Disk::new());
    let (mine, gone) = ("a".repeat(64), "b".repeat(64));
    put(
        &mut disk,
        "mcp/cloud.env",
        "KEYS",
        &format!("link.gone:{gone}, laptop:{mine}"),
    );
    run(&wanted, &mut disk, &Rotation::default(), 9);
    ensure_one_value(&disk);
    let keys = at(&disk, "mcp/cloud.env", "KEYS");
    assert!(
        keys.starts_with(&format!("laptop:{mine},link.app:")) && !keys.contains("gone"),
        "{keys}"
    );
    // A person gave the same key a name: one digest under two would stop the server.
    let sha = sha256_hex(b"0123456789abcdef");
    put(&mut disk, "app/cloud.env", "KEY", "Bearer 0123456789abcdef");
    put(&mut disk, "mcp/cloud.env", "KEYS", &format!("laptop:{sha}"));
    run(&wanted, &mut disk, &Rotation::default(), 9);
    assert_eq!(at(&disk, "mcp/cloud.env", "KEYS"), format!("laptop:{sha}"));
    // And the old key is not let in after a rotation, whatever its name.
    let rotation = Rotation::of(&BTreeSet::from(["mcp app"]), &wanted.on(&disk));
    run(&wanted, &mut disk, &rotation, 9);
    assert!(!at(&disk, "mcp/cloud.env", "KEYS").contains(&sha));
    ensure_one_value(&disk);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Runs that end anywhere, then one to the end: what was typed stays, and all ends are one.
    #[test]
    fn interrupted_runs_lose_nothing(ends in prop::collection::vec(0..5_usize, 0..4), typed in prop::option::of("[a-z]{8,20}")) {
        let (wanted, mut disk) = (wanted(), Disk::new());
        if let Some(typed) = &typed {
            put(&mut disk, "app/cloud.env", "DB_A", typed);
        }
        for files in ends {
            let before = disk.clone();
            run(&wanted, &mut disk, &Rotation::default(), files);
            for (path, keys) in before {
                for (key, value) in keys {
                    prop_assert_eq!(at(&disk, path.as_str(), &key), value.reveal());
                }
            }
        }
        run(&wanted, &mut disk, &Rotation::default(), 9);
        ensure_one_value(&disk);
        prop_assert!(typed.is_none_or(|typed| at(&disk, "db/a.env", "password") == typed));
    }

    /// A rotation that ends anywhere is ended by the next run, by its note alone; other links keep their values.
    #[test]
    fn interrupted_rotations_come_to_an_end(ends in prop::collection::vec(0..4_usize, 0..4)) {
        let (wanted, mut disk) = (wanted(), Disk::new());
        run(&wanted, &mut disk, &Rotation::default(), 9);
        let before = disk.clone();
        let rotation = Rotation::of(&BTreeSet::from(["db a"]), &wanted.on(&disk));
        let note = serde_json::to_vec(&rotation).unwrap();
        for files in ends.into_iter().chain([9]) {
            let rotation = serde_json::from_slice(&note).unwrap();
            run(&wanted, &mut disk, &rotation, files);
        }
        ensure_one_value(&disk);
        for (file, key, is_new) in [("db/a.env", "password", true), ("db/b.env", "password", false), ("app/cloud.env", "KEY", false)] {
            prop_assert_eq!(at(&disk, file, key) != at(&before, file, key), is_new, "{} {}", file, key);
        }
        for value in before.values().flat_map(BTreeMap::values) {
            prop_assert!(!String::from_utf8(note.clone()).unwrap().contains(value.reveal()));
        }
    }
}
