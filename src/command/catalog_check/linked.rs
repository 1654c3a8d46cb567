//! Links on trial: a stack of two components for every legal link that an entry under check has a part in, at each level.

use std::collections::BTreeSet;

use super::blame::Case;
use super::effects;
use super::smallest::{self, Drawn, Provider};
use super::suspects::Suspect;
use super::trial::Trials;
use crate::catalog::{Keys, Kind, LegalLink, Level, Role, gives};
use crate::command::effects::Hooks;
use crate::fault::Code;
use crate::stack::Stack;
use crate::stack::gateway::HTTP;
use crate::topology::Source;
use crate::tree::Tree;

/// Try the legal links that entries under check have a part in.
///
/// # Errors
/// A file cannot be read.
pub(super) fn links(trials: &mut Trials<'_>) -> anyhow::Result<()> {
    let legal = trials.catalog.legal_links()?;
    let hooks = Hooks::of(trials.catalog)?;
    let mut links: Vec<_> = legal
        .iter()
        .map(|link| (trials.suspects.of_link(link), link))
        .filter(|(suspects, _)| !suspects.is_empty())
        .collect();
    // Where few entries come together it is plain whose mistake it is.
    links.sort_by_key(|(suspects, _)| suspects.len());
    for (suspects, link) in links {
        let changes = changes(link, &legal);
        let gateways = gateways(link, &legal);
        for drawn in ways(link, &changes, trials.suspects.select(link)) {
            let drawn = Drawn { gateways, ..drawn };
            if is_told(trials, &suspects) {
                break;
            }
            let case = case(link, drawn, &suspects);
            let made = trials.run(&case)?;
            if let Some((stack, with)) = made.filter(|_| is_usual(link, &drawn)) {
                hold_to_effects(trials, &hooks, link, drawn, case, (&stack, &with))?;
            }
        }
    }
    Ok(())
}

/// The smallest stack of a link at a level, without the link and with it.
pub(in crate::command) fn smallest_stacks(link: &LegalLink, level: Level, legal: &[LegalLink]) -> [Source; 2] {
    let drawn = Drawn {
        level,
        has_env: false,
        provider: Provider::Whole,
        change: None,
        gateways: gateways(link, legal),
    };
    [smallest::unlinked(link, drawn), smallest::linked(link, drawn)]
}

/// Whether a link is drawn as most are.
fn is_usual(link: &LegalLink, drawn: &Drawn<'_>) -> bool {
    let is_plain = drawn.provider == Provider::Whole && drawn.change.is_none() && !drawn.has_env;
    is_plain && drawn.level == link.kind.default_level()
}

/// What `catalog links` tells of a link is what it changes. A stack that must have the link has no other to be compared with.
fn hold_to_effects(
    trials: &mut Trials<'_>,
    hooks: &Hooks,
    link: &LegalLink,
    drawn: Drawn<'_>,
    case: Case,
    (stack, with): (&Stack, &Tree),
) -> anyhow::Result<()> {
    let case = Case {
        source: smallest::unlinked(link, drawn),
        may_be_refused: true,
        ..case
    };
    let Some((_, without)) = trials.run(&case)? else {
        return Ok(());
    };
    let breaches = effects::breaches(&hooks.effects(link), &hooks.selecting(link, stack), &without, with);
    if let (Some(breach), Some(suspect)) = (breaches.first(), case.suspects.first()) {
        let field: Vec<&str> = suspect.field.iter().map(String::as_str).collect();
        let fact = format!("a link `{}` {breach}", link.kind.name);
        let hint = "let what reads the link make what it gives, or take away what nothing reads";
        trials.blame.entry(suspect, &field, Code::E_CATALOG_LINK, fact, hint)?;
    }
    Ok(())
}

/// Whether whatever goes wrong with a link would be one mistake told twice. What a hook makes of it is another matter than what
/// it is.
fn is_told(trials: &Trials<'_>, suspects: &[Suspect]) -> bool {
    let is_blamed = |suspect: &Suspect| trials.blame.has(suspect.kind, &suspect.name);
    let mut of_link = suspects.iter().filter(|suspect| suspect.kind != Kind::Hook);
    of_link.any(is_blamed) || suspects.iter().all(is_blamed)
}

/// Links of the provider, one for each slot by which it says that something of it changes.
fn changes<'a>(link: &LegalLink, legal: &'a [LegalLink]) -> Vec<&'a LegalLink> {
    let provider = &link.to.definition;
    let endpoints = provider.endpoints.values().flat_map(|endpoint| endpoint.when.keys());
    let metrics = provider.metrics.iter().flat_map(|metrics| metrics.when.keys());
    let facts = link.kind.provision.when.keys();
    let slots: BTreeSet<&String> = endpoints.chain(metrics).chain(facts).collect();
    let of_slot = |slot: &String| {
        let mut own = legal.iter().filter(|own| own.from.definition.name == provider.name);
        own.find(|own| own.kind.slot_name == *slot)
    };
    slots.into_iter().filter_map(of_slot).collect()
}

/// The links by which gateways publish the two ends, as far as the link needs it.
fn gateways<'a>(link: &LegalLink, legal: &'a [LegalLink]) -> [Option<&'a LegalLink>; 2] {
    let publishing = |name: &str| {
        let mut links = legal.iter().filter(|own| own.to.definition.name == name);
        links.find(|own| own.kind.interface_name() == HTTP && own.from.definition.roles.contains(&Role::Gateway))
    };
    let from = gives::names_published(&link.kind.may_give()).then(|| publishing(&link.from.definition.name));
    let to = link
        .kind
        .interface
        .definition
        .published
        .then(|| publishing(&link.to.definition.name));
    [from.flatten(), to.flatten()]
}

fn case(link: &LegalLink, drawn: Drawn<'_>, suspects: &[Suspect]) -> Case {
    let mut told = format!("a link `{}`, `access: {}`", link.kind.name, drawn.level);
    if drawn.has_env {
        told.push_str(", `env:`");
    }
    match drawn.provider {
        Provider::External => told.push_str(", to another stack"),
        Provider::Shared => told.push_str(", and a second one beside it"),
        Provider::Whole | Provider::Bare => {}
    }
    if let Some(change) = drawn.change {
        told.push_str(&format!(", whose provider has a link of `{}`", change.kind.slot_name));
    }
    Case {
        source: smallest::linked(link, drawn),
        told,
        is_link: true,
        // Several of a type may need names of their own, which a person is told.
        may_be_refused: drawn.provider == Provider::Shared,
        suspects: suspects.to_vec(),
    }
}

/// The ways to draw a link, as far as they differ in what follows from it. Where it ends says nothing of what a level gives,
/// unless a hook may ask for both.
fn ways<'a>(link: &LegalLink, changes: &[&'a LegalLink], is_selected: bool) -> Vec<Drawn<'a>> {
    let kind = &link.kind;
    let has_prefixes = kind.has_keys() && kind.keys.values().any(Keys::has_fixed);
    let has_parts = kind.sub_component.is_none() && !link.to.definition.sub_components.is_empty();
    let has_files = kind.pair.as_ref().is_some_and(|pair| !pair.definition.files.is_empty());
    let makes_files = is_selected || has_files || kind.account(kind.default_level()).is_some();
    let mut ways = Vec::new();
    for level in kind.levels.iter().copied() {
        let is_usual = level == kind.default_level();
        let plain = Drawn {
            level,
            has_env: false,
            provider: Provider::Whole,
            change: None,
            gateways: [None; 2],
        };
        let more = [
            (has_prefixes, Drawn { has_env: true, ..plain }),
            (makes_files && is_usual, plain.with(Provider::Shared)),
            (has_parts && is_usual, plain.with(Provider::Bare)),
            (
                kind.external() && (is_usual || is_selected),
                plain.with(Provider::External),
            ),
        ];
        ways.push(plain);
        let changed = changes.iter().filter(|_| is_usual);
        ways.extend(changed.map(|change| Drawn {
            change: Some(change),
            ..plain
        }));
        ways.extend(more.into_iter().filter_map(|(may_be, drawn)| may_be.then_some(drawn)));
    }
    ways
}
