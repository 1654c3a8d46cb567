//! Safe access to files below the output directory.
//!
//! In: checked relative paths. Out: what stands there, and handles to the directories on the way. Every component is opened
//! from the handle of the one above and never through a link, so that no path leaves the directory, not even one that is
//! swapped for a link meanwhile. It must not know why anybody looks.

use std::fmt;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, mkdirat, openat, statat};
use rustix::io::Errno;

use crate::rel_path::RelPath;
use crate::topology::caps::MAX_FILE_BYTES;
use crate::tree::Stamp;

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
/// Without waiting, since opening a named pipe would wait for its writer.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

/// Nobody but the owner may write, whatever the umask: others could have a cluster do what they like.
const DIRECTORY_MODE: u16 = 0o755;

/// The output directory, with handles to the directories of the path looked at last: paths come sorted, so that each
/// directory is opened once and few are open.
pub(super) struct Root {
    handle: OwnedFd,
    shown: PathBuf,
    open: Vec<(String, OwnedFd)>,
}

/// The directory that holds a path.
pub(super) enum Parent<'root> {
    Directory(BorrowedFd<'root>),
    Absent,
    /// A component on the way is no directory.
    Obstacle(Obstacle),
}

/// What stands at a path.
pub(super) enum Found {
    Absent,
    File {
        bytes: Vec<u8>,
        stamp: Stamp,
    },
    /// Larger than anything that stacktic writes there, and so not read.
    LargeFile {
        stamp: Stamp,
    },
    Obstacle(Obstacle),
}

/// Something that is not what is looked for, at the path itself or above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Obstacle {
    pub(super) path: String,
    pub(super) kind: FileType,
}

impl Obstacle {
    pub(super) fn is_directory(&self) -> bool {
        self.kind == FileType::Directory
    }

    /// A plain file above `path`: then nothing can be at `path`. Behind a link, anything can.
    pub(super) fn hides_nothing(&self, path: &RelPath) -> bool {
        self.path != path.as_str() && self.kind != FileType::Symlink
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            FileType::RegularFile => "a file",
            FileType::Directory => "a directory",
            FileType::Symlink => "a link, which is not followed",
            _ => "neither a file nor a directory",
        };
        write!(formatter, "`{}` is {kind}", self.path)
    }
}

impl Root {
    /// `None` where nothing is there yet. The output directory itself may be a link: the user named it.
    pub(super) fn open(out: &Path) -> Result<Option<Self>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::open(out, flags, Mode::empty()) {
            Ok(handle) => Ok(Some(Self {
                handle,
                shown: out.to_owned(),
                open: Vec::new(),
            })),
            Err(Errno::NOENT) => match broken_link(out) {
                None => Ok(None),
                Some(link) => bail!(
                    "the output directory `{}` cannot be made: `{}` is a link to nothing; create the directory that it \
                     leads to, or remove the link",
                    out.display(),
                    link.display()
                ),
            },
            Err(error) => {
                Err(error).with_context(|| format!("could not open the output directory `{}`", out.display()))
            }
        }
    }

    pub(super) fn create(out: &Path) -> Result<Self> {
        let shown = out.display();
        let mut builder = std::fs::DirBuilder::new();
        let created = builder.recursive(true).mode(DIRECTORY_MODE.into()).create(out);
        created.with_context(|| format!("could not create the output directory `{shown}`"))?;
        Self::open(out)?.ok_or_else(|| anyhow!("the output directory `{shown}` went away"))
    }

    /// How a user would call `path`.
    pub(super) fn show(&self, path: &str) -> String {
        format!("`{}`", self.shown.join(path).display())
    }

    pub(super) fn parent(&mut self, path: &RelPath) -> Result<Parent<'_>> {
        match path.as_str().rsplit_once('/') {
            Some((directory, _)) => self.directory(directory),
            None => Ok(self.root()),
        }
    }

    /// The directory at `path`, which must have gone through `RelPath`.
    pub(super) fn directory(&mut self, path: &str) -> Result<Parent<'_>> {
        let known = self
            .open
            .iter()
            .zip(path.split('/'))
            .take_while(|((name, _), segment)| name == segment)
            .count();
        self.open.truncate(known);
        for segment in path.split('/').skip(known) {
            match openat(self.deepest(), segment, DIRECTORY, Mode::empty()) {
                Ok(handle) => self.open.push((segment.to_owned(), handle)),
                Err(error) => return self.no_directory(segment, error),
            }
        }
        Ok(Parent::Directory(self.deepest()))
    }

    /// Like `directory`, but creates what is missing; `before_each` runs before each creation.
    pub(super) fn ensure_directory(
        &mut self,
        path: &str,
        before_each: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Parent<'_>> {
        // Most often the directory of the path before. One after the other from above would open all below anew.
        let is_missing = matches!(self.directory(path)?, Parent::Absent);
        let ends = is_missing.then(|| path.match_indices('/').map(|(end, _)| end).chain([path.len()]));
        for end in ends.into_iter().flatten() {
            if matches!(self.directory(&path[..end])?, Parent::Absent) {
                before_each()?;
                let (above, name) = path[..end].rsplit_once('/').unwrap_or(("", &path[..end]));
                let above = if above.is_empty() {
                    self.root()
                } else {
                    self.directory(above)?
                };
                let Parent::Directory(above) = above else { continue };
                match mkdirat(above, name, Mode::from_raw_mode(DIRECTORY_MODE.into())) {
                    // Another run was faster.
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => {
                        let shown = self.show(&path[..end]);
                        return Err(error).with_context(|| format!("could not create the directory {shown}"));
                    }
                }
            }
        }
        self.directory(path)
    }

    /// The output directory itself.
    pub(super) fn root(&mut self) -> Parent<'_> {
        self.open.clear();
        Parent::Directory(self.handle.as_fd())
    }

    /// Reads what stands at `path`, unless it is larger than any file of a tree.
    pub(super) fn look(&mut self, path: &RelPath) -> Result<Found> {
        self.look_up_to(path, MAX_FILE_BYTES)
    }

    /// Like `look`, for files that may have `most` bytes.
    pub(super) fn look_up_to(&mut self, path: &RelPath, most: usize) -> Result<Found> {
        let found = match self.parent(path)? {
            Parent::Directory(parent) => look_at(parent, path.file_name(), path, most),
            Parent::Absent => return Ok(Found::Absent),
            Parent::Obstacle(obstacle) => return Ok(Found::Obstacle(obstacle)),
        };
        found.with_context(|| format!("could not read {}", self.show(path.as_str())))
    }

    /// The names in the directory at `path`, and which are directories; `None` where it is no directory itself.
    pub(super) fn list(&mut self, path: &str) -> Result<Option<Vec<(String, bool)>>> {
        let shown = self.show(path);
        let Parent::Directory(directory) = self.directory(path)? else {
            return Ok(None);
        };
        let mut entries = Vec::new();
        for entry in Dir::read_from(directory).with_context(|| format!("could not list {shown}"))? {
            let entry = entry.with_context(|| format!("could not list {shown}"))?;
            // A name in another encoding becomes one that no `RelPath` equals.
            let name = entry.file_name().to_string_lossy().into_owned();
            if name != "." && name != ".." {
                let kind = match entry.file_type() {
                    // Some file systems do not say it here.
                    FileType::Unknown => {
                        kind_at(directory, &name).with_context(|| format!("could not list {shown}"))?
                    }
                    kind => Some(kind),
                };
                entries.push((name, kind == Some(FileType::Directory)));
            }
        }
        Ok(Some(entries))
    }

    fn deepest(&self) -> BorrowedFd<'_> {
        self.open
            .last()
            .map_or(self.handle.as_fd(), |(_, handle)| handle.as_fd())
    }

    /// Why `segment` could not be opened in the deepest open directory.
    fn no_directory(&self, segment: &str, error: Errno) -> Result<Parent<'_>> {
        if error == Errno::NOENT {
            return Ok(Parent::Absent);
        }
        let path: String = self.open.iter().map(|(name, _)| format!("{name}/")).collect::<String>() + segment;
        match kind_at(self.deepest(), segment) {
            Ok(Some(kind)) if kind != FileType::Directory => Ok(Parent::Obstacle(Obstacle { path, kind })),
            _ => Err(error).with_context(|| format!("could not open {}", self.show(&path))),
        }
    }
}

/// Reads the file called `name`, unless it has more than `most` bytes; what is no file is called `path`.
pub(super) fn look_at(parent: BorrowedFd<'_>, name: &str, path: &RelPath, most: usize) -> Result<Found, Errno> {
    let obstacle = |kind| {
        let path = path.as_str().to_owned();
        Ok(Found::Obstacle(Obstacle { path, kind }))
    };
    match openat(parent, name, FILE, Mode::empty()) {
        Ok(handle) => read(File::from(handle), most, obstacle),
        Err(Errno::NOENT) => Ok(Found::Absent),
        Err(error) => match kind_at(parent, name) {
            Ok(Some(kind)) if kind != FileType::RegularFile => obstacle(kind),
            _ => Err(error),
        },
    }
}

/// The deepest part of a missing `out` that is there, where that is a link and leads nowhere.
fn broken_link(out: &Path) -> Option<PathBuf> {
    // A trailing slash would ask for what is behind the link.
    let out: PathBuf = out.components().collect();
    let there = out.ancestors().find(|path| path.symlink_metadata().is_ok())?;
    there.metadata().is_err().then(|| there.to_owned())
}

/// The file's identity and last change.
fn stamp(stat: &Stat) -> Stamp {
    Stamp {
        device: i128::from(stat.st_dev),
        inode: i128::from(stat.st_ino),
        size: i128::from(stat.st_size),
        modified: (i128::from(stat.st_mtime), i128::from(stat.st_mtime_nsec)),
        mode: Mode::from_raw_mode(stat.st_mode).as_raw_mode(),
    }
}

/// The stamp of the regular file `name`; `None` where nothing or something else is there.
pub(super) fn stamp_at(parent: BorrowedFd<'_>, name: &str) -> Result<Option<Stamp>, Errno> {
    match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => Ok(Some(stamp(&stat))),
        Ok(_) | Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Nothing at all stands at `name`, not even a broken link.
pub(super) fn is_absent(parent: BorrowedFd<'_>, name: &str) -> Result<bool, Errno> {
    match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Ok(false),
        Err(Errno::NOENT) => Ok(true),
        Err(error) => Err(error),
    }
}

fn read(file: File, most: usize, obstacle: impl FnOnce(FileType) -> Result<Found, Errno>) -> Result<Found, Errno> {
    let stat = fstat(&file)?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    if kind != FileType::RegularFile {
        return obstacle(kind);
    }
    let Some(size) = usize::try_from(stat.st_size).ok().filter(|size| *size <= most) else {
        return Ok(Found::LargeFile { stamp: stamp(&stat) });
    };
    // One byte more than it has, so that a single read can tell that there is no more.
    let mut bytes = vec![0; size + 1];
    let mut length = 0;
    while length < bytes.len() {
        match rustix::io::read(&file, &mut bytes[length..]) {
            Ok(0) => break,
            Ok(count) => {
                length += count;
                if length == size {
                    break;
                }
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(length);
    Ok(Found::File {
        bytes,
        stamp: stamp(&stat),
    })
}

fn kind_at(parent: BorrowedFd<'_>, name: &str) -> Result<Option<FileType>, Errno> {
    match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}
