//! `grep -c -i -v TEXT`, built in: no process, no regular expression.

/// Lines that have a text, or how many they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub(super) pattern: String,
    pub(super) switches: Switches,
}

/// The switches of `grep`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Switches {
    /// `-c`
    pub(super) count: bool,
    /// `-i`
    pub(super) ignore_case: bool,
    /// `-v`
    pub(super) invert: bool,
}

impl Filter {
    /// What goes on, and whether a line was selected.
    #[must_use]
    pub fn apply(&self, input: &str) -> (String, bool) {
        let selected: Vec<&str> = input.lines().filter(|line| self.selects(line)).collect();
        let any = !selected.is_empty();
        if self.switches.count {
            return (format!("{}\n", selected.len()), any);
        }
        let mut output = String::new();
        for line in selected {
            output.push_str(line);
            output.push('\n');
        }
        (output, any)
    }

    /// What it counts, in lower case; none where it does not count.
    #[must_use]
    pub fn counted(&self) -> Option<String> {
        let counts = self.switches.count && !self.switches.invert;
        counts.then(|| self.pattern.to_ascii_lowercase())
    }

    fn selects(&self, line: &str) -> bool {
        let found = if self.switches.ignore_case {
            line.to_ascii_lowercase().contains(&self.pattern.to_ascii_lowercase())
        } else {
            line.contains(&self.pattern)
        };
        found != self.switches.invert
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PODS: &str = "kafka-0 1/1 Running\nkafka-1 1/1 running\njob-x 0/1 Completed\n";

    #[track_caller]
    fn check(letters: &str, pattern: &str, output: &str, selected: bool) {
        let switches = Switches {
            count: letters.contains('c'),
            ignore_case: letters.contains('i'),
            invert: letters.contains('v'),
        };
        let filter = Filter {
            pattern: pattern.to_owned(),
            switches,
        };
        assert_eq!(filter.apply(PODS), (output.to_owned(), selected), "{letters} {pattern}");
    }

    #[test]
    fn lines_are_selected_or_counted() {
        check("", "Running", "kafka-0 1/1 Running\n", true);
        check("c", "Running", "1\n", true);
        check("ci", "RUNNING", "2\n", true);
        check("v", "unning", "job-x 0/1 Completed\n", true);
        check("cv", "Completed", "2\n", true);
        check("c", "Error", "0\n", false);
        check("", "Error", "", false);
        check("c", "1.1", "0\n", false);
    }

    #[test]
    fn an_inverted_count_counts_no_pattern() {
        let switches = Switches {
            count: true,
            ..Switches::default()
        };
        let mut filter = Filter {
            pattern: "Running".to_owned(),
            switches,
        };
        assert_eq!(filter.counted().as_deref(), Some("running"));
        filter.switches.invert = true;
        assert_eq!(filter.counted(), None);
        filter.switches.count = false;
        assert_eq!(filter.counted(), None);
    }
}
