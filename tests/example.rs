//! The committed example is what the generator makes of it today.
#![expect(clippy::disallowed_methods, reason = "a test runs the program")]

use std::path::PathBuf;
use std::process::Command;

#[test]
fn the_example_is_up_to_date() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_stacktic"))
        .current_dir(&root)
        .args(["gen", "--check", "generated-example/stack.yaml"])
        .output()
        .unwrap();
    let messages = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(0),
        "run `cargo run --release -- gen generated-example/stack.yaml`:\n{messages}"
    );
}
