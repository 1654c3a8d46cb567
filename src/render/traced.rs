//! Where each line of a rendered file comes from.
//!
//! A planned file and its text go in; for each line the line of its template comes out, or of the file that it is a copy of. The
//! template is rendered once more with a mark before each of its lines. Where the marks change anything but themselves (a
//! filter saw them), nothing is said of its lines: a guess would be worse.

use similar::{DiffOp, TextDiff};

use super::Renderer;
use super::scopes::Scopes;
use crate::contents::Contents;
use crate::plan::{PlannedFile, Source};

/// What stands around the number of a line. Both are characters of private use, which no template has.
const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';

/// Where a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// From this line of the source, from 1.
    Line(usize),
    /// From a value that this line of the source prints, and that has several lines.
    Value(usize),
    /// It was put in after the source had been rendered: the first line, and marks of objects that hold data.
    Added,
    /// That cannot be told.
    Unknown,
}

/// What a file was made from.
#[derive(Debug)]
pub struct Traced {
    /// The place of the template in the catalog.
    pub template: Option<String>,
    /// The text of the template or of the file that was copied; empty where there is neither.
    pub source: String,
    /// By the lines of the file, in order.
    pub lines: Vec<Came>,
}

impl Renderer {
    /// Where the lines of `text`, which is what was made of `file`, come from.
    ///
    /// # Errors
    /// The template does not fit its values.
    pub fn trace(&mut self, file: &PlannedFile, text: &str) -> anyhow::Result<Traced> {
        Ok(match &file.source {
            Source::Template { name, text: own, .. } => {
                let source = own.text()?.into_owned();
                let lines = self.template_lines(file, &source)?;
                Traced {
                    template: Some(name.clone()),
                    lines: lines.map_or_else(
                        || text.lines().map(|_| Came::Unknown).collect(),
                        |lines| aligned(&lines, text),
                    ),
                    source,
                }
            }
            Source::Copy(own) => {
                let source = String::from_utf8_lossy(own).into_owned();
                let lines = source.lines().enumerate();
                let lines: Vec<_> = lines
                    .map(|(number, line)| (line.to_owned(), Came::Line(number + 1)))
                    .collect();
                Traced {
                    template: None,
                    lines: aligned(&lines, text),
                    source,
                }
            }
            Source::Json(_) | Source::Skeleton(_) => Traced {
                template: None,
                lines: text.lines().map(|_| Came::Unknown).collect(),
                source: String::new(),
            },
        })
    }

    /// The lines that the template makes, each with where it comes from; nothing where marks change them.
    fn template_lines(&mut self, file: &PlannedFile, source: &str) -> anyhow::Result<Option<Vec<(String, Came)>>> {
        let Source::Template { name, text, scopes } = &file.source else {
            return Ok(None);
        };
        let render = |templates: &mut super::templates::Templates, place: &str, text: &Contents| {
            let context = Scopes::default().context(scopes);
            templates.render(place, text, &context.value())
        };
        let plain = render(&mut self.templates, name, text)?;
        let marked = Contents::from(marked(source).into_bytes());
        // A mark may stand where the language of templates has no text.
        let Ok(rendered) = render(&mut self.templates, &format!("{name} with marks"), &marked) else {
            return Ok(None);
        };
        let lines = read_marks(&rendered);
        let is_same = lines.iter().map(|(line, _)| line.as_str()).eq(plain.lines());
        Ok(is_same.then_some(lines))
    }
}

/// The template with a mark before each line that is text from its first character on.
fn marked(source: &str) -> String {
    let mut text = String::new();
    // What ends the tag that is open at the start of the line.
    let mut open: Option<&str> = None;
    for (number, line) in source.split_inclusive('\n').enumerate() {
        let start = line.trim_start();
        let is_text = open.is_none() && !["#:", "<#"].iter().any(|tag| start.starts_with(tag));
        if is_text {
            text.push_str(&format!("{OPEN}{}{CLOSE}", number + 1));
        }
        text.push_str(line);
        open = still_open(line, open);
    }
    text
}

/// Which tag is open at the end of the line, by what ends it.
fn still_open<'a>(line: &str, mut open: Option<&'a str>) -> Option<&'a str> {
    const TAGS: [(&str, &str); 3] = [("<##", "##>"), ("<#%", "%#>"), ("<%", "%>")];
    let mut rest = line;
    loop {
        match open {
            Some(end) => match rest.split_once(end) {
                Some((_, after)) => (rest, open) = (after, None),
                None => return open,
            },
            None => {
                let next = TAGS
                    .iter()
                    .filter_map(|(start, end)| Some((rest.find(start)?, start, end)));
                let (at, start, end) = next.min_by_key(|(at, ..)| *at)?;
                (rest, open) = (&rest[at + start.len()..], Some(*end));
            }
        }
    }
}

/// The lines of a rendering without its marks, and what the marks say of them.
fn read_marks(rendered: &str) -> Vec<(String, Came)> {
    let mut last = None;
    let mut lines = Vec::new();
    for line in rendered.lines() {
        let (mut text, mut first) = (String::new(), None);
        let mut rest = line;
        while let Some((before, after)) = rest.split_once(OPEN) {
            text.push_str(before);
            let (number, after) = after.split_once(CLOSE).unwrap_or(("", after));
            last = number.parse().ok();
            first = first.or(last);
            rest = after;
        }
        text.push_str(rest);
        let came = match (first, last) {
            (Some(number), _) => Came::Line(number),
            (None, Some(number)) => Came::Value(number),
            (None, None) => Came::Unknown,
        };
        lines.push((text, came));
    }
    lines
}

/// The lines of `text` by those that it was made of: what is not among them was put in later.
fn aligned(made: &[(String, Came)], text: &str) -> Vec<Came> {
    let before: Vec<&str> = made.iter().map(|(line, _)| line.as_str()).collect();
    let after: Vec<&str> = text.lines().collect();
    let mut lines = vec![Came::Added; after.len()];
    for op in TextDiff::from_slices(&before, &after).ops() {
        if let DiffOp::Equal {
            old_index,
            new_index,
            len,
        } = *op
        {
            for step in 0..len {
                lines[new_index + step] = made[old_index + step].1;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value as Json, json};

    use super::*;
    use crate::plan::Scope;
    use crate::tree::Class;

    fn traced(text: &'static str, keys: &Json) -> (String, Vec<Came>) {
        let scope = Scope {
            name: None,
            keys: Arc::new(keys.clone()),
        };
        let source = Source::Template {
            name: "catalog/x/a.yaml.j2".to_owned(),
            text: text.as_bytes().into(),
            scopes: vec![scope.clone()],
        };
        let file = PlannedFile {
            class: Class::Owned,
            why: "a test".to_owned(),
            source,
            resource: false,
        };
        let mut renderer = Renderer::new().unwrap();
        let context = Scopes::default().context(&[scope]);
        let made = renderer
            .templates
            .render("plain", &text.as_bytes().into(), &context.value());
        let made = format!("# Generated\n{}", made.unwrap());
        let lines = renderer.trace(&file, &made).unwrap().lines;
        (made, lines)
    }

    #[test]
    fn each_line_is_found_in_its_template() {
        use Came::{Added, Line, Unknown, Value as OfValue};
        for (text, keys, expected) in [
            (
                "a: 1\n\nb: <% b %>\n",
                json!({"b": 2}),
                vec![Added, Line(1), Line(2), Line(3)],
            ),
            (
                "a:\n  #: for x in list\n  - <% x %>\n  #: endfor\nend: 1\n",
                json!({"list": [1, 2]}),
                vec![Added, Line(1), Line(3), Line(3), Line(5)],
            ),
            (
                "a: |\n  <% long %>\nb: 1\n",
                json!({"long": "x\n  y"}),
                vec![Added, Line(1), Line(2), OfValue(2), Line(3)],
            ),
            (
                "#: if on\na: 1\n#: else\na: 2\n#: endif\n",
                json!({"on": false}),
                vec![Added, Line(4)],
            ),
            (
                "<## a note\nof two lines ##>\na: <%\n  b\n%>\nc: 1\n",
                json!({"b": 2}),
                vec![Added, Line(3), Line(6)],
            ),
            // A filter sees the mark, so nothing is said.
            (
                "#: set x\n- 1\n#: endset\n<% x | length %>\n",
                json!({}),
                vec![Unknown, Unknown],
            ),
        ] {
            let (made, lines) = traced(text, &keys);
            assert_eq!(lines, expected, "{text}\n{made}");
        }
    }

    #[test]
    fn tags_stay_open_over_lines() {
        for (line, open, expected) in [
            ("a <% b", None, Some("%>")),
            ("b %> c", Some("%>"), None),
            ("<## <% ##>", None, None),
            ("<#% if a %#> <##", None, Some("##>")),
            ("x", Some("##>"), Some("##>")),
        ] {
            assert_eq!(still_open(line, open), expected, "{line}");
        }
    }
}
