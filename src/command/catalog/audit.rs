//! `stacktic catalog audit`: which charts and images of the catalog are older than what is known of them, and which types
//! are no longer maintained.
//!
//! In: the catalog, and a folder of facts. Out: a row for each chart, image and deprecated type. What is known is what the folder
//! says (`known`); nothing is asked of a network.

use serde::Serialize;
use versions::Versioning;

use super::known::Known;
use crate::catalog::{AttributeKind, Catalog, ComponentType};
use crate::cli::{CatalogAuditArgs, OutputArg};
use crate::command::Streams;
use crate::exit::Exit;

/// One pinned thing of a type.
#[derive(Serialize)]
struct Row {
    #[serde(rename = "type")]
    component_type: String,
    /// `chart`, `image` or `type`.
    what: &'static str,
    name: String,
    version: String,
    state: State,
    /// The newest version that is known, or what to take instead.
    known: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// Nothing newer is known.
    Current,
    /// Something newer is known.
    Older,
    /// Its upstream no longer goes on with it.
    Deprecated,
    /// Nothing is known of it.
    Unknown,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Older => "older",
            Self::Deprecated => "deprecated",
            Self::Unknown => "unknown",
        }
    }
}

pub(in crate::command) fn audit(
    args: &CatalogAuditArgs,
    catalog: &Catalog,
    streams: &mut Streams<'_>,
) -> anyhow::Result<Exit> {
    let known = args.facts.as_deref().map(Known::read).transpose()?;
    let known = known.unwrap_or_default();
    let types = catalog.all_types()?;
    let rows = types.iter().flat_map(|entry| of_type(&entry.definition, &known));
    let rows: Vec<Row> = rows.collect();
    tell(&rows, args.output, streams)?;
    let is_due = |row: &Row| matches!(row.state, State::Older | State::Deprecated);
    Ok(if rows.iter().any(is_due) {
        Exit::Pending
    } else {
        Exit::Done
    })
}

fn of_type(kind: &ComponentType, known: &Known) -> Vec<Row> {
    let row = |what, name: &str, version: &str, (state, known)| Row {
        component_type: kind.name.clone(),
        what,
        name: name.to_owned(),
        version: version.to_owned(),
        state,
        known,
    };
    let gone = kind.deprecated.iter();
    let gone = gone.map(|deprecated| {
        row(
            "type",
            &kind.name,
            "",
            (State::Deprecated, Some(deprecated.to_string())),
        )
    });
    let charts = kind.install.all_charts();
    let charts = charts.map(|chart| {
        let version = &chart.version;
        let newest = known.chart(&chart.name, &chart.repository);
        let state = match newest {
            Some(newest) if newest.deprecated => (State::Deprecated, None),
            newest => compared(version, newest.map(|newest| newest.version.as_str())),
        };
        row("chart", &chart.name, version, state)
    });
    // A pattern takes the value of an attribute, whose default is an image.
    let images = kind.images.values().filter(|image| !image.contains('{'));
    let defaults = kind
        .attributes
        .values()
        .filter(|attribute| attribute.kind == AttributeKind::Image);
    let defaults = defaults.filter_map(|attribute| attribute.default.as_ref()?.as_str());
    let images = images.map(String::as_str).chain(defaults).filter_map(|image| {
        // One in the user's own registry is the user's.
        let (name, tag) = image.rsplit_once(':').filter(|(name, _)| !name.contains('{'))?;
        Some(row("image", name, tag, compared(tag, known.image(name))))
    });
    gone.chain(charts).chain(images).collect()
}

/// A version against the newest that is known.
fn compared(version: &str, newest: Option<&str>) -> (State, Option<String>) {
    let Some(newest) = newest else {
        return (State::Unknown, None);
    };
    let state = match (Versioning::new(version), Versioning::new(newest)) {
        (Some(ours), Some(theirs)) if ours < theirs => State::Older,
        (Some(_), Some(_)) => State::Current,
        _ => State::Unknown,
    };
    (state, Some(newest.to_owned()))
}

fn tell(rows: &[Row], output: OutputArg, streams: &mut Streams<'_>) -> anyhow::Result<()> {
    if output == OutputArg::Json {
        writeln!(streams.out, "{:#}", serde_json::json!({ "rows": rows }))?;
        return Ok(());
    }
    for row in rows {
        let known = match (row.state, &row.known) {
            (State::Older | State::Deprecated, Some(known)) => format!("  {known}"),
            _ => String::new(),
        };
        let told = format!(
            "{:<18} {:<6} {:<10} {} {}{known}",
            row.component_type,
            row.what,
            row.state.word(),
            row.name,
            row.version
        );
        writeln!(streams.out, "{}", told.trim_end())?;
    }
    let count = |state| rows.iter().filter(|row| row.state == state).count();
    let counted = [State::Current, State::Older, State::Deprecated, State::Unknown]
        .map(|state| format!("{} {}", count(state), state.word()));
    writeln!(streams.messages, "{}", counted.join(", "))?;
    Ok(())
}
