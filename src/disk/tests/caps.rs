//! What is written is read again: the lock and the journal up to their caps, and nothing is written beyond them.

use super::*;
use crate::disk::LockError;
use crate::disk::digest::Digest;
use crate::disk::lock::{Lock, LockEntry};
use crate::disk::state::ensure_readable;
use crate::topology::caps::{MAX_JOURNAL_BYTES, MAX_LOCK_BYTES};

/// A lock of exactly so many bytes.
fn lock_of(bytes: usize) -> Vec<u8> {
    const FILES: usize = 1000;
    let entry = |length: usize| LockEntry {
        sha256: Digest::of(b""),
        class: Class::Owned,
        why: "x".repeat(length),
        keys: None,
    };
    let with = |length: usize, more: usize| {
        let files = (0..FILES).map(|number| {
            (
                path(&format!("d/{number:03}")),
                entry(length + if number == 0 { more } else { 0 }),
            )
        });
        Lock { files: files.collect() }
    };
    let room = bytes - with(0, 0).render().len();
    with(room / FILES, room % FILES).render()
}

#[test]
fn a_lock_at_its_cap_is_read_and_a_larger_one_neither_read_nor_written() {
    let mut lock = lock_of(MAX_LOCK_BYTES);
    assert_eq!(lock.len(), MAX_LOCK_BYTES);
    ensure_readable(&lock, &[]).unwrap();
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.at(".stacktic")).unwrap();
    fs::write(sandbox.at(".stacktic/lock.json"), &lock).unwrap();
    let tree = Tree::new();
    let mut output = Output::open(&sandbox.out, Purpose::Look, &mut || {}).unwrap();
    let changes = output.diff(&tree, &sandbox.options, &|_| true, &mut || {}).unwrap();
    assert!(
        changes.files.is_empty() && changes.pending(),
        "all that it lists is gone"
    );
    lock.push(b'\n');
    let error = ensure_readable(&lock, &[]).unwrap_err().to_string();
    assert!(error.contains("split the stack"), "{error}");
    fs::write(sandbox.at(".stacktic/lock.json"), &lock).unwrap();
    let error = diff(&tree, &sandbox.out, &sandbox.options, &|_| true).unwrap_err();
    assert!(error.downcast_ref::<LockError>().is_some(), "{error:#}");
}

/// A journal lists what a lock lists, once for each run in a row that was interrupted.
#[test]
fn a_journal_has_room_for_several_locks() {
    let nothing_there = "x".repeat(0).into_bytes();
    assert_eq!(MAX_JOURNAL_BYTES % MAX_LOCK_BYTES, 0);
    const { assert!(MAX_JOURNAL_BYTES / MAX_LOCK_BYTES >= 3) };
    ensure_readable(&nothing_there, &vec![b' '; MAX_JOURNAL_BYTES]).unwrap();
    let error = ensure_readable(&nothing_there, &vec![b' '; MAX_JOURNAL_BYTES + 1])
        .unwrap_err()
        .to_string();
    assert!(error.contains("complete the last of them"), "{error}");
}
