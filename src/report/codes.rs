//! Every code that this program, the Stack Agent or the MCP server says, by who says it, with the page that explains it.
//!
//! In: the codes as the modules that say them have them, and the pages of `docs/codes/`. Out: one registry. A test holds it to
//! the sources: what they say is here, and what is here has a page; a page of a code that is gone fails.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{fault, finding};

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/pages.rs"));
}

/// Who says a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// `check` and all who read stack files.
    Stack,
    /// Those who read the catalog.
    Catalog,
    /// `gen`, of what it would write.
    Output,
    /// Previews, of what an AI gains and what is in the way.
    Preview,
    /// The Stack Agent, of queries, checks and requests.
    Agent,
    /// The MCP server, of calls of tools.
    Server,
}

impl Family {
    pub const ALL: [Self; 6] = [
        Self::Stack,
        Self::Catalog,
        Self::Output,
        Self::Preview,
        Self::Agent,
        Self::Server,
    ];

    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Stack => "Stack files",
            Self::Catalog => "The catalog",
            Self::Output => "The output",
            Self::Preview => "Previews",
            Self::Agent => "The Stack Agent",
            Self::Server => "Tools of the MCP server",
        }
    }
}

/// Of previews, as pipelines of others read them.
const OF_PREVIEWS: &[&str] = &[
    "ACCESS_CHANGED",
    "ACCESS_GAINED",
    "ACCESS_LOST",
    "ACCESS_TEXT_CHANGED",
    "ACCESS_WRITE_GAINED",
    "OUTPUT_REFUSED",
];

/// Of queries (`agent::query`), of checks (`agent::check`) and of requests (`agent::serve`).
const OF_THE_AGENT: &[&str] = &[
    "E_ARG",
    "E_AUTH",
    "E_CHARSET",
    "E_DESTINATION",
    "E_ENV_NAME",
    "E_ENV_VALUE",
    "E_EXTERNAL",
    "E_FIELD",
    "E_LIMIT",
    "E_METHOD",
    "E_OPERATOR",
    "E_PARSE",
    "E_PATH",
    "E_PROGRAM",
    "E_SECRET_FIELD",
    "E_SECRET_POSITION",
    "E_SOURCE",
    "E_SQL",
    "E_TARGET",
    "E_TOKEN",
    "E_TOO_LONG",
    "E_UNKNOWN_VAR",
    "E_VAR_UNSET",
    "E_VAR_VALUE",
];

/// Of the server's Python (`stacktic_mcp/lib/refusal.py`, and who is let in).
const OF_THE_SERVER: &[&str] = &[
    "E_ARG",
    "E_AUTH",
    "E_CONFLICT",
    "E_LIMIT",
    "E_NOT_FOUND",
    "E_SCOPE",
    "E_SQL",
    "E_TIMEOUT",
    "E_UNAVAILABLE",
    "E_WRITE_DISABLED",
];

/// Every code with those who say it; several say the same of their own matters.
#[must_use]
pub fn codes() -> BTreeMap<&'static str, Vec<Family>> {
    let stack = finding::Code::OF_STACKS
        .iter()
        .map(|code| (code.as_str(), Family::Stack));
    let faults = fault::Code::ALL.iter().map(|code| {
        let of_catalog = code.is_of_catalog();
        (code.as_str(), if of_catalog { Family::Catalog } else { Family::Output })
    });
    let named = [
        (OF_PREVIEWS, Family::Preview),
        (OF_THE_AGENT, Family::Agent),
        (OF_THE_SERVER, Family::Server),
    ];
    let named = named
        .into_iter()
        .flat_map(|(codes, family)| codes.iter().map(move |code| (*code, family)));
    let mut found: BTreeMap<&'static str, Vec<Family>> = BTreeMap::new();
    for (code, family) in stack.chain(faults).chain(named) {
        found.entry(code).or_default().push(family);
    }
    found
}

/// The page of a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Page {
    pub code: &'static str,
    /// What it means, in a sentence.
    pub summary: &'static str,
    /// What else is to be known.
    pub text: &'static str,
    pub bad: Vec<Example>,
    pub good: Vec<Example>,
    /// All of it, as it was written.
    #[serde(skip)]
    pub markdown: &'static str,
}

/// An example, or one file of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Language, then what it is: a path, `query` or `call`.
    pub kind: &'static str,
    pub text: &'static str,
}

/// All pages, sorted by code.
#[must_use]
pub fn pages() -> Vec<Page> {
    let all = embedded::PAGES.iter();
    all.filter_map(|(code, markdown)| page(code, markdown)).collect()
}

/// Nothing where a page does not have its form: `# CODE`, a sentence, text, `## Bad` and `## Good` with examples.
fn page(code: &'static str, markdown: &'static str) -> Option<Page> {
    let rest = markdown.strip_prefix("# ")?.strip_prefix(code)?.strip_prefix("\n\n")?;
    let (summary, rest) = rest.split_once("\n\n")?;
    let (text, rest) = rest.split_once("\n## Bad\n")?;
    let (bad, good) = rest.split_once("\n## Good\n")?;
    let (bad, good) = (examples(bad), examples(good));
    let is_whole = !bad.is_empty() && !good.is_empty() && !text.trim().is_empty();
    is_whole.then_some(Page {
        code,
        summary,
        text: text.trim(),
        bad,
        good,
        markdown,
    })
}

/// What stands between fences.
fn examples(text: &'static str) -> Vec<Example> {
    const FENCE: &str = "```";
    let mut parts = text.split(FENCE).skip(1).step_by(2);
    let example = |part: &'static str| part.split_once('\n').map(|(kind, text)| Example { kind, text });
    parts.by_ref().filter_map(example).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Words of one of the sources that are codes. Tests say codes that do not exist, so they are left out.
    fn said(folder: &str, extension: &str) -> BTreeSet<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = walkdir::WalkDir::new(root).into_iter().map(Result::unwrap);
        let is_source = |path: &Path| {
            let is_test = path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs");
            path.extension().is_some_and(|end| end == extension) && !is_test && !path.ends_with("report/codes.rs")
        };
        let mut found = BTreeSet::new();
        for file in files.filter(|file| is_source(file.path())) {
            let text = fs::read_to_string(file.path()).unwrap();
            let text = text
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default()
                .to_owned();
            let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            found.extend(words.filter(|word| is_code(word, &text)).map(str::to_owned));
        }
        found
    }

    /// Names of constants begin like codes of previews, which stand in quotes.
    fn is_code(word: &str, text: &str) -> bool {
        let is_capital = word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        let has_start = |starts: &[&str]| {
            let rest = starts.iter().find_map(|start| word.strip_prefix(start));
            rest.is_some_and(|rest| !rest.is_empty() && !rest.ends_with('_'))
        };
        let is_quoted = || text.contains(&format!("\"{word}\""));
        is_capital && (has_start(&["E_", "W_"]) || has_start(&["ACCESS_", "OUTPUT_"]) && is_quoted())
    }

    fn of_the_server() -> BTreeSet<String> {
        let said = said("catalog/fastmcp", "py");
        said.into_iter()
            .filter(|word| word.starts_with("E_") || word.starts_with("W_"))
            .collect()
    }

    /// One registry: what sources say is in it, and nothing that they do not.
    #[test]
    fn the_registry_has_what_sources_say() {
        let registered: BTreeSet<String> = codes().into_keys().map(str::to_owned).collect();
        let mut sources = said("src", "rs");
        sources.extend(of_the_server());
        assert_eq!(
            sources.difference(&registered).collect::<Vec<_>>(),
            [""; 0],
            "said, and not registered"
        );
        assert_eq!(
            registered.difference(&sources).collect::<Vec<_>>(),
            [""; 0],
            "registered, and never said"
        );
    }

    #[test]
    fn families_say_their_own() {
        let of = |family: Family| -> BTreeSet<String> {
            let all = codes().into_iter().filter(|(_, families)| families.contains(&family));
            all.map(|(code, _)| code.to_owned()).collect()
        };
        assert_eq!(of(Family::Server), of_the_server());
        assert_eq!(of(Family::Agent), said("src/agent", "rs"));
    }

    #[test]
    fn every_code_has_a_page_and_every_page_a_code() {
        let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/codes")).unwrap();
        let files: BTreeSet<String> = files
            .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        let registered: BTreeSet<String> = codes().into_keys().map(str::to_owned).collect();
        assert_eq!(files, registered, "docs/codes/<CODE>.md");
        let pages = pages();
        let whole: BTreeSet<String> = pages.iter().map(|page| page.code.to_owned()).collect();
        assert_eq!(
            whole, registered,
            "`# CODE`, a sentence, text, `## Bad` and `## Good`, each with an example"
        );
        for page in pages {
            assert!(
                page.summary.ends_with('.') && !page.summary.contains('\n'),
                "{}",
                page.code
            );
            assert_ne!(page.bad, page.good, "{}", page.code);
        }
    }

    #[test]
    fn examples_stand_between_fences() {
        let text = "\n```yaml a.yaml\nx: 1\n```\n\nand\n\n```json query\n{}\n```\n";
        let kinds: Vec<_> = examples(text)
            .into_iter()
            .map(|example| (example.kind, example.text))
            .collect();
        assert_eq!(kinds, [("yaml a.yaml", "x: 1\n"), ("json query", "{}\n")]);
        assert_eq!(page("E_X", "# E_X\n\nA.\n\nB.\n\n## Bad\n\n## Good\n"), None);
    }
}
