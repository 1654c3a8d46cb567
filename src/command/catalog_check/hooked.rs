//! Hooks on trial: what they make of components, and whether there is anything that they select.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::alone;
use super::smallest;
use super::suspects::Suspect;
use super::trial::Trials;
use crate::catalog::{Each, Entry, HookType, Kind};
use crate::fault::Code;
use crate::hook::select;
use crate::stack::Stack;

/// Outputs that have selected nothing yet, by hook and position.
pub(super) struct Unreached(BTreeMap<(String, usize), Each>);

impl Unreached {
    pub(super) fn of(hooks: &[Rc<Entry<HookType>>]) -> Self {
        let outputs = hooks.iter().flat_map(|hook| {
            let outputs = hook.definition.outputs.iter().enumerate();
            outputs.map(|(position, output)| ((hook.name().to_owned(), position), output.each.clone()))
        });
        // What a function makes is not selected.
        Self(outputs.filter(|(_, each)| !matches!(each, Each::List(_))).collect())
    }

    pub(super) fn look_at(&mut self, stack: &Stack) {
        self.0.retain(|_, each| select::items(stack, each).is_empty());
    }
}

/// Try hooks with the components that they select; those of types under check were tried already.
///
/// # Errors
/// A file cannot be read.
pub(super) fn components(trials: &mut Trials<'_>) -> anyhow::Result<()> {
    for name in trials.catalog.names_below(Kind::Type, None) {
        let Some(entry) = trials.catalog.component_type(name)? else {
            continue;
        };
        let kind = &entry.definition;
        if trials
            .suspects
            .hooks()
            .iter()
            .any(|hook| may_mean(&hook.definition, kind))
        {
            let sources = smallest::alone(kind).into_iter();
            for source in sources.chain([smallest::elsewhere(kind)]) {
                let case = alone::case(trials, name, source);
                trials.run(&case)?;
            }
        }
    }
    Ok(())
}

fn may_mean(hook: &HookType, kind: &crate::catalog::ComponentType) -> bool {
    hook.outputs.iter().any(|output| match &output.each {
        Each::Components(components) => components.filters.iter().all(|filter| filter.may_mean(kind)),
        _ => false,
    })
}

/// Tell outputs that no stack asks for, when every stack that might was made.
///
/// # Errors
/// A file cannot be read.
pub(super) fn unreached(trials: &mut Trials<'_>) -> anyhow::Result<()> {
    if !trials.blame.is_empty() {
        return Ok(());
    }
    for ((name, position), each) in std::mem::take(&mut trials.unreached.0) {
        let hook = Suspect::hook(&name);
        let fact = format!("no stack has what is selected: {}", each.told());
        let hint =
            "`stacktic catalog links` prints every link with its levels, `stacktic catalog show TYPE` what a type is";
        let position = position.to_string();
        let own = ["outputs", &position, "where"];
        let has_own = trials
            .catalog
            .written(Kind::Hook, &name)?
            .is_some_and(|written| written.document.at(&own).is_some());
        let field: &[&str] = if has_own { &own } else { &["where"] };
        trials.blame.entry(&hook, field, Code::E_CATALOG_HOOK, fact, hint)?;
    }
    Ok(())
}
