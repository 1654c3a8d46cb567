//! A document in parts, for one that is too large for a ConfigMap.
//!
//! Text and a size go in, pieces of the text and their file names come out. `kubectl apply` keeps what it applied in an
//! annotation, as JSON in a JSON string, so a piece is measured as such a string. Where a piece ends follows from the
//! lines about there and not from their number: lines that are added or go change their own piece, and those after it
//! stay as they are.

use std::collections::BTreeMap;
use std::ops::Range;

pub(super) use crate::layout::part_of as of;

/// Cut `text` between lines into pieces, each at most `most` bytes as a string of JSON. Joined they are the text. Only a
/// line that is longer than that is cut itself.
pub(super) fn split(text: &str, most: usize) -> Vec<&str> {
    if json_length(text) <= most {
        return vec![text];
    }
    let lines = lines(text, most);
    let marks = marks(&lines);
    let (mut pieces, mut start, mut first) = (Vec::new(), 0, 0);
    while let Some(window) = window(&lines, first, most) {
        // The line with the smallest mark begins the next piece: it is found again whatever came before it.
        let next = window.min_by_key(|line| marks[*line]).unwrap_or(first + 1);
        let end = start + lines[first..next].iter().map(|line| line.text.len()).sum::<usize>();
        pieces.push(&text[start..end]);
        (start, first) = (end, next);
    }
    pieces.push(&text[start..]);
    pieces
}

/// A line with its end, and its bytes as a string of JSON.
struct Line<'a> {
    text: &'a str,
    size: usize,
}

fn lines(text: &str, most: usize) -> Vec<Line<'_>> {
    text.split_inclusive('\n').flat_map(|line| short(line, most)).collect()
}

/// A line, in pieces of at most `most` bytes where it is longer.
fn short(line: &str, most: usize) -> Vec<Line<'_>> {
    let mut found = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (position, character) in line.char_indices() {
        let next = json_size(character);
        if size + next > most && position > start {
            let text = &line[start..position];
            found.push(Line { text, size });
            (start, size) = (position, 0);
        }
        size += next;
    }
    let text = &line[start..];
    found.push(Line { text, size });
    found
}

/// The lines that the piece after the one from `first` on may begin with: as late as the size lets it, or up to half as
/// late. Nothing when the rest is one piece.
fn window(lines: &[Line<'_>], first: usize, most: usize) -> Option<Range<usize>> {
    let (mut size, mut least) = (0, None);
    for (position, line) in lines.iter().enumerate().skip(first) {
        if size >= most / 2 && position > first {
            least.get_or_insert(position);
        }
        size += line.size;
        if size > most {
            // The line that is too much may begin the next piece.
            return Some(least.unwrap_or(position)..position + 1);
        }
    }
    None
}

/// How soon a line is chosen to begin a piece. One that occurs once in the document comes before one that repeats, which
/// would be found again in another place.
fn marks(lines: &[Line<'_>]) -> Vec<(bool, u64)> {
    let mut seen: BTreeMap<&str, bool> = BTreeMap::new();
    for line in lines {
        seen.entry(line.text)
            .and_modify(|repeats| *repeats = true)
            .or_insert(false);
    }
    lines.iter().map(|line| (seen[line.text], hash(line.text))).collect()
}

/// FNV-1a, 64 bits: the same on every machine, for ever.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Bytes of a character in a string of JSON, as Kubernetes writes it: Go escapes what HTML would read as well.
fn json_size(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => 6,
        control if control < ' ' => 6,
        other => other.len_utf8(),
    }
}

/// Bytes of a text in a string of JSON: the sum of `json_size`, found byte by byte.
pub(crate) fn json_length(text: &str) -> usize {
    let bytes: usize = text
        .bytes()
        .map(|byte| usize::from(BYTE_SIZES[usize::from(byte)]))
        .sum();
    let is_separator = |character: &char| matches!(character, '\u{2028}' | '\u{2029}');
    let separators = if text.is_ascii() {
        0
    } else {
        text.chars().filter(is_separator).count()
    };
    bytes + separators * (6 - '\u{2028}'.len_utf8())
}

/// `json_size` of each byte that is a character, and 1 for each that is a part of one.
const BYTE_SIZES: [u8; 256] = {
    let mut sizes = [1; 256];
    let mut byte = 0;
    while byte < sizes.len() {
        sizes[byte] = match byte as u8 {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
            b'<' | b'>' | b'&' | 0..b' ' => 6,
            _ => 1,
        };
        byte += 1;
    }
    sizes
};

/// The first part keeps the name of the whole, so that a second one takes nothing away: `config/stack-metadata.json`,
/// then `config/stack-metadata.json.001`.
pub(super) fn name(whole: &str, number: usize) -> String {
    if number == 0 {
        whole.to_owned()
    } else {
        format!("{whole}.{number:03}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Kubernetes would write, by another way: serde's string with Go's further escapes.
    fn written(text: &str) -> usize {
        let json = serde_json::to_string(text).unwrap();
        let more = |character| match character {
            '<' | '>' | '&' => 5,
            '\u{2028}' | '\u{2029}' => 3,
            _ => 0,
        };
        json.len() - 2 + text.chars().map(more).sum::<usize>()
    }

    #[test]
    fn pieces_join_to_the_text_and_keep_to_the_size() {
        let texts = [
            "",
            "a",
            "\n",
            "\n\n\n\n\n\n\n\n\n\n\n\n\n",
            "\"\"\"\"",
            "äöü→𝄞<&>\u{2028}\n\\ \"x\"",
            "{\n  \"a\": [\n    \"b \\\"c\\\"\",\n    1\n  ]\n}\n",
        ];
        for text in texts {
            for most in 6..40 {
                let pieces = split(text, most);
                assert_eq!(pieces.concat(), text);
                assert!(pieces.iter().all(|piece| written(piece) <= most), "{text} {most}");
                assert!(
                    pieces.iter().all(|piece| !piece.is_empty()) || text.is_empty(),
                    "{text} {most}"
                );
            }
        }
    }

    fn document(items: impl Iterator<Item = usize>) -> String {
        items
            .map(|number| format!("    {{\n      \"name\": \"component-{number:05}\",\n      \"port\": 80\n    }},\n"))
            .collect()
    }

    /// The law that keeps diffs local: of all places for one more item, few change a piece that it does not lie in.
    #[test]
    fn an_item_changes_its_own_piece() {
        let (count, most) = (2_000, 12_000);
        let before = document((0..count).map(|number| number * 2));
        let pieces: std::collections::BTreeSet<&str> = split(&before, most).into_iter().collect();
        assert!(pieces.len() > 10);
        let mut changed = Vec::new();
        for place in 0..count {
            let after = document(
                (0..count)
                    .map(|number| number * 2)
                    .chain([place * 2 + 1])
                    .collect::<std::collections::BTreeSet<_>>()
                    .into_iter(),
            );
            changed.push(
                split(&after, most)
                    .into_iter()
                    .filter(|piece| !pieces.contains(piece))
                    .count(),
            );
            if place > 400 {
                break;
            }
        }
        let local = changed.iter().filter(|changed| **changed == 1).count();
        assert!(local * 100 >= changed.len() * 95, "{local} of {}", changed.len());
    }

    #[test]
    fn a_text_is_as_long_as_its_characters() {
        for character in (0..0x3000).filter_map(char::from_u32).chain(['\u{1d11e}']) {
            assert_eq!(
                json_length(&format!("é{character}a")),
                3 + json_size(character),
                "{character:?}"
            );
        }
    }

    #[test]
    fn names() {
        assert_eq!(name("config/a.json", 0), "config/a.json");
        assert_eq!(name("config/a.json", 7), "config/a.json.007");
    }
}
