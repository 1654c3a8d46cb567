//! What is told and shown of a type's metrics.

use super::{Cases, TYPE, found, good};

/// Metrics with what a type is asked for, behind the good entry.
const METRICS: &str = r#"metrics:
  monitor: PodMonitor
  port_name: metrics
  port: 9100
  path: /metrics
  alerts:
    MailWaits:
      watches: saturation
      expr: sum by (box) (mail_waits{$own, kind="late"}) > 100
      for: 10m
      severity: warning
      summary: mail waits
      description: "{{ $value }} messages wait."
    MailFails:
      watches: errors
      expr: rate(mail_failures_total{$own}[5m]) > 0
      for: 5m
      severity: critical
      summary: mail is lost
      description: See the log.
  dashboard:
    - row: Mail
      panels:
        - {title: Mail that waits, expr: "mail_waits{$own}", unit: short, legend: "{{pod}}"}
"#;

const WRONG_METRICS: Cases = &[
    (
        "(mail_waits{$own, kind=\"late\"})",
        "(mail_waits{kind=\"late\"})",
        "catalog/mailpit/component.yaml:69: E_CATALOG_METRICS: `mail_waits` is asked for of every component; write `mail_waits{$own}`, with other labels behind it",
    ),
    (
        "rate(mail_failures_total{$own}[5m])",
        "rate(mail_failures_total[5m])",
        "catalog/mailpit/component.yaml:76: E_CATALOG_METRICS: `mail_failures_total` is asked for of every component; write `mail_failures_total{$own}`, with other labels behind it",
    ),
    (
        "expr: \"mail_waits{$own}\"",
        "expr: \"mail_waits\"",
        "catalog/mailpit/component.yaml:84: E_CATALOG_METRICS: `mail_waits` is asked for of every component; write `mail_waits{$own}`, with other labels behind it",
    ),
    (
        "rate(mail_failures_total{$own}[5m]) > 0",
        "vector(1)",
        "catalog/mailpit/component.yaml:76: E_CATALOG_METRICS: the expression asks for no metric; write one, with its labels: `up{$own}`",
    ),
    (
        "watches: errors",
        "watches: errors\n      slot: stroe",
        "catalog/mailpit/component.yaml:76: E_CATALOG_LINK: there is no slot `stroe`; did you mean `store`?",
    ),
    (
        "MailFails:",
        "mail-fails:",
        "catalog/mailpit/component.yaml:74: E_CATALOG_METRICS: `mail-fails` is no name of an alert; write words that begin with capitals: `ConnectionsNearLimit`",
    ),
    (
        "for: 10m",
        "for: 10",
        "catalog/mailpit/component.yaml:70: E_CATALOG_SCHEMA: `for` must be a string, not an integer; put it in quotes",
    ),
    (
        "for: 10m",
        "for: ten minutes",
        "catalog/mailpit/component.yaml:70: E_CATALOG_METRICS: `ten minutes` is no duration; write a number and `s`, `m` or `h`",
    ),
    (
        "watches: errors",
        "watches: saturation",
        "catalog/mailpit/component.yaml:61: E_CATALOG_METRICS: nothing is told of the type's errors; add an alert with `watches: errors` to `metrics.alerts`",
    ),
    (
        "severity: critical",
        "severity: fatal",
        "catalog/mailpit/component.yaml:78: E_CATALOG_SCHEMA: `severity` is not one of its legal values; one of `critical`, `warning`",
    ),
    (
        "      summary: mail is lost\n",
        "",
        "catalog/mailpit/component.yaml:75: E_CATALOG_SCHEMA: `MailFails` lacks the key `summary`; add `summary:`: one line for people",
    ),
];

#[test]
fn metrics_that_are_watched_are_good() {
    let mut files = good();
    files.get_mut(TYPE).unwrap().push_str(METRICS);
    assert_eq!(found(&files), [""; 0]);
}

#[test]
fn wrong_metrics() {
    let mut wrong = Vec::new();
    for (from, to, expected) in WRONG_METRICS {
        assert_eq!(METRICS.matches(from).count(), 1, "`{from}` stands once");
        let mut files = good();
        files.get_mut(TYPE).unwrap().push_str(&METRICS.replace(from, to));
        let found = found(&files);
        if found != [*expected] {
            wrong.push(format!(
                "{from} → {to}\n  expected {expected}\n  found    {}",
                found.join("\n           ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn metrics_that_nobody_looks_at_are_told() {
    let mut files = good();
    let (bare, _) = METRICS.split_once("  alerts:").unwrap();
    files.get_mut(TYPE).unwrap().push_str(bare);
    assert_eq!(
        found(&files),
        [
            "catalog/mailpit/component.yaml:61: E_CATALOG_METRICS: nothing is shown of the type's metrics; add `dashboard:` to `metrics`, rows with the panels that people look at first",
            "catalog/mailpit/component.yaml:61: E_CATALOG_METRICS: nothing is told of the type's errors; add an alert with `watches: errors` to `metrics.alerts`",
            "catalog/mailpit/component.yaml:61: E_CATALOG_METRICS: nothing is told of the type's saturation; add an alert with `watches: saturation` to `metrics.alerts`",
        ]
    );
}
