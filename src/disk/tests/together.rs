//! Runs of several stacks at once: whatever the order and wherever one is killed, a run that ends well ends on its own tree.

use std::cell::Cell;

use super::*;

const SECRET: &str = "secret/cloud.env";

/// Three stacks that share some paths, differ in others, and exclude each other in some.
fn stacks() -> [Tree; 3] {
    let with_secret = |files: &[(&str, &str)], keys: &[&str]| {
        let mut tree = owned(files);
        tree.insert(path(SECRET), secret(keys)).unwrap();
        tree
    };
    [
        with_secret(&[("a", "1"), ("b/c", "1"), ("same", "1")], &["A", "B"]),
        with_secret(&[("a", "2"), ("b", "2"), ("d/e", "2"), ("same", "1")], &["B", "C"]),
        with_secret(&[("a/x", "3"), ("b/c", "3"), ("same", "1")], &["A"]),
    ]
}

fn begin(tree: Option<&Tree>) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.options.max_deletes = Some(usize::MAX);
    if let Some(tree) = tree {
        sandbox.generate(tree);
    }
    sandbox
}

fn check_is_of(sandbox: &Sandbox, tree: &Tree, told: &str) {
    let fresh = begin(Some(tree));
    let ours = |sandbox: &Sandbox| {
        let all = walk(&sandbox.out).into_iter();
        all.map(|(path, seen)| (path, seen.contents))
            .collect::<BTreeMap<_, _>>()
    };
    assert_eq!(ours(sandbox), ours(&fresh), "{told}");
}

/// A run that is killed after some steps; as a user sees it, with its wait for others.
fn killed(sandbox: &Sandbox, tree: &Tree, steps: usize) -> bool {
    let changes = sandbox.diff(tree);
    apply(&changes, &sandbox.out, &mut Steps::limited(steps)).is_ok()
}

/// Every order of two of three stacks on each of three or on nothing.
fn orders() -> impl Iterator<Item = (Option<usize>, usize, usize)> {
    let starts = [None, Some(0), Some(1), Some(2)];
    starts.into_iter().flat_map(|start| {
        (0..3).flat_map(move |first| {
            (0..3)
                .filter(move |second| *second != first)
                .map(move |second| (start, first, second))
        })
    })
}

#[test]
fn a_run_whose_comparison_is_out_of_date_writes_nothing() {
    let stacks = stacks();
    for (start, first, second) in orders() {
        for steps in 0.. {
            let told = format!("{second} was killed after {steps} steps while {first} waited, on {start:?}");
            let sandbox = begin(start.map(|start| &stacks[start]));
            let compared = sandbox.diff(&stacks[first]);
            let is_done = killed(&sandbox, &stacks[second], steps);
            let between = walk(&sandbox.out);
            let result = sandbox.apply(&compared);
            if result.is_ok() {
                check_is_of(&sandbox, &stacks[first], &told);
            } else {
                assert_eq!(walk(&sandbox.out), between, "{told}");
            }
            // Whoever comes next is not in its way either.
            sandbox.generate(&stacks[3 - first - second]);
            check_is_of(&sandbox, &stacks[3 - first - second], &told);
            if is_done {
                break;
            }
        }
    }
}

/// The second run comes at each step of the first. It has to wait, and is killed at each of its own steps afterwards.
#[test]
fn a_run_keeps_others_out_at_every_step() {
    let stacks = stacks();
    for (start, first, second) in orders() {
        let sandbox = begin(start.map(|start| &stacks[start]));
        let mut output = Output::open(&sandbox.out, Purpose::Write, &mut || panic!("nobody is here")).unwrap();
        ensure_kept_out(&sandbox, start.is_some());
        let changes = output
            .diff(&stacks[first], &sandbox.options, &|_| true, &mut || {
                panic!("nobody is here")
            })
            .unwrap();
        let seen = Cell::new(0);
        let mut watch = |_| {
            ensure_kept_out(&sandbox, true);
            seen.set(seen.get() + 1);
        };
        apply(&changes, &sandbox.out, &mut Steps::watched(&mut watch)).unwrap();
        assert_eq!(seen.get() > 0, start != Some(first));
        ensure_kept_out(&sandbox, true);
        drop(output);
        check_is_of(&sandbox, &stacks[first], "alone");
        for steps in 0.. {
            let is_done = killed(&sandbox, &stacks[second], steps);
            sandbox.generate(&stacks[first]);
            check_is_of(&sandbox, &stacks[first], &format!("killed after {steps} steps"));
            if is_done {
                break;
            }
        }
    }
}

fn ensure_kept_out(sandbox: &Sandbox, expected: bool) {
    let Ok(directory) = fs::File::open(sandbox.at(".stacktic")) else {
        return assert!(!expected);
    };
    let result = rustix::fs::flock(&directory, rustix::fs::FlockOperation::NonBlockingLockShared);
    assert_eq!(result.is_err(), expected);
}

/// The first run compares where nothing can be held yet; the second comes in between and is killed at each of its steps.
#[test]
fn the_first_run_in_a_folder_compares_again_when_another_was_faster() {
    let stacks = stacks();
    let alone = &mut || panic!("the other is gone");
    for (first, second) in [(0, 1), (1, 2), (2, 0)] {
        for steps in 0.. {
            let sandbox = begin(None);
            let compare = || diff(&stacks[first], &sandbox.out, &sandbox.options, &|_| true);
            let mut output = Output::open(&sandbox.out, Purpose::Write, alone).unwrap();
            let compared = compare().unwrap();
            let is_done = killed(&sandbox, &stacks[second], steps);
            let changes = output.hold_for(compared, &compare, alone).unwrap();
            ensure_kept_out(&sandbox, true);
            output.apply(&changes).unwrap();
            check_is_of(
                &sandbox,
                &stacks[first],
                &format!("{second} was killed after {steps} steps"),
            );
            if is_done {
                break;
            }
        }
    }
}

#[test]
fn a_run_that_waited_compares_what_is_there_then() {
    let stacks = stacks();
    let sandbox = begin(Some(&stacks[0]));
    for (steps, purpose) in [(4, Purpose::Write), (9, Purpose::Write), (usize::MAX, Purpose::Look)] {
        let holder = Output::open(&sandbox.out, Purpose::Write, &mut || panic!("nobody is here")).unwrap();
        let (waits, waited) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let (out, options, tree) = (&sandbox.out, &sandbox.options, &stacks[2]);
            let waiting = scope.spawn(move || {
                let on_wait = &mut || waits.send(()).unwrap();
                let mut output = Output::open(out, purpose, on_wait).unwrap();
                let changes = output
                    .diff(tree, options, &|_| true, &mut || panic!("it holds the folder"))
                    .unwrap();
                let is_interrupted = changes.was_interrupted;
                output.apply(&changes).unwrap();
                is_interrupted
            });
            waited.recv().unwrap();
            killed(&sandbox, &stacks[1], steps);
            drop(holder);
            assert_eq!(waiting.join().unwrap(), steps != usize::MAX);
        });
        check_is_of(&sandbox, &stacks[2], &format!("{steps}"));
    }
}

#[test]
fn runs_that_look_do_not_wait_for_each_other() {
    let stacks = stacks();
    let sandbox = begin(Some(&stacks[0]));
    let look = || Output::open(&sandbox.out, Purpose::Look, &mut || panic!("nobody writes")).unwrap();
    let _several = [look(), look()];
}

#[test]
fn a_folder_that_was_taken_away_while_a_run_waited_is_not_held() {
    let stacks = stacks();
    let sandbox = begin(Some(&stacks[0]));
    let holder = Output::open(&sandbox.out, Purpose::Write, &mut || {}).unwrap();
    let moved = sandbox.out.with_file_name("moved");
    let mut holder = Some(holder);
    let mut on_wait = || {
        fs::rename(&sandbox.out, &moved).unwrap();
        drop(holder.take());
    };
    let mut output = Output::open(&sandbox.out, Purpose::Write, &mut on_wait).unwrap();
    let changes = output
        .diff(&stacks[1], &sandbox.options, &|_| true, &mut || {})
        .unwrap();
    output.apply(&changes).unwrap();
    check_is_of(&sandbox, &stacks[1], "it is made anew");
}
