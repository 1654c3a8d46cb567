//! The tools of the program's own entries, read and hashed at build time.

use std::borrow::Cow;

use super::definition::{Class, Contract, Hashed, Input, Limits, SearchTool, Tool};

include!(concat!(env!("OUT_DIR"), "/tools.rs"));

/// The tools described in the folder `home` of the repository.
pub(super) fn tools(home: &str) -> Option<&'static [Tool]> {
    let position = TOOLS.binary_search_by(|(folder, _)| (*folder).cmp(home)).ok()?;
    Some(TOOLS[position].1)
}

/// The contract described in the folder `home` of the repository.
pub(super) fn contract(home: &str) -> Option<&'static Contract> {
    let position = CONTRACTS.binary_search_by(|(folder, _)| (*folder).cmp(home)).ok()?;
    Some(CONTRACTS[position].1)
}

/// The hash of a Python file in the folder `home` of the repository.
pub(in crate::catalog) fn module_sha256(home: &str, file: &str) -> Option<&'static str> {
    let position = MODULES
        .binary_search_by(|(folder, name, _)| (*folder, *name).cmp(&(home, file)))
        .ok()?;
    Some(MODULES[position].2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::load;

    /// The build and a run hash by one function; this shows that they were given the same files.
    #[test]
    fn the_build_made_what_a_run_would_make() {
        let catalog = load(&[]).unwrap();
        let mut seen = 0;
        for (home, tools) in TOOLS {
            let name = home.rsplit('/').next().unwrap();
            let entry = catalog.pair(name).unwrap().unwrap();
            let made = super::super::definition::parse_tools(&entry.file("tools.json").unwrap()).unwrap();
            assert_eq!(format!("{tools:?}"), format!("{made:?}"), "{home}");
            assert!(tools.is_sorted_by(|left, right| left.name < right.name), "{home}");
            seen += tools.len();
        }
        let server = catalog.component_type("fastmcp").unwrap().unwrap();
        for (home, file, sha256) in MODULES.iter().filter(|(home, ..)| home.contains("/tools/")) {
            let place = format!("{}/{file}", home.strip_prefix("catalog/fastmcp/").unwrap());
            let made = crate::name::sha256_hex(&server.file(&place).unwrap());
            assert_eq!(*sha256, made, "{home}/{file}");
            assert_eq!(module_sha256(home, file), Some(*sha256));
        }
        assert!(seen > 90, "{seen}");
    }
}
