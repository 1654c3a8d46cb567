//! One read of the document answers what people ask of a stack: each answer is that of the query engine, or of the metadata.
//!
//! In: the example, blueprints, golden stacks, random parts of the example. Out: answers, read from lines of the document by
//! their headings. It must not know how the document is made.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test ends where its ground fails, and reads by itself"
)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::Path;

use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::sample::Index as Place;
use serde_json::{Value as Json, json};
use stacktic::agent::query::{Index, Query, answer};
use stacktic::catalog::{self, Catalog, Role};
use stacktic::hook::stack_dna::{self, Dna, Size};
use stacktic::metadata::{self, ComponentMetadata, LinkMetadata, StackMetadata};
use stacktic::stack::{self, Stack};
use stacktic::topology::{self, Source};
use stacktic::yaml;

const EXAMPLE: &str = include_str!("../generated-example/stack.yaml");

fn checked(text: &str, catalog: &Catalog) -> Option<Stack> {
    let (name, text) = ("stack.yaml".to_owned(), text.to_owned());
    let (topology, shape) = topology::parse(&Source { name, text }).ok()?;
    stack::check::check(&topology, catalog, shape, None).ok()?.ok()
}

/// Every stack file of the repository that the program's own catalog takes.
fn stacks(catalog: &Catalog) -> Vec<(String, Stack)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![root.join("generated-example/stack.yaml")];
    for folder in ["blueprints", "tests/golden"] {
        let all = walkdir::WalkDir::new(root.join(folder))
            .max_depth(2)
            .sort_by_file_name();
        let files = all.into_iter().map(|item| item.unwrap().into_path());
        found.extend(files.filter(|path| path.extension().is_some_and(|end| end == "yaml")));
    }
    let read = |path: &std::path::PathBuf| {
        Some((
            path.display().to_string(),
            checked(&fs::read_to_string(path).ok()?, catalog)?,
        ))
    };
    let found: Vec<(String, Stack)> = found.iter().filter_map(read).collect();
    assert!(found.len() > 100, "{} stacks", found.len());
    found
}

/// The lines of a document as a reader has them: cells by heading.
struct Read {
    sections: BTreeMap<String, Vec<Vec<String>>>,
    head: String,
}

impl Read {
    fn of(text: &str) -> Self {
        let mut parts = text.split("\n## ");
        let head = parts.next().unwrap().to_owned();
        let section = |part: &str| {
            let (heading, lines) = part.split_once('\n').unwrap_or((part, ""));
            let title = heading.split(':').next().unwrap().to_owned();
            let cells = |line: &str| line.split(" | ").map(str::to_owned).collect();
            (title, lines.lines().map(cells).collect())
        };
        Self {
            sections: parts.map(section).collect(),
            head,
        }
    }

    fn lines(&self, title: &str) -> &[Vec<String>] {
        self.sections.get(title).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a section is told in the form that the size begins with.
    fn is_whole(&self, title: &str) -> bool {
        let cut = self.head.lines().find(|line| line.starts_with("left out to fit"));
        !cut.is_some_and(|line| line.contains(&format!("{title} (")))
    }
}

fn names(cell: &str) -> BTreeSet<String> {
    let names = cell.split(", ").filter(|name| *name != "-");
    names.map(str::to_owned).collect()
}

/// One link, as lines tell it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    from: String,
    to: String,
    level: String,
    interface: String,
    account: String,
    transport: String,
}

fn component(end: &str) -> &str {
    end.split('/').next().unwrap()
}

fn links(read: &Read, title: &str) -> Vec<Told> {
    let mut found = Vec::new();
    for cells in read.lines(title) {
        let (from, ends) = cells[0].split_once(" -> ").unwrap();
        found.extend(names(ends).into_iter().map(|to| Told {
            from: from.to_owned(),
            to,
            level: cells[1].clone(),
            interface: cells[2].clone(),
            account: cells[3].clone(),
            transport: cells[4].clone(),
        }));
    }
    found
}

/// What is asked: the stack itself, by the engine that the agent serves.
struct Engine<'a> {
    stack: &'a Stack,
    metadata: StackMetadata,
    index: Index,
}

impl<'a> Engine<'a> {
    fn of(stack: &'a Stack) -> Self {
        let bytes = serde_json::to_vec(&metadata::of(stack)).unwrap();
        Self {
            stack,
            metadata: metadata::of(stack),
            index: Index::load(&bytes).unwrap(),
        }
    }

    fn ask(&self, body: Json) -> Vec<Json> {
        let mut body = body;
        body["limit"] = json!(500);
        let query = Query::parse(body.to_string().as_bytes()).unwrap();
        let reply = serde_json::to_value(answer(&self.index, &query).unwrap()).unwrap();
        assert!(reply["next_cursor"].is_null(), "{body}");
        reply["results"].as_array().unwrap().clone()
    }

    fn component(&self, name: &str) -> &ComponentMetadata {
        self.metadata.components.iter().find(|one| one.name == name).unwrap()
    }

    /// Links to other components, without those of a component to itself.
    fn links(&self) -> impl Iterator<Item = &LinkMetadata> {
        self.metadata.links.iter()
    }
}

fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

/// Everything that reaches `start` against the direction of the links.
fn reached(links: &[Told], start: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::from([start.to_owned()]);
    let mut waiting = VecDeque::from([start.to_owned()]);
    while let Some(next) = waiting.pop_front() {
        for link in links.iter().filter(|link| component(&link.to) == next) {
            let from = component(&link.from).to_owned();
            if seen.insert(from.clone()) {
                waiting.push_back(from);
            }
        }
    }
    seen.remove(start);
    seen
}

/// How many links lead from one component to another, at least.
fn distance(links: &[Told], start: &str, end: &str) -> Option<usize> {
    let mut seen = BTreeMap::from([(start.to_owned(), 0)]);
    let mut waiting = VecDeque::from([start.to_owned()]);
    while let Some(next) = waiting.pop_front() {
        let depth = seen[&next];
        for link in links.iter().filter(|link| component(&link.from) == next) {
            let to = component(&link.to).to_owned();
            if !seen.contains_key(&to) {
                seen.insert(to.clone(), depth + 1);
                waiting.push_back(to);
            }
        }
    }
    seen.get(end).copied().filter(|_| start != end)
}

fn set(rows: &[Json], field: &str) -> BTreeSet<String> {
    rows.iter().map(|row| text(&row[field])).collect()
}

// What is each component, where is it, where does it answer, is it somebody else's?
fn components_are_told(read: &Read, engine: &Engine<'_>, what: &str) {
    let select = [
        "name",
        "type",
        "namespace",
        "group",
        "title",
        "host",
        "port",
        "is_external",
    ];
    let rows = engine.ask(json!({ "source": "all", "select": select }));
    assert_eq!(read.lines("Components").len(), rows.len(), "{what}");
    for (cells, row) in read.lines("Components").iter().zip(&rows) {
        for (place, field) in ["name", "type", "namespace", "group"].into_iter().enumerate() {
            assert_eq!(cells[place], text(&row[field]), "{what}");
        }
        assert_eq!(cells[4], text(&row["title"]).replace('|', "/"), "{what}");
        assert_eq!(cells[5].starts_with("external:"), row["is_external"] == true, "{what}");
        let address = match (&row["host"], &row["port"]) {
            (Json::Null, _) => "-".to_owned(),
            (host, port) => format!("{}:{}", text(host), text(port)),
        };
        assert_eq!(cells[6], address, "{what}");
    }
}

// Which databases, topics, buckets does it have, and who uses each?
fn parts_are_told(read: &Read, engine: &Engine<'_>, what: &str) {
    let rows = engine.ask(
        json!({ "source": "all", "target": "sub_components", "select": ["name", "type", "component", "consumers"] }),
    );
    let told: BTreeSet<Vec<String>> = read.lines("Parts").iter().map(|cells| cells[..3].to_vec()).collect();
    let asked = rows.iter().map(|row| {
        let users: Vec<String> = row["consumers"].as_array().unwrap().iter().map(text).collect();
        let users = if users.is_empty() {
            "-".to_owned()
        } else {
            users.join(", ")
        };
        vec![
            format!("{}/{}", text(&row["component"]), text(&row["name"])),
            text(&row["type"]),
            users,
        ]
    });
    assert_eq!(told, asked.collect(), "{what}");
}

// Who is linked to whom, at which level, by which account; which of them write?
fn links_are_told(told: &[Told], engine: &Engine<'_>, what: &str) {
    let mut asked: Vec<[String; 5]> = engine
        .links()
        .map(|link| {
            let to = link
                .sub_component
                .as_ref()
                .map_or_else(|| link.to.clone(), |sub| format!("{}/{sub}", link.to));
            let account = link.principal.clone().unwrap_or_else(|| "-".to_owned());
            [
                link.from.clone(),
                to,
                link.access.clone(),
                link.interface.clone(),
                account,
            ]
        })
        .collect();
    let mut read: Vec<[String; 5]> = told
        .iter()
        .map(|link| {
            let from = component(&link.from).to_owned();
            [
                from,
                link.to.clone(),
                link.level.clone(),
                link.interface.clone(),
                link.account.clone(),
            ]
        })
        .collect();
    asked.sort();
    read.sort();
    assert_eq!(read, asked, "{what}");
    for one in &engine.metadata.components {
        for (target, side) in [("links_to", 0), ("links_from", 1)] {
            let rows = engine.ask(json!({ "source": one.name, "target": target }));
            let own = told.iter().map(|link| [component(&link.from), component(&link.to)]);
            let others: BTreeSet<String> = own
                .filter(|ends| ends[side] == one.name)
                .map(|ends| ends[1 - side].to_owned())
                .collect();
            assert_eq!(set(&rows, "component"), others, "{what}: {target} of {}", one.name);
        }
        let writes = engine.ask(json!({ "source": one.name, "target": "links_to", "where": { "write_access": true } }));
        let read = told.iter().filter(|link| component(&link.from) == one.name);
        let read = read.filter(|link| ["write", "own"].contains(&link.level.as_str()));
        assert_eq!(
            set(&writes, "component"),
            read.map(|link| component(&link.to).to_owned()).collect(),
            "{what}"
        );
    }
}

// Which links are encrypted?
fn transport_is_told(told: &[Told], engine: &Engine<'_>, what: &str) {
    for link in told {
        let to = engine.component(component(&link.to));
        let shows = to.ca_file.is_some();
        match link.transport.as_str() {
            "tls verified" => assert!(shows, "{what}: {link:?}"),
            "tls" | "plain" | "-" => {}
            other => panic!("{what}: {other}"),
        }
        if ["postgres", "redis", "amqp"].contains(&link.interface.as_str()) {
            assert_eq!(link.transport == "tls verified", shows, "{what}: {link:?}");
        }
        let all_https = !to.endpoints.is_empty() && to.endpoints.values().all(|one| one.protocol == "https");
        if all_https && link.transport != "-" {
            assert!(
                link.transport.starts_with("tls") || link.interface == "metrics",
                "{what}: {link:?}"
            );
        }
    }
}

// What breaks when a component is down, what does its failure reach, and how do two of them join?
fn failures_are_told(read: &Read, told: &[Told], uses: &[Told], engine: &Engine<'_>, what: &str) {
    let lines: BTreeMap<&str, [BTreeSet<String>; 2]> = read
        .lines("If it fails")
        .iter()
        .map(|cells| (cells[0].as_str(), [names(&cells[1]), names(&cells[2])]))
        .collect();
    for one in &engine.metadata.components {
        let radius = engine.ask(json!({ "source": one.name, "target": "blast_radius" }));
        assert_eq!(
            set(&radius, "component"),
            reached(told, &one.name),
            "{what}: {}",
            one.name
        );
        let broken = reached(uses, &one.name);
        let [direct, through] = lines.get(one.name.as_str()).cloned().unwrap_or_default();
        assert_eq!(
            direct.union(&through).cloned().collect::<BTreeSet<_>>(),
            broken,
            "{what}: {}",
            one.name
        );
        let users = uses
            .iter()
            .filter(|link| component(&link.to) == one.name)
            .map(|link| component(&link.from));
        let users: BTreeSet<String> = users.filter(|user| *user != one.name).map(str::to_owned).collect();
        assert_eq!(direct, users, "{what}: {}", one.name);
    }
    for (start, end) in engine
        .metadata
        .components
        .iter()
        .zip(engine.metadata.components.iter().rev())
    {
        let way = engine.ask(json!({ "source": start.name, "target": "path", "where": { "to": end.name } }));
        assert_eq!(
            way.len(),
            distance(told, &start.name, &end.name).unwrap_or(0),
            "{what}: {} {}",
            start.name,
            end.name
        );
    }
}

// Who writes to a bucket, a topic, a database, and who reads it?
fn flows_are_told(read: &Read, uses: &[Told], engine: &Engine<'_>, what: &str) {
    let mut asked: BTreeMap<String, [BTreeSet<String>; 2]> = BTreeMap::new();
    for link in uses
        .iter()
        .filter(|link| link.interface != "http" && link.level != "probe")
    {
        let own = &mut asked.entry(link.to.clone()).or_default()[usize::from(link.level == "read")];
        own.insert(link.from.clone());
    }
    let lines = read.lines("Data flows");
    let told: BTreeMap<String, [BTreeSet<String>; 2]> = lines
        .iter()
        .map(|cells| (cells[0].clone(), [names(&cells[1]), names(&cells[2])]))
        .collect();
    for (end, [writers, readers]) in &asked {
        let readers: BTreeSet<String> = readers.difference(writers).cloned().collect();
        let [told_writers, told_readers] = &told[end];
        assert!(writers.is_subset(told_writers), "{what}: {end}");
        assert!(
            readers
                .iter()
                .all(|one| told_readers.contains(one) || told_writers.contains(one)),
            "{what}: {end}"
        );
        assert!(told_writers.is_disjoint(told_readers), "{what}: {end}");
    }
    for (end, [writers, readers]) in &told {
        let whole = component(end);
        let parts: BTreeSet<String> = engine
            .component(whole)
            .sub_components
            .iter()
            .map(|sub| sub.name.clone())
            .collect();
        assert!(end == whole || parts.contains(&end[whole.len() + 1..]), "{what}: {end}");
        for (users, writes) in [(writers, true), (readers, false)] {
            // By a link to the part, or to the whole of which it is one.
            let body = json!({ "source": whole, "target": "links_from", "where": { "write_access": writes }, "select": ["component", "sub_component"] });
            let rows = engine.ask(body);
            let own = rows.iter().filter(|row| {
                row["sub_component"].is_null() || format!("{whole}/{}", text(&row["sub_component"])) == *end
            });
            let own: BTreeSet<String> = own.map(|row| text(&row["component"])).collect();
            let users: BTreeSet<String> = users.iter().map(|user| component(user).to_owned()).collect();
            assert!(users.is_subset(&own), "{what}: {end}: {users:?} {own:?}");
        }
    }
    let order: Vec<&String> = lines.iter().map(|cells| &cells[0]).collect();
    assert!(order.len() == told.len(), "{what}: an end has two lines");
}

// What is public, at which host, behind which gateway?
fn hosts_are_told(read: &Read, engine: &Engine<'_>, what: &str) {
    let mut asked = BTreeSet::new();
    for gateway in engine
        .metadata
        .components
        .iter()
        .filter(|one| one.roles.contains(&Role::Gateway))
    {
        let rows = engine
            .ask(json!({ "source": gateway.name, "target": "links_to", "select": ["component", "subdomain", "link"] }));
        let published = engine
            .links()
            .filter(|link| link.from == gateway.name && link.interface == "http");
        let published: BTreeSet<&str> = published.map(|link| link.to.as_str()).collect();
        for row in rows
            .iter()
            .filter(|row| published.contains(row["component"].as_str().unwrap()))
        {
            let label = row["subdomain"].as_str().filter(|label| !label.is_empty());
            let host = format!(
                "{}.{}",
                label.unwrap_or(&text(&row["component"])),
                engine.metadata.domain
            );
            asked.insert([host, text(&row["component"]), gateway.name.clone()]);
        }
    }
    let told = read
        .lines("Public")
        .iter()
        .map(|cells| [cells[0].clone(), cells[1].clone(), cells[2].clone()]);
    assert_eq!(told.collect::<BTreeSet<_>>(), asked, "{what}");
}

// What may the AI read, what may it change, by which tools?
fn reach_is_told(read: &Read, engine: &Engine<'_>, what: &str) {
    let mut told: BTreeMap<(String, String), &Vec<String>> = BTreeMap::new();
    for cells in read.lines("AI reach") {
        let (server, to) = cells[0].split_once(" -> ").unwrap();
        told.insert((server.to_owned(), to.to_owned()), cells);
    }
    let mut asked = BTreeSet::new();
    for server in engine.stack.of_role(Role::McpServer) {
        for connection in engine.stack.connections(server).values().flatten() {
            let to = connection.first().to.to_string();
            let cells = told[&(server.name.to_string(), to.clone())];
            assert_eq!(
                cells[5] != "-",
                connection.writes() && cells[5] != "-",
                "{what}: {to} writes by no link"
            );
            let write_tools = connection.tools.tools().unwrap();
            let write_tools = write_tools.iter().any(|tool| tool.class.word() != "read");
            assert_eq!(cells[5] != "-", connection.writes() && write_tools, "{what}: {to}");
            asked.insert((server.name.to_string(), to.clone()));
            let databases = cells[3].split(", ").find_map(|list| list.strip_prefix("databases "));
            let Some(databases) = databases else { continue };
            let databases: BTreeSet<String> = databases.split(' ').map(str::to_owned).collect();
            let whole = connection.links.iter().any(|link| link.sub.is_none());
            if whole {
                let rows = engine.ask(json!({ "source": to, "target": "sub_components", "where": { "type": "database" }, "select": ["name", "database"] }));
                let known = rows.iter().map(|row| {
                    if row["database"].is_null() {
                        text(&row["name"])
                    } else {
                        text(&row["database"])
                    }
                });
                assert_eq!(databases, known.collect(), "{what}: {to}");
            }
        }
    }
    assert_eq!(told.into_keys().collect::<BTreeSet<_>>(), asked, "{what}");
}

// Which calls does an application answer?
fn operations_are_told(read: &Read, engine: &Engine<'_>, what: &str) {
    let mut asked = BTreeSet::new();
    for one in &engine.metadata.components {
        for sub in one.sub_components.iter().filter(|sub| sub.sub_type == "operation") {
            let plain = |name: &str| serde_json::to_value(&sub.attributes[name]).unwrap();
            asked.insert([
                one.name.clone(),
                sub.name.clone(),
                text(&plain("method")),
                text(&plain("path")),
            ]);
        }
    }
    let told = read.lines("Operations").iter();
    let told = told.map(|cells| [cells[0].clone(), cells[1].clone(), cells[2].clone(), cells[3].clone()]);
    assert_eq!(told.collect::<BTreeSet<_>>(), asked, "{what}");
}

// Whose metrics and logs are collected, what is delivered by whom?
fn care_is_told(read: &Read, engine: &Engine<'_>, what: &str) {
    let by = |interface: &str, to: &str| -> BTreeSet<String> {
        let links = engine
            .links()
            .filter(|link| link.interface == interface && link.to == to);
        links.map(|link| link.from.clone()).collect()
    };
    for cells in read.lines("Observability") {
        let scrapers = names(&cells[1])
            .into_iter()
            .map(|name| component(name.split(' ').next().unwrap()).to_owned());
        assert_eq!(scrapers.collect::<BTreeSet<_>>(), by("metrics", &cells[0]), "{what}");
        assert_eq!(names(&cells[2]), by("logs", &cells[0]), "{what}");
    }
    let mut kept = BTreeSet::new();
    let mut by_hand = None;
    for cells in read.lines("Delivery") {
        if let Some(name) = cells[0].strip_suffix(" keeps in step") {
            let own: BTreeSet<String> = engine
                .links()
                .filter(|link| link.interface == "deployed" && link.from == name)
                .map(|link| link.to.clone())
                .collect();
            assert_eq!(names(&cells[1]), own, "{what}");
            kept.extend(own);
        }
        if cells[0].starts_with("applied by") {
            by_hand = Some(names(&cells[1]));
        }
    }
    let deployed = engine
        .metadata
        .components
        .iter()
        .filter(|one| !one.is_external)
        .map(|one| one.name.clone());
    assert_eq!(
        by_hand.unwrap_or_default(),
        deployed.filter(|name| !kept.contains(name)).collect(),
        "{what}"
    );
}

fn dna(stack: &Stack, size: Size) -> Dna {
    stack_dna::documents(stack)
        .unwrap()
        .into_iter()
        .find(|dna| dna.size == size)
        .unwrap()
}

/// All questions, of the normal document; those of a section that did not fit are answered elsewhere.
fn answers(stack: &Stack, what: &str) {
    let engine = Engine::of(stack);
    let read = Read::of(&dna(stack, Size::Normal).text);
    let (uses, watches) = (links(&read, "Links"), links(&read, "Watching"));
    let told: Vec<Told> = uses.iter().chain(&watches).cloned().collect();
    for title in read.sections.keys() {
        assert!(
            read.is_whole(title),
            "{what}: {title} does not fit, although the stack is small"
        );
    }
    components_are_told(&read, &engine, what);
    parts_are_told(&read, &engine, what);
    links_are_told(&told, &engine, what);
    transport_is_told(&told, &engine, what);
    failures_are_told(&read, &told, &uses, &engine, what);
    flows_are_told(&read, &uses, &engine, what);
    hosts_are_told(&read, &engine, what);
    reach_is_told(&read, &engine, what);
    operations_are_told(&read, &engine, what);
    care_is_told(&read, &engine, what);
}

#[test]
fn one_read_answers_what_people_ask() {
    let catalog = catalog::load(&[]).unwrap();
    for (what, stack) in stacks(&catalog) {
        if stack.components.len() <= 60 {
            answers(&stack, &what);
        }
    }
}

#[test]
fn every_size_holds_its_budget_and_says_what_it_leaves_out() {
    let catalog = catalog::load(&[]).unwrap();
    for (what, stack) in stacks(&catalog) {
        for dna in stack_dna::documents(&stack).unwrap() {
            assert!(
                dna.tokens <= dna.size.budget(),
                "{what}: {} {}",
                dna.size.word(),
                dna.tokens
            );
            assert_eq!(dna.tokens, dna.text.len().div_ceil(4), "{what}");
            assert!(
                dna.text.contains(" of at most ") && dna.text.contains("\n## Stack\n"),
                "{what}"
            );
        }
    }
}

/// Thousands of components: what is left is whole lines, and what is not is told.
#[test]
fn a_large_stack_is_told_in_fewer_words() {
    let catalog = catalog::load(&[]).unwrap();
    let mut text =
        "apiVersion: stacktic.io/v1\nkind: Stack\nname: large\ndomain: large.example.com\ncomponents:\n".to_owned();
    for number in 0..4_000 {
        text.push_str(&format!(
            "  k{number}: {{type: kafka, external: {{stack: s, host: kafka.example.com}}}}\n"
        ));
    }
    let stack = checked(&text, &catalog).unwrap();
    for dna in stack_dna::documents(&stack).unwrap() {
        assert!(dna.tokens <= dna.size.budget(), "{} {}", dna.size.word(), dna.tokens);
        assert!(dna.text.contains("left out to fit"), "{}", dna.text);
        // Names where there is room, else how many there are.
        let told = if dna.size == Size::Full {
            "k3999 (kafka)"
        } else {
            "kafka 4000"
        };
        assert!(dna.text.contains(told), "{}", dna.text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// It is a law, not an example: of any part of the example the same questions have answers.
    #[test]
    fn any_part_of_the_example_is_told(
        links in proptest::collection::vec(any::<Place>(), 0..90),
        components in proptest::collection::vec(any::<Place>(), 0..8),
    ) {
        let catalog = catalog::load(&[]).unwrap();
        let mut document = yaml::parse(EXAMPLE).unwrap().to_json();
        let mut kept = document["components"].as_object().unwrap().clone();
        for place in &components {
            let name = kept.keys().nth(place.index(kept.len())).unwrap().clone();
            kept.remove(&name);
        }
        let is_there = |end: &Json| match end {
            Json::Array(ends) => ends.iter().all(|end| kept.contains_key(component(end.as_str().unwrap()))),
            end => end == "*" || kept.contains_key(component(end.as_str().unwrap())),
        };
        let all = document["links"].as_array_mut().unwrap();
        all.retain(|link| is_there(&link["from"]) && is_there(&link["to"]));
        for place in &links {
            if !all.is_empty() {
                all.remove(place.index(all.len()));
            }
        }
        document["environments"] = json!({ "dev": {} });
        document["components"] = Json::Object(kept);
        // A part that does not stand alone, such as a component without the store that it needs, is no stack.
        if let Some(stack) = checked(&document.to_string(), &catalog) {
            answers(&stack, &document.to_string());
        }
    }
}
