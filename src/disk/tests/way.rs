//! Links on the way to the output directory: those of the repository are refused, those of the machine followed.

use std::os::unix::fs::symlink;

use super::*;
use crate::disk::{Refusal, ensure_no_link_of_a_repository};

/// `repository/stacks` with a stack file beside `elsewhere` and `link`, which leads to it.
fn ground(mark: Option<&str>) -> tempfile::TempDir {
    let ground = tempfile::tempdir().unwrap();
    let at = |path: &str| ground.path().join(path);
    for folder in ["repository/stacks/real", "elsewhere/repository/.git", "plain"] {
        fs::create_dir_all(at(folder)).unwrap();
    }
    match mark {
        // Of a worktree or a submodule it is a file.
        Some(".git") => fs::write(at("repository/.git"), "gitdir: elsewhere").unwrap(),
        Some(mark) => fs::create_dir(at("repository").join(mark)).unwrap(),
        None => {}
    }
    for (link, target) in [
        ("link", "elsewhere"),
        ("to_repository", "repository"),
        ("repository/link", "../elsewhere"),
        ("repository/stacks/link", "../../elsewhere"),
        ("repository/stacks/inside", "real"),
        ("repository/stacks/broken", "nowhere"),
        ("elsewhere/repository/link", "../../plain"),
    ] {
        symlink(target, at(link)).unwrap();
    }
    ground
}

#[test]
fn links_of_a_repository_are_refused_and_others_followed() {
    for (mark, out, refused) in [
        (Some(".git"), "repository/stacks/out", None),
        (Some(".git"), "repository/stacks/real/out", None),
        (Some(".git"), "repository/stacks/link", Some("repository/stacks/link")),
        (Some(".git"), "repository/stacks/link/", Some("repository/stacks/link")),
        (Some(".git"), "repository/stacks/link/.", Some("repository/stacks/link")),
        (
            Some(".git"),
            "repository/stacks/link/below/it",
            Some("repository/stacks/link"),
        ),
        (
            Some(".git"),
            "repository/stacks/inside",
            Some("repository/stacks/inside"),
        ),
        (
            Some(".git"),
            "repository/stacks/broken",
            Some("repository/stacks/broken"),
        ),
        (Some(".git"), "repository/link/out", Some("repository/link")),
        (Some(".hg"), "repository/link/out", Some("repository/link")),
        (Some(".jj"), "repository/link/out", Some("repository/link")),
        (Some(".svn"), "repository/link/out", Some("repository/link")),
        // Without version control, what stands beside the stack file came with it.
        (None, "repository/stacks/link", Some("repository/stacks/link")),
        (
            None,
            "repository/stacks/real/../link",
            Some("repository/stacks/real/../link"),
        ),
        (None, "repository/link/out", None),
        (Some(".git"), "link/out", None),
        (Some(".git"), "link", None),
        (Some(".git"), "repository/../link/out", None),
        (Some(".git"), "repository/stacks/../../link/out", None),
        // A link of the machine into a repository, and a link there.
        (Some(".git"), "to_repository/stacks/out", None),
        (
            Some(".git"),
            "to_repository/stacks/link",
            Some("to_repository/stacks/link"),
        ),
        (Some(".git"), "link/repository/link", Some("link/repository/link")),
    ] {
        let ground = ground(mark);
        let (stack_folder, way) = (ground.path().join("repository/stacks"), ground.path().join(out));
        let result = ensure_no_link_of_a_repository(&way, &stack_folder);
        match (result, refused) {
            (Ok(()), None) => {}
            (Err(error), Some(link)) => {
                assert!(error.downcast_ref::<Refusal>().is_some());
                let link = format!("`{}` is a link", ground.path().join(link).display());
                assert!(error.to_string().starts_with(&link), "{out}: {error}");
            }
            (result, _) => panic!("{mark:?} {out}: {result:?}"),
        }
    }
}
