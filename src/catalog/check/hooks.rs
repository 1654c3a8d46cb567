//! Rule: a hook's outputs have paths inside the output, and say what they are made for.

use super::{Among, Held};
use crate::catalog::HookType;
use crate::fault::Code::E_CATALOG_HOOK;
use crate::layout;
use crate::name::RelPath;

pub(super) fn check(held: &mut Held<'_, HookType>) {
    let definition = held.definition();
    if held.entry.replaces() {
        // A type of a name that is taken stands for another on purpose; what a hook makes belongs to whole stacks.
        let name = &definition.name;
        let fact = format!("another hook is called `{name}`, and nothing would make what it makes");
        held.blame(E_CATALOG_HOOK, &["name"], fact, "give the hook a name of its own");
    }
    if definition.outputs.is_empty() {
        held.blame_key(
            E_CATALOG_HOOK,
            &["outputs"],
            "the hook makes nothing",
            "add an output, or remove the hook",
        );
    }
    for (position, output) in definition.outputs.iter().enumerate() {
        let path = ["outputs", &position.to_string(), "path"];
        if let Err(rule) = RelPath::parse(&output.path.replace(['{', '}'], "")) {
            held.blame(E_CATALOG_HOOK, &path, rule, "write a path below the output");
        } else if !held.entry.is_embedded() && !layout::admits_hooks(&output.path) {
            let places: Vec<String> = layout::places_of_hooks().map(|place| format!("`{place}`")).collect();
            let (place, name) = (&output.path, &definition.name);
            let fact = format!("`{place}` of hook `{name}` is not a place where a hook may write");
            held.blame(
                E_CATALOG_HOOK,
                &path,
                fact,
                format!("such places are {}", places.join(", ")),
            );
        }
        if output.template.is_some() && output.split.is_some() {
            let path = ["outputs", path[1], "split"];
            held.blame(
                E_CATALOG_HOOK,
                &path,
                "only JSON documents are split",
                "remove `split`, or the template",
            );
        }
    }
}

/// Interfaces and types that it names are there: `reads: [interface http]`, `where: {interface: metrics}`.
pub(super) fn among(held: &mut Held<'_, HookType>, among: &Among<'_>) {
    let definition = held.definition();
    let interfaces = among.catalog().interface_names();
    for (position, read) in definition.reads.iter().enumerate() {
        let named = read
            .strip_prefix("links of ")
            .unwrap_or(read)
            .strip_prefix("interface ");
        if let Some(name) = named {
            let path = ["reads", &position.to_string()];
            held.known(E_CATALOG_HOOK, &path, name, &interfaces, "interface");
        }
    }
    let types = among.catalog().type_names();
    for (position, output) in definition.outputs.iter().enumerate() {
        let (of_interfaces, of_types) = output.each.names();
        let position = position.to_string();
        for (names, known, what) in [
            (of_interfaces, &interfaces, "interface"),
            (of_types, &types, "component type"),
        ] {
            for name in names {
                let path = condition(held, &position, name);
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                held.known(E_CATALOG_HOOK, &path, name, known, what);
            }
        }
    }
}

/// Where a condition names something: in `where` of an output, or of the whole hook.
fn condition(held: &Held<'_, HookType>, position: &str, name: &str) -> Vec<String> {
    let bases: [&[&str]; 2] = [&["outputs", position, "where"], &["where"]];
    let keys = ["interface", "type", "from_type", "to_type"];
    let paths = bases
        .iter()
        .flat_map(|base| keys.iter().map(move |key| [*base, &[*key]].concat()));
    let holds = |path: &Vec<&str>| {
        let texts = held.document.at(path).map(crate::yaml::Node::texts);
        texts.into_iter().flatten().any(|(text, _)| text == name)
    };
    let found = paths.into_iter().find(holds).unwrap_or_else(|| vec!["where"]);
    found.into_iter().map(str::to_owned).collect()
}
