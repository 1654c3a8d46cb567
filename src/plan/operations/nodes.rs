//! A node dies: which components go on in which environment, by what their types make of a profile.

use serde_json::Value as Json;

use super::Site;
use crate::catalog::ProfileSpec;
use crate::profile::Profile;
use crate::stack::Component;
use crate::view::object;

pub(super) fn items(site: &Site<'_>) -> Vec<Json> {
    site.components().map(|component| item(site, component)).collect()
}

fn item(site: &Site<'_>, component: &Component) -> Json {
    let ha = component.entry.definition.profiles.of(Profile::Ha);
    let answers = site.answers(component, |here| counts(here, ha));
    let answers = answers.into_iter().map(|answer| {
        let several = answer.of.iter().filter(|(_, count)| *count > 1).count();
        object! {
            "environments": answer.environments,
            "goes_on": several > 0 && several == answer.of.len(),
            "goes_on_in_part": several > 0 && several < answer.of.len(),
            "counts": told(&answer.of),
            "file": answer.file,
        }
    });
    object! {
        "component": &component.name,
        "answers": answers.collect::<Vec<_>>(),
        "more": told(&ha.map(wanted).unwrap_or_default()),
        "stays": ha.and_then(|spec| spec.stays.as_deref()).unwrap_or_default(),
        "opened": site.planned(format!("docs/open/{}.md", component.name)).unwrap_or_default(),
    }
}

type Counts = Vec<(String, i64)>;

/// The numbers that the profile raises.
fn wanted(spec: &ProfileSpec) -> Counts {
    let attributes = spec.attributes.iter();
    attributes
        .filter_map(|(name, value)| Some((name.clone(), value.as_i64()?)))
        .collect()
}

/// The same numbers as an environment has them.
fn counts(here: &Component, ha: Option<&ProfileSpec>) -> Counts {
    let names = ha.map(wanted).unwrap_or_default().into_iter();
    names
        .filter_map(|(name, _)| Some((name.clone(), here.text(&name).parse().ok()?)))
        .collect()
}

/// `` `instances: 3`, `masters: 3` ``, for people.
fn told(counts: &Counts) -> String {
    let each = counts.iter().map(|(name, count)| format!("`{name}: {count}`"));
    each.collect::<Vec<_>>().join(", ")
}
