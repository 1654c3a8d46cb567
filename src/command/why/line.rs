//! Where one line of a file comes from: the line of its template, or what else is known of it.

use serde::Serialize;

use super::document::field;
use super::shown;
use crate::render::{Came, Traced};
use crate::tree::{Content, Skeleton, TreeFile};

/// A line of a file.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) number: usize,
    pub(super) text: String,
    /// Line of the template or of the copied file: `catalog/loki/values.yaml.j2:12`.
    pub(super) source: Option<String>,
    /// What stands in that line.
    pub(super) source_text: Option<String>,
    /// Field of a document that was computed.
    pub(super) field: Option<String>,
    /// What is known of it beside its place, and what is not.
    pub(super) note: Option<String>,
}

/// The line `number` of `text`, which is what was made of `file`; `source` is the place of its template.
pub(super) fn line(file: &TreeFile, text: &str, number: usize, traced: &Traced, source: Option<&str>) -> Line {
    let came = traced.lines.get(number - 1).copied().unwrap_or(Came::Unknown);
    let own = text.lines().nth(number - 1).unwrap_or_default();
    let mut line = Line {
        number,
        text: shown(own),
        source: None,
        source_text: None,
        field: None,
        note: None,
    };
    if let Content::Skeleton(skeleton) = &file.content {
        line.note = Some(of_secret(skeleton, own));
        return line;
    }
    match came {
        Came::Line(at) | Came::Value(at) => {
            line.source = source.map(|place| format!("{place}:{at}"));
            line.source_text = source.and(traced.source.lines().nth(at - 1)).map(shown);
            let many = "a further line of the value that is printed there";
            line.note = matches!(came, Came::Value(_)).then(|| many.to_owned());
            if source.is_none() {
                line.note = Some("it was computed, and no template has it".to_owned());
            }
        }
        Came::Added => {
            let note =
                "stacktic put it in after the template was rendered: the first line, or a mark of data that is kept";
            line.note = Some(note.to_owned());
        }
        Came::Unknown if traced.source.is_empty() => {
            line.field = field(text, number);
            line.note = Some("it was computed, and no template has it".to_owned());
        }
        Came::Unknown => {
            line.note = Some("which line of the template makes it is not known: a filter works on several".to_owned());
        }
    }
    line
}

/// What the plan says of a key of a secret file; its value is nobody's business here.
fn of_secret(skeleton: &Skeleton, line: &str) -> String {
    let key = line.split('=').next().unwrap_or_default();
    match skeleton.keys.iter().find(|known| known.key == key) {
        Some(known) => format!("key `{key}`: {}", shown(&known.comment.replace('\n', "; "))),
        None => "a comment of the secret file".to_owned(),
    }
}
