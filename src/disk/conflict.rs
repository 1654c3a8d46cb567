//! Files that git left with conflict marks.
//!
//! In: a file's bytes. Out: the text of either side, or nothing where there are no marks or they do not fit together. It must
//! not know whose file it is, or where it stands.

const OURS: &[u8] = b"<<<<<<<";
const BASE: &[u8] = b"|||||||";
const MIDDLE: &[u8] = b"=======";
const THEIRS: &[u8] = b">>>>>>>";

/// Which side a line belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Both,
    Ours,
    Base,
    Theirs,
}

/// The file as it was on either side, the changes that git could merge being in both.
pub(super) fn sides(file: &[u8]) -> Option<[Vec<u8>; 2]> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut part, mut count) = (Part::Both, 0);
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        part = match (part, mark(line)) {
            (Part::Both, Some(OURS)) => {
                count += 1;
                Part::Ours
            }
            (Part::Ours, Some(BASE)) => Part::Base,
            (Part::Ours | Part::Base, Some(MIDDLE)) => Part::Theirs,
            (Part::Theirs, Some(THEIRS)) => Part::Both,
            (_, Some(_)) => return None,
            (part, None) => {
                if matches!(part, Part::Both | Part::Ours) {
                    ours.extend_from_slice(line);
                }
                if matches!(part, Part::Both | Part::Theirs) {
                    theirs.extend_from_slice(line);
                }
                part
            }
        };
    }
    (count > 0 && part == Part::Both).then_some([ours, theirs])
}

/// The seven signs that a line starts with, followed by a space or nothing.
fn mark(line: &[u8]) -> Option<&'static [u8]> {
    let line = line.trim_ascii_end();
    let is_mark = |mark: &&[u8]| {
        let rest = line.strip_prefix(*mark);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b" "))
    };
    [OURS, BASE, MIDDLE, THEIRS].into_iter().find(is_mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, expected: Option<(&str, &str)>) {
        let sides = sides(file.as_bytes()).map(|sides| sides.map(|side| String::from_utf8(side).unwrap()));
        let expected = expected.map(|(ours, theirs)| [ours.to_owned(), theirs.to_owned()]);
        assert_eq!(sides, expected, "{file:?}");
    }

    #[test]
    fn tells_the_sides_apart() {
        check("", None);
        check("a\nb\n", None);
        check(
            "a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> other\nd",
            Some(("a\nb\nd", "a\nc\nd")),
        );
        check("<<<<<<< HEAD\n=======\nc\n>>>>>>> x\n", Some(("", "c\n")));
        check(
            "<<<<<<< HEAD\r\nb\r\n||||||| 123\r\nz\r\n=======\r\n>>>>>>> x\r\n",
            Some(("b\r\n", "")),
        );
        // Marks that do not fit together, and lines that only look like marks.
        for file in [
            "<<<<<<< HEAD\nb\n=======\nc\n",
            "=======\n",
            "<<<<<<< a\n<<<<<<< b\n=======\n>>>>>>> c\n",
            "<<<<<<< a\nb\n>>>>>>> c\n",
            "<<<<<<<< a\n========\n>>>>>>>> c\n",
            "<<<<<<<a\n",
        ] {
            check(file, None);
        }
    }
}
