//! The values that attributes of a component are given, the last one counts: by the profile of the environment, by the
//! component, by the environment.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::catalog::{AttributeKind, ComponentType};
use crate::topology::{ComponentDocument, StackDocument, Topology};

/// All of them, for the component called `name`; a profile says nothing of one that is not deployed.
pub(super) fn given(
    document: &StackDocument,
    environment: Option<&str>,
    name: &str,
    component: &ComponentDocument,
    kind: &ComponentType,
) -> BTreeMap<String, Json> {
    let environment = environment.and_then(|environment| document.environments.get(environment));
    let profile = environment.and_then(|environment| kind.profiles.of(environment.profile));
    let profile = profile.filter(|_| component.external.is_none());
    let mut given = profile.map(|spec| spec.attributes.clone()).unwrap_or_default();
    add(&mut given, &component.attributes, kind);
    if let Some(overrides) = environment.and_then(|environment| environment.components.get(name)) {
        add(&mut given, &overrides.attributes, kind);
    }
    given
}

/// Where the file writes the value of an attribute of `component`: the environment's counts more than the component's own.
/// Nothing where it is a profile's or the type's.
pub(super) fn written_at<'a>(
    topology: &Topology,
    environment: Option<&'a str>,
    component: &'a str,
    attribute: &'a str,
) -> Option<Vec<&'a str>> {
    let own = vec!["components", component, "attributes", attribute];
    let overriding = environment.map(|environment| [vec!["environments", environment], own.clone()].concat());
    let mut places = overriding.into_iter().chain([own]);
    places.find(|path| topology.holds(path))
}

/// What is said later takes the place of what was; settings do so one by one, since each is a value of its own.
fn add(given: &mut BTreeMap<String, Json>, later: &BTreeMap<String, Json>, kind: &ComponentType) {
    for (name, value) in later {
        let is_joined = kind
            .attributes
            .get(name)
            .is_some_and(|one| one.kind == AttributeKind::Settings);
        match (given.get_mut(name), value) {
            (Some(Json::Object(settings)), Json::Object(more)) if is_joined => settings.extend(more.clone()),
            _ => drop(given.insert(name.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog;

    /// How many replicas a component of Kafka is given; nothing leaves it to the default.
    fn check(component: Json, environment: Json, expected: Json) {
        let kafka = catalog::load(&[]).unwrap().component_type("kafka").unwrap().unwrap();
        let document: StackDocument = serde_json::from_value(
            json!({ "environments": { "prod": environment }, "components": { "log": component } }),
        )
        .unwrap();
        let given = given(
            &document,
            Some("prod"),
            "log",
            &document.components["log"],
            &kafka.definition,
        );
        assert_eq!(given.get("replicas").unwrap_or(&Json::Null), &expected, "{document:?}");
        // The stack as it stands knows of no environment.
        let base = super::given(&document, None, "log", &document.components["log"], &kafka.definition);
        assert_eq!(base, document.components["log"].attributes);
    }

    #[test]
    fn a_profile_is_weaker_than_the_stack_file_and_stronger_than_defaults() {
        let of_prod =
            |attributes: Json| json!({ "profile": "ha", "components": { "log": { "attributes": attributes } } });
        let plain = || json!({ "type": "kafka" });
        let five = || json!({ "type": "kafka", "attributes": { "replicas": 5 } });
        check(plain(), json!({}), Json::Null);
        check(plain(), json!({ "profile": "dev" }), Json::Null);
        check(plain(), json!({ "profile": "ha" }), json!(3));
        check(plain(), of_prod(json!({ "memory": "4Gi" })), json!(3));
        check(plain(), of_prod(json!({ "replicas": 1 })), json!(1));
        check(five(), json!({ "profile": "ha" }), json!(5));
        check(five(), of_prod(json!({ "replicas": 7 })), json!(7));
    }

    #[test]
    fn an_environment_adds_to_settings_one_by_one() {
        let nodejs = catalog::load(&[]).unwrap().component_type("nodejs").unwrap().unwrap();
        let document: StackDocument = serde_json::from_value(json!({
            "environments": { "prod": { "components": { "shop": { "attributes": { "env": { "B": "3", "C": "4" } } } } } },
            "components": { "shop": { "type": "nodejs", "attributes": { "env": { "A": "1", "B": "2" } } } },
        }))
        .unwrap();
        let of = |environment| {
            let given = given(
                &document,
                environment,
                "shop",
                &document.components["shop"],
                &nodejs.definition,
            );
            given["env"].clone()
        };
        assert_eq!(of(None), json!({ "A": "1", "B": "2" }));
        assert_eq!(of(Some("prod")), json!({ "A": "1", "B": "3", "C": "4" }));
    }

    #[test]
    fn nothing_is_deployed_for_a_component_of_another_stack() {
        let external = json!({ "type": "kafka", "external": { "stack": "data", "host": "kafka.example.com" } });
        check(external, json!({ "profile": "ha" }), Json::Null);
    }
}
