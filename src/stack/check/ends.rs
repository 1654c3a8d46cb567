//! The two ends of a link, found in the document; what is missing is reported.

use std::rc::Rc;

use super::Checker;
use crate::catalog::{ComponentType, Entry};
use crate::finding::{Code, Finding, suggestion};
use crate::topology::{ComponentDocument, LinkDocument};
use crate::yaml::Span;

/// A link of the document, with one of its targets.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    /// In the list of links.
    pub(super) position: usize,
    pub(super) link: &'a LinkDocument,
    /// In the list of targets.
    pub(super) item: Option<usize>,
    pub(super) target: &'a str,
}

/// The two ends of a link, both of known types.
pub(super) struct Ends<'a> {
    pub(super) from: End<'a>,
    pub(super) to: End<'a>,
}

/// One end.
#[derive(Clone)]
pub(super) struct End<'a> {
    pub(super) name: &'a str,
    pub(super) sub: Option<&'a str>,
    pub(super) kind: Rc<Entry<ComponentType>>,
    pub(super) component: &'a ComponentDocument,
}

impl End<'_> {
    /// As the file writes it: `cnpg/app_db`.
    pub(super) fn written(&self) -> String {
        match self.sub {
            Some(sub) => format!("{}/{sub}", self.name),
            None => self.name.to_owned(),
        }
    }

    /// Type of the sub-component.
    pub(super) fn sub_type(&self) -> Option<&str> {
        let sub = self.component.sub_components.get(self.sub?)?;
        Some(sub.sub_type.as_str())
    }
}

impl Written<'_> {
    /// Where `key` of the link stands, or the link itself.
    pub(super) fn place(&self, checker: &Checker<'_>, key: &str) -> Span {
        let position = self.position.to_string();
        let item = self.item.map(|item| item.to_string());
        match (key, &item) {
            ("", None) => checker.topology.place(&["links", &position]),
            ("" | "to", Some(item)) => checker.topology.place(&["links", &position, "to", item]),
            _ => checker.topology.place(&["links", &position, key]),
        }
    }
}

/// Both ends of a link, unless something is missing.
pub(super) fn ends<'a>(checker: &mut Checker<'a>, written: Written<'a>) -> anyhow::Result<Option<Ends<'a>>> {
    if written.link.from.is_empty() || written.target.is_empty() {
        return Ok(None); // reported as a missing key
    }
    let from = end(checker, written, "from", &written.link.from)?;
    let to = end(checker, written, "to", written.target)?;
    Ok(from.zip(to).map(|(from, to)| Ends { from, to }))
}

/// The component and the sub-component that one side of a link names.
pub(super) fn end<'a>(
    checker: &mut Checker<'a>,
    written: Written<'a>,
    side: &str,
    text: &'a str,
) -> anyhow::Result<Option<End<'a>>> {
    let (name, sub) = match text.split_once('/') {
        Some((name, sub)) => (name, Some(sub)),
        None => (text, None),
    };
    let Some((component, kind)) = component(checker, written, side, name)? else {
        return Ok(None);
    };
    // A sub-component without a type of the catalog is told where it stands; a link to it says nothing more, least of all
    // that the whole component would do.
    let named = sub.and_then(|sub| component.sub_components.get(sub));
    let is_told = named.is_some_and(|named| !kind.definition.sub_components.contains_key(&named.sub_type));
    if is_told || sub.is_some() && checker.topology.is_refused(&["components", name, "sub_components"]) {
        return Ok(None);
    }
    if let Some(sub) = sub.filter(|_| named.is_none()) {
        let known: Vec<&str> = component.sub_components.keys().map(String::as_str).collect();
        let hint =
            suggestion(sub, &known).unwrap_or_else(|| format!("add it under `components.{name}.sub_components`"));
        let span = written.place(checker, side);
        let finding = Finding::new(
            Code::E_TOPOLOGY_LINK,
            span,
            format!("`{name}` has no sub-component `{sub}`"),
        );
        checker.findings.push(finding.hint(hint));
        return Ok(None);
    }
    Ok(Some(End {
        name,
        sub,
        kind,
        component,
    }))
}

/// A component of the document with its type.
type Known<'a> = (&'a ComponentDocument, Rc<Entry<ComponentType>>);

fn component<'a>(
    checker: &mut Checker<'a>,
    written: Written<'a>,
    side: &str,
    name: &str,
) -> anyhow::Result<Option<Known<'a>>> {
    let components = &checker.topology.document.components;
    let Some(component) = components.get(name) else {
        if checker.topology.is_refused(&["components"]) {
            return Ok(None); // what it held is not known
        }
        let hint = checker.suggest(name, || components.keys().map(String::as_str).collect());
        let message = match side {
            "to" => format!(
                "component `{}` links to `{name}`, which is not in the stack",
                written.link.from
            ),
            _ => format!("a link begins at `{name}`, which is not in the stack"),
        };
        let span = written.place(checker, side);
        checker
            .findings
            .push(Finding::new(Code::E_TOPOLOGY_LINK, span, message).maybe_hint(hint));
        return Ok(None);
    };
    let kind = checker.catalog.component_type(&component.component_type)?;
    Ok(kind.map(|kind| (component, kind)))
}
