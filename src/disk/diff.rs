//! Compares a tree with the output directory and decides what to do at every path. Reads only.
//!
//! In: the tree, the directory, the options. Out: `Changes`. The decisions themselves are in `decide`; here their facts are
//! found, and their consequences for the lock and the journal worked out.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use super::Options;
use super::aside::{self, Aside};
use super::change;
use super::compare::{self, Compared};
use super::decide::{Case, OnDisk, Wanted, decide};
use super::digest::Digest;
use super::leftovers::{self, Leftovers};
use super::lock::{Lock, LockEntry};
use super::note;
use super::orphans::Planned;
use super::root::{Found, Obstacle, Root};
use super::skeleton;
use super::state::{self, LOCK_PATH, State};
use super::temporary;
use crate::layout;
use crate::rel_path::RelPath;
use crate::tree::{Action, Change, Changes, Class, Content, Places, Tree, TreeFile};

/// Compares `tree` with the directory `out`.
pub(super) fn diff<'tree>(
    tree: &'tree Tree,
    out: &Path,
    options: &Options,
    producible: &dyn Fn(&RelPath) -> bool,
) -> Result<Changes<'tree>> {
    let mut root = Root::open(out)?;
    let state = root.as_mut().map(State::load).transpose()?.unwrap_or_default();
    let mut survey = Survey {
        options,
        out,
        root,
        state,
        files: Vec::new(),
        next: Lock::default(),
        gone: BTreeSet::new(),
        planned: Planned::default(),
        leftovers: Leftovers::default(),
    };
    survey.find_leftovers()?;
    let left = survey.prune(tree, producible)?;
    for (path, file) in tree.iter() {
        survey.produce(path, file)?;
    }
    survey.remember(left);
    let changes = survey.finish(tree);
    if !changes.blocks() {
        state::ensure_readable(&changes.lock_after, &changes.journal)?;
    }
    Ok(changes)
}

/// What is known so far.
struct Survey<'tree, 'run> {
    options: &'run Options,
    out: &'run Path,
    root: Option<Root>,
    state: State,
    files: Vec<Change<'tree>>,
    next: Lock,
    /// Paths that are gone or will be before anything is written, so that nothing there is in the way.
    gone: BTreeSet<String>,
    planned: Planned,
    leftovers: Leftovers,
}

impl<'tree> Survey<'tree, '_> {
    /// `apply` clears away what interrupted runs left half done, before anything else.
    fn find_leftovers(&mut self) -> Result<()> {
        if let Some(root) = &mut self.root {
            self.leftovers = leftovers::find(root, &self.state, &mut self.planned)?;
        }
        let half_done = self.leftovers.half_done.iter();
        self.gone
            .extend(half_done.map(|leftover| temporary::beside(&leftover.path, &leftover.name)));
        Ok(())
    }

    fn look(&mut self, path: &RelPath) -> Result<Found> {
        self.root.as_mut().map_or(Ok(Found::Absent), |root| root.look(path))
    }

    /// Decides on every path that is no longer produced. Returns the lock entries of those that stay where they are.
    fn prune(&mut self, tree: &Tree, producible: &dyn Fn(&RelPath) -> bool) -> Result<BTreeMap<RelPath, LockEntry>> {
        let is_stale = |(path, _): &(&RelPath, &LockEntry)| tree.get(path).is_none();
        let owned = |(path, entry): (&RelPath, &LockEntry)| (path.clone(), entry.clone());
        let stale: Vec<_> = self.state.paths().into_iter().filter(is_stale).map(owned).collect();
        let (mut left, mut in_the_way) = (BTreeMap::new(), Vec::new());
        for (path, entry) in stale {
            match self.look(&path)? {
                Found::Obstacle(obstacle) => in_the_way.push((path, entry, obstacle)),
                found => self.prune_one(path, entry, found, producible, &mut left)?,
            }
        }
        // Last, because what is in the way may be a directory of files that go.
        for (path, entry, obstacle) in in_the_way {
            let is_replaced = obstacle.is_directory() && tree.has_directory(&obstacle.path);
            let is_absent = is_replaced || obstacle.hides_nothing(&path) || self.will_be_gone(&obstacle)?;
            let found = if is_absent {
                Found::Absent
            } else {
                Found::Obstacle(obstacle)
            };
            self.prune_one(path, entry, found, producible, &mut left)?;
        }
        Ok(left)
    }

    fn prune_one(
        &mut self,
        path: RelPath,
        entry: LockEntry,
        found: Found,
        producible: &dyn Fn(&RelPath) -> bool,
        left: &mut BTreeMap<RelPath, LockEntry>,
    ) -> Result<()> {
        let mut compared = compare::stale(&self.state, &path, found);
        let known = self.state.entry(&path, compared.contents).map(|entry| entry.class);
        let (on_edit, is_producible) = (self.options.on_edit, producible(&path));
        let case = Case {
            wanted: Wanted::Nothing,
            known,
            on_disk: compared.on_disk,
            on_edit,
            is_producible,
        };
        let (action, orphan) = self.place(&path, decide(&case), &mut compared)?;
        if action.is_none_or(Action::removes) {
            self.gone.insert(path.as_str().to_owned());
        } else {
            left.insert(path.clone(), entry.clone());
        }
        self.files
            .extend(action.map(|action| change::stale(path, entry, action, compared, orphan)));
        Ok(())
    }

    /// Where a file goes that is moved away; nothing is written where it has nowhere to go.
    fn place(
        &mut self,
        path: &RelPath,
        action: Option<Action>,
        compared: &mut Compared<'_>,
    ) -> Result<(Option<Action>, Option<RelPath>)> {
        let Some(root) = self.root.as_mut().filter(|_| action == Some(Action::Quarantine)) else {
            return Ok((action, None));
        };
        Ok(match self.planned.place(root, path)? {
            Ok(orphan) => (action, Some(orphan)),
            Err(obstacle) => {
                compared.obstacle = Some(obstacle);
                (Some(Action::RefuseObstacle), None)
            }
        })
    }

    /// Decides on one path of the tree.
    fn produce(&mut self, path: &RelPath, file: &'tree TreeFile) -> Result<()> {
        let found = match self.look(path)? {
            Found::Obstacle(obstacle) if self.will_be_gone(&obstacle)? => Found::Absent,
            found => found,
        };
        let (wanted, pristine, sha256, keys) = match &file.content {
            Content::Bytes(bytes) => {
                let wanted = match file.class {
                    Class::Owned => Wanted::Owned,
                    Class::Seeded if layout::is_built_from(path) => Wanted::SeededForBuilds,
                    Class::Seeded => Wanted::Seeded,
                };
                (wanted, Cow::Borrowed(&**bytes), Digest::from(bytes.sha256()), None)
            }
            Content::Skeleton(skeleton) => {
                let pristine = Cow::Owned(skeleton::render(skeleton));
                let sha256 = Digest::of(&pristine);
                (Wanted::Skeleton, pristine, sha256, Some(skeleton::locked(skeleton)))
            }
        };
        let mut compared = match &file.content {
            Content::Bytes(_) => compare::file(&self.state, path, found, pristine, sha256),
            Content::Skeleton(skeleton) => {
                compare::secret(&self.state, path, skeleton, found, pristine, &shown(self.out, path))
            }
        };
        let is_gone = matches!(compared.on_disk, OnDisk::Absent | OnDisk::NotAFile) && self.state.took_away(path);
        let old = self.state.entry(path, compared.contents).filter(|_| !is_gone).cloned();
        let known = old.as_ref().map(|entry| entry.class);
        let on_edit = self.options.on_edit;
        let case = Case {
            wanted,
            known,
            on_disk: compared.on_disk,
            on_edit,
            is_producible: true,
        };
        // Something is always wanted here, so there is always an action.
        let Some(action) = decide(&case) else { return Ok(()) };
        let (action, aside) = self.set_aside(path, action, &mut compared)?;
        let entry = LockEntry {
            sha256,
            class: file.class,
            why: file.why.clone(),
            keys,
        };
        let entry = next_entry(action, compared.on_disk, old, entry);
        self.next.files.extend(entry.map(|entry| (path.clone(), entry)));
        if compared.is_merge && action == Action::RefuseEdited {
            compared.note = Some(note::merge(&shown(self.out, path), &shown(self.out, &lock_path()?)));
        }
        self.files.push(change::produced(path, file, action, compared, aside));
        Ok(())
    }

    /// Where the values go that nothing wants any more, and a note of it; nothing is written where they have nowhere to go.
    fn set_aside(
        &mut self,
        path: &RelPath,
        action: Action,
        compared: &mut Compared<'_>,
    ) -> Result<(Action, Option<Aside>)> {
        let Some(root) = self.root.as_mut().filter(|_| action == Action::SkeletonSetAside) else {
            return Ok((action, None));
        };
        Ok(match aside::plan(path, &compared.aside, root, &mut self.planned)? {
            Ok(aside) => {
                let told = [
                    Some(note::set_aside(&compared.aside, &aside.path)),
                    compared.note.take(),
                ];
                compared.note = Some(told.into_iter().flatten().collect::<Vec<_>>().join("\n"));
                (action, Some(aside))
            }
            Err(obstacle) => {
                (compared.obstacle, compared.note) = (Some(obstacle), None);
                (Action::RefuseObstacle, None)
            }
        })
    }

    /// Whether all that is in the way is taken away before anything is written.
    fn will_be_gone(&mut self, obstacle: &Obstacle) -> Result<bool> {
        if obstacle.is_directory() {
            self.will_be_emptied(&obstacle.path)
        } else {
            Ok(self.gone.contains(&obstacle.path))
        }
    }

    /// Whether the directory held files of stacktic and holds nothing else.
    fn will_be_emptied(&mut self, directory: &str) -> Result<bool> {
        let below = format!("{directory}/");
        let was_ours = self
            .gone
            .range(below.clone()..)
            .next()
            .is_some_and(|path| path.starts_with(&below));
        let Some(root) = self.root.as_mut().filter(|_| was_ours) else {
            return Ok(false);
        };
        for (name, is_directory) in root.list(directory)?.unwrap_or_default() {
            let path = below.clone() + &name;
            let goes = if is_directory {
                self.will_be_emptied(&path)?
            } else {
                self.gone.contains(&path)
            };
            if !goes {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Keeps the entries of files that are left, so that they are reported until they are gone.
    fn remember(&mut self, left: BTreeMap<RelPath, LockEntry>) {
        if left.is_empty() {
            return;
        }
        let mut places = Places::default();
        for path in self.next.files.keys() {
            // A tree has no clashes.
            _ = places.insert(path);
        }
        let locked = left
            .into_iter()
            .filter(|(path, _)| self.state.lock.files.contains_key(path));
        // A lock with two files for one place could not be read again.
        let kept: Vec<_> = locked.filter(|(path, _)| places.insert(path).is_ok()).collect();
        self.next.files.extend(kept);
    }

    fn finish(mut self, tree: &Tree) -> Changes<'tree> {
        self.files.sort_by(|one, other| one.path.cmp(&other.path));
        let listed = self.state.paths();
        let leftovers = listed
            .keys()
            .filter(|path| tree.get(path).is_none())
            .map(|path| (*path).clone());
        let (leftovers, listed) = (leftovers.collect(), listed.len());
        let was_interrupted = self.state.was_interrupted();
        let written: BTreeSet<&RelPath> = self
            .files
            .iter()
            .filter(|change| change.action.puts_content())
            .map(|change| &change.path)
            .collect();
        let journal = self.state.journal.unwrap_or_default();
        let mut journal = journal.next(&self.state.lock, &self.next, &|path| written.contains(path));
        journal.moved = change::moved(&self.files, &self.leftovers.kept);
        for change in &self.files {
            journal.allow(change);
        }
        Changes {
            mass_delete: change::mass_delete(&self.files, listed, self.options),
            files: self.files,
            lock_before: self.state.lock_bytes,
            lock_after: self.next.render(),
            journal_before: self.state.journal_bytes,
            journal: journal.render(),
            was_interrupted,
            half_done: self.leftovers.half_done,
            kept: self.leftovers.kept,
            leftovers,
        }
    }
}

/// What the lock says of a produced path after this run, where it said `old` and `new` is wanted.
fn next_entry(action: Action, on_disk: OnDisk, old: Option<LockEntry>, new: LockEntry) -> Option<LockEntry> {
    match action {
        Action::KeepEdited | Action::RefuseEdited | Action::RefuseForeign | Action::RefuseObstacle => old,
        Action::SecretOutOfStep | Action::SecretUnreadable => old.map(|old| both(old, new)),
        // Deleted or edited by the user: the lock keeps what was seeded, to know an untouched file when it goes.
        Action::SeedSame if on_disk != OnDisk::AsNew => old.map(|old| LockEntry {
            class: new.class,
            why: new.why,
            ..old
        }),
        _ => Some(new),
    }
}

/// An encrypted file may still hold keys of both.
fn both(old: LockEntry, new: LockEntry) -> LockEntry {
    let mut keys = new.keys.unwrap_or_default();
    for (key, old) in old.keys.into_iter().flatten() {
        let key = keys.entry(key).or_default();
        key.value = old.value;
        key.of.extend(old.of);
    }
    LockEntry {
        sha256: old.sha256,
        class: new.class,
        why: new.why,
        keys: Some(keys),
    }
}

fn lock_path() -> Result<RelPath> {
    RelPath::parse(LOCK_PATH).map_err(anyhow::Error::msg)
}

/// The path as the user would type it, and not as an option.
fn shown(out: &Path, path: &RelPath) -> String {
    let shown = out.join(path.as_str()).display().to_string();
    if shown.starts_with('-') {
        format!("./{shown}")
    } else {
        shown
    }
}
