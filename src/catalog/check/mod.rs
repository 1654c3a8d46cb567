//! The laws of the catalog: what holds for every entry, one rule a file.
//!
//! ```text
//! text ─ reading (closed schema) ─► entry ─ laws of its kind ─► findings, each with file, line and fix
//! ```
//!
//! A rule is a function over one decoded entry and the files beside it (`Held`); it stands in the list of its kind
//! below. What harms nothing that is generated, and what
//! takes a look at every file, is asked by `catalog check` alone (`MANNERS`). What needs other entries (an
//! interface that is named) is one over the entry and all others (`Among`), and what needs them all at once (a name that
//! must be new) stands in `whole`. A rule for a new kind of entry is a file here, and an `impl Definition` with its lists.
//! What only a stack can show (templates, sentences of the agent) stands in `command/catalog_check`.

mod among;
mod attributes;
mod blocks;
mod charts;
mod data;
mod endpoints;
mod files;
mod health;
mod held;
mod hooks;
mod job_secrets;
mod links;
mod names;
mod needs;
mod network;
mod objects;
mod patterns;
mod profiles;
mod python;
mod rollouts;
mod secrets;
mod settings;
mod signs;
mod steering;
mod texts;
mod tool_schemas;
mod tool_values;
mod tools;
mod unmade_accounts;
mod upkeep;
mod variables;
mod versions;
mod watching;
mod whole;
mod workloads;

use super::store::Definition;
use super::{ComponentType, Convention, HookType, Interface, Pair};

pub(super) use among::{Among, LawAmong};
#[cfg(all(test, feature = "agent"))]
pub(crate) use health::CONNECTING;
pub(super) use held::{Held, Law};
use links::{asks, consumes, conventions, follows, interfaces, kinds, pairs, provides, tool_files, with};
pub use names::CATEGORIES;
pub use steering::steered;
pub use whole::{check, count};

impl Definition for ComponentType {
    const FILE: &'static str = "component.yaml";
    const LAWS: &'static [Law<Self>] = &[
        texts::check,
        names::component_type,
        attributes::check,
        settings::check,
        profiles::check,
        endpoints::check,
        patterns::check,
        objects::check,
        versions::check,
        upkeep::check,
        health::check,
        watching::check,
        secrets::check,
        rollouts::check,
        network::check,
        files::component_type,
        signs::check,
        data::check,
        workloads::check,
        blocks::check,
        job_secrets::check,
        provides::check,
        follows::check,
        consumes::check,
        with::check,
    ];
    const MANNERS: &'static [Law<Self>] = &[
        texts::beside,
        names::of_people,
        attributes::manners,
        profiles::manners,
        rollouts::manners,
        endpoints::reachable,
        watching::manners,
        charts::manners,
        workloads::manners,
    ];
    const AMONG: &'static [LawAmong<Self>] = &[
        provides::among,
        follows::among,
        consumes::among,
        asks::among,
        kinds::among,
        unmade_accounts::among,
        needs::among,
        upkeep::among,
    ];
}

impl Definition for Interface {
    const FILE: &'static str = ".yaml";
    const LAWS: &'static [Law<Self>] = &[texts::check, names::interface, interfaces::check];
    const AMONG: &'static [LawAmong<Self>] = &[interfaces::among];
}

impl Definition for Convention {
    const FILE: &'static str = ".yaml";
    const LAWS: &'static [Law<Self>] = &[texts::check, names::convention, conventions::check];
    const AMONG: &'static [LawAmong<Self>] = &[conventions::among];
}

impl Definition for Pair {
    const FILE: &'static str = "pair.yaml";
    const LAWS: &'static [Law<Self>] = &[texts::check, names::pair, files::pair, signs::check, pairs::check];
    const MANNERS: &'static [Law<Self>] = &[texts::beside];
    const AMONG: &'static [LawAmong<Self>] = &[pairs::among, tool_files::among];
}

impl Definition for HookType {
    const FILE: &'static str = "hook.yaml";
    const LAWS: &'static [Law<Self>] = &[
        texts::check,
        names::hook_type,
        hooks::check,
        files::hook_type,
        signs::check,
    ];
    const MANNERS: &'static [Law<Self>] = &[texts::beside];
    const AMONG: &'static [LawAmong<Self>] = &[hooks::among];
}
