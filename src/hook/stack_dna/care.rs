//! Who looks after it: metrics and logs, delivery, backups.

use std::collections::BTreeSet;

use super::document::{Form, Section};
use super::words::{cell, counted, line, list, one_line};
use crate::catalog::derived::{DEPLOYED, LOGS, METRICS};
use crate::catalog::{Role, Watched};
use crate::stack::{Component, Link, Stack};

/// The interface of who copies namespaces, and the word in names of slots for copies of data.
const BACKUP: &str = "backup";

/// Alerts that every scraped component has: it is down, or a part of it is.
const COMMON_ALERTS: usize = 2;

pub(super) fn sections(stack: &Stack) -> Vec<Section> {
    vec![observability(stack), delivery(stack), backups(stack)]
}

/// A section that is told line by line, or by one line.
fn section(title: &'static str, columns: &'static str, lines: Vec<String>, count: String) -> Section {
    let counts = one_line(lines.len(), count);
    Section {
        title,
        starts: [1, 0, 0],
        forms: vec![
            Form {
                columns,
                lines,
                without: "",
            },
            Form {
                columns: "",
                lines: counts,
                without: "names",
            },
        ],
    }
}

fn observability(stack: &Stack) -> Section {
    let watched = |one: &&Component| one.is_deployed();
    let told: Vec<[String; 3]> = stack
        .components
        .values()
        .filter(watched)
        .map(|one| watching(stack, one))
        .collect();
    let count = |column: usize| told.iter().filter(|cells| !cells[column].is_empty()).count();
    let summary = format!(
        "{} deployed; metrics of {} are collected, logs of {}",
        counted(told.len(), "component"),
        count(1),
        count(2)
    );
    let lines = told
        .iter()
        .map(|cells| line(&[&cells[0], &cell(&cells[1]), &cell(&cells[2])]));
    section(
        "Observability",
        "component | metrics collected by (alert rules) | logs collected by",
        lines.collect(),
        summary,
    )
}

fn watching(stack: &Stack, one: &Component) -> [String; 3] {
    let by = |interface: &str| {
        let links = stack
            .links_to(&one.name)
            .filter(|link| link.kind.interface_name() == interface);
        links.map(|link| &link.from).collect::<BTreeSet<_>>()
    };
    let scrapers = by(METRICS).into_iter().map(|name| {
        let rules = if stack.component(name).has_role(Role::Scraper) {
            alerts(stack, one)
        } else {
            0
        };
        format!("{name} ({rules})")
    });
    [
        one.name.to_string(),
        scrapers.collect::<Vec<_>>().join(", "),
        by(LOGS).iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", "),
    ]
}

/// Rules over the series of a component that is scraped.
fn alerts(stack: &Stack, one: &Component) -> usize {
    let spec = one.entry.definition.metrics.iter();
    let own = spec.flat_map(|metrics| metrics.alerts.values());
    let taken = own.filter(|alert| alert.slot.as_ref().is_none_or(|slot| stack.takes(one, slot)));
    COMMON_ALERTS + taken.count()
}

fn delivery(stack: &Stack) -> Section {
    let deployed: BTreeSet<&str> = stack.deployed().map(|one| one.name.as_str()).collect();
    let mut lines = Vec::new();
    if let Some(gitops) = &stack.gitops {
        lines.push(format!(
            "repository {} | revision {} | folder {}",
            cell(&gitops.repository),
            cell(&gitops.revision),
            cell(&gitops.path)
        ));
        lines.push(format!(
            "Applications are named {}.<environment>.<component>",
            stack.name
        ));
    }
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    for delivery in stack.of_role(Role::Delivery) {
        let links = stack
            .links_from(&delivery.name)
            .filter(|link| link.kind.interface_name() == DEPLOYED);
        let own: BTreeSet<&str> = links.map(|link| link.to.as_str()).collect();
        lines.push(line(&[&format!("{} keeps in step", delivery.name), &list(&own)]));
        kept.extend(own);
    }
    let by_hand: Vec<&&str> = deployed.difference(&kept).collect();
    lines.push(line(&["applied by a person or a pipeline", &list(by_hand)]));
    let summary = format!(
        "{} of {} deployed components are kept in step",
        kept.len(),
        deployed.len()
    );
    section("Delivery", "", lines, summary)
}

fn backups(stack: &Stack) -> Section {
    let is_backup = |link: &&Link| link.kind.interface_name() == BACKUP || link.kind.slot_name == BACKUP;
    let links: Vec<&Link> = stack.links.iter().filter(is_backup).collect();
    let told = |link: &&Link| {
        let from = stack.component(&link.from);
        let alerts = from.entry.definition.metrics.iter().flat_map(|metrics| &metrics.alerts);
        let watched = alerts.filter(|(_, alert)| alert.watches == Watched::Backup);
        let watched = watched
            .filter(|_| stack.is_linked(from, METRICS))
            .map(|(name, _)| name.as_str());
        line(&[&link.start(), &link.end(), link.kind.interface_name(), &list(watched)])
    };
    let summary = counted(links.len(), "backup");
    section(
        "Backups",
        "of | go to | interface | alerts on their age",
        links.iter().map(told).collect(),
        summary,
    )
}
