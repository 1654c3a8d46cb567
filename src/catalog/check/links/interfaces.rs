//! Rule: an interface says what its levels mean and what its facts are, and knows the levels that it speaks of.

use super::{asks, below, borrowed, conventions, with};
use crate::catalog::check::names::is_word;
use crate::catalog::check::variables::Variables;
use crate::catalog::check::{Among, Held};
use crate::catalog::{Interface, Level};
use crate::fault::Code::{E_CATALOG_LINK, E_CATALOG_NAME, E_CATALOG_TEXT};

pub(in crate::catalog::check) fn check(held: &mut Held<'_, Interface>) {
    let definition = held.definition();
    if definition.levels.is_empty() {
        let fact = "the interface has no level, so no link can be drawn to it";
        held.blame_key(
            E_CATALOG_LINK,
            &["levels"],
            fact,
            "add one, such as `read: what it means`",
        );
    }
    for (level, meaning) in &definition.levels {
        if meaning.trim().is_empty() {
            let fact = format!("nobody is told what the level `{}` means", level.word());
            held.blame(E_CATALOG_TEXT, &["levels", level.word()], fact, "say it in one line");
        }
    }
    for (name, fact) in &definition.facts {
        let path = ["facts", name.as_str()];
        if !is_word(name) {
            let told = format!("the name `{name}` is outside its grammar");
            let hint = "write a-z, 0-9 and _, and begin with a letter";
            held.blame_key(E_CATALOG_NAME, &path, told, hint);
        }
        if fact.help.trim().is_empty() {
            let told = format!("nobody is told what `{name}` is");
            held.blame_key(E_CATALOG_TEXT, &path, told, "add `help:`, one line for people");
        }
        if let Some(level) = fact.from {
            known(held, &[path[0], path[1], "from"], level);
        }
    }
    rows(held);
    asks::interface(held);
    for (role, taken) in &definition.consumers {
        let Ok(serde_json::Value::String(role)) = serde_json::to_value(role) else {
            continue;
        };
        with::settings(held, &below(&[], &["consumers", &role, "with"]), &taken.with);
        let variables = asks::with_settings(Variables::of_links().end("from", None).end("to", None), &taken.with);
        let base = below(&[], &["consumers", &role, "gives"]);
        asks::given(held, &base, definition, &taken.gives, &variables);
        let base = below(&[], &["consumers", &role, "levels"]);
        if taken.levels.is_empty() {
            let told = format!("types of the role `{role}` take it at no level");
            held.blame(
                E_CATALOG_LINK,
                &borrowed(&base),
                told,
                "list levels, or remove the role",
            );
        }
        for (position, level) in taken.levels.iter().enumerate() {
            known(held, &borrowed(&below(&base, &[&position.to_string()])), *level);
        }
    }
}

/// Rows that conventions lack, and the one for all of them: their keys, and facts of the interface itself.
fn rows(held: &mut Held<'_, Interface>) {
    let definition = held.definition();
    for (convention, keys) in &definition.conventions {
        let base = below(&[], &["conventions", convention]);
        conventions::row(held, &base, keys);
        conventions::values(held, &base, definition, keys);
    }
    if let Some(keys) = &definition.keys {
        let base = below(&[], &["keys"]);
        conventions::row(held, &base, keys);
        conventions::values(held, &base, definition, keys);
    }
}

/// The conventions exist, and have no row of their own.
pub(in crate::catalog::check) fn among(held: &mut Held<'_, Interface>, among: &Among<'_>) {
    let names = among.catalog().convention_names();
    for name in held.definition().conventions.keys() {
        let path = ["conventions", name.as_str()];
        held.known_key(E_CATALOG_LINK, &path, name, &names, "convention");
        let Ok(Some(convention)) = among.catalog().convention(name) else {
            continue;
        };
        if convention
            .definition
            .interfaces
            .contains_key(&held.definition().interface)
        {
            let told = format!("the convention `{name}` says already which keys such a link gives");
            held.blame_key(
                E_CATALOG_LINK,
                &path,
                told,
                "leave it out here: one of both has to count",
            );
        }
    }
}

fn known(held: &mut Held<'_, Interface>, path: &[&str], level: Level) {
    let known: Vec<&str> = held.definition().levels.keys().map(|level| level.word()).collect();
    held.known(E_CATALOG_LINK, path, level.word(), &known, "level");
}
