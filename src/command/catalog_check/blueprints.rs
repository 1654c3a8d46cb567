//! Blueprints are stack files that have no findings, and a first line that says what they are.

use std::path::Path;

use crate::catalog::{Catalog, Report, blueprint_title};
use crate::finding::{Code, Finding};
use crate::stack::check;
use crate::topology;
use crate::yaml::Span;

/// Check those that lie below `folder`; all without one. Says how many there are.
pub(super) fn check(catalog: &Catalog, folder: Option<&Path>, report: &mut Report) -> anyhow::Result<usize> {
    let names = catalog.blueprints_below(folder);
    for name in &names {
        let Some(source) = catalog.blueprint(name)? else {
            continue;
        };
        let findings = match topology::parse(&source) {
            Err(findings) => findings,
            Ok((topology, findings)) => check::check(&topology, catalog, findings, None)?
                .err()
                .unwrap_or_default(),
        };
        findings.into_iter().for_each(|finding| report.add(&source, finding));
        if blueprint_title(&source.text).is_empty() {
            let first = Span {
                line: 1,
                column: 1,
                length: 1,
            };
            let finding = Finding::new(Code::E_TOPOLOGY_TEXT, first, "nothing says what the blueprint is for");
            report.add(
                &source,
                finding.hint("begin with a comment of one line: `# A shop with its workers`"),
            );
        }
    }
    Ok(names.len())
}
