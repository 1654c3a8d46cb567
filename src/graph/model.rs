//! What a picture is made from: names and words alone, and no value of any secret.

use std::collections::BTreeMap;

use crate::level::Level;

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// MCP servers, and what they reach.
    Ai,
    /// Applications, and where data lies.
    Data,
    /// Gateways, certificates, monitoring, and what keeps components in step.
    Delivery,
    /// Every link.
    All,
}

impl View {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ai => "ai",
            Self::Data => "data",
            Self::Delivery => "delivery",
            Self::All => "all",
        }
    }

    /// What it shows, for a title.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Ai => "what an AI reaches",
            Self::Data => "applications and their data",
            Self::Delivery => "gateways, certificates, monitoring and delivery",
            Self::All => "all links",
        }
    }
}

/// What became of something between two stacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    #[default]
    Same,
    New,
    Gone,
    /// It is in both, and differs.
    Other,
}

impl Change {
    /// For classes of styles, and for programs.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::New => "added",
            Self::Gone => "removed",
            Self::Other => "changed",
        }
    }

    /// In front of a name, so that colour is not all that tells.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::New => "+ ",
            Self::Gone => "\u{2212} ",
            Self::Other => "~ ",
        }
    }
}

/// A picture of a stack, or of two of them in one.
#[derive(Clone, Debug)]
pub struct Graph {
    pub stack: String,
    pub view: View,
    /// Sorted by name.
    pub nodes: Vec<Node>,
    /// Sorted by ends and type; both ends are in `nodes`.
    pub links: Vec<Link>,
    /// Whether it shows two stacks.
    pub is_compared: bool,
}

/// A component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub name: String,
    pub kind: String,
    pub title: String,
    pub group: String,
    pub parts: Vec<Part>,
    /// Who deploys it, when it is not this stack.
    pub external: Option<String>,
    /// What lines do not show.
    pub notes: Vec<String>,
    /// Whether AI clients connect to it.
    pub is_server: bool,
    pub change: Change,
}

/// A sub-component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    pub kind: String,
    pub change: Change,
}

/// A link, with what it makes in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub from: String,
    pub from_part: Option<String>,
    pub to: String,
    pub to_part: Option<String>,
    /// Name of the link type.
    pub kind: String,
    pub interface: String,
    /// What it reaches, for people.
    pub title: String,
    pub level: Level,
    /// Whether an AI has tools by it.
    pub is_ai: bool,
    /// Whether it only watches its end, as many others do: it stands in the box of its end, and no line is drawn.
    pub is_watch: bool,
    pub account: Option<String>,
    /// Names of settings and of secrets.
    pub settings: Vec<String>,
    pub secrets: Vec<String>,
    /// What it makes.
    pub makes: Vec<String>,
    /// The level that it had, when that differs.
    pub before: Option<Level>,
    pub change: Change,
}

/// Who watches a component by one interface.
pub(super) struct Watchers<'a> {
    interface: &'a str,
    names: Vec<&'a str>,
    pub(super) change: Change,
}

impl Watchers<'_> {
    /// `+ metrics ← prometheus`.
    pub(super) fn text(&self) -> String {
        format!(
            "{}{} \u{2190} {}",
            self.change.sign(),
            self.interface,
            self.names.join(", ")
        )
    }
}

impl Link {
    #[must_use]
    pub fn start(&self) -> String {
        end_of(&self.from, self.from_part.as_deref())
    }

    #[must_use]
    pub fn end(&self) -> String {
        end_of(&self.to, self.to_part.as_deref())
    }

    /// `app → store/orders`.
    #[must_use]
    pub fn arrow(&self) -> String {
        format!("{} \u{2192} {}", self.start(), self.end())
    }

    /// Its level; where that changed, both.
    pub(super) fn level_word(&self) -> String {
        match self.before {
            Some(before) => format!("{before} \u{2192} {}", self.level),
            None => self.level.to_string(),
        }
    }
}

fn end_of(name: &str, part: Option<&str>) -> String {
    part.map_or_else(|| name.to_owned(), |part| format!("{name}/{part}"))
}

impl Graph {
    /// Position of a component.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.nodes.binary_search_by(|node| node.name.as_str().cmp(name)).ok()
    }

    /// The highest level at which an AI reaches it.
    pub(super) fn reached(&self, name: &str) -> Option<Level> {
        let links = self
            .links
            .iter()
            .filter(|link| link.is_ai && link.change != Change::Gone);
        links.filter(|link| link.to == name).map(|link| link.level).max()
    }

    /// Names of the groups, sorted, each with the positions of its components.
    pub(super) fn groups(&self) -> Vec<(&str, Vec<usize>)> {
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (position, node) in self.nodes.iter().enumerate() {
            groups.entry(&node.group).or_default().push(position);
        }
        groups.into_iter().collect()
    }

    /// Who only watches a component, and how: interfaces, each with names, those apart that came or went.
    pub(super) fn watchers(&self, name: &str) -> Vec<Watchers<'_>> {
        let mut found: BTreeMap<(&str, Change), Vec<&str>> = BTreeMap::new();
        for link in self.links.iter().filter(|link| link.is_watch && link.to == name) {
            let names = found.entry((&link.interface, link.change)).or_default();
            if !names.contains(&link.from.as_str()) {
                names.push(&link.from);
            }
        }
        let told = |((interface, change), names)| Watchers {
            interface,
            names,
            change,
        };
        found.into_iter().map(told).collect()
    }

    /// `20 components, 31 links`.
    pub(super) fn counts(&self) -> String {
        let counted = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        format!(
            "{}, {}",
            counted(self.nodes.len(), "component"),
            counted(self.links.len(), "link")
        )
    }
}
