//! What a tree changes of another one, as if that one were on disk, and nobody had touched it.
//!
//! In: two trees. Out: `Changes` to print. Nothing is ever applied of them: there is no disk, so nothing stands in the way.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Action, Change, Changes, Class, Content, Tree, TreeFile};
use crate::rel_path::RelPath;

/// The changes that lead from `before` to `after`.
#[must_use]
pub fn between<'tree>(before: &Tree, after: &'tree Tree) -> Changes<'tree> {
    let paths: BTreeSet<&RelPath> = before.iter().chain(after.iter()).map(|(path, _)| path).collect();
    let files = paths
        .into_iter()
        .filter_map(|path| change(path, before.get(path), after.get(path)));
    Changes {
        files: files.collect(),
        // As many locks as there would be on disk, so that none is pending by itself.
        lock_before: Some(Vec::new()),
        ..Changes::default()
    }
}

fn change<'tree>(path: &RelPath, old: Option<&TreeFile>, new: Option<&'tree TreeFile>) -> Option<Change<'tree>> {
    let (action, class, why) = match (old, new) {
        (None, None) => return None,
        (Some(old), None) => (Action::Delete, old.class, Cow::Owned(old.why.clone())),
        (old, Some(new)) => (action(old, new), new.class, Cow::Borrowed(new.why.as_str())),
    };
    let is_secret = |file: &TreeFile| matches!(file.content, Content::Skeleton(_));
    let shows = action != Action::Same && action != Action::SeedSame;
    Some(Change {
        path: path.clone(),
        action,
        class,
        why,
        note: None,
        secret: old.into_iter().chain(new).any(is_secret),
        before: old.filter(|_| shows).and_then(bytes).map(<[u8]>::to_vec),
        after: new.filter(|_| shows).and_then(bytes).map(Cow::Borrowed),
        stamp: None,
        contents: None,
        orphan: None,
        aside: None,
    })
}

/// What a run does to a file that the one before wrote; a seeded one is the user's since then.
fn action(old: Option<&TreeFile>, new: &TreeFile) -> Action {
    match (old, new.class) {
        (None, Class::Owned) => Action::Create,
        (None, Class::Seeded) => Action::Seed,
        (Some(old), _)
            if matches!(
                (&old.content, &new.content),
                (Content::Skeleton(_), Content::Skeleton(_))
            ) =>
        {
            if old.content == new.content {
                Action::SeedSame
            } else {
                Action::SkeletonUpdate
            }
        }
        (Some(old), Class::Seeded) if old.class == Class::Seeded => Action::SeedSame,
        (Some(old), Class::Owned) if old.content == new.content => Action::Same,
        (Some(_), Class::Owned | Class::Seeded) => Action::Update,
    }
}

fn bytes(file: &TreeFile) -> Option<&[u8]> {
    match &file.content {
        Content::Bytes(bytes) => Some(bytes),
        Content::Skeleton(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::tree::{Holds, Skeleton, SkeletonKey};

    fn owned(text: &str) -> Content {
        Content::Bytes(text.as_bytes().to_vec().into())
    }

    fn skeleton(key: &str) -> Content {
        let key = SkeletonKey {
            key: key.to_owned(),
            value: String::new(),
            comment: "hidden".to_owned(),
            of: BTreeSet::new(),
            holds: Holds::default(),
        };
        Content::Skeleton(Skeleton {
            keys: vec![key],
            ..Skeleton::default()
        })
    }

    fn tree(files: &[(&str, Class, Content)]) -> Tree {
        let mut tree = Tree::new();
        for (path, class, content) in files {
            let file = TreeFile {
                class: *class,
                content: content.clone(),
                why: "test".to_owned(),
            };
            tree.insert(RelPath::parse(path).unwrap(), file).unwrap();
        }
        tree
    }

    #[test]
    fn every_path_of_both_once() {
        use Class::{Owned, Seeded};
        let before = tree(&[
            ("gone", Owned, owned("a")),
            ("other", Owned, owned("a")),
            ("same", Owned, owned("a")),
            ("secret/keys.env", Seeded, skeleton("A")),
            ("secret/same.env", Seeded, skeleton("A")),
            ("yours", Seeded, owned("a")),
        ]);
        let after = tree(&[
            ("come", Owned, owned("b")),
            ("other", Owned, owned("b")),
            ("same", Owned, owned("a")),
            ("secret/keys.env", Seeded, skeleton("B")),
            ("secret/same.env", Seeded, skeleton("A")),
            ("yours", Seeded, owned("b")),
        ]);
        let changes = between(&before, &after);
        let actions: BTreeMap<&str, Action> = changes
            .files
            .iter()
            .map(|change| (change.path.as_str(), change.action))
            .collect();
        let expected = [
            ("come", Action::Create),
            ("gone", Action::Delete),
            ("other", Action::Update),
            ("same", Action::Same),
            ("secret/keys.env", Action::SkeletonUpdate),
            ("secret/same.env", Action::SeedSame),
            ("yours", Action::SeedSame),
        ];
        assert_eq!(actions, expected.into());
        assert!(changes.pending() && !changes.reports());
        let other = changes
            .files
            .iter()
            .find(|change| change.path.as_str() == "other")
            .unwrap();
        assert_eq!((other.before(), other.after()), (Some(&b"a"[..]), Some(&b"b"[..])));
        let secret = changes.files.iter().find(|change| change.secret).unwrap();
        assert_eq!((secret.before(), secret.after()), (None, None));
        let nothing = between(&before, &before);
        assert!(nothing.is_clean() && !nothing.is_first());
    }
}
