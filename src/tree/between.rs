//! What one tree changes of another, both in memory.
//!
//! In: two trees. Out: `Changes` with a line for each file that only one of them has or that both have otherwise, for those who
//! print changes. Nothing of a disk is known, so there is no edit, no refusal and no lock.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Action, Change, Changes, Class, Content, Tree, TreeFile};
use crate::rel_path::RelPath;

impl<'tree> Changes<'tree> {
    /// What would come, go and change on the way from `before` to `after`.
    #[must_use]
    pub fn between(before: &'tree Tree, after: &'tree Tree) -> Self {
        let paths: BTreeSet<&RelPath> = before.iter().chain(after.iter()).map(|(path, _)| path).collect();
        let changed = paths
            .into_iter()
            .filter_map(|path| change(path, before.get(path), after.get(path)));
        Self {
            files: changed.collect(),
            ..Self::default()
        }
    }
}

fn change<'tree>(
    path: &RelPath,
    before: Option<&'tree TreeFile>,
    after: Option<&'tree TreeFile>,
) -> Option<Change<'tree>> {
    let file = after.or(before)?;
    let is_secret = matches!(file.content, Content::Skeleton(_));
    let action = match (before, after) {
        (Some(before), Some(after)) if before.content == after.content && before.class == after.class => return None,
        (Some(_), Some(_)) if is_secret => Action::SkeletonUpdate,
        (Some(_), Some(_)) => Action::Update,
        (None, _) if file.class == Class::Seeded => Action::Seed,
        (None, _) => Action::Create,
        (Some(_), None) => Action::Delete,
    };
    Some(Change {
        path: path.clone(),
        action,
        class: file.class,
        why: Cow::Borrowed(&file.why),
        note: None,
        secret: is_secret,
        before: before.and_then(bytes).map(<[u8]>::to_vec),
        after: after.and_then(bytes).map(Cow::Borrowed),
        stamp: None,
        contents: None,
        orphan: None,
        aside: None,
    })
}

fn bytes(file: &TreeFile) -> Option<&[u8]> {
    match &file.content {
        Content::Bytes(bytes) => Some(bytes),
        Content::Skeleton(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Skeleton;

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
    fn tells_what_comes_goes_and_changes() {
        let text = |text: &str| Content::Bytes(text.as_bytes().to_vec().into());
        let keys = |line: &str| {
            Content::Skeleton(Skeleton {
                header: vec![line.to_owned()],
                ..Skeleton::default()
            })
        };
        let before = tree(&[
            ("gone", Class::Owned, text("1")),
            ("other", Class::Owned, text("1")),
            ("same", Class::Owned, text("1")),
            ("secret", Class::Seeded, keys("1")),
        ]);
        let after = tree(&[
            ("other", Class::Owned, text("2")),
            ("same", Class::Owned, text("1")),
            ("secret", Class::Seeded, keys("2")),
            ("seeded", Class::Seeded, text("1")),
            ("some", Class::Owned, text("1")),
        ]);
        let changes = Changes::between(&before, &after);
        let told: Vec<String> = changes.files.iter().map(|change| format!("{change:?}")).collect();
        let expected = [
            "delete `gone`",
            "update `other`",
            "update keys `secret`",
            "seed `seeded`",
            "create `some`",
        ];
        assert_eq!(told, expected);
        assert_eq!(changes.files[1].after(), Some(&b"2"[..]));
        assert!(
            changes
                .files
                .iter()
                .all(|change| !change.secret || change.after().is_none())
        );
        assert!(Changes::between(&after, &after).files.is_empty());
    }
}
