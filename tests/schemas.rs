//! The published schemas are those of the types and the catalog. `UPDATE_GOLDEN=1` rewrites them.
#![expect(
    clippy::disallowed_methods,
    reason = "a test runs the program and rewrites what is committed"
)]

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

#[test]
fn schemas_are_up_to_date() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schemas");
    for which in [
        "stack",
        "component",
        "interface",
        "convention",
        "pair",
        "hook",
        "metadata",
        "tools-lock",
        "server-tools-lock",
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_stacktic"))
            .args(["schema", which])
            .output()
            .unwrap();
        assert!(output.status.success());
        let path = folder.join(format!("{which}.schema.json"));
        if env::var("UPDATE_GOLDEN").is_ok() {
            fs::write(&path, &output.stdout).unwrap();
        }
        let committed = fs::read(&path).unwrap_or_default();
        assert!(
            committed == output.stdout,
            "`{}` is out of date: run with UPDATE_GOLDEN=1",
            path.display()
        );
    }
}
