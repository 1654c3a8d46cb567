//! What reaches past the backend: programs that are started, and modules that can do much more than a tool needs.
//!
//! Of such a module a short list may be taken, by its own name, so that a reviewer need not know all that it can.

use super::words::Word;
use crate::fault::Code::E_CATALOG_MODULE;
use crate::finding::Finding;

/// A module, and what a tool may take of it: `os` starts programs and knows every secret, `sys` has every module.
const NARROW: [(&str, &[&str]); 2] = [
    (
        "os",
        &[
            "PathLike", "close", "dup", "dup2", "fsdecode", "fsencode", "fspath", "linesep", "path", "sep", "strerror",
            "urandom",
        ],
    ),
    (
        "sys",
        &[
            "byteorder",
            "exc_info",
            "float_info",
            "getsizeof",
            "intern",
            "maxsize",
            "version_info",
        ],
    ),
];

/// Modules that another one has as a part: `pathlib.os`.
const BORROWED: [&str; 9] = [
    "builtins",
    "ctypes",
    "importlib",
    "os",
    "posix",
    "pty",
    "runpy",
    "subprocess",
    "sys",
];

/// Functions that start a program or another process, whatever they are taken from.
const STARTING: [&str; 28] = [
    "ProcessPoolExecutor",
    "create_subprocess_exec",
    "create_subprocess_shell",
    "execl",
    "execle",
    "execlp",
    "execlpe",
    "execv",
    "execve",
    "execvp",
    "execvpe",
    "fork",
    "forkpty",
    "fork_exec",
    "popen",
    "posix_spawn",
    "posix_spawnp",
    "spawnl",
    "spawnle",
    "spawnlp",
    "spawnlpe",
    "spawnv",
    "spawnve",
    "spawnvp",
    "spawnvpe",
    "startfile",
    "subprocess_exec",
    "subprocess_shell",
];

const HINT: &str = "leave it out: a tool asks its backend, and nothing else";

/// Whether a module is one of those that are looked at closely.
pub(super) fn is_narrow(module: &str) -> bool {
    BORROWED.contains(&module)
}

/// What reaches past the backend in the words of a module: the first thing of each statement.
pub(super) fn findings(words: &[Word<'_>]) -> Vec<Finding> {
    let (mut begin, mut is_told) = (0, false);
    let mut found = Vec::new();
    for (position, word) in words.iter().enumerate() {
        if word.begins {
            (begin, is_told) = (position, false);
        }
        let reach = Reach { words, begin, position };
        if let Some(fact) = reach.fact().filter(|_| !is_told) {
            is_told = true;
            found.push(Finding::new(E_CATALOG_MODULE, word.span, fact).hint(HINT));
        }
    }
    found
}

/// A word in its statement.
struct Reach<'a> {
    words: &'a [Word<'a>],
    begin: usize,
    position: usize,
}

impl Reach<'_> {
    fn text(&self, position: usize) -> &str {
        self.words.get(position).map_or("", |word| word.text)
    }

    fn before(&self) -> &str {
        self.position.checked_sub(1).map_or("", |before| self.text(before))
    }

    fn fact(&self) -> Option<String> {
        let (word, next) = (self.text(self.position), self.text(self.position + 1));
        if STARTING.contains(&word) {
            return Some(format!("`{word}` starts a program"));
        }
        match self.text(self.begin) {
            "import" => self.renamed(word, next),
            "from" => self.taken(word),
            _ if self.before() == "." => borrowed(word),
            _ => self.used(word, next),
        }
    }

    /// `import os as o`: under another name nobody would know it.
    fn renamed(&self, word: &str, next: &str) -> Option<String> {
        let is_name = matches!(self.before(), "import" | ",");
        (is_name && next == "as" && allowed(word).is_some()).then(|| format!("`{word}` is given another name"))
    }

    /// `from os import system`, `from pathlib import os`.
    fn taken(&self, word: &str) -> Option<String> {
        if !matches!(self.before(), "import" | "," | "(") {
            return None;
        }
        let module = self.text(self.begin + 1);
        let is_whole = self.text(self.begin + 2) == "import";
        match allowed(module).filter(|_| is_whole && word != "(" && word != ")") {
            Some(known) => (!known.contains(&word)).then(|| beyond(module, word)),
            None => borrowed(word),
        }
    }

    /// `os.system`, or the module itself as a value.
    fn used(&self, word: &str, next: &str) -> Option<String> {
        let known = allowed(word).filter(|_| self.is_imported(word))?;
        let part = self.text(self.position + 2);
        match next {
            "." => (!known.contains(&part)).then(|| beyond(word, part)),
            "=" => None, // a parameter that is called so
            _ => Some(format!("`{word}` is passed on as a whole")),
        }
    }

    fn is_imported(&self, module: &str) -> bool {
        let mut names = self.words.windows(2);
        names.any(|pair| matches!(pair[0].text, "import" | ",") && pair[1].text == module)
    }
}

fn allowed(module: &str) -> Option<&'static [&'static str]> {
    let found = NARROW.iter().find(|(name, _)| *name == module);
    found.map(|(_, known)| *known)
}

fn borrowed(word: &str) -> Option<String> {
    BORROWED
        .contains(&word)
        .then(|| format!("`{word}` is taken from a module that is about something else"))
}

fn beyond(module: &str, part: &str) -> String {
    format!("`{module}.{part}` reaches past the backend")
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    fn told(text: &str) -> Vec<String> {
        findings(&words(text))
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn what_a_tool_needs_is_left_alone() {
        for text in [
            "import os, sys\nos.dup2(os.dup(1), 2)\nsys.maxsize\n",
            "from os import path, fspath\nfrom os.path import join\nfrom os import (\n    sep,\n)\n",
            "import platform\nplatform.system()\nf(os='linux')\n",
            "import importlib\nimportlib.import_module('aiokafka')\n",
            "def f():\n    yield from os\n",
        ] {
            assert_eq!(told(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn what_reaches_further_is_told() {
        for (text, expected) in [
            ("import os\nos.system('id')\n", "`os.system` reaches past the backend"),
            ("import os\nos.environ\n", "`os.environ` reaches past the backend"),
            ("from os import system\n", "`os.system` reaches past the backend"),
            (
                "from os import (\n    path,\n    system,\n)\n",
                "`os.system` reaches past the backend",
            ),
            ("from os import *\n", "`os.*` reaches past the backend"),
            ("import os as o\n", "`os` is given another name"),
            ("import os\ngetattr(os, 'system')\n", "`os` is passed on as a whole"),
            (
                "import sys\nsys.modules['os']\n",
                "`sys.modules` reaches past the backend",
            ),
            (
                "import pathlib\npathlib.os.dup(1)\n",
                "`os` is taken from a module that is about something else",
            ),
            (
                "from asyncio import subprocess\n",
                "`subprocess` is taken from a module that is about something else",
            ),
            (
                "asyncio.create_subprocess_shell('id')\n",
                "`create_subprocess_shell` starts a program",
            ),
            ("x.fork()\n", "`fork` starts a program"),
        ] {
            assert_eq!(told(text), [expected], "{text}");
        }
    }
}
