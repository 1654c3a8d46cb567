//! Who may read and write what a run leaves. The umask is the tester's; `tests/disk.rs` runs the program under others.

use std::os::unix::fs::PermissionsExt;

use super::*;

const SECRET: &str = "secret/cloud.env";

#[test]
fn nobody_else_may_write_what_is_replaced_and_only_the_owner_reads_secrets() {
    let tree = |text: &str, keys: &[&str]| {
        let mut tree = owned(&[("a", text)]);
        tree.insert(path(SECRET), secret(keys)).unwrap();
        tree
    };
    for (before, owned_after, secret_after) in [
        (0o644, 0o644, 0o600),
        (0o666, 0o644, 0o600),
        (0o777, 0o755, 0o600),
        (0o750, 0o750, 0o600),
        (0o640, 0o640, 0o600),
        (0o400, 0o400, 0o400),
        (0o4755, 0o755, 0o600),
        (0o2664, 0o644, 0o600),
    ] {
        let sandbox = Sandbox::new();
        sandbox.generate(&tree("1", &["A"]));
        for at in ["a", SECRET] {
            fs::set_permissions(sandbox.at(at), fs::Permissions::from_mode(before)).unwrap();
        }
        sandbox.generate(&tree("2", &["A", "B"]));
        let mode = |at: &str| fs::metadata(sandbox.at(at)).unwrap().mode() & 0o7777;
        assert_eq!((mode("a"), mode(SECRET)), (owned_after, secret_after), "{before:o}");
    }
}
