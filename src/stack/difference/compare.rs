//! Two snapshots, thing by thing: what both have is compared, what one has alone came or went.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::renames::{self, Renames};
use super::snapshot::{Line, Overlay, Part, Snapshot, is_given};
use super::{Difference, Edit, End, Fields, LinkKey, Subject, told};

/// What differs, and by what names the older topology is to be read.
#[derive(Debug, Default)]
pub struct Compared {
    /// Sorted by what they are about: the stack, environments, components, sub-components, links.
    pub differences: Vec<Difference>,
    pub renames: Renames,
}

/// What differs from `before` to `after`.
#[must_use]
pub fn compare(before: &Snapshot, after: &Snapshot) -> Compared {
    let renames = renames::find(before, after);
    let mut comparison = Comparison {
        before,
        after,
        renames: &renames,
        found: Vec::new(),
    };
    comparison.fields(&Subject::Stack, &before.fields, &after.fields);
    comparison.environments();
    comparison.components();
    comparison.links();
    let mut differences = comparison.found;
    differences.sort_by(|left, right| (&left.subject, &left.environment).cmp(&(&right.subject, &right.environment)));
    Compared { differences, renames }
}

struct Comparison<'a> {
    before: &'a Snapshot,
    after: &'a Snapshot,
    renames: &'a Renames,
    found: Vec<Difference>,
}

impl Comparison<'_> {
    fn fields(&mut self, subject: &Subject, before: &Fields, after: &Fields) {
        for field in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            self.field(subject, field, before.get(field), after.get(field));
        }
    }

    fn field(&mut self, subject: &Subject, field: &str, before: Option<&Json>, after: Option<&Json>) {
        // A value that is not there and one that is nothing are the same.
        let there = |value: Option<&Json>| value.filter(|value| !value.is_null()).cloned();
        let (before, after) = (there(before), there(after));
        if before != after {
            self.found.push(Difference {
                field: Some(field.to_owned()),
                before,
                after,
                ..Difference::new(Edit::Changed, subject.clone())
            });
        }
    }

    /// Values that one of the two files gives; others follow from these.
    fn given(&mut self, subject: &Subject, (before, old): (&Fields, &Given), (after, new): (&Fields, &Given)) {
        let names = before.keys().chain(after.keys()).collect::<BTreeSet<_>>();
        for field in names
            .into_iter()
            .filter(|field| is_given(old, field) || is_given(new, field))
        {
            self.field(subject, field, before.get(field), after.get(field));
        }
    }

    fn environments(&mut self) {
        let (before, after) = (&self.before.environments, &self.after.environments);
        for name in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            let subject = Subject::Environment(name.clone());
            match (before.get(name), after.get(name)) {
                (Some(_), None) => self.found.push(Difference::new(Edit::Removed, subject)),
                (None, Some(new)) => {
                    let along = new.fields.iter();
                    let along = along.map(|(field, value)| format!("{field} {}", told(value)));
                    self.found.push(Difference {
                        along: along.collect(),
                        ..Difference::new(Edit::Added, subject)
                    });
                    self.overrides(name, &Overlay::default(), new);
                }
                (Some(old), Some(new)) => {
                    self.fields(&subject, &old.fields, &new.fields);
                    self.overrides(name, old, new);
                }
                (None, None) => {}
            }
        }
    }

    /// Values that only an environment has otherwise.
    fn overrides(&mut self, environment: &str, old: &Overlay, new: &Overlay) {
        let nothing = Given::new();
        for (old_name, before) in &self.before.components {
            let name = self.renames.component(old_name);
            let Some(after) = self
                .after
                .components
                .get(name)
                .filter(|after| after.kind == before.kind)
            else {
                continue;
            };
            let was_given = old.given.get(old_name).unwrap_or(&nothing);
            let is_given_now = new.given.get(name).unwrap_or(&nothing);
            let values = |overlay: &Overlay, name: &str, base: &Fields| -> Fields {
                let own = overlay.values.as_ref().and_then(|values| values.get(name));
                own.unwrap_or(base).clone()
            };
            let (before, after) = (
                values(old, old_name, &before.attributes),
                values(new, name, &after.attributes),
            );
            let start = self.found.len();
            let subject = Subject::Component(name.to_owned());
            self.given(&subject, (&before, was_given), (&after, is_given_now));
            for difference in &mut self.found[start..] {
                difference.kind = self.after.components.get(name).map(|part| part.kind.clone());
                difference.environment = Some(environment.to_owned());
            }
        }
    }

    fn components(&mut self) {
        for (old_name, old) in &self.before.components {
            let name = self.renames.component(old_name).to_owned();
            let subject = Subject::Component(name.clone());
            let Some(new) = self.after.components.get(&name) else {
                self.alone(Edit::Removed, subject, old);
                continue;
            };
            self.renamed((old_name, &name), &subject, (old, new));
            self.subs(&name, old, new);
        }
        let known: BTreeSet<&str> = self
            .before
            .components
            .keys()
            .map(|old| self.renames.component(old))
            .collect();
        for (name, new) in self
            .after
            .components
            .iter()
            .filter(|(name, _)| !known.contains(name.as_str()))
        {
            self.alone(Edit::Added, Subject::Component(name.clone()), new);
            self.subs(name, &Part::default(), new);
        }
    }

    /// What both have, under one name or two; values that are its name follow from that.
    fn renamed(&mut self, (was, name): (&str, &str), subject: &Subject, (old, new): (&Part, &Part)) {
        let start = self.found.len();
        self.part(subject, old, new);
        if name == was {
            return;
        }
        let mut others = self.found.split_off(start);
        others.retain(|one| (&one.before, &one.after) != (&Some(json!(was)), &Some(json!(name))));
        self.found.push(Difference {
            kind: Some(new.kind.clone()),
            was: Some(was.to_owned()),
            ..Difference::new(Edit::Renamed, subject.clone())
        });
        self.found.append(&mut others);
    }

    /// Of another type it has other attributes: what became of them says nothing.
    fn part(&mut self, subject: &Subject, old: &Part, new: &Part) {
        let start = self.found.len();
        self.fields(subject, &old.fields, &new.fields);
        match old.kind == new.kind {
            true => self.given(subject, (&old.attributes, &old.given), (&new.attributes, &new.given)),
            false => self.field(subject, "type", Some(&json!(old.kind)), Some(&json!(new.kind))),
        }
        for difference in &mut self.found[start..] {
            difference.kind = Some(new.kind.clone());
        }
    }

    fn subs(&mut self, component: &str, old: &Part, new: &Part) {
        let end = |name: &str| End {
            component: component.to_owned(),
            sub: Some(name.to_owned()),
        };
        let mut known = BTreeSet::new();
        for (old_name, part) in &old.subs {
            let name = self.renames.end(&end(old_name)).sub.unwrap_or_default();
            let subject = Subject::SubComponent(end(&name));
            let Some(new) = new.subs.get(&name) else {
                self.alone(Edit::Removed, subject, part);
                continue;
            };
            self.renamed((old_name, &name), &subject, (part, new));
            known.insert(name);
        }
        for (name, part) in new.subs.iter().filter(|(name, _)| !known.contains(*name)) {
            self.alone(Edit::Added, Subject::SubComponent(end(name)), part);
        }
    }

    /// What one of the two has, with what was written of it.
    fn alone(&mut self, edit: Edit, subject: Subject, part: &Part) {
        let given = part.attributes.iter();
        let given = given.filter(|(field, _)| edit == Edit::Added && is_given(&part.given, field));
        self.found.push(Difference {
            kind: Some(part.kind.clone()),
            along: given.map(|(field, value)| format!("{field} {}", told(value))).collect(),
            ..Difference::new(edit, subject)
        });
    }

    fn links(&mut self) {
        let old = self.before.links.iter();
        let old: Vec<(LinkKey, &Line)> = old.map(|(key, line)| (self.renames.link(key), line)).collect();
        let mut gone: Vec<(&LinkKey, &Line)> = Vec::new();
        for (key, line) in &old {
            match self.after.links.get(key) {
                Some(new) => self.link(key, line, new),
                None => gone.push((key, line)),
            }
        }
        let known: BTreeSet<&LinkKey> = old.iter().map(|(key, _)| key).collect();
        let mut come: BTreeMap<Ends<'_>, Vec<(&LinkKey, &Line)>> = BTreeMap::new();
        for (key, line) in self.after.links.iter().filter(|(key, _)| !known.contains(key)) {
            come.entry((&key.from, &key.to)).or_default().push((key, line));
        }
        for (key, line) in gone {
            // One link of another type between the same ends is that link.
            let same = come.get_mut(&(&key.from, &key.to)).filter(|same| same.len() == 1);
            match same.and_then(Vec::pop) {
                Some(new) => self.link_of_another_type((key, line), new),
                None => self.whole_link(Edit::Removed, key, line),
            }
        }
        for (key, line) in come.into_values().flatten() {
            self.whole_link(Edit::Added, key, line);
        }
    }

    fn link(&mut self, key: &LinkKey, old: &Line, new: &Line) {
        let subject = Subject::Link(key.clone());
        self.field(&subject, "access", Some(&json!(old.level)), Some(&json!(new.level)));
        self.given(&subject, (&old.fields, &old.given), (&new.fields, &new.given));
    }

    fn link_of_another_type(&mut self, (old_key, old): (&LinkKey, &Line), (key, new): (&LinkKey, &Line)) {
        let has_other_end = [&key.from, &key.to].into_iter().any(|end| self.has_another_type(end));
        if !has_other_end {
            let (old, new) = (json!(old_key.kind), json!(key.kind));
            self.field(&Subject::Link(key.clone()), "type", Some(&old), Some(&new));
        }
        self.link(key, old, new);
    }

    /// Whether the component at an end, or what it ends at of it, is of another type than before.
    fn has_another_type(&self, end: &End) -> bool {
        let old_end = self.renames.old(end);
        let old = self.before.components.get(&old_end.component);
        let new = self.after.components.get(&end.component);
        let sub = |part: &Part, end: &End| end.sub.as_ref().and_then(|sub| Some(part.subs.get(sub)?.kind.clone()));
        old.zip(new)
            .is_some_and(|(old, new)| old.kind != new.kind || sub(old, &old_end) != sub(new, end))
    }

    fn whole_link(&mut self, edit: Edit, key: &LinkKey, line: &Line) {
        self.found.push(Difference {
            kind: Some(key.kind.clone()),
            level: Some(line.level),
            by_all: line.by_all,
            along: line.along.clone(),
            ..Difference::new(edit, Subject::Link(key.clone()))
        });
    }
}

/// Names of what a file gives.
type Given = BTreeSet<String>;

/// Both ends of a link.
type Ends<'a> = (&'a End, &'a End);
