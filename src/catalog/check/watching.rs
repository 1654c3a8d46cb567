//! Rule: alerts and panels ask for the component's own series and no others, and who provides metrics says what to make of
//! them.
//!
//! Whether an expression is PromQL, and whether its metrics exist, is not known here: tests ask `promtool` and the facts.

use super::Held;
use crate::catalog::watching::{OWN, Watched};
use crate::catalog::{Alert, ComponentType, promql};
use crate::fault::Code::E_CATALOG_METRICS;

/// What every type with metrics is watched for; that it answers is watched without a word.
const LEAST: [Watched; 2] = [Watched::Saturation, Watched::Errors];

pub(super) fn check(held: &mut Held<'_, ComponentType>) {
    let Some(metrics) = &held.definition().metrics else {
        return;
    };
    for (name, alert) in &metrics.alerts {
        self::alert(held, name, alert);
    }
    for (position, row) in metrics.dashboard.iter().enumerate() {
        let row_place = position.to_string();
        for (position, panel) in row.panels.iter().enumerate() {
            let path = [
                "metrics",
                "dashboard",
                &row_place,
                "panels",
                &position.to_string(),
                "expr",
            ];
            own_series(held, &path, &panel.expr);
        }
    }
}

fn alert(held: &mut Held<'_, ComponentType>, name: &str, alert: &Alert) {
    let path = ["metrics", "alerts", name];
    if !is_title(name) {
        let hint = "write words that begin with capitals: `ConnectionsNearLimit`";
        held.blame_key(
            E_CATALOG_METRICS,
            &path,
            format!("`{name}` is no name of an alert"),
            hint,
        );
    }
    if !is_duration(&alert.lasts) {
        let fact = format!("`{}` is no duration", alert.lasts);
        held.blame(
            E_CATALOG_METRICS,
            &[path[0], path[1], name, "for"],
            fact,
            "write a number and `s`, `m` or `h`",
        );
    }
    own_series(held, &[path[0], path[1], name, "expr"], &alert.expr);
}

/// Another component's series would wake somebody for this one.
fn own_series(held: &mut Held<'_, ComponentType>, path: &[&str], expr: &str) {
    let asked = promql::metrics(expr);
    if asked.is_empty() {
        let hint = "write one, with its labels: `up{$own}`";
        held.blame(E_CATALOG_METRICS, path, "the expression asks for no metric", hint);
    }
    for asked in asked.iter().filter(|asked| !asked.is_own) {
        let fact = format!("`{}` is asked for of every component", asked.metric);
        let hint = format!("write `{}{{{OWN}}}`, with other labels behind it", asked.metric);
        held.blame_in_text(E_CATALOG_METRICS, path, (expr, asked.at), fact, hint);
    }
}

/// Words that begin with capitals.
fn is_title(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase()) && name.bytes().all(|one| one.is_ascii_alphanumeric())
}

/// One number with its unit.
fn is_duration(text: &str) -> bool {
    let number = text.strip_suffix(['s', 'm', 'h']).unwrap_or_default();
    !number.is_empty() && !number.starts_with('0') && number.bytes().all(|one| one.is_ascii_digit())
}

/// What people who add a type are asked for: a component that is scraped and never looked at is as good as none.
pub(super) fn manners(held: &mut Held<'_, ComponentType>) {
    let Some(metrics) = &held.definition().metrics else {
        return;
    };
    for watched in LEAST {
        if !metrics.alerts.values().any(|alert| alert.watches == watched) {
            let word = watched.word();
            let fact = format!("nothing is told of the type's {word}");
            let hint = format!("add an alert with `watches: {word}` to `metrics.alerts`");
            held.blame_key(E_CATALOG_METRICS, &["metrics"], fact, hint);
        }
    }
    if metrics.dashboard.is_empty() {
        let hint = "add `dashboard:` to `metrics`, rows with the panels that people look at first";
        held.blame_key(
            E_CATALOG_METRICS,
            &["metrics"],
            "nothing is shown of the type's metrics",
            hint,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_durations() {
        for (name, expected) in [
            ("KafkaOffline", true),
            ("P99", true),
            ("kafkaOffline", false),
            ("Kafka-Offline", false),
            ("", false),
        ] {
            assert_eq!(is_title(name), expected, "{name}");
        }
        for (text, expected) in [
            ("5m", true),
            ("90s", true),
            ("0m", false),
            ("5", false),
            ("m", false),
            ("1h30m", false),
            ("5d", false),
        ] {
            assert_eq!(is_duration(text), expected, "{text}");
        }
    }
}
