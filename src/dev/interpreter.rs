//! A Python 3.12 that answers.
//!
//! In: the search path, the folders of pyenv, or a name that a person gave. Out: the path of an
//! interpreter that was asked and is one; a name on the search path can be a shim that fails. It must not
//! know what it is for. `scripts/find_python.sh` looks in the same places.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::launcher::Launcher;
use super::problem::Problem;

/// Ends with success in a Python 3.12 that can make virtual environments, and prints where it really is.
const QUESTION: &str = "import sys, venv, ensurepip; print(sys.executable); sys.exit(sys.version_info[:2] != (3, 12))";
const NAMES: [&str; 3] = ["python3.12", "python3", "python"];

/// What the environment says about where programs are.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// The search path.
    pub path: OsString,
    /// The folder of pyenv.
    pub pyenv: Option<PathBuf>,
    /// What Python's own tools are given: the search path, proxies, certificates, settings of pip.
    pub for_tools: Vec<(OsString, OsString)>,
}

/// Which Python a person wants.
#[derive(Clone, Debug, Default)]
pub struct PythonSearch {
    /// An interpreter, by path or by name.
    pub python: Option<PathBuf>,
    /// A virtual environment that has the packages already.
    pub environment: Option<PathBuf>,
}

/// The interpreter `named`, or the first that answers.
///
/// # Errors
/// None answers.
pub(super) fn find(launcher: &Launcher<'_>, variables: &Variables, named: Option<&Path>) -> Result<PathBuf, Problem> {
    if let Some(named) = named {
        let mut places = places(named, &variables.path).into_iter();
        return places
            .find_map(|place| asked(launcher, variables, &place))
            .ok_or_else(|| {
                Problem::new(format!(
                    "`{}` is no Python 3.12 with `venv` that answers",
                    named.display()
                ))
            });
    }
    let on_path = NAMES.iter().flat_map(|name| places(Path::new(name), &variables.path));
    let mut candidates = on_path.chain(of_pyenv(variables.pyenv.as_deref()));
    candidates
        .find_map(|place| asked(launcher, variables, &place))
        .or_else(|| of_uv(launcher, variables))
        .ok_or_else(|| {
            let install =
                "Debian: `apt-get install python3.12-venv`; pyenv: `pyenv install 3.12`; uv: `uv python install 3.12`";
            Problem::new("no Python 3.12 with `venv` answers, on PATH, in pyenv or in uv")
                .hint(format!("install one ({install}), or name one with `--python`"))
        })
}

/// The path itself, or every file of that name on the search path.
fn places(program: &Path, path: &OsString) -> Vec<PathBuf> {
    if program.components().count() > 1 {
        return vec![program.to_owned()];
    }
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .filter(|place| place.is_file())
        .collect()
}

fn of_pyenv(folder: Option<&Path>) -> Vec<PathBuf> {
    let Some(versions) = folder.and_then(|folder| folder.join("versions").read_dir().ok()) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = versions
        .filter_map(Result::ok)
        .filter(|version| version.file_name().to_string_lossy().starts_with("3.12"))
        .map(|version| version.path().join("bin/python3.12"))
        .filter(|place| place.is_file())
        .collect();
    found.sort();
    found
}

fn of_uv(launcher: &Launcher<'_>, variables: &Variables) -> Option<PathBuf> {
    let uv = places(Path::new("uv"), &variables.path).into_iter().next()?;
    let output = launcher.output(&uv, &["python", "find", "3.12"], variables).ok()?;
    let place = first_line(&output.stdout)?;
    asked(launcher, variables, &place)
}

/// Where the interpreter really is, when it is one.
fn asked(launcher: &Launcher<'_>, variables: &Variables, place: &Path) -> Option<PathBuf> {
    let output = launcher.output(place, &["-I", "-c", QUESTION], variables).ok()?;
    let executable = first_line(&output.stdout);
    executable.filter(|_| output.status.success())
}

fn first_line(bytes: &[u8]) -> Option<PathBuf> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.lines().next().filter(|line| !line.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_up_in_every_folder_and_a_path_is_itself() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        for bin in [&one, &two] {
            std::fs::create_dir(bin).unwrap();
            std::fs::File::create(bin.join("python3")).unwrap();
        }
        let path = std::env::join_paths([&one, Path::new("relative"), &two]).unwrap();
        let expected = [one.join("python3"), two.join("python3")];
        assert_eq!(places(Path::new("python3"), &path), expected);
        assert_eq!(places(Path::new("./python3"), &path), [PathBuf::from("./python3")]);
        assert!(places(Path::new("python4"), &path).is_empty());
    }

    #[test]
    fn versions_of_pyenv() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["3.11.9", "3.12.1", "3.12.9"] {
            let bin = folder.path().join("versions").join(version).join("bin");
            std::fs::create_dir_all(&bin).unwrap();
            std::fs::File::create(bin.join("python3.12")).unwrap();
        }
        let found = of_pyenv(Some(folder.path()));
        assert_eq!(found.len(), 2);
        assert!(found[0].ends_with("3.12.1/bin/python3.12"), "{found:?}");
        assert!(of_pyenv(None).is_empty());
    }
}
