//! Secret files: the keys follow the links, the values stay the user's and are shown to nobody.

use super::*;
use Action::{
    Adopt, Delete, Quarantine, Recreate, RefuseForeign, RefuseObstacle, SecretOutOfStep, SecretUnreadable, Seed,
    SeedSame, SkeletonSetAside, SkeletonUpdate,
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
    let note = check(&sandbox, &["B", "C"], SkeletonSetAside).unwrap();
    let text = sandbox.read(PATH);
    assert!(
        text.contains("\nB=hidden-b\n") && text.contains("\nC=\n") && text.ends_with("# mine\n"),
        "{text}"
    );
    assert!(
        !text.contains("A=") && !text.contains("hidden-a"),
        "the access is gone: {text}"
    );
    let kept = sandbox.at(".stacktic/orphans").join(PATH);
    assert!(
        note.contains("`A`") && note.contains("`.stacktic/orphans/secret/cloud.env`"),
        "{note}"
    );
    assert!(fs::read_to_string(&kept).unwrap().ends_with("\nA=hidden-a\n"));
    assert_eq!(fs::metadata(kept).unwrap().mode() & 0o777, 0o600);
    assert_eq!(sandbox.read(".stacktic/orphans/.gitignore"), "*\n");
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
fn values_that_go_again_and_again_all_stay() {
    let sandbox = Sandbox::new();
    for value in ["one", "two", "two"] {
        check_actions(
            &sandbox.generate(&secrets(&["A", "B"])),
            &[(PATH, if value == "one" { Seed } else { SkeletonUpdate })],
        );
        sandbox.write(PATH, &sandbox.read(PATH).replace("A=\n", &format!("A={value}\n")));
        check(&sandbox, &["B"], SkeletonSetAside);
    }
    let kept = sandbox
        .names()
        .into_iter()
        .filter(|name| name.contains("orphans/secret"));
    let expected = [
        ".stacktic/orphans/secret/cloud.env",
        ".stacktic/orphans/secret/cloud.env.1",
    ];
    assert_eq!(kept.collect::<Vec<_>>(), expected, "the same value is kept once");
}

/// Killed at any step, the value is in the file or aside, and the next run ends at the same tree.
#[test]
fn a_killed_run_loses_no_value() {
    for steps in 0.. {
        let sandbox = Sandbox::new();
        check(&sandbox, &["A", "B"], Seed);
        sandbox.write(PATH, &sandbox.read(PATH).replace("A=", "A=hidden"));
        let tree = secrets(&["B"]);
        let is_done = apply(&sandbox.diff(&tree), &sandbox.out, &mut Steps::limited(steps)).is_ok();
        let texts = walk(&sandbox.out);
        let holds = |seen: &Seen| {
            seen.contents
                .as_ref()
                .is_some_and(|text| text.ends_with(b"A=hidden\n") || text.windows(9).any(|part| part == b"A=hidden\n"))
        };
        assert!(texts.values().any(holds), "after {steps} steps");
        let next = sandbox.generate(&tree);
        assert!(!sandbox.read(PATH).contains("A="));
        let is_told = !next.kept.is_empty() || next.files[0].action == SkeletonSetAside;
        assert!(is_done || is_told, "killed after {steps} steps, and nobody was told");
        let kept = sandbox
            .names()
            .into_iter()
            .filter(|name| name.contains("orphans/secret"));
        assert_eq!(
            kept.collect::<Vec<_>>(),
            [".stacktic/orphans/secret/cloud.env"],
            "after {steps} steps"
        );
        if is_done {
            return;
        }
    }
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

/// Whoever may read a secret in the tree may not read it for ever.
#[test]
fn a_secret_that_is_moved_away_is_its_owners_alone() {
    let sandbox = Sandbox::new();
    check(&sandbox, &["A"], Seed);
    sandbox.write(PATH, "A=hidden\n");
    fs::set_permissions(sandbox.at(PATH), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    check_actions(&sandbox.generate(&Tree::new()), &[(PATH, Quarantine)]);
    let orphan = sandbox.at(".stacktic/orphans").join(PATH);
    assert_eq!(fs::metadata(orphan).unwrap().mode() & 0o777, 0o600);
    assert_eq!(sandbox.read(".stacktic/orphans/.gitignore"), "*\n");
}

#[test]
fn a_folder_of_values_that_is_none_is_refused_before_anything_changes() {
    let sandbox = Sandbox::new();
    check(&sandbox, &["A", "B"], Seed);
    sandbox.write(PATH, &sandbox.read(PATH).replace("A=", "A=hidden"));
    std::os::unix::fs::symlink(&sandbox.outside, sandbox.at(".stacktic/orphans")).unwrap();
    let before = walk(&sandbox.out);
    let tree = secrets(&["B"]);
    let changes = sandbox.generate(&tree);
    check_actions(&changes, &[(PATH, RefuseObstacle)]);
    let note = changes.files[0].note.as_deref().unwrap();
    assert!(note.contains("is a link") && !note.contains("hidden"), "{note}");
    assert_eq!(walk(&sandbox.out), before);
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
    let place = format!("{}:2: ", sandbox.at(PATH).display());
    assert!(note.starts_with(&place) && !note.contains("hidden"), "{note}");
    fs::remove_file(sandbox.at(PATH)).unwrap();
    std::os::unix::fs::symlink(sandbox.outside.join("file"), sandbox.at(PATH)).unwrap();
    let note = check(&sandbox, &["A", "B"], SecretUnreadable).unwrap();
    assert!(note.contains("is a link"), "{note}");
    assert_eq!(fs::read_to_string(sandbox.outside.join("file")).unwrap(), "outside");
}
