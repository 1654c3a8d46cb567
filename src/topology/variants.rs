//! Which branch of a JSON Schema a value is held to, where there are several.
//!
//! A schema and a value go in, a schema without a choice comes out. A choice is made by what the value is: `5432` and
//! `"{port}"` are both ports, and blaming one for not being the other would help nobody.

use serde_json::Value as Json;

use super::shape::{json_type, types};
use crate::name::nearest;
use crate::yaml::Node;

/// Follow `$ref`, and the first branch of an optional value.
pub(super) fn resolve<'s>(definitions: &'s Json, schema: &'s Json) -> &'s Json {
    let inner = schema
        .get("anyOf")
        .and_then(|branches| branches.get(0))
        .unwrap_or(schema);
    followed(definitions, inner)
}

/// The branch that `node` is probably meant to be.
pub(super) fn fitting<'s>(definitions: &'s Json, schema: &'s Json, node: &Node) -> &'s Json {
    let mut branches = Vec::new();
    leaves(definitions, schema, &mut branches);
    if let [only] = branches.as_slice() {
        return only;
    }
    let of_its_type = branches.iter().copied().filter(|branch| {
        constants(branch).is_some_and(|legal| legal.contains(&&node.to_json()))
            || types(branch).contains(&json_type(node))
    });
    // A key with nothing behind it is blamed for what it lacks.
    let of_its_type: Vec<&Json> = of_its_type.filter(|branch| types(branch) != ["null"]).collect();
    let tagged = of_its_type.iter().find(|branch| has_its_tags(branch, node));
    let meant = || of_its_type.iter().find(|branch| is_a_slip(&of_its_type, branch, node));
    let named = || {
        let mut alike = of_its_type.iter().filter(|branch| is_alike(definitions, branch, node));
        alike.find(|branch| has_its_keys(branch, node))
    };
    let alike = || of_its_type.iter().find(|branch| is_alike(definitions, branch, node));
    let first = of_its_type.first().or(branches.first());
    tagged
        .or_else(meant)
        .or_else(named)
        .or_else(alike)
        .or(first)
        .copied()
        .unwrap_or(schema)
}

/// All branches of a schema, those of its branches too; a schema without any is its own.
fn leaves<'s>(definitions: &'s Json, schema: &'s Json, found: &mut Vec<&'s Json>) {
    let schema = followed(definitions, schema);
    let branches = ["anyOf", "oneOf"]
        .iter()
        .find_map(|key| schema.get(key).and_then(Json::as_array));
    match branches.filter(|_| types(schema).is_empty() && constants(schema).is_none()) {
        Some(branches) => branches.iter().for_each(|branch| leaves(definitions, branch, found)),
        None => found.push(schema),
    }
}

/// Keys that a branch gives one value only, with that value.
fn tags(branch: &Json) -> impl Iterator<Item = (&String, &Json)> {
    let properties = branch.get("properties").and_then(Json::as_object);
    let properties = properties.into_iter().flatten();
    properties.filter_map(|(key, schema)| Some((key, schema.get("const")?)))
}

/// Whether `node` has each tag of the branch.
fn has_its_tags(branch: &Json, node: &Node) -> bool {
    let held = tags(branch).map(|(key, value)| node.get(key).is_some_and(|held| held.to_json() == *value));
    let held: Vec<bool> = held.collect();
    !held.is_empty() && held.iter().all(|held| *held)
}

/// Whether a tag of `node` is nearer to that of the branch than to those of all others.
fn is_a_slip(branches: &[&Json], branch: &Json, node: &Node) -> bool {
    tags(branch).any(|(key, value)| {
        let others = branches.iter().flat_map(|other| tags(other));
        let known = others
            .filter(|(other, _)| *other == key)
            .filter_map(|(_, value)| value.as_str());
        let held = node.get(key).map(|held| held.to_json());
        let held = held.as_ref().and_then(Json::as_str);
        held.and_then(|held| nearest(held, known))
            .is_some_and(|near| value.as_str() == Some(near))
    })
}

/// Whether `node` has each key that the branch wants, of which there is one at least.
fn has_its_keys(branch: &Json, node: &Node) -> bool {
    let wanted = branch.get("required").and_then(Json::as_array);
    let mut wanted = wanted.into_iter().flatten().filter_map(Json::as_str).peekable();
    wanted.peek().is_some() && wanted.all(|key| node.get(key).is_some())
}

/// Whether what `node` holds is of the types that the branch wants.
fn is_alike(definitions: &Json, branch: &Json, node: &Node) -> bool {
    let properties = branch.get("properties").and_then(Json::as_object);
    let mut given = properties
        .into_iter()
        .flatten()
        .filter_map(|(key, schema)| Some((node.get(key)?, schema)));
    given.all(|(held, schema)| {
        let mut wanted = Vec::new();
        leaves(definitions, schema, &mut wanted);
        wanted
            .iter()
            .any(|one| types(one).is_empty() || types(one).contains(&json_type(held)))
    })
}

/// The values that may stand there, where a schema lists them.
pub(super) fn constants(schema: &Json) -> Option<Vec<&Json>> {
    if let Some(value) = schema.get("const") {
        return Some(vec![value]);
    }
    if let Some(values) = schema.get("enum").and_then(Json::as_array) {
        return Some(values.iter().collect());
    }
    let branches = schema.get("oneOf").and_then(Json::as_array)?;
    let listed: Option<Vec<Vec<&Json>>> = branches.iter().map(constants).collect();
    listed.map(|values| values.into_iter().flatten().collect())
}

/// Keys of which a mapping must have exactly one: branches of `oneOf` that require one key and say nothing else.
pub(super) fn exclusive(schema: &Json) -> Vec<&str> {
    let branches = schema.get("oneOf").and_then(Json::as_array);
    let required = branches
        .into_iter()
        .flatten()
        .filter_map(|branch| branch.get("required"));
    required.filter_map(|keys| keys.get(0)?.as_str()).collect()
}

fn followed<'s>(definitions: &'s Json, schema: &'s Json) -> &'s Json {
    match schema.get("$ref").and_then(Json::as_str) {
        Some(reference) => definitions
            .get(reference.trim_start_matches("#/$defs/"))
            .unwrap_or(schema),
        None => schema,
    }
}
