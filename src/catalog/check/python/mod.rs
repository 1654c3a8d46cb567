//! Rule: a module of tools imports only what is there, and runs no text as code.
//!
//! What is there: the standard library, the package of the server with the pair's own modules, and what the server's lock
//! installs.
//! Modules are read, never run: strings and comments are taken out, the words that are left are looked at. A reviewer must
//! be able to tell from a module's text what it does, so whatever makes code out of data is refused.

mod code;
mod imports;
mod reach;
mod words;

use std::collections::BTreeSet;

use crate::catalog::{ComponentType, Entry, PackageSpec, ToolFile};
use crate::fault::Code::E_CATALOG_MODULE;
use crate::finding::Finding;
use crate::name::nearest;
use imports::{Import, is_standard, names_of};
use words::{Word, words};

const THERE: &str = "the server has the standard library, its own package, and what its lock installs";

/// Modules that load, start or rebuild code, or look into that of others.
const REFUSED_MODULES: [&str; 49] = [
    "_cffi_backend",
    "_ctypes",
    "_frozen_importlib",
    "_frozen_importlib_external",
    "_imp",
    "_multiprocessing",
    "_pickle",
    "_posixshmem",
    "_posixsubprocess",
    "_winapi",
    "bdb",
    "builtins",
    "cProfile",
    "cffi",
    "code",
    "codeop",
    "compileall",
    "ctypes",
    "doctest",
    "ensurepip",
    "gc",
    "idlelib",
    "imp",
    "lib2to3",
    "marshal",
    "modulefinder",
    "multiprocessing",
    "nt",
    "pdb",
    "pickle",
    "pickletools",
    "pkgutil",
    "posix",
    "profile",
    "pty",
    "py_compile",
    "pydoc",
    "runpy",
    "shelve",
    "site",
    "socketserver",
    "subprocess",
    "timeit",
    "trace",
    "venv",
    "webbrowser",
    "wsgiref",
    "zipapp",
    "zipimport",
];

/// Names that make code out of text, wherever they stand.
const REFUSED_WORDS: [&str; 15] = [
    "__import__",
    "__builtins__",
    "__loader__",
    "__spec__",
    "__subclasses__",
    "__bases__",
    "__base__",
    "__mro__",
    "__getattribute__",
    "__globals__",
    "__code__",
    "f_builtins",
    "f_globals",
    "exec",
    "eval",
];

/// The same, unless they belong to something else: `re.compile` makes no code.
const REFUSED_ALONE: [&str; 3] = ["compile", "globals", "breakpoint"];

/// The Python package that a module is a part of: what can be imported below its name.
pub(super) struct Package {
    name: String,
    /// Modules and folders: `stacktic_mcp.lib`, `stacktic_mcp.lib.times`.
    modules: BTreeSet<String>,
}

impl Package {
    /// The package of `server` with the tool files that a pair brings.
    pub(super) fn of(server: &Entry<ComponentType>, spec: &PackageSpec, files: &[ToolFile<'_>]) -> Self {
        let own = server.files().unwrap_or_default();
        let brought = files
            .iter()
            .map(|file| format!("{}/{}/{}", spec.folder, file.folder(), file.name));
        let inside = format!("{}/", spec.folder);
        let mut modules = BTreeSet::new();
        for file in own.into_iter().filter(|file| file.starts_with(&inside)).chain(brought) {
            let mut name = file.strip_suffix(".py").unwrap_or_default().replace('/', ".");
            while !name.is_empty() {
                let end = name.rfind('.').unwrap_or(0);
                modules.insert(name.clone());
                name.truncate(end);
            }
        }
        Self {
            name: spec.folder.clone(),
            modules,
        }
    }

    /// The module of the package that is called so, wherever it lies.
    fn module(&self, name: &str) -> Option<&str> {
        let mut modules = self.modules.iter().map(String::as_str);
        modules.find(|module| module.rsplit('.').next() == Some(name))
    }
}

/// What is wrong with the text of a module of `package`.
pub(super) fn findings(text: &str, package: &Package) -> Vec<Finding> {
    let words = words(text);
    let imports = names_of(&words);
    let mut found: Vec<Finding> = imports.iter().filter_map(|import| imported(import, package)).collect();
    found.extend(
        words
            .iter()
            .enumerate()
            .filter_map(|(position, word)| makes_code(&words, position, word)),
    );
    found.extend(reach::findings(&words));
    found.extend(super::texts::findings(text, "write it as an escape"));
    found
}

fn imported(import: &Import, package: &Package) -> Option<Finding> {
    let top = import.name.split('.').next().unwrap_or_default();
    let blame = |fact: String| Finding::new(E_CATALOG_MODULE, import.span, fact);
    if let Some(fact) = import.refusal {
        return Some(blame(fact.to_owned()).hint("import modules by their names"));
    }
    if REFUSED_MODULES.contains(&top) {
        let fact = format!("`{top}` loads, starts or rebuilds code");
        return Some(blame(fact).hint("leave it out: a tool asks its backend, and nothing else"));
    }
    let is_made = import.name.contains('{');
    if is_standard(top) || imports::is_installed(top) || package.modules.contains(&import.name) {
        return None;
    }
    if top == package.name {
        let known: Vec<&str> = package.modules.iter().map(String::as_str).collect();
        let near = nearest(&import.name, known.iter().copied());
        let hint = near.map_or_else(|| THERE.to_owned(), |meant| format!("did you mean `{meant}`?"));
        return (!is_made).then(|| blame(format!("the server has no module `{}`", import.name)).hint(hint));
    }
    let inside = package.module(top);
    let hint = match inside.or_else(|| nearest(top, imports::installed())) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => THERE.to_owned(),
    };
    Some(blame(format!("the server has no module `{top}`")).hint(hint))
}

fn makes_code(words: &[Word<'_>], position: usize, word: &Word<'_>) -> Option<Finding> {
    let belongs = position > 0 && words[position - 1].text == ".";
    let is_called = words.get(position + 1).is_some_and(|next| next.text == "(");
    let is_refused = REFUSED_WORDS.contains(&word.text) && (word.text.contains('_') || !belongs);
    if is_refused || (REFUSED_ALONE.contains(&word.text) && is_called && !belongs) {
        let fact = format!("`{}` makes code out of data", word.text);
        return Some(Finding::new(E_CATALOG_MODULE, word.span, fact).hint("write the code out"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `line:column: message` of each finding.
    fn told(text: &str) -> Vec<String> {
        let modules = ["stacktic_mcp", "stacktic_mcp.core", "stacktic_mcp.core.toolkit"];
        let package = Package {
            name: "stacktic_mcp".to_owned(),
            modules: modules.map(str::to_owned).into(),
        };
        let tell = |finding: Finding| format!("{}:{}: {}", finding.span.line, finding.span.column, finding.message);
        findings(text, &package).into_iter().map(tell).collect()
    }

    #[test]
    fn what_is_there_may_be_imported() {
        for text in [
            "import json, re as expressions\nfrom stacktic_mcp.core.toolkit import Answer\nfrom stacktic_mcp.core import toolkit\nimport httpx\nfrom . import other\n",
            "from collections.abc import (\n    Mapping,\n    Sequence,\n)\n",
            "\"\"\"import requests\"\"\"\n# import requests\nx = 'import requests'\ny = f\"{x} import requests\"\n",
            "def f():\n    yield from g()\n    raise ValueError from None\n",
            "import re\nre.compile('x')\n",
            "import importlib\nimportlib.import_module(\"aiokafka.record\")\nimportlib.import_module(f'aiokafka.{name}')\n",
            "retrieval = evaluate = executor.exec_ = 1\n",
        ] {
            assert_eq!(told(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn what_is_not_there_is_told() {
        for (text, expected) in [
            ("import requests\n", "1:8: the server has no module `requests`"),
            ("from toolkit import A\n", "1:6: the server has no module `toolkit`"),
            (
                "from stacktic_mcp.core.tolkit import A\n",
                "1:6: the server has no module `stacktic_mcp.core.tolkit`",
            ),
            ("import json, numpy.linalg\n", "1:14: the server has no module `numpy`"),
            ("if x: import numpy\n", "1:14: the server has no module `numpy`"),
            (
                "x = 1; from numpy import array\n",
                "1:13: the server has no module `numpy`",
            ),
            ("import \\\n    numpy\n", "2:5: the server has no module `numpy`"),
            (
                "def f():\n    from numpy import (\n        a)\n",
                "2:10: the server has no module `numpy`",
            ),
            ("import ctypes\n", "1:8: `ctypes` loads, starts or rebuilds code"),
            (
                "from subprocess import run\n",
                "1:6: `subprocess` loads, starts or rebuilds code",
            ),
            ("exec('x')\n", "1:1: `exec` makes code out of data"),
            ("a = f\"{eval('1')}\"\n", "1:8: `eval` makes code out of data"),
            ("a = f'''{b:{eval('1')}}'''\n", "1:13: `eval` makes code out of data"),
            ("compile('x', 'y', 'exec')\n", "1:1: `compile` makes code out of data"),
            (
                "().__class__.__subclasses__()\n",
                "1:14: `__subclasses__` makes code out of data",
            ),
            ("run = exec\n", "1:7: `exec` makes code out of data"),
            (
                "import importlib\nimportlib.import_module(name)\n",
                "2:11: a module is imported by a name that is made at run time",
            ),
            (
                "import importlib\nimportlib.import_module(f\"{a}.b\")\n",
                "2:11: a module is imported by a name that is made at run time",
            ),
            (
                "from importlib import util\n",
                "1:6: `importlib` is used for more than `import_module` of a written name",
            ),
            (
                "import importlib as i\n",
                "1:8: `importlib` is used for more than `import_module` of a written name",
            ),
            (
                "import importlib\nimportlib.import_module('numpy')\n",
                "2:25: the server has no module `numpy`",
            ),
            (
                "x = 'a\u{202e}b'\n",
                "1:7: the text holds U+202E, a character that does not show",
            ),
        ] {
            assert_eq!(told(text), [expected], "{text}");
        }
    }
}
