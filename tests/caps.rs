//! The caps of stack files and of the lock follow from one another: what the lock says of each type of the catalog stays within
//! the shares from which its cap is added up.
//!
//! In: stacks of one type with the longest names. Out: what one more component, and one more environment, add to the lock. It
//! must not know what the lock says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test ends where its ground fails, and starts, writes and deletes by itself"
)]

mod support;

use std::fs;

use stacktic::catalog::{AttributeKind, load};
use stacktic::topology::MAX_BYTES;
use stacktic::topology::caps::{LOCK_BYTES_OF_BASE, LOCK_BYTES_OF_OVERLAY, LOCK_BYTES_OF_TEXT, MAX_LOCK_BYTES};

const HEAD: &str = "apiVersion: stacktic.io/v1\nkind: Stack\nname: shop\ndomain: shop.example.com\ngitops: {repository: https://git.example.com/shop.git}\n";
/// The size of the lock that `stack` gets.
fn lock_bytes(stack: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    support::write_file(&folder.path().join("stack.yaml"), stack);
    let mut command = support::program(folder.path());
    command.arg("gen");
    let run = support::run(command);
    assert_eq!(run.code, 0, "{stack}{}", run.stderr);
    fs::metadata(folder.path().join("out/.stacktic/lock.json"))
        .unwrap()
        .len() as usize
}

/// A value for each attribute that a type asks for.
fn required(component_type: &str) -> String {
    let entry = load(&[]).unwrap().component_type(component_type).unwrap().unwrap();
    let attributes = entry.definition.attributes.iter();
    attributes
        .filter(|(_, attribute)| attribute.required)
        .map(|(name, attribute)| match attribute.kind {
            AttributeKind::Image => format!("{name}: registry.example.com/shop/api:1.0.0,"),
            _ => {
                let fits = |text: &&str| {
                    attribute.pattern.as_ref().is_none_or(|pattern| {
                        regex_lite::Regex::new(&format!("^(?:{pattern})$"))
                            .unwrap()
                            .is_match(text)
                    })
                };
                let text = ["shop.app", "https://git.example.com/shop.git"]
                    .into_iter()
                    .find(fits)
                    .unwrap();
                format!("{name}: \"{text}\",")
            }
        })
        .collect()
}

/// Some types have a limit for the names of their objects, and add to them.
fn longest_name(component_type: &str) -> usize {
    let entry = load(&[]).unwrap().component_type(component_type).unwrap().unwrap();
    let added = entry.definition.object.replace("{name}", "").len();
    entry.definition.max_object.map_or(40, |most| (most - added).min(40))
}

fn stack_of(component_type: &str, components: usize, environments: usize) -> String {
    let length = longest_name(component_type);
    let name = |letter: char, number: usize, length: usize| format!("{letter}{number}{}", "x".repeat(length - 2));
    let attributes = required(component_type);
    let mut stack = format!("{HEAD}environments:\n");
    for number in 0..environments {
        // Each names every component, which then has a folder of its own there.
        let named: String = (0..components)
            .map(|number| format!("{}: {{}},", name('c', number, length)))
            .collect();
        stack += &format!(
            "  {}: {{cluster: {{name: c{number}}}, components: {{{named}}}}}\n",
            name('e', number, 40)
        );
    }
    stack += "components:\n  certificates: {type: cert_manager, external: {}}\n  routes: {type: gateway_api, external: {}}\n";
    for number in 0..components {
        // Its operator serves its own namespace alone.
        let namespace = match component_type {
            "keycloak" => component_type.to_owned(),
            _ => name('n', number, 40),
        };
        stack += &format!(
            "  {}: {{type: {component_type}, namespace: {namespace}, attributes: {{{attributes}}}}}\n",
            name('c', number, length)
        );
    }
    stack
}

#[test]
fn every_type_stays_within_its_share_of_the_lock() {
    let catalog = load(&[]).unwrap();
    for component_type in catalog.type_names() {
        let entry = catalog.component_type(component_type).unwrap().unwrap();
        if entry.definition.is_once() {
            continue; // a stack has one at most
        }
        let size = |components, environments| lock_bytes(&stack_of(component_type, components, environments));
        let (one, two) = (size(1, 1), size(2, 1));
        let (one_wide, two_wide) = (size(1, 2), size(2, 2));
        let overlay = (two_wide - two) - (one_wide - one);
        let base = (two - one) - overlay;
        assert!(base <= LOCK_BYTES_OF_BASE, "{component_type}: {base} for its base");
        assert!(
            overlay <= LOCK_BYTES_OF_OVERLAY,
            "{component_type}: {overlay} for its overlay"
        );
    }
}

/// Sub-components and links have files and keys of their own.
#[test]
fn text_stays_within_its_share_of_the_lock() {
    let topics = |count: usize| {
        let lines: String = (0..count)
            .map(|number| format!("      t{number}: {{type: topic}}\n"))
            .collect();
        format!("{HEAD}components:\n  kafka:\n    type: kafka\n    sub_components:\n{lines}")
    };
    let links = |count: usize| {
        let caches: String = (0..count)
            .map(|number| format!("  v{number}: {{type: valkey, namespace: n{number}}}\n"))
            .collect();
        let links: String = (0..count)
            .map(|number| format!("  - {{from: api, to: v{number}, env: V{number}}}\n"))
            .collect();
        format!(
            "{HEAD}components:\n  api: {{type: fastapi, attributes: {{image: a.io/b:1.0.0}}}}\n{caches}links:\n{links}"
        )
    };
    let (few, many) = (topics(100), topics(300));
    let growth = (lock_bytes(&many) - lock_bytes(&few)) as f64 / (many.len() - few.len()) as f64;
    assert!(growth <= LOCK_BYTES_OF_TEXT as f64, "topics: {growth}");
    let (few, many) = (links(10), links(40));
    let components = 30 * (LOCK_BYTES_OF_BASE + LOCK_BYTES_OF_OVERLAY);
    let growth = (lock_bytes(&many) - lock_bytes(&few)) as f64;
    let share = components as f64 + LOCK_BYTES_OF_TEXT as f64 * (many.len() - few.len()) as f64;
    assert!(growth <= share, "links: {growth} of {share}");
    const { assert!(MAX_LOCK_BYTES > LOCK_BYTES_OF_TEXT * MAX_BYTES) };
}
