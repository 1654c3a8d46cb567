//! Wrong entries about links: what types provide and consume, interfaces, conventions and pairs.

use super::{CONVENTION_FILE, Cases, INTERFACE_FILE, PAIR_FILE, REFINES_FILE, TYPE, replaced};

const WRONG_PROVISIONS: Cases = &[
    (
        "  smtp:\n    endpoint: smtp",
        "  smpt:\n    endpoint: smtp",
        "catalog/mailpit/component.yaml:39: E_CATALOG_LINK: there is no interface `smpt`; did you mean `smtp`?",
    ),
    (
        "    endpoint: smtp\n",
        "    endpoint: stmp\n",
        "catalog/mailpit/component.yaml:40: E_CATALOG_ENDPOINT: there is no endpoint `stmp`; did you mean `smtp`?",
    ),
    (
        "    endpoint: smtp\n",
        "    endpoints: [smtp, wbe]\n",
        "catalog/mailpit/component.yaml:40: E_CATALOG_ENDPOINT: there is no endpoint `wbe`; one of `smtp`, `web`",
    ),
    (
        "    endpoint: smtp\n",
        "    endpont: smtp\n",
        "catalog/mailpit/component.yaml:40: E_CATALOG_SCHEMA: the key `endpont` is not known here; did you mean `endpoint`?",
    ),
    (
        "name: \"app_{link.id}\"",
        "name: sender",
        "catalog/mailpit/component.yaml:43: E_CATALOG_LINK: `sender` is one name for the accounts of all links; put `{link.id}` into it, or say with `per:` what they share it by",
    ),
    (
        "name: \"{to.object}.{link.object}\"",
        "name: \"{to.object}-users\"",
        "catalog/mailpit/component.yaml:43: E_CATALOG_LINK: `password` of the Secret `{to.object}-users` is one key for the accounts of all links; call the key `{account.name}`, or put that into the name of the Secret",
    ),
    (
        "    at: box\n",
        "    at: bxo\n",
        "catalog/mailpit/component.yaml:46: E_CATALOG_LINK: there is no sub-component type `bxo`; one of `box`",
    ),
    (
        "username: \"{account.name}\"",
        "user: \"{account.name}\"",
        "catalog/mailpit/component.yaml:41: E_CATALOG_LINK: the interface `smtp` has no fact `user`; did you mean `username`?",
    ),
    (
        "username: \"{account.name}\"",
        "password: \"{account.name}\"",
        "catalog/mailpit/component.yaml:41: E_CATALOG_LINK: the fact `password` is a secret, and would be written down; leave it to the Secret of an account: `keys: {<key>: {fact: …}}`",
    ),
    (
        "username: \"{account.name}\"",
        "username: \"{account.nmae}\"",
        "catalog/mailpit/component.yaml:41: E_CATALOG_PATTERN: the variable `{account.nmae}` is not known here; did you mean `account.name`?",
    ),
    (
        "host: \"{to.host}\", port",
        "host: \"{to.hots}\", port",
        "catalog/mailpit/component.yaml:41: E_CATALOG_PATTERN: the variable `{to.hots}` is not known here; did you mean `to.host`?",
    ),
    (
        "/{sub.owner}\"",
        "/{sub.onwer}\"",
        "catalog/mailpit/component.yaml:48: E_CATALOG_PATTERN: the variable `{sub.onwer}` is not known here; did you mean `sub.owner`?",
    ),
    (
        "//{endpoints.web.host}",
        "//{endpoints.wbe.host}",
        "catalog/mailpit/component.yaml:48: E_CATALOG_PATTERN: the variable `{endpoints.wbe.host}` is not known here; did you mean `endpoints.web.host`?",
    ),
    (
        "\"app_{link.id}\"",
        "\"app_{link.di}\"",
        "catalog/mailpit/component.yaml:43: E_CATALOG_PATTERN: the variable `{link.di}` is not known here; did you mean `link.id`?",
    ),
    (
        "\"{to.object}.{link.object}\"",
        "\"{to.object}.{link.object\"",
        "catalog/mailpit/component.yaml:43: E_CATALOG_PATTERN: `{to.object}.{link.object` has a brace that is not part of a `{variable}`; braces mean variables, and nothing else; the text of a shell does without them",
    ),
    (
        "{name: \"{to.object}.{link.object}\", keys",
        "{name: \"{to.object}.{link.object}\", issued: by hand, keys",
        "catalog/mailpit/component.yaml:43: E_CATALOG_LINK: the Secret of the account has `name` and `issued`; write exactly one of `name`, `existing`, `issued` and `digest_in`",
    ),
    (
        "{name: \"{to.object}.{link.object}\", keys",
        "{keys",
        "catalog/mailpit/component.yaml:43: E_CATALOG_LINK: nothing says where the Secret of the account comes from; write exactly one of `name`, `existing`, `issued` and `digest_in`",
    ),
    (
        "{fact: password}",
        "{fact: passwrod}",
        "catalog/mailpit/component.yaml:43: E_CATALOG_LINK: `smtp` has no secret fact `passwrod`; did you mean `password`?",
    ),
    (
        "{fact: password}",
        "{fact: username}",
        "catalog/mailpit/component.yaml:43: E_CATALOG_LINK: `smtp` has no secret fact `username`; one of `password`",
    ),
    (
        "      \"*\": {per: link",
        "      read: {per: link",
        "catalog/mailpit/component.yaml:43: E_CATALOG_LINK: the interface `smtp` has no level `read`; one of `write`",
    ),
    (
        "      \"*\": {per: link",
        "      own: {per: link",
        "catalog/mailpit/component.yaml:43: E_CATALOG_LINK: the interface `smtp` has no level `own`; one of `write`",
    ),
    (
        "per: link, name",
        "per: lnik, name",
        "catalog/mailpit/component.yaml:43: E_CATALOG_SCHEMA: `per` is not one of its legal values; did you mean `link`?",
    ),
    (
        "levels: {write: {mail: [send]}}",
        "levels: {own: {mail: [send]}}",
        "catalog/mailpit/component.yaml:44: E_CATALOG_LINK: the interface `smtp` has no level `own`; one of `write`",
    ),
    (
        "levels: {write: {mail: [send]}}",
        "levels: {wirte: {mail: [send]}}",
        "catalog/mailpit/component.yaml:44: E_CATALOG_SCHEMA: the key `wirte` is not known here; did you mean `write`?",
    ),
    (
        "{mail: [send]}",
        "{mail: [\"{scope.boxes}\"]}",
        "catalog/mailpit/component.yaml:44: E_CATALOG_PATTERN: the variable `{scope.boxes}` is not known here; one of `account.…`, `domain`, `endpoints.…`, `env`, `from.…`, `link.…`, `published.…`, `stack`, `to.…`",
    ),
    (
        "from: sub_components, type: box,",
        "from: sub_components, type: bxo,",
        "catalog/mailpit/component.yaml:49: E_CATALOG_LINK: there is no sub-component type `bxo`; one of `box`",
    ),
    (
        "attribute: owner}",
        "attribute: onwer}",
        "catalog/mailpit/component.yaml:49: E_CATALOG_LINK: `box` has no attribute `onwer`; did you mean `owner`?",
    ),
    (
        "from: sub_components, type: box,",
        "from: sub_component, type: box,",
        "catalog/mailpit/component.yaml:49: E_CATALOG_SCHEMA: `from` is not one of its legal values; write `from: sub_components`",
    ),
    (
        "when: {store:",
        "when: {stroe:",
        "catalog/mailpit/component.yaml:51: E_CATALOG_LINK: there is no slot `stroe`; did you mean `store`?",
    ),
    (
        "when: {store: {facts: {url:",
        "when: {store: {facts: {uri:",
        "catalog/mailpit/component.yaml:51: E_CATALOG_LINK: the interface `mail_api` has no fact `uri`; did you mean `url`?",
    ),
    (
        "  mail_api:\n",
        "  http: {endpoint: web, facts: {url: \"http://{to.host}\"}}\n  mail_api:\n",
        "catalog/mailpit/component.yaml:45: E_CATALOG_ENDPOINT: a gateway may publish the type, and it has no attribute `subdomain`; add the attribute: the host name in front of the domain",
    ),
    (
        "    endpoint: smtp\n",
        "    endpoint: smtp\n    auth: login\n",
        "catalog/mailpit/component.yaml:41: E_CATALOG_LINK: `auth` says who checks the callers of a web interface, and `smtp` is none; remove it",
    ),
    (
        "    endpoint: smtp\n    facts",
        "    facts",
        "catalog/mailpit/component.yaml:39: E_CATALOG_LINK: a link from `celery` to `smtp` generates nothing: it opens no endpoint, and no hook reads it; add `endpoint:`, where such links go",
    ),
    (
        "  mail_api:\n    at: box\n",
        "  postgres: [{endpoint: web, facts: {host: a}}, {endpoint: smtp, facts: {host: b}}]\n  mail_api:\n    at: box\n",
        "catalog/mailpit/component.yaml:45: E_CATALOG_LINK: two provisions of `postgres` end at the same, and give one link type two meanings; give one of them a `purpose`, or another `at`",
    ),
    (
        "    endpoint: smtp\n",
        "    endpoint: smtp\n    follows: {pods_of: smtp, named: boxes, interfaces: {}}\n",
        "catalog/mailpit/component.yaml:41: E_CATALOG_LINK: there is no setting of the type `ends` `boxes`; the type has no setting of the type `ends`",
    ),
];

#[test]
fn wrong_provisions() {
    replaced(TYPE, WRONG_PROVISIONS);
}

const WRONG_SLOTS: Cases = &[
    (
        "version: 1.2.3}\n",
        "version: 1.2.3}\n  more_operators:\n    - {slot: stroe, chart: {repository: \"https://charts.example.com\", name: keeper, version: 1.2.3}}\n",
        "catalog/mailpit/component.yaml:12: E_CATALOG_LINK: there is no slot `stroe`; did you mean `store`?",
    ),
    (
        "values.yaml.j2}\n",
        "values.yaml.j2}\n  - {path: \"{name}.md\", text: mail, area: docs, for_each: {links: stroe}}\n",
        "catalog/mailpit/component.yaml:37: E_CATALOG_LINK: there is no slot `stroe`; did you mean `store`?",
    ),
    (
        "values.yaml.j2}\n",
        "values.yaml.j2}\n  - {path: mail.md, text: mail, area: docs, for_each: {links: store}}\n",
        "catalog/mailpit/component.yaml:37: E_CATALOG_FILE: all components of the type would write one page; put `{name}` into its path",
    ),
    (
        "    file: admin.env\n",
        "    file: admin.env\n    slot: stroe\n",
        "catalog/mailpit/component.yaml:32: E_CATALOG_LINK: there is no slot `stroe`; did you mean `store`?",
    ),
    (
        "interface: postgres",
        "interface: postgers",
        "catalog/mailpit/component.yaml:54: E_CATALOG_LINK: there is no interface `postgers`; did you mean `postgres`?",
    ),
    (
        "levels: [own]",
        "levels: [probe]",
        "catalog/mailpit/component.yaml:55: E_CATALOG_LINK: the interface `postgres` has no level `probe`; one of `read`, `write`, `own`",
    ),
    (
        "levels: [own]",
        "levels: [onw]",
        "catalog/mailpit/component.yaml:55: E_CATALOG_SCHEMA: an entry of `levels` is not one of its legal values; one of `probe`, `read`, `write`, `own`",
    ),
    (
        "  - store:\n",
        "  - store: {interface: redis}\n  - store:\n",
        "catalog/mailpit/component.yaml:54: E_CATALOG_LINK: two slots are called `store`, and give one link type two meanings; give one of them another name, and say `interface:` in it",
    ),
    (
        "  - store:\n",
        "  - mail_store: {}\n  - store:\n",
        "catalog/mailpit/component.yaml:53: E_CATALOG_LINK: there is no interface `mail_store`; did you mean `mail_api`?",
    ),
    (
        "  - store:\n",
        "  - Store: {interface: redis}\n  - store:\n",
        "catalog/mailpit/component.yaml:53: E_CATALOG_NAME: the name `Store` is outside its grammar; write a-z, 0-9 and _, and begin with a letter",
    ),
    (
        "      single: true",
        "      begins_at: bxo",
        "catalog/mailpit/component.yaml:56: E_CATALOG_LINK: there is no sub-component type `bxo`; one of `box`",
    ),
    (
        "user: username, password",
        "user: usrename, password",
        "catalog/mailpit/component.yaml:57: E_CATALOG_LINK: the interface `postgres` has no fact `usrename`; did you mean `username`?",
    ),
    (
        "\"{from.object}-store\"",
        "\"{from.objcet}-store\"",
        "catalog/mailpit/component.yaml:57: E_CATALOG_PATTERN: the variable `{from.objcet}` is not known here; did you mean `from.object`?",
    ),
    (
        "      single: true",
        "      keys: {HOST: hots}",
        "catalog/mailpit/component.yaml:56: E_CATALOG_LINK: the interface `postgres` has no fact `hots`; did you mean `host`?",
    ),
    (
        "      single: true",
        "      keys: {host: host}",
        "catalog/mailpit/component.yaml:56: E_CATALOG_ENV: `host` cannot stand behind the prefix of a link; write A-Z, 0-9 and _: `HOST`",
    ),
    (
        "      single: true",
        "      keys: {URL: \"http://{host}:{password}\"}",
        "catalog/mailpit/component.yaml:56: E_CATALOG_LINK: the key `URL` shows the secret `password`; write `{secret: \"http://{host}:{password}\"}`, or a key of its own for the secret",
    ),
    (
        "      single: true",
        "      keys: {URL: {secret: \"http://{host}\"}}",
        "catalog/mailpit/component.yaml:56: E_CATALOG_LINK: the secret `URL` is made of nothing secret; write it without `secret:`, or name a secret fact",
    ),
    (
        "      single: true",
        "      singel: true",
        "catalog/mailpit/component.yaml:56: E_CATALOG_SCHEMA: the key `singel` is not known here; did you mean `single`?",
    ),
    (
        "convention: mailers",
        "convention: mailer",
        "catalog/mailpit/component.yaml:58: E_CATALOG_LINK: there is no convention `mailer`; did you mean `mailers`?",
    ),
];

#[test]
fn wrong_slots() {
    replaced(TYPE, WRONG_SLOTS);
}

const WRONG_INTERFACES: Cases = &[
    (
        "host: {help: host}",
        "host: {help: host, hlep}",
        "link-types/interfaces/smtp.yaml:5: E_CATALOG_SCHEMA: the key `hlep` is not known here; did you mean `help`?",
    ),
    (
        "interface: smtp",
        "interface: smpt",
        "link-types/interfaces/smtp.yaml:1: E_CATALOG_NAME: the file is called `smtp`, and the entry `smpt`; write `interface: smtp`, or rename the file",
    ),
    (
        "title: mail",
        "titel: mail",
        "link-types/interfaces/smtp.yaml:2: E_CATALOG_SCHEMA: the key `titel` is not known here; did you mean `title`?",
    ),
    (
        "docs: https",
        "docs: ftp",
        "link-types/interfaces/smtp.yaml:3: E_CATALOG_NAME: `ftp://www.rfc-editor.org/rfc/rfc5321` is no https address of a documentation; write where the product's own documentation stands: `https://…`",
    ),
    (
        "  port: {help: TCP port}",
        "  port: {}",
        "link-types/interfaces/smtp.yaml:6: E_CATALOG_TEXT: nobody is told what `port` is; add `help:`, one line for people",
    ),
    (
        "  port: {help: TCP port}",
        "  Port: {help: TCP port}",
        "link-types/interfaces/smtp.yaml:6: E_CATALOG_NAME: the name `Port` is outside its grammar; write a-z, 0-9 and _, and begin with a letter",
    ),
    (
        "from: write",
        "from: read",
        "link-types/interfaces/smtp.yaml:8: E_CATALOG_LINK: there is no level `read`; one of `write`",
    ),
    (
        "from: write",
        "from: wirte",
        "link-types/interfaces/smtp.yaml:8: E_CATALOG_SCHEMA: `from` is not one of its legal values; did you mean `write`?",
    ),
    (
        "levels: [write]",
        "levels: [read]",
        "link-types/interfaces/smtp.yaml:12: E_CATALOG_LINK: there is no level `read`; one of `write`",
    ),
    (
        "levels: [write]",
        "levels: []",
        "link-types/interfaces/smtp.yaml:12: E_CATALOG_LINK: types of the role `application` take it at no level; list levels, or remove the role",
    ),
    (
        "  application:",
        "  aplication:",
        "link-types/interfaces/smtp.yaml:12: E_CATALOG_SCHEMA: the key `aplication` is not known here; did you mean `application`?",
    ),
    (
        "write: send mail",
        "write: \"\"",
        "link-types/interfaces/smtp.yaml:10: E_CATALOG_TEXT: nobody is told what the level `write` means; say it in one line",
    ),
    (
        "  django: {fixed",
        "  djago: {fixed",
        "link-types/interfaces/smtp.yaml:14: E_CATALOG_LINK: there is no convention `djago`; did you mean `django`?",
    ),
    (
        "  django: {fixed",
        "  mailers: {fixed",
        "link-types/interfaces/smtp.yaml:14: E_CATALOG_LINK: the convention `mailers` says already which keys such a link gives; leave it out here: one of both has to count",
    ),
    (
        "{EMAIL_HOST: host}",
        "{EMAIL_HOST: hots}",
        "link-types/interfaces/smtp.yaml:14: E_CATALOG_LINK: the interface `smtp` has no fact `hots`; did you mean `host`?",
    ),
    (
        "{EMAIL_HOST: host}",
        "{LD_PRELOAD: host}",
        "link-types/interfaces/smtp.yaml:14: E_CATALOG_ENV: `LD_PRELOAD` steers the dynamic linker; take a key that only the program itself reads",
    ),
    (
        "{SMTP_SERVER: host}",
        "{SMTP_SERVER: hots}",
        "link-types/interfaces/smtp.yaml:15: E_CATALOG_LINK: the interface `smtp` has no fact `hots`; did you mean `host`?",
    ),
    (
        "{SMTP_SERVER: host}",
        "{LD_PRELOAD: host}",
        "link-types/interfaces/smtp.yaml:15: E_CATALOG_ENV: `LD_PRELOAD` steers the dynamic linker; take a key that only the program itself reads",
    ),
    (
        "application: {levels: [write]}",
        "application: {levels: [write], with: {least: {type: integer, range: [0, 9], at_most: mots, help: least}, most: {type: integer, range: [0, 9], help: most}}}",
        "link-types/interfaces/smtp.yaml:12: E_CATALOG_ATTRIBUTE: there is no setting with a number `mots`; did you mean `most`?",
    ),
    (
        "application: {levels: [write]}",
        "application: {levels: [write], with: {least: {type: integer, range: [0, 9], otherwise: replicas, help: least}}}",
        "link-types/interfaces/smtp.yaml:12: E_CATALOG_ATTRIBUTE: `otherwise` of `least` says nothing: only a number with `at_most` is looked for; remove it, or add `at_most`",
    ),
    (
        "application: {levels: [write]}",
        "application: {levels: [write], with: {boxes: {type: ends, at_most: boxes, help: boxes}}}",
        "link-types/interfaces/smtp.yaml:12: E_CATALOG_ATTRIBUTE: `boxes` is no number, and is bounded by one; remove `at_most`",
    ),
];

#[test]
fn wrong_interfaces() {
    replaced(INTERFACE_FILE, WRONG_INTERFACES);
}

const WRONG_CONVENTIONS: Cases = &[
    (
        "always: {MAIL_SETTINGS: /run/secrets}",
        "alway:",
        "link-types/conventions/mailers.yaml:10: E_CATALOG_SCHEMA: the key `alway` is not known here; did you mean `always`?",
    ),
    (
        "    files: {mail.password: password}",
        "    constant: {MAIL_FROM: \"{host}\"}\n    files: {mail.password: password}",
        "link-types/conventions/mailers.yaml:7: E_CATALOG_ENV: `{host}` would be printed with its braces: the value is the same for every link; write it without variables, or give the key a pattern in `fixed` or `keys`",
    ),
    (
        "always: {MAIL_SETTINGS: /run/secrets}",
        "always: {MAIL_SETTINGS: \"/run/{name}\"}",
        "link-types/conventions/mailers.yaml:10: E_CATALOG_ENV: `/run/{name}` would be printed with its braces: the value is the same for every link; write it without variables, or give the key a pattern in `fixed` or `keys`",
    ),
    (
        "    files: {mail.password: password}",
        "    constant: {NODE_OPTIONS: \"--trace\"}\n    files: {mail.password: password}",
        "link-types/conventions/mailers.yaml:7: E_CATALOG_ENV: `NODE_OPTIONS` steers Node.js; take a key that only the program itself reads",
    ),
    (
        "convention: mailers",
        "convention: mailer",
        "link-types/conventions/mailers.yaml:1: E_CATALOG_NAME: the file is called `mailers`, and the entry `mailer`; write `convention: mailers`, or rename the file",
    ),
    (
        "  smtp:\n",
        "  smpt:\n",
        "link-types/conventions/mailers.yaml:5: E_CATALOG_LINK: there is no interface `smpt`; did you mean `smtp`?",
    ),
    (
        "MAIL_USER: username",
        "MAIL_USER: usrename",
        "link-types/conventions/mailers.yaml:6: E_CATALOG_LINK: the interface `smtp` has no fact `usrename`; did you mean `username`?",
    ),
    (
        "MAIL_USER: username",
        "LD_PRELOAD: username",
        "link-types/conventions/mailers.yaml:6: E_CATALOG_ENV: `LD_PRELOAD` steers the dynamic linker; take a key that only the program itself reads",
    ),
    (
        "MAIL_USER: username",
        "mail_user: username",
        "link-types/conventions/mailers.yaml:6: E_CATALOG_ENV: `mail_user` is no key of an environment; write A-Z, 0-9 and _; `{ENV}_` in front stands for the prefix of the link",
    ),
    (
        "\"smtp://{host}:{port}\"",
        "\"smtp://{host}:{password}\"",
        "link-types/conventions/mailers.yaml:6: E_CATALOG_LINK: the key `MAIL_URL` shows the secret `password`; write `{secret: \"smtp://{host}:{password}\"}`, or a key of its own for the secret",
    ),
    (
        "\"smtp://{host}:{port}\"",
        "\"smtp://{hots}:{port}\"",
        "link-types/conventions/mailers.yaml:6: E_CATALOG_PATTERN: the variable `{hots}` is not known here; did you mean `host`?",
    ),
    (
        "{secret: \"smtp://{username}:{password}@{host}\"}",
        "{secret: \"smtp://{username}@{host}\"}",
        "link-types/conventions/mailers.yaml:8: E_CATALOG_LINK: the secret `{ENV}_URL` is made of nothing secret; write it without `secret:`, or name a secret fact",
    ),
    (
        "{secret: \"smtp://{username}:{password}@{host}\"}",
        "{secret: \"smtp://{username}:{passwrod}@{host}\"}",
        "link-types/conventions/mailers.yaml:8: E_CATALOG_PATTERN: the variable `{passwrod}` is not known here; did you mean `password`?",
    ),
    (
        "\"{ENV}_HOST\": host",
        "HOSTNAME: host",
        "link-types/conventions/mailers.yaml:8: E_CATALOG_ENV: `HOSTNAME` is one key for all links of the interface; begin it with `{ENV}_`, or move it to `fixed`",
    ),
    (
        "mail.password: password",
        "mail.password: username",
        "link-types/conventions/mailers.yaml:7: E_CATALOG_LINK: `smtp` has no secret fact `username`; one of `password`",
    ),
    (
        "mail.password: password",
        ".password: password",
        "link-types/conventions/mailers.yaml:7: E_CATALOG_FILE: `.password` is no name of a file; write letters, digits, `_`, `-` and `.`, not a dot first",
    ),
    (
        "when: {username:",
        "when: {usrename:",
        "link-types/conventions/mailers.yaml:9: E_CATALOG_LINK: the interface `smtp` has no fact `usrename`; did you mean `username`?",
    ),
    (
        "true/{username}",
        "true/{usrename}",
        "link-types/conventions/mailers.yaml:9: E_CATALOG_PATTERN: the variable `{usrename}` is not known here; did you mean `username`?",
    ),
    (
        "    fixed: {MAIL_URL: \"smtp://{host}:{port}\", MAIL_USER: username}\n    files: {mail.password: password}\n",
        "",
        "link-types/conventions/mailers.yaml:7: E_CATALOG_ENV: keys of fixed names come with a fact alone, and nobody is told when two links meet in one; give the row itself such a key, or move them to `keys`",
    ),
    (
        "MAIL_SETTINGS:",
        "PYTHONPATH:",
        "link-types/conventions/mailers.yaml:10: E_CATALOG_ENV: `PYTHONPATH` steers Python; take a key that only the program itself reads",
    ),
];

#[test]
fn wrong_conventions() {
    replaced(CONVENTION_FILE, WRONG_CONVENTIONS);
}

const WRONG_PAIRS: Cases = &[
    (
        "levels: [read]\n",
        "levels: [read]\nhints: null\n",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:6: E_CATALOG_SCHEMA: the key `hints` is not known here; one of `account`, `begins_at`, `data`, `deliver`, `egress`, `endpoints`, `external`, `file`, `files`, `from`, `interface`, `keys`, `levels`, `scope`, `single`, `title`, `to`, `tools`, `tools_of`, `uses`",
    ),
    (
        "from: fastmcp",
        "from: fastcmp",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:1: E_CATALOG_NAME: the folder is called `fastmcp-mailpit`, and the pair `fastcmp-mailpit`; write `from: fastmcp`, or rename the folder to `fastcmp-mailpit`, or to `fastcmp-mailpit_<what>` where there are several",
    ),
    (
        "to: mailpit",
        "to: mailpti",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:2: E_CATALOG_NAME: the folder is called `fastmcp-mailpit`, and the pair `fastmcp-mailpti`; write `to: mailpit`, or rename the folder to `fastmcp-mailpti`, or to `fastmcp-mailpti_<what>` where there are several",
    ),
    (
        "interface: mail_api",
        "interface: mail_apis",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:4: E_CATALOG_LINK: there is no interface `mail_apis`; did you mean `mail_api`?",
    ),
    (
        "interface: mail_api",
        "interface: redis",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:4: E_CATALOG_LINK: `mailpit` does not provide `redis`; one of `deployed`, `health`, `logs`, `mail_api`, `secret_store`, `smtp`",
    ),
    (
        "levels: [read]",
        "levels: [own]",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:5: E_CATALOG_LINK: the interface `mail_api` has no level `own`; one of `read`, `write`",
    ),
    (
        "levels: [read]",
        "levels: [raed]",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:5: E_CATALOG_SCHEMA: an entry of `levels` is not one of its legal values; did you mean `read`?",
    ),
    (
        "levels: [read]\n",
        "",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:9: E_CATALOG_TOOLS: links may have the level `write`, and no tool writes; add `levels: [read]`",
    ),
    (
        "\"mcp_{link.id}\"",
        "\"mcp_{link.di}\"",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:6: E_CATALOG_PATTERN: the variable `{link.di}` is not known here; did you mean `link.id`?",
    ),
    (
        "{read: {boxes: [\"{scope.boxes}\"]}}",
        "{own: {boxes: []}}",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:6: E_CATALOG_LINK: the interface `mail_api` has no level `own`; one of `read`, `write`",
    ),
    (
        "[\"{scope.boxes}\"]",
        "[\"{scope.bxoes}\"]",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:6: E_CATALOG_PATTERN: the variable `{scope.bxoes}` is not known here; did you mean `scope.boxes`?",
    ),
    (
        "keys: {URL: url",
        "keys: {URL: uri",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:7: E_CATALOG_LINK: the interface `mail_api` has no fact `uri`; did you mean `url`?",
    ),
    (
        "keys: {URL: url",
        "keys: {LD_PRELOAD: url",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:7: E_CATALOG_ENV: `LD_PRELOAD` steers the dynamic linker; take a key that only the program itself reads",
    ),
    (
        "\"{to.name}\"",
        "\"{to.nmae}\"",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:7: E_CATALOG_PATTERN: the variable `{to.nmae}` is not known here; did you mean `to.name`?",
    ),
    (
        "type: box}",
        "type: bxo}",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:8: E_CATALOG_LINK: there is no sub-component type `bxo`; one of `box`",
    ),
    (
        "\"{to.sender}\"",
        "\"{to.sendr}\"",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:9: E_CATALOG_PATTERN: the variable `{to.sendr}` is not known here; did you mean `to.sender`?",
    ),
    (
        "\"{to.sender}\"",
        "\"{to.token}\"",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:9: E_CATALOG_PATTERN: the variable `{to.token}` is not known here; did you mean `to.type`?",
    ),
    (
        "[mailpit_tools.py]",
        "[mailpit_tool.py]",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:10: E_CATALOG_TOOLS: `mailpit_tool.py` is not called as tool files are; `<service>_tools.py` first, then `<service>_….py`",
    ),
    (
        "[mailpit_tools.py]",
        "[mailpit_tools.py, mailpit_rows.py]",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:10: E_CATALOG_FILE: there is no file `mailpit_rows.py` beside the entry, nor `catalog/fastmcp/stacktic_mcp/tools/mailpit/mailpit_rows.py`; did you mean `mailpit_tools.py`?",
    ),
    (
        "interface: mail_api\n",
        "interface: mail_api\nendpoints: [wbe]\n",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:5: E_CATALOG_ENDPOINT: there is no endpoint `wbe`; one of `smtp`, `web`",
    ),
];

const WRONG_REFINEMENTS: Cases = &[
    (
        "keys: {HOST: host}",
        "tools_of: fastmcp-valky",
        "link-types/pairs/django-mailpit/pair.yaml:4: E_CATALOG_LINK: there is no pair `fastmcp-valky`; did you mean `fastmcp-valkey`?",
    ),
    (
        "keys: {HOST: host}",
        "tools_of: fastmcp-valkey",
        "link-types/pairs/django-mailpit/pair.yaml:4: E_CATALOG_LINK: `mailpit` does not provide `redis`, which the tools of `fastmcp-valkey` speak; take the tools of a pair whose interface it provides",
    ),
    (
        "keys: {HOST: host}",
        "keys: {HOST: hots}",
        "link-types/pairs/django-mailpit/pair.yaml:4: E_CATALOG_LINK: the interface `smtp` has no fact `hots`; did you mean `host`?",
    ),
    (
        "keys: {HOST: host}",
        "keys: {HOST: host}\ntools_of: fastmcp-mailpit",
        "link-types/pairs/django-mailpit/pair.yaml:4: E_CATALOG_LINK: `keys` has no effect: everything is taken from `fastmcp-mailpit`; remove it, or `tools_of`",
    ),
    (
        "to: mailpit",
        "to: fastmcp",
        "link-types/pairs/django-mailpit/pair.yaml:2: E_CATALOG_NAME: the folder is called `django-mailpit`, and the pair `django-fastmcp`; write `to: mailpit`, or rename the folder to `django-fastmcp`, or to `django-fastmcp_<what>` where there are several",
    ),
    (
        "to: mailpit",
        "to: grafana",
        "link-types/pairs/django-mailpit/pair.yaml:2: E_CATALOG_NAME: the folder is called `django-mailpit`, and the pair `django-grafana`; write `to: mailpit`, or rename the folder to `django-grafana`, or to `django-grafana_<what>` where there are several",
    ),
];

#[test]
fn wrong_pairs() {
    replaced(PAIR_FILE, WRONG_PAIRS);
    replaced(REFINES_FILE, WRONG_REFINEMENTS);
}
