"""The three resources: how to query the stack, and what it looks like now.

In: the topology, and the agent's structure.
Out: `stack://guide/api` as text, `stack://live/summary` and `stack://live/structure` as JSON.
Must not know: other tools than those of the links that are drawn.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, cast

from stacktic_mcp.core.toolkit import Toolset, Topology
from stacktic_mcp.tools.topology.topology_agent import Agent

QUERY_LANGUAGE = """\
## Query

`query_topology(source, target, where, select, limit, cursor)` asks;
with `command` (`on_success`, `on_failure`, `verify_delay`, `dry_run`) it checks each row too.

| source | what it means |
|---|---|
| `all` | every component |
| `type:NAME` | all components of a type |
| `namespace:NAME` | all in a namespace |
| `group:NAME` | all in a group |
| `NAME` | one component |

| target | what it returns |
|---|---|
| `component` | the component itself |
| `sub_components` | databases, topics, queues, buckets, models |
| `links_to` | outbound links |
| `links_from` | inbound links |
| `attributes` | configuration values; a secret reads `[secret]` |
| `blast_radius` | what a failure reaches |
| `path` | how two components join |

| where | meaning |
|---|---|
| `field: value` | equal |
| `field__not` | not equal |
| `field__contains`, `field__startswith` | part of a text |
| `field__regex` | regular expression |
| `field__exists: true` | the field is there; the only question a secret answers |
| `field__in: [a, b]` | one of a list |
| `field__gt`, `field__gte`, `field__lt`, `field__lte` | compare numbers |

## Checks

A check is one sentence that looks like a command. No shell reads it. The agent fills in the
variables, so no name, port or password is ever written by hand. `get_available_fields(component)`
lists the variables; `dry_run: true` shows the filled-in check, secrets as `[secret]`.

| program | allowed |
|---|---|
| `psql` | `-h -p -U -d` of the record, one `-c` with a read-only probe, `PGPASSWORD={password}` |
| `pg_isready` | `-h {host} -p {port}` |
| `kubectl` | `get pods -n {namespace}`, `-l`, `--no-headers`, `-o name` or `-o wide` |
| `curl` | one http(s) address of the topology without a query string, `-s -k -S -f -I -m SECONDS` |
| `valkey-cli`, `redis-cli` | `ping` |
| `nc` | `-z {host} {port}` |
| `grep`, `test` | count or match the output of the command before |

- `PGPASSWORD={password} psql -h {host} -p {port} -U {username} -d {database} -c 'SELECT 1'`
- `pods=$(kubectl get pods -n {namespace} --no-headers | grep -c Running); test "$pods" -gt 0`
- `curl -sk https://{subdomain}.{domain}`

`on_failure` runs when the check fails; `on_success` after `verify_delay` seconds when it passes,
and decides with it. A call checks at most 50 records and takes at most 30 seconds: ask for fewer
with `limit`, and for the next ones with `cursor`. A record of another stack (`is_external`) is
never checked, and refuses the call: leave it out with `where: {"is_external": false}`.
"""


def register_resources(tools: Toolset) -> None:
    """Register the guide and the two live views."""
    agent = Agent(tools.links[0])

    @tools.resource("stack://guide/api", mime_type="text/markdown")
    async def api_guide() -> str:
        """How to query this stack: sources, targets, operators, checks, and what is in it."""
        return guide(tools.topology)

    @tools.resource("stack://live/summary")
    async def live_summary() -> str:
        """Domain, component counts by type, namespaces and groups, as they are now."""
        return _text(summary(tools.topology, await agent.structure()))

    @tools.resource("stack://live/structure")
    async def live_structure() -> str:
        """Every component with its sub-component count, and every link, as they are now."""
        return _text(await agent.structure())

    # A decorator keeps them; naming them here tells a reader and a linter the same.
    del api_guide, live_summary, live_structure


def guide(topology: Topology) -> str:
    """Return the guide: the language, then the names of this stack."""
    lines = [
        f"# Stack {topology.stack}",
        "",
        f"Domain: `{topology.domain}`",
        "",
        QUERY_LANGUAGE,
        "## This stack",
        "",
        f"Types: {_names(item.type for item in topology.components)}",
        f"Namespaces: {_names(item.namespace for item in topology.components)}",
        f"Groups: {_names(item.group for item in topology.components)}",
        "",
        "Hosts follow `SERVICE.NAMESPACE.svc.cluster.local`; `{host}` is the right one.",
        "",
        "| linked component | type | write access |",
        "|---|---|---|",
    ]
    lines += [
        f"| {link.component} | {link.type} | {'yes' if link.write_access else 'no'} |"
        for link in topology.links
    ]
    return "\n".join(lines) + "\n"


def summary(topology: Topology, structure: Mapping[str, Any]) -> dict[str, Any]:
    """Return the counts of the live structure."""
    components = _components(structure)
    types = Counter(str(item.get("type", "")) for item in components)
    return {
        "stack": topology.stack,
        "domain": topology.domain,
        "components": len(components),
        "types": dict(sorted(types.items())),
        "namespaces": sorted({str(item.get("namespace", "")) for item in components}),
        "groups": sorted({str(item.get("group", "")) for item in components}),
    }


def _components(structure: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    components = structure.get("components")
    if not isinstance(components, list):
        return []
    return [item for item in cast("list[Any]", components) if isinstance(item, dict)]


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(set(names))) or "none"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
