//! Wrong usage (64), faults (1), and a catalog or lock that does not fit (4).

use crate::assert_said;
use crate::builder::{LOKI, Project, head};

#[test]
fn wrong_usage() {
    let project = Project::new(LOKI);
    assert_said!(project.said("gen --nosuchflag"), @r#"
    exit code: 64
    ----- stdout -----
    ----- stderr -----
    error: unexpected argument '--nosuchflag' found

      tip: to pass '--nosuchflag' as a value, use '-- --nosuchflag'

    Usage: stacktic gen [OPTIONS] [STACK]...

    For more information, try '--help'.
    "#);
    assert_said!(project.said("gen --check --dry-run"), @r#"
    exit code: 64
    ----- stdout -----
    ----- stderr -----
    error: the argument '--check' cannot be used with '--dry-run'

    Usage: stacktic gen --check [STACK]...

    For more information, try '--help'.
    "#);
    assert_said!(project.said("gen --on-edit perhaps"), @r#"
    exit code: 64
    ----- stdout -----
    ----- stderr -----
    error: invalid value 'perhaps' for '--on-edit <HOW>'
      [possible values: fail, keep, overwrite]

    For more information, try '--help'.
    "#);
    for arguments in [
        "",
        "nosuchcommand",
        "gen --max-deletes many",
        "gen a b --out c",
        "catalog",
        "schema nosuch",
        "check -o xml",
        "--color sometimes check",
    ] {
        let run = project.run(arguments);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (64, ""),
            "`{arguments}`: {}",
            run.stderr
        );
    }
    assert!(project.out().is_empty());
}

#[test]
fn help_and_version_are_answers() {
    let project = Project::new(LOKI);
    let run = project.run("--help");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_said!(run.stdout.split_once("Exit codes:").unwrap().1, @r#"

    0   done, or nothing to do
    1   error: findings in the stack file, or a file that cannot be read or written
    2   changes are pending (`--check`), something differs (`diff`) or is touched (`impact`)
    3   refused or left: a foreign or edited file, too many deletes, an encrypted secret out of step
    4   the catalog or the lock file does not fit
    64  wrong usage
    "#);
    assert_eq!(
        project.run("--version").stdout,
        format!("stacktic {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(project.run("gen --help").code, 0);
}

#[test]
fn a_stack_file_that_is_not_there() {
    let project = Project::new(LOKI);
    assert_said!(project.said("gen nosuch.yaml"), @r#"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    error: could not read `nosuch.yaml`: No such file or directory (os error 2)
    "#);
    assert_said!(project.said("check extra"), @r#"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    error: could not read `extra`: No such file or directory (os error 2)
    "#);
}

#[test]
fn a_folder_that_cannot_be_made() {
    let project = Project::new(LOKI).file("out", "a file\n");
    assert_said!(project.said("gen"), @r#"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    error: could not open the output directory `out`: Not a directory (os error 20)
    "#);
    assert_eq!(project.read("out"), "a file\n");
}

#[test]
fn a_broken_lock() {
    for lock in [
        "",
        "{",
        "{\"version\": 2, \"files\": {}}",
        "{\"version\": 1, \"files\": {\"../x\": {}}}",
    ] {
        let project = Project::generated(LOKI);
        project.write("out/.stacktic/lock.json", lock);
        let before = project.out();
        for mode in ["gen", "gen --check", "gen --dry-run"] {
            assert_eq!(project.run(mode).code, 4, "{lock} {mode}");
        }
        assert_eq!(project.out(), before);
    }
    let project = Project::generated(LOKI);
    project.write("out/.stacktic/lock.json", "{\"version\": 2, \"files\": {}}");
    assert_said!(project.said("gen"), @r#"
    exit code: 4
    ----- stdout -----
    ----- stderr -----
    error: could not read `.stacktic/lock.json`: its version is 2, and this stacktic knows version 1; restore it from version control (in a merge, `git checkout --merge` on it brings both sides back, which are read as they are), or delete it: files that are as they should be are then taken over, others are refused
    "#);
}

const BROKEN: &str = "\
type: loki
titel: logs
category: observability
docs: https://grafana.com/
namespace: logs
group: logs
service: LOKI
install: {chart: {repository: \"https://a\", name: a, version: \"1\"}, manifests: true}
";

#[test]
fn a_broken_catalog_overlay() {
    let entry = "extra/catalog/loki/component.yaml";
    let project = Project::new(LOKI).file(entry, "type: loki\n  title: x\n");
    assert_said!(project.said("gen --catalog extra"), @r#"
    exit code: 4
    ----- stdout -----
    ----- stderr -----
    error[E_CATALOG_YAML]: `title` is indented below `type` of line 1, which has a value already
     --> extra/catalog/loki/component.yaml:2:3
      |
    2 |   title: x
      |   ^^^^^
    hint: indent it by 0 spaces, like `type`

    1 finding in 1 file of the catalog
    "#);
    project.write(entry, BROKEN);
    assert_said!(project.said("gen --catalog extra"), @r#"
    exit code: 4
    ----- stdout -----
    ----- stderr -----
    error[E_CATALOG_SCHEMA]: the entry lacks the key `object`
     --> extra/catalog/loki/component.yaml:1:1
      |
    1 | type: loki
      | ^
    hint: add `object:`: pattern of the name that its resources and Services derive from

    error[E_CATALOG_SCHEMA]: the key `titel` is not known here
     --> extra/catalog/loki/component.yaml:2:1
      |
    2 | titel: logs
      | ^^^^^
    hint: did you mean `title`?

    error[E_CATALOG_SCHEMA]: `install` has `chart` and `manifests`
     --> extra/catalog/loki/component.yaml:8:68
      |
    8 | install: {chart: {repository: "https://a", name: a, version: "1"}, manifests: true}
      |                                                                    ^^^^^^^^^
    hint: write exactly one of `chart`, `operator`, `manifests`, `workload`

    3 findings in 1 file of the catalog
    "#);
    assert_said!(project.said("check --catalog nosuch"), @r#"
    exit code: 4
    ----- stdout -----
    ----- stderr -----
    error: E_CATALOG_FOLDER: `nosuch` is not a folder
    "#);
    for arguments in [
        "check --catalog extra",
        "catalog ls --catalog extra",
        "catalog show loki --catalog extra",
        "schema --catalog extra",
    ] {
        assert_eq!(project.run(arguments).code, 4, "{arguments}");
    }
    assert!(project.out().is_empty());
}

/// An entry that is broken and not used is in nobody's way, except where all are asked for.
#[test]
fn a_broken_entry_that_is_not_used() {
    let project = Project::new(LOKI).file("extra/catalog/mailpit/component.yaml", "type: [\n");
    assert_eq!(project.run("check --catalog extra").code, 0);
    assert_eq!(
        head(&project.run("catalog ls --catalog extra").stderr, 1)
            .split(':')
            .next(),
        Some("error[E_CATALOG_YAML]")
    );
}
