//! Rule: an account that a link asks for is made by something; else its consumer would be let in by the network, know a
//! password that nobody set, and, where the service asks for none, be anybody.
//!
//! Templates, workloads and jobs of the type make accounts, and hooks that select them. Which template makes what is for
//! people to see; here it is enough that one of them asks for the accounts.

use super::{Among, Held};
use crate::catalog::{ComponentType, Each, FolderSource, ForEach, Provision};
use crate::fault::Code::E_CATALOG_LINK;

pub(super) fn among(held: &mut Held<'_, ComponentType>, among: &Among<'_>) {
    let definition = held.definition();
    for (interface, provisions) in &definition.provides {
        // One that is not there is told by itself.
        if among.interface(interface).is_none() {
            continue;
        }
        let asks = provisions.0.iter().any(is_to_be_made);
        if !asks || is_read_by_data(definition, interface) || is_read_by_template(held, interface) {
            continue;
        }
        if is_selected(among, definition, interface) {
            continue;
        }
        let fact = format!("links of `{interface}` have accounts, and nothing of the type makes them");
        let hint = format!(
            "go through `component.accounts | of(\"{interface}\")` in a template, or write `accounts: {interface}` in a step of \
             a job, a `projected` folder or the `for_each` of a file"
        );
        held.blame_key(E_CATALOG_LINK, &["provides", interface], fact, hint);
    }
}

/// Whether the type must make accounts: those that it has anyway, knows by a digest, or
/// somebody issues, are there without it.
fn is_to_be_made(provision: &Provision) -> bool {
    provision.accounts.values().any(|account| {
        let secret = account.secret.as_ref();
        secret.is_none_or(|secret| secret.existing.is_none() && secret.issued.is_none() && secret.digest_in.is_none())
    })
}

fn is_read_by_data(definition: &ComponentType, interface: &str) -> bool {
    let of_file = |each: &ForEach| matches!(each, ForEach::Accounts(of) if of.accounts == interface);
    let of_folder = |source: &FolderSource| matches!(source, FolderSource::Accounts(of) if of == interface);
    let mut mounted = definition.jobs.values().flat_map(|job| &job.accounts);
    let mut steps = definition.jobs.values().flat_map(|job| &job.steps);
    let workload = definition.install.workload().into_iter();
    let mut folders = workload.flat_map(|workload| &workload.projected);
    let mut files = definition.files.iter().filter_map(|file| file.for_each.as_ref());
    files.any(of_file)
        || mounted.any(|folder| folder.interface == interface)
        || steps.any(|step| step.accounts.as_deref() == Some(interface))
        || folders.any(|folder| folder.sources.iter().any(of_folder))
}

fn is_read_by_template(held: &Held<'_, ComponentType>, interface: &str) -> bool {
    held.definition().files.iter().any(|file| {
        let beside = file.template.as_ref().and_then(|name| held.entry.file(name).ok());
        let beside = beside.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let text = beside.or_else(|| file.text.clone()).unwrap_or_default();
        asks_for(&text, interface)
    })
}

/// Whether a template asks for the accounts of `interface`, or for all.
fn asks_for(text: &str, interface: &str) -> bool {
    text.split("component.accounts").skip(1).any(|rest| {
        let filter = rest.trim_start().strip_prefix('|').map(str::trim_start);
        match filter.and_then(|filter| filter.strip_prefix("of(")) {
            Some(wanted) => wanted.trim_start_matches(['"', '\'', ' ']).split(['"', '\'']).next() == Some(interface),
            None => true,
        }
    })
}

/// Whether a hook selects accounts of this interface at this type.
fn is_selected(among: &Among<'_>, definition: &ComponentType, interface: &str) -> bool {
    among.hooks().any(|hook| {
        hook.definition.outputs.iter().any(|output| match &output.each {
            Each::Accounts(accounts) => {
                let interface = interface.to_owned();
                accounts
                    .filters
                    .iter()
                    .all(|filter| filter.may_mean(&interface, definition))
            }
            _ => false,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_ask_for_all_accounts_or_those_of_one_interface() {
        for (text, expected) in [
            ("#: for account in component.accounts | of(\"smtp\")", true),
            ("#: for account in component.accounts|of('smtp')", true),
            ("#: for account in component.accounts", true),
            ("#: for account in component.accounts | of(\"http\")", false),
            (
                "<% component.accounts | of(\"http\") | length %> <% component.accounts | of(\"smtp\") | length %>",
                true,
            ),
            ("accounts: none", false),
        ] {
            assert_eq!(asks_for(text, "smtp"), expected, "{text}");
        }
    }
}
