"""Random stacks of legal links.

In: kinds of links, forms of types, a seeded source of chance. Out: stacks, no two alike.
Must not know what a level grants.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from levels.kinds import Form, Kind

Json = dict[str, Any]

# What no default can say. Names of services may not have more than letters and digits in common.
NEEDED: dict[str, Any] = {
    "image": "registry.example.com/app:1.0.0",
    "app": "shop.tasks",
    "path": "/orders",
    "email": "team@example.com",
    "channel": "#alerts",
    "to": "team@example.com",
    "host": "mail.example.com",
    "url": "https://git.example.com/data/dags.git",
    "repository": "https://git.example.com/shop/app.git",
    "revision": "v1.0.0",
    "bind_dn": "cn=reader,dc=example,dc=com",
    "users": "ou=people,dc=example,dc=com",
    "model": "acme/small:1b",
    "hub_model": "acme/small",
    "key": "STRIPE_API_KEY",
    "schedule": "30 3 * * *",
    "command": "true",
    "expr": "up == 0",
    "target": "status.example.net",
    "extension": "pg_trgm",
    "value": "EUR",
    "condition": "spawned_process and proc.name = nc",
    "output": "%proc.cmdline",
}
# Parts of which a component has one.
ALONE = {"repository"}
# What an application has beside its links.
OWN: dict[str, Any] = {"env": {"LOG_LEVEL": "info"}, "secret_env": ["STRIPE_API_KEY"]}
# Defaults that are the name of the part, which not every service takes with a dash.
NAMES = {"{sub}", "{sub_object}"}
PARTS = ("orders", "users_2", "audit-log", "b")
INSTANCES = ("", "-b", "-b-c")
MOST_PARTS = 3
HALF = 0.5
# A stack is delivered by one component, and what brings kinds into the cluster is there once.
ONCE = {
    "argo_cd",
    "argo_workflows",
    "cert_manager",
    "external_dns",
    "external_secrets",
    "gateway_api",
    "keda",
    "kyverno",
    "opa",
    "spark",
    "trivy",
    "velero",
}
# Of these a component can use one: a certificate has one issuer.
SINGLE = {"tls"}
# Its operator serves its own namespace alone.
AT_HOME = {"keycloak"}
MOST_COMPONENTS = 12
# What some types need is there, unless a stack happens to deploy it.
IN_THE_CLUSTER: dict[str, Json] = {
    "cert-manager": {"type": "cert_manager", "external": {}},
    "gateway-api": {"type": "gateway_api", "external": {}},
}
# Both ends of a sign-in are published, whether or not the link is there.
SIGNS_IN = {"oidc", "oauth"}
GATEWAY = "front"
PUBLISHING: Json = {
    "type": "apisix",
    "namespace": GATEWAY,
    # Others publish for people outside; a host is at one gateway of those that are reached alike.
    "attributes": {"reach": "inside"},
}
ROUTES = "hook gateway_routes"


@dataclass
class Link:
    """A link of a stack before it is written."""

    kind: Kind
    source: str
    end: str
    access: str | None
    env: str | None = None
    by_word: bool = False

    @property
    def level(self) -> str:
        return self.access or self.kind.default

    @property
    def arrow(self) -> str:
        return f"{self.source} → {self.end}"

    @property
    def target(self) -> str:
        return self.end.split("/")[0]

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.source, self.end, self.kind.name)

    def options(self) -> Json:
        """The fields beside the ends."""
        fields: Json = {"type": self.kind.name, "env": self.env}
        if self.by_word:
            fields["write_access"] = True
        else:
            fields["access"] = self.access
        return {name: value for name, value in fields.items() if value is not None}


@dataclass
class Draft:
    """A stack that grows."""

    components: dict[str, Json] = field(default_factory=dict[str, Json])
    links: list[Link] = field(default_factory=list[Link])
    # Types whose components a gateway publishes.
    published: frozenset[str] = frozenset()

    def document(self) -> Json:
        return {
            "apiVersion": "stacktic.io/v1",
            "kind": "Stack",
            "name": "shop",
            "domain": "shop.example.com",
            "gitops": {"repository": "https://git.example.com/shop.git"},
            "components": IN_THE_CLUSTER | self.gateway() | self.components,
            "links": written(self.links) + self.publishing(),
        }

    def signing(self) -> list[str]:
        """Return the components that somebody may sign in to, or at."""
        return [name for name, one in self.components.items() if one["type"] in self.published]

    def routed(self) -> set[str]:
        """Return what a gateway of the draft publishes."""
        return {one.target for one in self.links if ROUTES in one.kind.effects}

    def gateway(self) -> dict[str, Json]:
        return {GATEWAY: PUBLISHING} if self.signing() else {}

    def publishing(self) -> list[Json]:
        ends = self.signing()
        return [{"from": GATEWAY, "to": ends, "type": "http", "access": "write"}] if ends else []

    def without(self, link: Link) -> "Draft":
        others = [other for other in self.links if other is not link]
        return Draft(self.components, others, self.published)

    def with_only(self, links: list[Link]) -> "Draft":
        return Draft(self.components, links, self.published)


def names_another(form: Form, part: str) -> bool:
    """Whether such a part has to name one of another kind."""
    needed = {key for key, default in form.parts[part].items() if default == "required"}
    return bool(needed & (form.parts.keys() - {part}))


def written(links: list[Link]) -> list[Json]:
    """Write links of the same source and options that follow each other as one, with a list."""
    found: list[Json] = []
    for (source, _), group in groupby(links, key=lambda link: (link.source, str(link.options()))):
        same = list(group)
        ends = [link.end for link in same]
        to = ends[0] if len(ends) == 1 else ends
        found.append({"from": source, "to": to, **same[0].options()})
    return found


class Maker:
    """Draws stacks; what was drawn less often is drawn first."""

    def __init__(self, kinds: list[Kind], forms: dict[str, Form], chance: random.Random) -> None:
        self.kinds = kinds
        self.forms = forms
        self.chance = chance
        self.drawn: Counter[tuple[Any, ...]] = Counter()

    def stack(self) -> Draft:
        signing = [kind for kind in self.kinds if kind.interface in SIGNS_IN]
        types = {name for kind in signing for name in (kind.source, kind.target)}
        draft = Draft(published=frozenset(types))
        size = self.chance.randint(4, MOST_COMPONENTS)
        while len(draft.components) < size - 1:
            self.add(draft, self.rare(self.kinds))
        for _ in range(2 * size):
            there = {one["type"] for one in draft.components.values()}
            inside = [kind for kind in self.kinds if {kind.source, kind.target} <= there]
            self.add(draft, self.rare(inside))
            self.beside(draft)
        self.connect(draft)
        self.chance.shuffle(draft.links)
        draft.links.sort(key=lambda link: link.source)
        return draft

    def rare(self, kinds: list[Kind]) -> tuple[Kind, str]:
        """Return the pair of kind and level drawn least, by itself or as one of many alike."""
        pairs = [(kind, level) for kind in kinds for level in kind.levels]
        self.chance.shuffle(pairs)
        group = self.chance.random() < HALF
        return min(pairs, key=lambda one: self.drawn[self.word(*one) if group else one])

    def word(self, kind: Kind, level: str) -> tuple[Any, ...]:
        """Return what pairs of all applications have in common."""
        return kind.interface, kind.sub, kind.brings_tools, level

    def add(self, draft: Draft, drawn: tuple[Kind, str], at: str | None = None) -> None:
        """Add a link of that kind, and its ends where none is taken that is there."""
        kind, level = drawn
        source = self.component(draft, kind.source)
        target = at or self.component(draft, kind.target)
        taken = (one for one in draft.links if one.source == source)
        if source == target or kind.interface in {one.kind.interface for one in taken} & SINGLE:
            return
        if ROUTES in kind.effects and target in draft.routed():
            return
        end = f"{target}/{self.part(draft, target, kind.sub)}" if kind.sub else target
        told = level != kind.default or self.chance.random() < HALF
        link = Link(kind, source, end, level if told else None)
        link.by_word = kind.brings_tools and level == "write" and self.chance.random() < HALF
        if link.key not in {other.key for other in draft.links}:
            draft.links.append(link)
            self.drawn.update([drawn, self.word(*drawn)])

    def connect(self, draft: Draft) -> None:
        """Let somebody show a certificate, and somebody use whoever does: it is of both."""
        types = {one["type"] for one in draft.components.values()}
        certified = [one for one in self.kinds if one.interface in SINGLE and one.source in types]
        new = [one for one in certified if not any(self.drawn[one, level] for level in one.levels)]
        if new or (certified and self.chance.random() < HALF):
            self.add(draft, self.rare(new or certified))
        for link in [one for one in draft.links if one.kind.interface in SINGLE]:
            users = [kind for kind in self.kinds if kind.target == link.kind.source]
            if users and not any(one.target == link.source for one in draft.links):
                self.add(draft, self.rare(users), link.source)

    def beside(self, draft: Draft) -> None:
        """Now and then, link to another part of what is linked: to a server, one connection."""
        to_parts = [link for link in draft.links if link.kind.sub]
        if to_parts and self.chance.random() < 0.2:
            link = self.chance.choice(to_parts)
            end = f"{link.target}/{self.part(draft, link.target, str(link.kind.sub))}"
            other = Link(link.kind, link.source, end, link.access)
            if other.key not in {one.key for one in draft.links}:
                draft.links.append(other)

    def component(self, draft: Draft, kind: str) -> str:
        there = [name for name, one in draft.components.items() if one["type"] == kind]
        most = 1 if kind in ONCE else len(INSTANCES)
        full = len(there) == most or len(draft.components) >= MOST_COMPONENTS
        if there and (full or self.chance.random() < 0.75):
            return self.chance.choice(there)
        name = kind.replace("_", "-") + INSTANCES[len(there)]
        form = self.forms[kind]
        attributes = {
            key: NEEDED[key] for key, given in form.attributes.items() if given == "required"
        }
        # The first of a type has variables of its own, further ones only those of their links.
        attributes |= {key: one for key, one in OWN.items() if key in form.attributes and not there}
        if "subdomain" in form.attributes:
            attributes["subdomain"] = name
        draft.components[name] = {"type": kind, "attributes": attributes}
        if kind not in AT_HOME and (there or self.chance.random() < HALF):
            draft.components[name]["namespace"] = name
        if form.parts:
            draft.components[name]["sub_components"] = self.parts(form)
        return name

    def parts(self, form: Form) -> dict[str, Json]:
        """Some parts of every type, each type's own names."""
        parts: dict[str, Json] = {}
        # Those that name another part come behind it.
        for kind in sorted(form.parts, key=lambda one: names_another(form, one)):
            most = 1 if kind in ALONE else MOST_PARTS
            for word in self.chance.sample(PARTS, self.chance.randint(1, most)):
                name = f"{kind[0]}{len(parts)}_{word}"
                parts[name] = {"type": kind, "attributes": self.attributes(form, kind, name, parts)}
        return parts

    def attributes(self, form: Form, kind: str, name: str, parts: dict[str, Json]) -> Json:
        """Give what is required, and now and then another name for its service."""
        defaults = form.parts[kind]
        given: Json = {}
        other = "".join(letter for letter in name if letter.isalnum()) + "x"
        for key, default in defaults.items():
            if default == "required" and key == kind and key not in NEEDED:
                given[key] = other.upper()
            elif default == "required":
                is_object = form.parts.get(key, {}).get(key) == "{sub_object}"
                given[key] = self.needed(key, parts, is_object=is_object)
            elif default in NAMES and ("-" in name or self.chance.random() < 0.4):
                given[key] = other
        if "run" in defaults:
            given["run"] = 1
        if "safe" in defaults:
            given["safe"] = self.chance.random() < HALF
        return given

    def needed(self, key: str, parts: dict[str, Json], *, is_object: bool) -> Any:
        """Return the name of another part, where it is one: the database of a table."""
        names = [name for name, one in parts.items() if one["type"] == key]
        if not names:
            return NEEDED[key]
        name = self.chance.choice(names)
        return parts[name]["attributes"].get(key, name.replace("_", "-") if is_object else name)

    def part(self, draft: Draft, component: str, kind: str) -> str:
        parts = draft.components[component]["sub_components"]
        return self.chance.choice([name for name, one in parts.items() if one["type"] == kind])
