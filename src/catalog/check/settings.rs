//! Rule: attributes of variables (`settings`, `secret_names`) are of components whose pods are ours, and have nothing that is
//! for a single value.

use super::Held;
use crate::catalog::{AttributeType, ComponentType};
use crate::fault::Code::E_CATALOG_ATTRIBUTE;

pub(super) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    let has_pods = definition.install.workload().is_some();
    for (name, kind) in of_variables(&definition.attributes) {
        let path = ["attributes", name];
        if !has_pods {
            let fact = format!("`{name}` gives variables to pods that a chart or templates of its own make");
            held.blame_key(
                E_CATALOG_ATTRIBUTE,
                &path,
                fact,
                "remove it, or make the pods by `install: workload`",
            );
        }
        for field in for_a_single_value(kind) {
            let fact = format!("`{name}` is variables, and has what is for a single value");
            let path = [path[0], path[1], field];
            held.blame(E_CATALOG_ATTRIBUTE, &path, fact, format!("remove `{field}`"));
        }
    }
    for (sub, sub_type) in &definition.sub_components {
        for (name, _) in of_variables(&sub_type.attributes) {
            misplaced(held, &["sub_components", sub, "attributes", name], name);
        }
    }
    for (position, slot) in definition.consumes.iter().enumerate() {
        for (name, _) in of_variables(&slot.body.with) {
            misplaced(
                held,
                &["consumes", &position.to_string(), &slot.name, "with", name],
                name,
            );
        }
    }
}

fn of_variables<'a>(
    types: impl IntoIterator<Item = (&'a String, &'a AttributeType)>,
) -> impl Iterator<Item = (&'a String, &'a AttributeType)> {
    types.into_iter().filter(|(_, kind)| kind.kind.is_of_variables())
}

fn misplaced(held: &mut Held<'_, ComponentType>, path: &[&str], name: &str) {
    let fact = format!("`{name}` is variables, which only a component has");
    held.blame_key(E_CATALOG_ATTRIBUTE, path, fact, "move it to the attributes of the type");
}

/// Fields that say something of one value; a type sets variables of its own by `install: workload`.
fn for_a_single_value(kind: &AttributeType) -> impl Iterator<Item = &'static str> {
    let fields = [
        ("default", kind.default.is_some()),
        ("enum", kind.choices.is_some()),
        ("pattern", kind.pattern.is_some()),
        ("range", kind.range.is_some()),
        ("reserved", !kind.reserved.is_empty()),
        ("unit", kind.unit.is_some()),
        ("needs", kind.needs.is_some()),
        ("declared", kind.declared.is_some()),
    ];
    fields
        .into_iter()
        .filter_map(|(field, is_there)| is_there.then_some(field))
}
