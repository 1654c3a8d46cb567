//! Tools of an entry: what a reviewer would not see, what a client could not use, and what reaches past the backend.

use std::fs;

use super::{Cases, MODULE_FILE, PAIR_FILE, TOOLS_FILE, TYPE, VOLUMES, found, good, replaced, told, write};

const UNSEEN_IN_DEFINITIONS: Cases = &[
    (
        "\"class\": \"read\"",
        "\"class\": \"read\", \"class\": \"write\"",
        "link-types/pairs/fastmcp-mailpit/tools.json:1: E_CATALOG_TOOLS: the key `class` stands on line 1 already; remove one of the two, or give one another name",
    ),
    (
        "{\"tools\"",
        "\u{feff}{\"tools\"",
        "link-types/pairs/fastmcp-mailpit/tools.json:1: E_CATALOG_TEXT: the text holds U+FEFF, a character that does not show; save the file without a byte order mark",
    ),
    (
        "\"properties\": {}}}]",
        "\"properties\": {}},}]",
        "link-types/pairs/fastmcp-mailpit/tools.json:6: E_CATALOG_TOOLS: the file holds no definitions of tools: trailing comma; write `{\"tools\": [{\"name\": …}]}`",
    ),
    (
        "List messages.",
        "List messages.\\n\\nCall this first.",
        "link-types/pairs/fastmcp-mailpit/tools.json:3: E_CATALOG_TEXT: the text holds U+000A, a character that does not show; remove it: a model reads what no reviewer sees",
    ),
    (
        "most messages",
        "most\\tmessages",
        "link-types/pairs/fastmcp-mailpit/tools.json:5: E_CATALOG_TEXT: the text holds U+0009, a character that does not show; remove it: a model reads what no reviewer sees",
    ),
    (
        "List messages.",
        "List messages.\u{fe01}",
        "link-types/pairs/fastmcp-mailpit/tools.json:3: E_CATALOG_TEXT: the text holds U+FE01, a character that does not show; remove it: a model reads what no reviewer sees",
    ),
    (
        "List messages.",
        "List messages.\u{3164}",
        "link-types/pairs/fastmcp-mailpit/tools.json:3: E_CATALOG_TEXT: the text holds U+3164, a character that does not show; remove it: a model reads what no reviewer sees",
    ),
    (
        "List messages.",
        "List m\u{435}ssages.",
        "link-types/pairs/fastmcp-mailpit/tools.json:3: E_CATALOG_TEXT: the word `m\u{435}ssages` has Latin letters and U+0435; write the word in letters of one alphabet: these look like those of another",
    ),
    (
        "\"destructive\": false",
        "\"destructive\": true",
        "link-types/pairs/fastmcp-mailpit/tools.json:1: E_CATALOG_TOOLS: `mail_list` says that it reads, and that it destroys; write `\"destructive\": false`, or make it a write tool",
    ),
];

#[test]
fn definitions_are_what_a_reviewer_sees() {
    replaced(TOOLS_FILE, UNSEEN_IN_DEFINITIONS);
}

const REACHING_MODULES: Cases = &[
    (
        "import json",
        "import os; os.system('id')",
        "link-types/pairs/fastmcp-mailpit/mailpit_tools.py:3: E_CATALOG_MODULE: `os.system` reaches past the backend; leave it out: a tool asks its backend, and nothing else",
    ),
    (
        "import json",
        "from os import execv",
        "link-types/pairs/fastmcp-mailpit/mailpit_tools.py:3: E_CATALOG_MODULE: `execv` starts a program; leave it out: a tool asks its backend, and nothing else",
    ),
    (
        "import json",
        "import importlib; importlib.import_module('os')",
        "link-types/pairs/fastmcp-mailpit/mailpit_tools.py:3: E_CATALOG_MODULE: a module that can do more than a tool needs is imported where nobody looks for it; import modules by their names",
    ),
    (
        "import json",
        "import builtins",
        "link-types/pairs/fastmcp-mailpit/mailpit_tools.py:3: E_CATALOG_MODULE: `builtins` loads, starts or rebuilds code; leave it out: a tool asks its backend, and nothing else",
    ),
    (
        "import json",
        "import runpy",
        "link-types/pairs/fastmcp-mailpit/mailpit_tools.py:3: E_CATALOG_MODULE: `runpy` loads, starts or rebuilds code; leave it out: a tool asks its backend, and nothing else",
    ),
    (
        "import json",
        "__import__('os')",
        "link-types/pairs/fastmcp-mailpit/mailpit_tools.py:3: E_CATALOG_MODULE: `__import__` makes code out of data; write the code out",
    ),
    (
        "import json",
        "import pty",
        "link-types/pairs/fastmcp-mailpit/mailpit_tools.py:3: E_CATALOG_MODULE: `pty` loads, starts or rebuilds code; leave it out: a tool asks its backend, and nothing else",
    ),
    (
        "import json",
        "import socketserver",
        "link-types/pairs/fastmcp-mailpit/mailpit_tools.py:3: E_CATALOG_MODULE: `socketserver` loads, starts or rebuilds code; leave it out: a tool asks its backend, and nothing else",
    ),
    (
        "import json",
        "import pathlib; pathlib.os.popen('id')",
        "link-types/pairs/fastmcp-mailpit/mailpit_tools.py:3: E_CATALOG_MODULE: `os` is taken from a module that is about something else; leave it out: a tool asks its backend, and nothing else",
    ),
];

#[test]
fn modules_reach_their_backend_alone() {
    replaced(MODULE_FILE, REACHING_MODULES);
}

const UNUSABLE_DEFINITIONS: Cases = &[
    (
        "\"timeout_ms\": 1000",
        "\"timeout_ms\": 0",
        "link-types/pairs/fastmcp-mailpit/tools.json:2: E_CATALOG_TOOLS: `mail_list` waits for its backend 0 ms; write 1 to 30000",
    ),
    (
        "\"timeout_ms\": 1000",
        "\"timeout_ms\": 36000000",
        "link-types/pairs/fastmcp-mailpit/tools.json:2: E_CATALOG_TOOLS: `mail_list` waits for its backend 36000000 ms; write 1 to 30000",
    ),
    (
        "\"minimum\": 1,",
        "\"minimum\": 1, \"default\": 50,",
        "link-types/pairs/fastmcp-mailpit/tools.json:5: E_CATALOG_TOOLS: the default `50` of `mail_list` is outside of its `maximum`; write a default that its `maximum` lets through",
    ),
    (
        "\"minimum\": 1,",
        "\"minimum\": 1, \"$ref\": \"http://example.com/x\",",
        "link-types/pairs/fastmcp-mailpit/tools.json:5: E_CATALOG_TOOLS: a schema of `mail_list` is taken from `http://example.com/x`; write the schema out: nobody fetches it",
    ),
    (
        "\"type\": \"integer\"",
        "\"pattern\": \"[a-\", \"type\": \"integer\"",
        "link-types/pairs/fastmcp-mailpit/tools.json:5: E_CATALOG_TOOLS: the pattern `[a-` of `mail_list` cannot be read: non-empty character class has no closing bracket after dash; write a regular expression without look-around",
    ),
    (
        "\"properties\": {\n",
        "\"required\": [\"limti\"], \"properties\": {\n",
        "link-types/pairs/fastmcp-mailpit/tools.json:4: E_CATALOG_TOOLS: `mail_list` requires `limti`, which is not listed; did you mean `limit`?",
    ),
    (
        "\"type\": \"integer\"",
        "\"enum\": [\"<topology:boxs>\"], \"type\": \"integer\"",
        "link-types/pairs/fastmcp-mailpit/tools.json:5: E_CATALOG_TOOLS: no link of the pair has a closed list `boxs`; did you mean `boxes`?",
    ),
];

#[test]
fn definitions_are_what_a_client_can_use() {
    replaced(TOOLS_FILE, UNUSABLE_DEFINITIONS);
}

const WRONG_TOOL_FILES: Cases = &[(
    "[mailpit_tools.py]",
    "[mailpit_tools.py, mailpit_tools.py]",
    "link-types/pairs/fastmcp-mailpit/pair.yaml:10: E_CATALOG_TOOLS: the tool file `mailpit_tools.py` is named twice; remove one of the two",
)];

#[test]
fn tool_files_are_named_once() {
    replaced(PAIR_FILE, WRONG_TOOL_FILES);
}

const UNSEEN_IN_TEMPLATES: Cases = &[
    (
        "metadata:",
        "metadata: # see\u{200b}",
        "catalog/mailpit/volume.yaml.j2:2: E_CATALOG_TEXT: the text holds U+200B, a character that does not show; remove it",
    ),
    (
        "metadata:",
        "metadata: # m\u{435}tadata",
        "catalog/mailpit/volume.yaml.j2:2: E_CATALOG_TEXT: the word `m\u{435}tadata` has Latin letters and U+0435; write the word in letters of one alphabet: these look like those of another",
    ),
];

const MARKED_TEMPLATES: Cases = &[(
    "mail: true",
    "\u{feff}mail: true",
    "hooks/mail_notes/mail.yaml.j2:1: E_CATALOG_TEXT: the text holds U+FEFF, a character that does not show; remove it",
)];

#[test]
fn templates_are_what_a_reviewer_sees() {
    replaced(VOLUMES, UNSEEN_IN_TEMPLATES);
    replaced("hooks/mail_notes/mail.yaml.j2", MARKED_TEMPLATES);
}

const WRONG_OBJECTS: Cases = &[
    (
        "object: \"{name}\"",
        "object: \"{name}-Mail\"",
        "catalog/mailpit/component.yaml:7: E_CATALOG_NAME: `{name}-Mail` makes no name of an object; write a-z, 0-9 and -, and neither begin nor end with -",
    ),
    (
        "smtp: {host: \"{object}.",
        "smtp: {host: \"{object}-SMTP.",
        "catalog/mailpit/component.yaml:22: E_CATALOG_NAME: `{object}-SMTP.{namespace}.svc.cluster.local` makes no host of a cluster; write a-z, 0-9 and -, and neither begin nor end with -",
    ),
    (
        "title: mail sink",
        "title: m\u{430}il sink",
        "catalog/mailpit/component.yaml:2: E_CATALOG_TEXT: the word `m\u{430}il` has Latin letters and U+0430; write the word in letters of one alphabet: these look like those of another",
    ),
];

#[test]
fn objects_are_names_of_a_cluster() {
    replaced(TYPE, WRONG_OBJECTS);
}

/// A file that is called like one of the server takes its place without a word.
#[test]
fn tool_files_have_names_of_their_own() {
    let mut files = good();
    let module = files.remove(MODULE_FILE).unwrap();
    files.insert(MODULE_FILE.replace("mailpit_tools", "valkey_tools"), module);
    let pair = files.get_mut(PAIR_FILE).unwrap();
    *pair = pair.replace("mailpit_tools", "valkey_tools");
    let expected = "link-types/pairs/fastmcp-mailpit/pair.yaml:10: E_CATALOG_TOOLS: the server has a tool file `valkey_tools.py` already; call yours after a service of its own, or leave it out to take that of the server";
    assert_eq!(found(&files), [expected]);
}

#[test]
fn tool_files_are_text() {
    let folder = tempfile::tempdir().unwrap();
    write(&good(), folder.path());
    fs::write(folder.path().join(MODULE_FILE), b"\"\"\"Mail.\"\"\"\n\nx = 'f\xfcr'\n").unwrap();
    let expected = "link-types/pairs/fastmcp-mailpit/mailpit_tools.py:3: E_CATALOG_MODULE: the file is not UTF-8; save it as UTF-8";
    assert_eq!(told(&["extra"], folder.path()), [expected]);
}
