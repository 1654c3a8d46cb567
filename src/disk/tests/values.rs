//! Values that a command fills in: for their owner alone, complete or not at all, and nobody's work is lost.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::disk::values;

const SECRET: &str = "secret/cloud.env";

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

/// A run that fills in `pairs`, ended after so many steps.
fn fill(sandbox: &Sandbox, tree: &Tree, pairs: &[(&str, &str)], steps: &mut Steps<'_>) -> anyhow::Result<()> {
    let output = Output::open(&sandbox.out, Purpose::Write, &mut || ()).unwrap();
    let changes = output.compare(tree, &|_| true)?;
    let file = values::files(tree, &changes, &output)?.remove(0);
    let bytes = values::with_values(&file.bytes, &values(pairs));
    let kept = output.put_values_in_steps(changes, BTreeMap::from([(file.path, bytes)]), steps)?;
    assert!(kept.iter().all(|kept| kept.secret));
    Ok(())
}

#[test]
fn fills_in_lines_and_leaves_all_others() {
    let bytes = b"#. Generated\n\n# mine\nA=\nB=2\r\nC= x\n#A=\nA.B=\n";
    let filled = values::with_values(bytes, &values(&[("A", "1"), ("A.B", "x=y z"), ("D", "4")]));
    let expected = "#. Generated\n\n# mine\nA=1\nB=2\r\nC= x\n#A=\nA.B=x=y z\n";
    assert_eq!(String::from_utf8(filled).unwrap(), expected);
}

#[test]
fn a_filled_file_is_for_its_owner_alone_and_in_step() {
    let (sandbox, tree) = (Sandbox::new(), secrets(&["A", "B"]));
    sandbox.generate(&tree);
    fs::set_permissions(sandbox.at(SECRET), fs::Permissions::from_mode(0o644)).unwrap();
    fill(&sandbox, &tree, &[("A", "1")], &mut Steps::unlimited()).unwrap();
    assert!(sandbox.read(SECRET).contains("\nA=1\n"));
    assert_eq!(
        fs::metadata(sandbox.at(SECRET)).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(sandbox.diff(&tree).is_clean());
    let output = Output::open(&sandbox.out, Purpose::Write, &mut || ()).unwrap();
    fs::set_permissions(sandbox.at(SECRET), fs::Permissions::from_mode(0o664)).unwrap();
    let private = || output.make_private(&[path(SECRET)]).unwrap();
    assert_eq!((private(), private()), (1, 0));
    output.begin_rotation(b"{}").unwrap();
    let note = sandbox.at(".stacktic/rotation.json");
    assert_eq!(fs::metadata(&note).unwrap().permissions().mode() & 0o777, 0o600);
    output.end_rotation().unwrap();
    assert!(!note.exists() && output.rotation().unwrap().is_none());
}

#[test]
fn keys_come_from_gen_first() {
    let (sandbox, tree) = (Sandbox::new(), secrets(&["A"]));
    let message = |tree: &Tree| {
        fill(&sandbox, tree, &[], &mut Steps::unlimited())
            .unwrap_err()
            .to_string()
    };
    assert!(message(&tree).contains("run `stacktic gen` first"));
    sandbox.generate(&tree);
    assert!(message(&secrets(&["A", "B"])).contains("run `stacktic gen` first"));
}

#[test]
fn a_run_that_is_killed_anywhere_is_completed_by_the_next() {
    for steps in 0.. {
        let (sandbox, tree) = (Sandbox::new(), secrets(&["A", "B"]));
        sandbox.generate(&tree);
        fill(&sandbox, &tree, &[("A", "old")], &mut Steps::unlimited()).unwrap();
        let done = fill(&sandbox, &tree, &[("B", "new")], &mut Steps::limited(steps)).is_ok();
        assert!(sandbox.read(SECRET).contains("\nA=old\n"), "after {steps} steps");
        fill(&sandbox, &tree, &[("B", "new")], &mut Steps::unlimited()).unwrap();
        let filled = sandbox.read(SECRET);
        assert!(
            filled.contains("\nA=old\n") && filled.contains("\nB=new\n"),
            "after {steps} steps"
        );
        // A file that was written and not yet in its place may have had a value that nothing else has.
        let is_left = |name: &String| name.contains(".stacktic") && !name.starts_with(".stacktic/orphans/");
        assert_eq!(
            sandbox.names().into_iter().filter(is_left).count(),
            0,
            "after {steps} steps"
        );
        assert!(sandbox.diff(&tree).is_clean(), "after {steps} steps");
        if done {
            assert!(steps > 5, "a fill has so many steps");
            return;
        }
    }
}
