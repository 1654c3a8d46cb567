//! Secret files: the keys follow the links, the values stay the user's and are shown to nobody.

use super::*;
use Action::{
    Adopt, Delete, Quarantine, Recreate, RefuseForeign, SecretOutOfStep, SecretUnreadable, Seed, SeedSame,
    SkeletonUpdate,
};

const PATH: &str = "secret/cloud.env";
const ENCRYPTED: &str = include_str!("encrypted.env");

fn check(sandbox: &Sandbox, keys: &[&str], action: Action) -> Option<String> {
    let tree = secrets(keys);
    let changes = sandbox.generate(&tree);
    check_actions(&changes, &[(PATH, action)]);
    assert!(changes.files[0].before().is_none() && changes.files[0].after().is_none() && changes.files[0].secret);
    assert_eq!(
        sandbox.diff(&tree).pending(),
        changes.blocks(),
        "a second run has nothing to write"
    );
    changes.files[0].note.clone()
}

#[test]
fn a_new_secret_file_is_readable_for_its_owner_alone() {
    let sandbox = Sandbox::new();
    check(&sandbox, &["A"], Seed);
    assert_eq!(fs::metadata(sandbox.at(PATH)).unwrap().mode() & 0o777, 0o600);
    check(&sandbox, &["A"], SeedSame);
}

#[test]
fn keys_follow_the_links_and_no_value_reaches_the_lock() {
    let sandbox = Sandbox::new();
    check(&sandbox, &["A", "B"], Seed);
    let filled = sandbox
        .read(PATH)
        .replace("A=", "A=hidden-a")
        .replace("B=", "B=hidden-b");
    fs::write(sandbox.at(PATH), format!("{filled}# mine\n")).unwrap();
    check(&sandbox, &["A", "B"], SeedSame);
    let pristine = sandbox.read(".stacktic/lock.json");
    check(&sandbox, &["B", "C"], SkeletonUpdate);
    let text = sandbox.read(PATH);
    assert!(
        text.contains("\nB=hidden-b\n") && text.contains("\nC=\n") && text.ends_with("# mine\n"),
        "{text}"
    );
    assert!(
        !text.contains("A=") && !text.contains("hidden-a"),
        "the access is gone, and its value with it: {text}"
    );
    check(&sandbox, &["A", "B"], SkeletonUpdate);
    assert_eq!(
        sandbox.read(".stacktic/lock.json"),
        pristine,
        "the lock does not depend on values"
    );
}

#[test]
fn a_filled_secret_is_moved_away_and_an_empty_one_deleted() {
    let sandbox = Sandbox::new();
    let gone = Tree::new();
    check(&sandbox, &["A"], Seed);
    check_actions(&sandbox.generate(&gone), &[(PATH, Delete)]);
    check(&sandbox, &["A"], Seed);
    sandbox.write(PATH, "A=hidden");
    let changes = sandbox.generate(&gone);
    check_actions(&changes, &[(PATH, Quarantine)]);
    assert!(changes.files[0].secret && changes.files[0].before().is_none());
    assert!(changes.files[0].note.as_ref().unwrap().contains("do not commit"));
    let orphan = sandbox.at(".stacktic/orphans").join(PATH);
    assert_eq!(fs::metadata(orphan).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_deleted_secret_is_written_again_without_values() {
    let sandbox = Sandbox::new();
    check(&sandbox, &["A", "B"], Seed);
    let pristine = sandbox.read(PATH);
    sandbox.write(PATH, &pristine.replace("A=", "A=hidden"));
    fs::remove_file(sandbox.at(PATH)).unwrap();
    let note = check(&sandbox, &["A", "B"], Recreate).unwrap();
    assert!(note.contains("fill them in again"), "{note}");
    assert_eq!(sandbox.read(PATH), pristine);
    assert_eq!(fs::metadata(sandbox.at(PATH)).unwrap().mode() & 0o777, 0o600);
    fs::remove_file(sandbox.at(PATH)).unwrap();
    check(&sandbox, &["A"], Recreate);
    assert!(!sandbox.read(PATH).contains("B="), "with the keys of today");
    check(&sandbox, &["A"], SeedSame);
}

#[test]
fn a_secret_that_the_lock_does_not_know_is_adopted_only_as_it_should_be() {
    let sandbox = Sandbox::new();
    check(&sandbox, &["A"], Seed);
    let filled = sandbox.read(PATH).replace("A=", "A=x");
    sandbox.write(PATH, &filled);
    fs::remove_file(sandbox.at(".stacktic/lock.json")).unwrap();
    check(&sandbox, &["A", "B"], RefuseForeign);
    check(&sandbox, &["A"], Adopt);
    assert_eq!(sandbox.read(PATH), filled);
}

#[test]
fn an_encrypted_secret_is_compared_and_never_edited() {
    let sandbox = Sandbox::new();
    check(&sandbox, &["GRAFANA_TOKEN", "LOKI_PASSWORD", "VALKEY_PASSWORD"], Seed);
    sandbox.write(PATH, ENCRYPTED);
    check(
        &sandbox,
        &["GRAFANA_TOKEN", "LOKI_PASSWORD", "VALKEY_PASSWORD"],
        SeedSame,
    );
    let note = check(
        &sandbox,
        &["GRAFANA_TOKEN", "MONGO_URI", "VALKEY_PASSWORD"],
        SecretOutOfStep,
    )
    .unwrap();
    let shown = sandbox.at(PATH).display().to_string();
    let commands = [
        format!("sops set {shown} '[\"MONGO_URI\"]' '\"\"'"),
        format!("sops unset {shown} '[\"LOKI_PASSWORD\"]'"),
    ];
    assert_eq!(note, commands.join("\n"));
    check(
        &sandbox,
        &["GRAFANA_TOKEN", "MONGO_URI", "VALKEY_PASSWORD"],
        SecretOutOfStep,
    );
    assert_eq!(sandbox.read(PATH), ENCRYPTED);
    check_actions(&sandbox.generate(&Tree::new()), &[(PATH, Quarantine)]);
    assert_eq!(sandbox.read(".stacktic/orphans/secret/cloud.env"), ENCRYPTED);
}

#[test]
fn other_files_are_written_beside_a_secret_that_is_out_of_step() {
    let sandbox = Sandbox::new();
    sandbox.write(PATH, ENCRYPTED);
    let mut tree = owned(&[("a", "1")]);
    tree.insert(path(PATH), secret(&["OTHER"])).unwrap();
    let changes = sandbox.generate(&tree);
    check_actions(&changes, &[("a", Action::Create), (PATH, SecretOutOfStep)]);
    assert!(changes.reports() && !changes.blocks());
    assert_eq!(
        (sandbox.read("a").as_str(), sandbox.read(PATH).as_str()),
        ("1", ENCRYPTED)
    );
    assert!(
        !sandbox.read(".stacktic/lock.json").contains(PATH),
        "stacktic never wrote it"
    );
}

#[test]
fn a_secret_that_is_no_dotenv_is_left() {
    let sandbox = Sandbox::new();
    check(&sandbox, &["A"], Seed);
    sandbox.write(PATH, "A=1\nhidden words\n");
    let note = check(&sandbox, &["A"], SecretUnreadable).unwrap();
    assert!(note.starts_with("line 2 ") && !note.contains("hidden"), "{note}");
    fs::remove_file(sandbox.at(PATH)).unwrap();
    std::os::unix::fs::symlink(sandbox.outside.join("file"), sandbox.at(PATH)).unwrap();
    let note = check(&sandbox, &["A", "B"], SecretUnreadable).unwrap();
    assert!(note.contains("is a link"), "{note}");
    assert_eq!(fs::read_to_string(sandbox.outside.join("file")).unwrap(), "outside");
}
