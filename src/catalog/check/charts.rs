//! Rule: a chart gets its values by `values.yaml`, which calls its objects by the name that the entry's hosts are made of.
//!
//! Most charts have `fullnameOverride`, and not all: an entry may leave it out, and no entry gives it another name.

use super::Held;
use crate::catalog::ComponentType;
use crate::fault::Code::E_CATALOG_FILE;
use crate::finding::Finding;
use crate::name::slip;
use crate::yaml::Span;

const VALUES: &str = "values.yaml";
const NAME: &str = "fullnameOverride";
/// Another word of most charts, which is much like it.
const OTHER: &str = "nameOverride";

pub(super) fn manners(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    if definition.install.chart().is_none() {
        return;
    }
    let Some(file) = definition.files.iter().find(|file| file.path == VALUES) else {
        let fact = "nothing makes `values.yaml`, and the chart is installed with its own values alone";
        let hint = "add `files: [{path: values.yaml, template: values.yaml.j2}]`";
        held.blame_key(E_CATALOG_FILE, &["install", "chart"], fact, hint);
        return;
    };
    // A template that stands in the entry is short enough to be read.
    let Some(template) = &file.template else { return };
    // A file that is not there is told by itself.
    let Ok(bytes) = held.entry.file(template) else { return };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    for (line, content) in (1..).zip(text.lines()) {
        let Some((key, value)) = content.split_once(':') else {
            continue;
        };
        let (fact, hint) = if key == NAME && !is_object(value) {
            let fact = format!("`{NAME}` is not the object, and hosts of the entry are named after that");
            (fact, format!("write `{NAME}: <% component.object | yaml %>`"))
        } else if is_slip(key) {
            (
                format!("`{key}` is no word of a chart"),
                format!("did you mean `{NAME}`?"),
            )
        } else {
            continue;
        };
        let span = Span {
            line,
            column: 1,
            length: content.chars().count().max(1),
        };
        held.blame_beside(template, &text, Finding::new(E_CATALOG_FILE, span, fact).hint(hint));
    }
}

fn is_slip(key: &str) -> bool {
    ![NAME, OTHER].contains(&key) && !key.starts_with(' ') && slip(key, [NAME]).is_some()
}

/// `<% component.object %>`, with or without a filter that writes it as a scalar.
fn is_object(value: &str) -> bool {
    let inner = value.trim().strip_prefix("<%").and_then(|rest| rest.strip_suffix("%>"));
    inner.is_some_and(|inner| inner.split('|').next().map(str::trim) == Some("component.object"))
}
