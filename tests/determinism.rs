//! Same stack, same bytes: whatever machine, order of keys or number of runs; and no more access than
//! the links give.
//!
//! In: `generated-example/stack.yaml`, surroundings, other orders, missing links. Out: trees, compared byte
//! for byte. It must not know what the files mean, beyond where tools, keys and edges stand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test ends where its ground fails, and starts, writes and deletes by itself"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use proptest::prelude::{Just, ProptestConfig, Strategy, any, proptest};
use serde_json::Value as Json;
use stacktic::yaml;
use support::Files;

const EXAMPLE: &str = include_str!("../generated-example/stack.yaml");

fn generate(folder: &Path, stack: &str) -> Files {
    support::write_file(&folder.join("stack.yaml"), stack);
    succeed(gen_command(folder));
    support::files(&folder.join("out"))
}

fn gen_command(folder: &Path) -> Command {
    let mut command = support::program(folder);
    command.arg("gen");
    command
}

fn succeed(command: Command) {
    let run = support::run(command);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

/// The example as it is generated with nothing special around it.
fn plain() -> &'static Files {
    static PLAIN: OnceLock<Files> = OnceLock::new();
    PLAIN.get_or_init(|| generate(tempfile::tempdir().unwrap().path(), EXAMPLE))
}

fn assert_same(expected: &Files, actual: &Files, what: &str) {
    let paths: BTreeSet<&String> = expected.keys().chain(actual.keys()).collect();
    let differ: Vec<&&String> = paths
        .iter()
        .filter(|path| expected.get(**path) != actual.get(**path))
        .collect();
    let Some(first) = differ.first() else { return };
    let bytes = |files: &Files| files.get(**first).cloned().unwrap_or_default();
    panic!(
        "{what}: {differ:?}\n{}",
        support::difference(&bytes(expected), &bytes(actual))
    );
}

#[test]
fn surroundings_do_not_matter() {
    for script in [
        "LC_ALL=C \"$PROGRAM\" gen",
        "LC_ALL=tr_TR.UTF-8 LANG=de_DE.UTF-8 LC_COLLATE=en_US.UTF-8 \"$PROGRAM\" gen",
        "TZ=Pacific/Kiritimati \"$PROGRAM\" gen",
        "TZ=America/New_York HOSTNAME=elsewhere USER=nobody HOME=/nowhere \"$PROGRAM\" gen",
        "RAYON_NUM_THREADS=1 TOKIO_WORKER_THREADS=1 \"$PROGRAM\" gen",
        "RAYON_NUM_THREADS=7 \"$PROGRAM\" gen",
        "umask 077; \"$PROGRAM\" gen",
        "umask 000; \"$PROGRAM\" gen",
        "mkdir -p a/b; cd a/b; \"$PROGRAM\" gen ../../stack.yaml",
        "cd /; \"$PROGRAM\" gen \"$OLDPWD/stack.yaml\"",
        "\"$PROGRAM\" gen - < stack.yaml",
        "\"$PROGRAM\" gen --color always -o json > /dev/null",
        "printf 'leave me' > leftover; nice -n 5 \"$PROGRAM\" gen",
    ] {
        let folder = tempfile::tempdir().unwrap();
        support::write_file(&folder.path().join("stack.yaml"), EXAMPLE);
        succeed(support::shell(folder.path(), script));
        assert_same(plain(), &support::files(&folder.path().join("out")), script);
    }
}

/// Nothing of this machine is in the output, and text is as it should be.
#[test]
fn output_knows_no_machine() {
    let folder = tempfile::tempdir().unwrap();
    let files = generate(folder.path(), EXAMPLE);
    let (place, manifest) = (folder.path().to_str().unwrap(), env!("CARGO_MANIFEST_DIR"));
    for (path, bytes) in &files {
        let text = std::str::from_utf8(bytes).unwrap_or_else(|_| panic!("{path} is not UTF-8"));
        assert!(
            !text.contains(place) && !text.contains(manifest),
            "{path} holds a path of this machine"
        );
        assert!(
            !text.contains('\r') && (text.is_empty() || text.ends_with('\n')),
            "{path}: line ends"
        );
    }
}

#[test]
fn a_strict_umask_is_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    support::write_file(&folder.path().join("stack.yaml"), EXAMPLE);
    succeed(support::shell(folder.path(), "umask 077; \"$PROGRAM\" gen"));
    for item in walkdir::WalkDir::new(folder.path().join("out")) {
        let item = item.unwrap();
        let mode = item.metadata().unwrap().permissions().mode() & 0o077;
        assert_eq!(mode, 0, "{} is open to others", item.path().display());
    }
}

#[test]
fn a_second_run_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let files = generate(folder.path(), EXAMPLE);
    let out = folder.path().join("out");
    let old = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let times = |set: bool| -> Vec<(String, SystemTime)> {
        let items = walkdir::WalkDir::new(&out)
            .sort_by_file_name()
            .into_iter()
            .map(Result::unwrap);
        items
            .map(|item| {
                if set {
                    fs::File::open(item.path()).unwrap().set_modified(old).unwrap();
                }
                (
                    item.path().display().to_string(),
                    fs::metadata(item.path()).unwrap().modified().unwrap(),
                )
            })
            .collect()
    };
    times(true);
    let before = times(false);
    assert!(before.iter().all(|(_, time)| *time == old));
    succeed(gen_command(folder.path()));
    assert_eq!(times(false), before);
    assert_same(&files, &support::files(&out), "a second run");
}

/// From any tree to the same tree: there and back again leaves nothing behind.
#[test]
fn there_and_back() {
    let folder = tempfile::tempdir().unwrap();
    generate(folder.path(), EXAMPLE);
    let other: String = EXAMPLE
        .lines()
        .filter(|line| !line.contains("from: argo-cd"))
        .map(|line| format!("{line}\n"))
        .collect();
    let other = other
        .replace("write_access: true", "write_access: false")
        .replace("partitions: 6", "partitions: 9");
    assert_ne!(other, EXAMPLE);
    assert_ne!(&generate(folder.path(), &other), plain());
    assert_same(plain(), &generate(folder.path(), EXAMPLE), "there and back");
}

/// `value` with the keys of every map in another order; lists other than the links keep theirs.
fn shuffled(value: &Json, random: &mut Random, at: &str) -> String {
    match value {
        Json::Object(map) => {
            let mut entries = Vec::new();
            for (key, value) in map {
                entries.push(format!(
                    "{}: {}",
                    Json::from(key.as_str()),
                    shuffled(value, random, key)
                ));
            }
            format!("{{{}}}", random.shuffle(entries).join(", "))
        }
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| shuffled(item, random, at)).collect();
            let items = if at == "links" { random.shuffle(items) } else { items };
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// A small generator of numbers (splitmix64), so that a failing seed says it all.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }

    fn shuffle(&mut self, mut items: Vec<String>) -> Vec<String> {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
        items
    }
}

fn example() -> Json {
    yaml::parse(EXAMPLE).unwrap().to_json()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_does_not_matter(seed in any::<u64>()) {
        let stack = shuffled(&example(), &mut Random(seed), "");
        assert_same(plain(), &generate(tempfile::tempdir().unwrap().path(), &format!("{stack}\n")), &stack);
    }

    /// Any part of the MCP server's links gives exactly what its links give one by one.
    #[test]
    fn access_is_the_sum_of_the_links(kept in kept_links()) {
        let stack = with_links(&|position, _| kept.contains(&position));
        let access = Access::of(&generate(tempfile::tempdir().unwrap().path(), &stack));
        for (position, link) in mcp_links() {
            let traces = Access::of(plain()).of_link(&link);
            let present = traces.iter().filter(|trace| access.all().contains(*trace)).count();
            assert_eq!(present, if kept.contains(&position) { traces.len() } else { 0 }, "{link}: {traces:?}");
        }
    }
}

fn kept_links() -> impl Strategy<Value = BTreeSet<usize>> {
    let positions: Vec<usize> = mcp_links().into_iter().map(|(position, _)| position).collect();
    let count = positions.len();
    (Just(positions), proptest::collection::vec(any::<bool>(), count)).prop_map(|(positions, kept)| {
        positions
            .into_iter()
            .zip(kept)
            .filter(|(_, kept)| *kept)
            .map(|(position, _)| position)
            .collect()
    })
}

/// The components that `fastmcp` links to, with the links' positions.
fn mcp_links() -> Vec<(usize, String)> {
    let links = example()["links"].as_array().unwrap().clone();
    let of_mcp = links.iter().enumerate().filter(|(_, link)| link["from"] == "fastmcp");
    of_mcp
        .map(|(position, link)| (position, link["to"].as_str().unwrap().to_owned()))
        .collect()
}

/// The example with those of its `fastmcp` links that `keep` wants.
fn with_links(keep: &dyn Fn(usize, &str) -> bool) -> String {
    let mut stack = example();
    let links = stack["links"].as_array().unwrap().iter().enumerate();
    let kept =
        links.filter(|(position, link)| link["from"] != "fastmcp" || keep(*position, link["to"].as_str().unwrap()));
    stack["links"] = kept.map(|(_, link)| link.clone()).collect();
    format!("{stack}\n")
}

/// What the output gives an AI, as words: `tool x of cnpg`, `file x of cnpg`, `key x of cnpg`, `edge to cnpg`.
struct Access(BTreeSet<String>);

impl Access {
    fn of(files: &Files) -> Self {
        let mut found = BTreeSet::new();
        let json = |path: &str| -> Json { serde_json::from_slice(&files[path]).unwrap() };
        let lock = json("tools.lock.json");
        let server = &lock["servers"]["fastmcp"];
        for link in server["links"].as_array().unwrap() {
            let component = link["component"].as_str().unwrap();
            found.insert(format!("link of {component}"));
            for key in link["credential_keys"].as_array().unwrap() {
                found.insert(format!("key {} of {component}", key.as_str().unwrap()));
            }
        }
        for tool in server["tools"].as_array().unwrap() {
            for component in tool["link"].as_array().unwrap() {
                found.insert(format!(
                    "tool {} of {}",
                    tool["name"].as_str().unwrap(),
                    component.as_str().unwrap()
                ));
            }
        }
        add_edges(&mut found, files);
        Self(found)
    }

    fn all(&self) -> &BTreeSet<String> {
        &self.0
    }

    fn of_link(&self, component: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|trace| trace.ends_with(&format!(" of {component}")))
            .cloned()
            .collect()
    }
}

/// Edges of the network policies that name a link of the MCP server, on either side.
fn add_edges(found: &mut BTreeSet<String>, files: &Files) {
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with("/networkpolicy.yaml")) {
        for line in String::from_utf8_lossy(bytes).lines() {
            if let Some(link) = line.trim().strip_prefix("# link fastmcp -> ") {
                found.insert(format!(
                    "edge in {path} of {}",
                    link.split([' ', '/']).next().unwrap_or_default()
                ));
            }
        }
    }
}

/// Removing one link takes its tools, files, keys and edges, and adds nothing.
#[test]
fn removing_a_link_removes_every_trace() {
    let folder = tempfile::tempdir().unwrap();
    let whole = Access::of(plain());
    for (position, component) in mcp_links() {
        let before = generate(folder.path(), EXAMPLE);
        let after = generate(folder.path(), &with_links(&|other, _| other != position));
        let access = Access::of(&after);
        assert!(
            access.all().is_subset(whole.all()),
            "{component}: {:?}",
            access.all().difference(whole.all())
        );
        let lost: Vec<String> = whole.all().difference(access.all()).cloned().collect();
        assert_eq!(lost, whole.of_link(&component), "what goes is what the link gave");
        assert!(!lost.is_empty(), "{component} gave nothing");
        let added: Vec<&String> = after.keys().filter(|path| !before.contains_key(*path)).collect();
        assert!(added.is_empty(), "{component}: {added:?} are new");
        assert_no_trace(&lost, &before, &after);
    }
}

/// Files of the link's type are gone, and its credential keys stand in no file of the server.
fn assert_no_trace(lost: &[String], before: &Files, after: &Files) {
    let server = "k8s/deploy/base/fastmcp/";
    let keys = lost
        .iter()
        .filter_map(|trace| trace.strip_prefix("key "))
        .filter_map(|trace| trace.split(' ').next());
    for key in keys {
        let holds = |files: &Files| {
            files
                .iter()
                .any(|(path, bytes)| path.starts_with(server) && String::from_utf8_lossy(bytes).contains(key))
        };
        assert!(holds(before) && !holds(after), "{key}");
    }
    let modules = |files: &Files| -> BTreeSet<String> {
        files
            .keys()
            .filter(|path| path.starts_with(server) && path.ends_with(".py"))
            .cloned()
            .collect()
    };
    let has_tools = lost.iter().any(|trace| trace.starts_with("tool "));
    assert_eq!(
        has_tools,
        modules(before) != modules(after),
        "tools and their files go together: {lost:?}"
    );
    for module in modules(before).difference(&modules(after)) {
        let name = module.rsplit('/').next().unwrap_or_default();
        let named = after
            .iter()
            .filter(|(_, bytes)| String::from_utf8_lossy(bytes).contains(name));
        assert_eq!(
            named.map(|(path, _)| path.as_str()).collect::<Vec<_>>(),
            Vec::<&str>::new(),
            "{name} is still named"
        );
    }
}
