//! Counters and times in the text form of Prometheus: how often and how long, never who or what of the stack.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Upper bounds of the histogram of seconds: a query takes microseconds, a check up to a minute.
const BOUNDS: [f64; 10] = [0.0001, 0.0005, 0.001, 0.005, 0.025, 0.1, 0.5, 2.0, 10.0, 60.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CheckLabels {
    program: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: String,
}

/// The metrics of one agent.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    checks: Family<CheckLabels, Counter>,
    refusals: Family<CodeLabels, Counter>,
    running: Gauge,
    dropped: Counter,
}

impl Metrics {
    /// For a stack of so many components and links.
    pub(super) fn new(components: usize, links: usize) -> Self {
        let mut registry = Registry::with_prefix("stacktic_agent");
        let requests = Family::default();
        let seconds = Family::new_with_constructor((|| Histogram::new(BOUNDS)) as fn() -> Histogram);
        let (checks, refusals, running) = (Family::default(), Family::default(), Gauge::default());
        let dropped = Counter::default();
        registry.register("requests", "Requests by route and status", requests.clone());
        registry.register_with_unit("request", "Time to answer by route", Unit::Seconds, seconds.clone());
        registry.register("checks", "Processes that checks started", checks.clone());
        registry.register("refusals", "Refused requests by code", refusals.clone());
        registry.register("checks_running", "Processes that run now", running.clone());
        registry.register(
            "log_lines_dropped",
            "Log lines that nobody read in time",
            dropped.clone(),
        );
        for (name, help, number) in [
            ("components", "Components of the stack", components),
            ("links", "Links of the stack", links),
        ] {
            let gauge: Gauge = Gauge::default();
            gauge.set(i64::try_from(number).unwrap_or(i64::MAX));
            registry.register(name, help, gauge);
        }
        Self {
            registry,
            requests,
            seconds,
            checks,
            refusals,
            running,
            dropped,
        }
    }

    pub(super) fn request(&self, route: &'static str, status: u16, seconds: f64) {
        self.requests.get_or_create(&RequestLabels { route, status }).inc();
        self.seconds.get_or_create(&RouteLabels { route }).observe(seconds);
    }

    pub(super) fn refusal(&self, code: &str) {
        let code = code.to_owned();
        self.refusals.get_or_create(&CodeLabels { code }).inc();
    }

    pub(super) fn check(&self, program: &'static str, passed: bool) {
        let outcome = if passed { "passed" } else { "failed" };
        self.checks.get_or_create(&CheckLabels { program, outcome }).inc();
    }

    pub(super) fn dropped_line(&self) {
        self.dropped.inc();
    }

    /// The text of all metrics.
    pub(super) fn text(&self, running: usize) -> String {
        self.running.set(i64::try_from(running).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
