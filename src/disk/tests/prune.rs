//! What a delete needs: two keys, and the user's word where many files would go.

use proptest::prelude::*;

use super::*;

fn many(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("d{number:02}/f")).collect()
}

fn tree_of(paths: &[String]) -> Tree {
    owned(&paths.iter().map(|at| (at.as_str(), "1")).collect::<Vec<_>>())
}

#[test]
fn many_deletes_need_to_be_asked_for() {
    for (files, kept, options, refused) in [
        (11, 1, (None, false), None),
        (11, 0, (None, false), Some(10)),
        (11, 0, (Some(11), false), None),
        (11, 0, (Some(10), false), Some(10)),
        (60, 48, (None, false), None),
        (60, 47, (None, false), Some(12)),
        (2, 1, (Some(0), false), Some(0)),
        (2, 1, (None, true), Some(0)),
        (2, 0, (Some(2), true), None),
        (2, 2, (None, true), None),
    ] {
        let mut sandbox = Sandbox::new();
        let paths = many(files);
        sandbox.generate(&tree_of(&paths));
        (sandbox.options.max_deletes, sandbox.options.empty_stack) = options;
        let tree = tree_of(&paths[..kept]);
        let changes = sandbox.generate(&tree);
        assert_eq!(
            changes.mass_delete.map(|refusal| refusal.allowed),
            refused,
            "{files} {kept} {options:?}"
        );
        assert_eq!(
            (changes.blocks(), changes.reports()),
            (refused.is_some(), refused.is_some())
        );
        assert_eq!(sandbox.names().len(), if refused.is_some() { files } else { kept });
    }
}

#[test]
fn an_edited_file_counts_as_a_delete() {
    let mut sandbox = Sandbox::new();
    sandbox.generate(&owned(&[("a", "1"), ("b", "1")]));
    sandbox.write("a", "mine");
    sandbox.options.max_deletes = Some(1);
    assert_eq!(
        sandbox
            .generate(&Tree::new())
            .mass_delete
            .map(|refusal| refusal.deletes),
        Some(2)
    );
    assert_eq!(sandbox.names(), ["a", "b"]);
}

#[test]
fn a_path_that_the_catalog_cannot_produce_is_left_and_reported_until_it_is_gone() {
    let sandbox = Sandbox::new();
    sandbox.generate(&owned(&[("a", "1"), ("b", "1")]));
    sandbox.write("b", "mine");
    for _ in 0..2 {
        let tree = Tree::new();
        let changes = diff(&tree, &sandbox.out, &sandbox.options, &|_| false).unwrap();
        check_actions(
            &changes,
            &[("a", Action::LeaveUnproducible), ("b", Action::LeaveUnproducible)],
        );
        assert!(changes.reports() && !changes.blocks() && !changes.pending());
        sandbox.apply(&changes).unwrap();
        assert_eq!(sandbox.names(), ["a", "b"]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn deletes_exactly_what_is_as_written_and_producible(
        files in prop::collection::vec((any::<bool>(), any::<bool>(), any::<bool>()), 1..8)
    ) {
        let mut sandbox = Sandbox::new();
        let paths = many(files.len());
        sandbox.generate(&tree_of(&paths));
        sandbox.options.max_deletes = Some(usize::MAX);
        sandbox.write("d00/foreign", "foreign");
        for (at, _) in paths.iter().zip(&files).filter(|(_, (is_edited, _, _))| *is_edited) {
            sandbox.write(at, at);
        }
        let of = |at: &str| paths.iter().position(|path| path == at).map(|index| files[index]);
        let kept: Vec<String> = paths.iter().filter(|at| of(at).is_some_and(|file| file.2)).cloned().collect();
        sandbox.options.on_edit = OnEdit::Keep;
        let tree = tree_of(&kept);
        let changes = diff(&tree, &sandbox.out, &sandbox.options, &|at| of(at.as_str()).is_some_and(|file| file.1)).unwrap();
        sandbox.apply(&changes).unwrap();
        for (at, (is_edited, is_producible, is_wanted)) in paths.iter().zip(files) {
            let (stays, orphan) = (sandbox.at(at).exists(), sandbox.at(".stacktic/orphans").join(at));
            prop_assert_eq!(stays, is_wanted || !is_producible, "{}", at);
            prop_assert_eq!(orphan.exists(), !stays && is_edited, "{}", at);
            if is_edited {
                prop_assert_eq!(&fs::read_to_string(if stays { sandbox.at(at) } else { orphan }).unwrap(), at);
            }
        }
        prop_assert_eq!(sandbox.read("d00/foreign"), "foreign");
    }
}
