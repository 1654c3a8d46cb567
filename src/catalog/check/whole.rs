//! All entries under their laws, and what holds between them.

use std::collections::BTreeMap;
use std::path::Path;

use super::files::TOOLS;
use super::{Among, tools};
use crate::catalog::findings::Report;
use crate::catalog::folders::WHOLE;
use crate::catalog::store::{Definition, Store};
use crate::catalog::{Catalog, Kind};
use crate::fault::Code::E_CATALOG_TOOLS;
use crate::finding::Finding;

/// Hold the entries below `folder`, or all entries, to the laws; a broken one does not hide the others. Where `is_whole`
/// does not hold, an entry is missing that others may name, and each is looked at by itself.
///
/// # Errors
/// A file cannot be read.
pub fn check(catalog: &Catalog, folder: Option<&Path>, is_whole: bool) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let among = Among(catalog);
    let all = is_whole.then_some(&among);
    each(&catalog.component_types, folder, all, &mut report)?;
    each(&catalog.interfaces, folder, all, &mut report)?;
    each(&catalog.conventions, folder, all, &mut report)?;
    each(&catalog.pairs, folder, all, &mut report)?;
    each(&catalog.hooks, folder, all, &mut report)?;
    new_tools(&catalog.pairs, folder, &mut report);
    Ok(report)
}

/// How many entries lie below `folder`, or there are at all.
#[must_use]
pub fn count(catalog: &Catalog, folder: Option<&Path>) -> usize {
    let kinds = Kind::ALL.into_iter();
    kinds.map(|kind| catalog.names_below(kind, folder).len()).sum()
}

/// A name of a tool is one entry's: another of that name would take its place in the eyes of a client.
fn new_tools<T: Definition>(store: &Store<T>, folder: Option<&Path>, report: &mut Report) {
    let own: Vec<&str> = store.names_below(folder).collect();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let others = store.names().filter(|name| !own.contains(name));
    for name in others.chain(own.iter().copied()) {
        let Some((place, bytes)) = store.file(name, TOOLS) else {
            continue;
        };
        for tool in tools::names(&bytes) {
            let first = seen.entry(tool.clone()).or_insert_with(|| name.to_owned());
            if first != name {
                let fact = format!("`{first}` has a tool `{tool}` already");
                let finding = Finding::new(E_CATALOG_TOOLS, WHOLE, fact).hint("give the tool a name of its own");
                report.add_whole(&place, finding);
            }
        }
    }
}

fn each<T: Definition>(
    store: &Store<T>,
    folder: Option<&Path>,
    all: Option<&Among<'_>>,
    report: &mut Report,
) -> anyhow::Result<()> {
    for name in store.names_below(folder) {
        store.check(name, all, report)?;
    }
    Ok(())
}
