//! Where the programs of the check language are installed: looked up once, when the agent starts.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::agent::check;

/// Programs of the check language by name.
#[derive(Clone, Debug, Default)]
pub struct Programs(BTreeMap<&'static str, PathBuf>);

impl Programs {
    /// Look in the folders of a `PATH`; only absolute ones count.
    #[must_use]
    pub fn look_up(path: &OsStr) -> Self {
        let folders: Vec<PathBuf> = std::env::split_paths(path)
            .filter(|folder| folder.is_absolute())
            .collect();
        let find = |name: &'static str| {
            let mut places = folders.iter().map(|folder| folder.join(name));
            Some((name, places.find(|place| is_program(place))?))
        };
        Self(check::programs().into_iter().filter_map(find).collect())
    }

    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Path> {
        self.0.get(name).map(PathBuf::as_path)
    }

    /// Names of those that are installed, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}

fn is_program(place: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(place).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_of_the_language_in_absolute_folders() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["psql", "sh"] {
            std::os::unix::fs::symlink("/bin/cat", folder.path().join(name)).unwrap();
        }
        std::fs::File::create(folder.path().join("curl")).unwrap();
        std::fs::create_dir(folder.path().join("nc")).unwrap();
        let path = std::env::join_paths([Path::new("relative"), folder.path()]).unwrap();
        let programs = Programs::look_up(&path);
        assert_eq!(programs.names().collect::<Vec<_>>(), ["psql"]);
        assert_eq!(programs.find("psql"), Some(folder.path().join("psql").as_path()));
        assert_eq!(programs.find("sh"), None);
    }
}
