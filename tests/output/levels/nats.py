"""Accounts of NATS, read from what its servers are given.

In: the folder of a component. Out: its users by name. Must not know the catalog.

What a user may send is what its permissions allow, its account imports, and the account of a stream
exports to that account alone; one of the three without the others is more than a link has. An
account that looks has parts of several others in the same way, and what it hears of subjects.
https://docs.nats.io/running-a-nats-service/configuration/securing_nats/accounts
"""

from pathlib import Path

from levels.account import Account, Accounts, Json, present, sorted_words
from output_checker import yaml_reading

# Requests to JetStream that change nothing but the consumer at their end.
READS = ("$JS.API.INFO", "$JS.API.STREAM.INFO.", "$JS.API.CONSUMER.", "$JS.ACK.")
# Requests that tell of a stream or of a message in it; who sends no others changes no consumer.
API = "$JS.API."
LOOKS = ("STREAM.INFO", "STREAM.MSG.GET", "CONSUMER.LIST")
NOBODY = "nobody."
INBOX = "_INBOX."
DENIED = {"deny": [">"]}


def nats(folder: Path) -> Accounts:
    values = yaml_reading.read_file(folder / "values.yaml")
    accounts: dict[str, Json] = values["config"]["merge"]["accounts"]
    found: Accounts = {}
    for name, account in accounts.items():
        kind, _, part = name.partition(".")
        for user in account.get("users", []):
            if kind == "link" and user["permissions"]["publish"]["allow"][0].startswith(NOBODY):
                found[user["user"]] = looking(name, user, accounts)
            elif kind == "link":
                found[user["user"]] = at_streams(name, user, accounts)
            elif kind == "subject":
                found[user["user"]] = at_subject(part, user)
            elif name == "system":
                found[user["user"]] = Account("beyond", {}, None)
    return found


def at_streams(name: str, user: Json, accounts: dict[str, Json]) -> Account:
    imports = [one["service"] for one in accounts[name]["imports"]]
    exports = [
        (stream, export)
        for stream, account in accounts.items()
        for export in account.get("exports", [])
        if name in export["accounts"]
    ]
    allowed = user["permissions"]["publish"]["allow"]
    several = {one["service"] for _, one in exports if one.get("response_type") == "stream"}
    asks = {one for one in allowed if one.startswith(READS)}
    streams = {stream.removeprefix("stream.") for stream, _ in exports}
    grants = {
        "asks": sorted_words(asks - several),
        "pulls": sorted_words(asks & several),
        "publishes": sorted_words(set(allowed) - asks),
    }
    is_same = (
        {(one["account"], one["subject"]) for one in imports}
        == {(stream, one["service"]) for stream, one in exports}
        and {one["subject"] for one in imports} == set(allowed)
        and all(one["accounts"] == [name] for _, one in exports)
        and all(stream in one for stream in streams for one in asks - {"$JS.API.INFO"})
        and user["permissions"]["subscribe"] == {"allow": [f"{INBOX}>"]}
    )
    level = "write" if grants["publishes"] else "read"
    scope = {"streams": frozenset(streams), "subjects": frozenset[str]()}
    return Account(level if is_same else "beyond", scope, present(grants))


def looking(name: str, user: Json, accounts: dict[str, Json]) -> Account:
    """Read an account that has parts of others: their kind, whose they are, what they say."""
    imports = {
        (kind, one["account"], one["subject"])
        for entry in accounts[name]["imports"]
        for kind, one in entry.items()
    }
    exports = {
        (kind, place, export[kind])
        for place, account in accounts.items()
        for export in account.get("exports", [])
        for kind in ("service", "stream")
        if kind in export and name in export["accounts"]
    }
    hears = {subject for kind, _, subject in imports if kind == "stream"}
    sends = {subject for kind, _, subject in imports if kind == "service"} - {f"{API}INFO"}
    asks = {subject for subject in sends if subject.startswith(API)}
    streams = {place.partition(".")[2] for _, place, _ in imports if place.startswith("stream.")}
    subjects = {place.partition(".")[2] for _, place, _ in imports if place.startswith("subject.")}
    is_same = (
        imports == exports
        and set(user["permissions"]["publish"]["allow"]) == sends | {f"{NOBODY}{user['user']}"}
        and set(user["permissions"]["subscribe"]["allow"]) == hears | {f"{INBOX}>"}
        and asks == {f"{API}{look}.{stream}" for look in LOOKS for stream in streams}
        and hears == {f"{subject}{below}" for subject in subjects for below in ("", ".>")}
    )
    puts = sorted_words(sends - asks)
    scope = {"streams": frozenset(streams), "subjects": frozenset(subjects)}
    level = "write" if puts else "read"
    grants = {"looks": sorted_words(LOOKS), "puts": puts}
    return Account(level if is_same else "beyond", scope, present(grants))


def at_subject(subject: str, user: Json) -> Account:
    rights = user["permissions"]
    publishes = rights["publish"].get("allow", [])
    hears = rights["subscribe"]["allow"]
    grants = {
        "publishes": sorted_words(publishes),
        "subscribes": sorted_words(hears),
        "answers": sorted_words([rights.get("allow_responses", {}).get("max", "")]),
    }
    own = {subject, f"{subject}.>"}
    is_own = set(publishes) <= own and set(hears) - own <= {f"{INBOX}{user['user']}.>"}
    level = "write" if publishes else "read" if rights["publish"] == DENIED else "beyond"
    scope = {"streams": frozenset[str](), "subjects": frozenset({subject})}
    return Account(level if is_own else "beyond", scope, present(grants))
