//! Rule: an entry is called what its folder is called, and says of itself what people and other rules rely on.

use super::Held;
use super::steering::steered;
use crate::catalog::folders::is_extension;
use crate::catalog::store::Definition;
use crate::catalog::{ComponentType, Convention, HookType, Interface, Pair};
use crate::fault::Code;
use crate::finding::suggestion;
use crate::name::{ComponentName, Namespace, is_fqdn};

/// Chapters of the catalog.
pub const CATEGORIES: [&str; 12] = [
    "ai",
    "analytics",
    "applications",
    "databases",
    "delivery",
    "gateways",
    "governance",
    "messaging",
    "observability",
    "security",
    "storage",
    "workflows",
];

/// Longest line for people.
const MAX_TITLE: usize = 100;

pub(super) fn component_type(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    same(held, "type", &definition.name);
    word(held, "type", &definition.name);
    defaults(held, definition);
}

/// What people read of a type.
pub(super) fn of_people(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    title(held, &definition.title);
    if let Some(hint) =
        suggestion(&definition.category, &CATEGORIES).filter(|_| !CATEGORIES.contains(&&*definition.category))
    {
        let fact = format!("the catalog has no chapter `{}`", definition.category);
        held.blame(Code::E_CATALOG_NAME, &["category"], fact, hint);
    }
    docs(held, &definition.docs);
}

pub(super) fn interface(held: &mut Held<'_, Interface>) {
    let definition = held.definition();
    same(held, "interface", &definition.interface);
    word(held, "interface", &definition.interface);
    title(held, &definition.title);
    definition.docs.iter().for_each(|text| docs(held, text));
}

pub(super) fn convention(held: &mut Held<'_, Convention>) {
    let definition = held.definition();
    same(held, "convention", &definition.convention);
    word(held, "convention", &definition.convention);
    title(held, &definition.title);
    definition.docs.iter().for_each(|text| docs(held, text));
}

/// A pair is called after its types, with a word behind them where there are several.
pub(super) fn pair(held: &mut Held<'_, Pair>) {
    let (definition, folder) = (held.definition(), held.entry.name());
    if !is_pair(folder, definition) {
        let (from, to) = (&definition.from, &definition.to);
        let fact = format!("the folder is called `{folder}`, and the pair `{from}-{to}`");
        let other_to = folder
            .strip_prefix(from.as_str())
            .and_then(|rest| rest.strip_prefix('-'));
        let other_from = folder.strip_suffix(to.as_str()).and_then(|rest| rest.strip_suffix('-'));
        let (key, meant) = match (other_to, other_from) {
            (Some(to), _) => ("to", format!("write `to: {to}`, or ")),
            (_, Some(from)) => ("from", format!("write `from: {from}`, or ")),
            _ => ("from", String::new()),
        };
        let hint =
            format!("{meant}rename the folder to `{from}-{to}`, or to `{from}-{to}_<what>` where there are several");
        held.blame(Code::E_CATALOG_NAME, &[key], fact, hint);
    }
    definition.title.iter().for_each(|text| title(held, text));
}

/// Whether `folder` is the name of a pair of these types.
pub(super) fn is_pair(folder: &str, pair: &Pair) -> bool {
    let rest = folder.strip_prefix(&format!("{}-{}", pair.from, pair.to));
    rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('_').is_some_and(is_word))
}

pub(super) fn hook_type(held: &mut Held<'_, HookType>) {
    let definition = held.definition();
    same(held, "name", &definition.name);
    title(held, &definition.title);
}

fn word<T>(held: &mut Held<'_, T>, key: &str, name: &str) {
    if !is_word(name) {
        let fact = format!("the name `{name}` is outside its grammar");
        let hint = "write a-z, 0-9 and _, and begin with a letter";
        held.blame(Code::E_CATALOG_NAME, &[key], fact, hint);
    }
}

fn same<T: Definition>(held: &mut Held<'_, T>, key: &str, name: &str) {
    let folder = held.entry.name().to_owned();
    if folder != name {
        let what = if is_extension(T::FILE) { "file" } else { "folder" };
        let fact = format!("the {what} is called `{folder}`, and the entry `{name}`");
        let hint = format!("write `{key}: {folder}`, or rename the {what}");
        held.blame(Code::E_CATALOG_NAME, &[key], fact, hint);
    }
}

fn title<T>(held: &mut Held<'_, T>, title: &str) {
    let fact = match title.chars().count() {
        0 => "the title is empty",
        count if count > MAX_TITLE => "the title is longer than 100 characters",
        _ if title.contains('\n') => "the title has more than one line",
        _ => return,
    };
    held.blame(Code::E_CATALOG_TEXT, &["title"], fact, "say in one line what it is");
}

fn docs<T>(held: &mut Held<'_, T>, docs: &str) {
    let host = docs.strip_prefix("https://").and_then(|rest| rest.split('/').next());
    let is_plain = docs.bytes().all(|byte| byte.is_ascii_graphic());
    if !(is_plain && host.is_some_and(is_fqdn)) {
        let fact = format!("`{docs}` is no https address of a documentation");
        let hint = "write where the product's own documentation stands: `https://…`";
        held.blame(Code::E_CATALOG_NAME, &["docs"], fact, hint);
    }
}

/// What a component is given when its stack says nothing.
fn defaults(held: &mut Held<'_, ComponentType>, definition: &ComponentType) {
    if let Err(rule) = Namespace::parse(&definition.namespace) {
        let fact = format!("the namespace `{}` {rule}", definition.namespace);
        held.blame(Code::E_CATALOG_NAMESPACE, &["namespace"], fact, "");
    }
    if let Err(rule) = ComponentName::parse(&definition.group) {
        let fact = format!("the group `{}` {rule}", definition.group);
        held.blame(Code::E_CATALOG_GROUP, &["group"], fact, "");
    }
    let legal = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_word =
        definition.service.bytes().all(legal) && definition.service.starts_with(|one: char| one.is_ascii_uppercase());
    if !is_word || steered(&definition.service).is_some() {
        let fact = format!("`{}` cannot stand in environment keys", definition.service);
        held.blame(
            Code::E_CATALOG_NAME,
            &["service"],
            fact,
            "write A-Z, 0-9 and _, and begin with a letter",
        );
    }
}

/// `[a-z][a-z0-9_]*`: names that templates, patterns and keys are made of.
pub(super) fn is_word(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(legal) && text.len() <= 40
}
