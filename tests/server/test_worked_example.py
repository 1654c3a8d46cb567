"""The worked example: a reader who follows the page from top to bottom gets what it shows.

In: `catalog/WORKED-EXAMPLE.md`, the binary, kubectl, a small Mailpit.
Out: every command prints what the page says; afterwards all that its links cause is there, and
the tool answers.
Must not know: a file that the page does not give.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from generated import REPOSITORY, Generated, binary
from mcp_client import call
from page import Command, File, is_shown, run, steps, write
from pods import make_pod, running
from servers.stub import Reply, Request, Stub, serving

pytest_plugins = ["server_fixtures"]

PAGE = REPOSITORY / "catalog" / "WORKED-EXAMPLE.md"
SENDERS = {"shop": "django", "billing": "spring_boot", "newsletter": "nodejs"}
HOST = "mail.mail.svc.cluster.local"
SECRETS = {
    "shop": ("EMAIL_HOST_PASSWORD", "EMAIL_HOST_PASSWORD"),
    "billing": ("MAIL_PASSWORD", "spring.mail.password"),
    "newsletter": ("MAIL_PASSWORD", "MAIL_PASSWORD"),
}
SETTINGS = {
    "shop": {"EMAIL_HOST": HOST, "EMAIL_PORT": "1025", "EMAIL_HOST_USER": "shop-mail"},
    "billing": {
        "SPRING_MAIL_HOST": HOST,
        "SPRING_MAIL_PORT": "1025",
        "SPRING_MAIL_USERNAME": "billing-mail",
    },
    "newsletter": {"MAIL_URL": f"smtp://{HOST}:1025", "MAIL_USERNAME": "newsletter-mail"},
}


def reader_environment(folder: Path) -> dict[str, str]:
    """Return what the page asks for: the program, Python and kubectl on the path."""
    tools = folder / "tools"
    tools.mkdir()
    (tools / "stacktic").symlink_to(binary())
    scripts = sysconfig.get_path("scripts")
    return {
        "PATH": f"{tools}:{scripts}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Follow the page from top to bottom."""
    folder = tmp_path_factory.mktemp("reader")
    environ = reader_environment(tmp_path_factory.mktemp("environment"))
    (folder / "stacktic").symlink_to(REPOSITORY)
    for step in steps(PAGE.read_text(encoding="utf-8")):
        if isinstance(step, File):
            write(folder, step)
        else:
            printed = run(folder, step, environ)
            assert is_shown(step.shown, printed), (
                f"$ {step.line}\n{printed}\n--- on the page:\n{step.shown}"
            )
    return folder


@pytest.fixture(scope="module")
def output(folder: Path) -> Generated:
    """Return what the reader generated."""
    return Generated(folder / "out")


def keys(path: Path) -> dict[str, str]:
    """Return the assignments of a file of settings."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_page_has_files_and_commands() -> None:
    found = steps(PAGE.read_text(encoding="utf-8"))
    assert sum(isinstance(step, File) for step in found) >= 8
    assert sum(isinstance(step, Command) for step in found) >= 15


def test_no_file_of_the_page_stands_in_the_core(folder: Path) -> None:
    overlay = folder / "acme"
    paths = [path.relative_to(overlay) for path in overlay.rglob("*") if path.is_file()]
    assert paths
    assert not [path for path in paths if (REPOSITORY / path).exists()]


@pytest.mark.parametrize("sender", SENDERS)
def test_each_sender_has_an_account_in_two_secrets(output: Generated, sender: str) -> None:
    key, file = SECRETS[sender]
    assert keys(output.base("mail") / "secret" / "users.env")[f"{sender}-mail"] == ""
    assert keys(output.base(sender) / "secret" / "cloud.env") == {key: ""}
    volumes = output.deployment(sender)["spec"]["template"]["spec"]["volumes"]
    (credentials,) = (item["secret"] for item in volumes if item["name"] == "credentials")
    assert credentials["items"] == [{"key": key, "path": file}]


def test_the_server_gets_the_passwords_of_its_accounts_and_no_other(output: Generated) -> None:
    volumes = output.deployment("mail")["spec"]["template"]["spec"]["volumes"]
    (users,) = (item["projected"] for item in volumes if item["name"] == "users")
    items = [{"key": f"{name}-mail", "path": f"{name}-mail"} for name in sorted(SENDERS)]
    assert users == {
        "defaultMode": 0o400,
        "sources": [{"secret": {"name": "mail-users", "items": items}}],
    }


@pytest.mark.parametrize("sender", SENDERS)
def test_each_sender_has_settings_in_the_words_of_its_framework(
    output: Generated, sender: str
) -> None:
    found = keys(output.base(sender) / "config" / "cloud.env")
    assert found.items() >= SETTINGS[sender].items()
    mail = {key for key in found if "MAIL" in key}
    assert mail == set(SETTINGS[sender])


def ports(output: Generated, component: str, direction: str, peer: str) -> list[int]:
    """Return the ports that a network policy opens between a component and a peer."""
    (policy,) = output.objects(component, "networkpolicy.yaml")
    side = "from" if direction == "ingress" else "to"
    return [
        port["port"]
        for rule in policy["spec"][direction]
        for end in rule[side]
        if end.get("podSelector", {}).get("matchLabels", {}).get("app.kubernetes.io/instance")
        == peer
        for port in rule.get("ports", [])
    ]


@pytest.mark.parametrize(("name", "port"), [*((name, 1025) for name in SENDERS), ("fastmcp", 8025)])
def test_each_link_is_an_edge_on_both_sides(output: Generated, name: str, port: int) -> None:
    assert ports(output, "mail", "ingress", name) == [port]
    assert ports(output, name, "egress", "mail") == [port]


def test_the_page_of_the_hook_lists_every_sender(output: Generated) -> None:
    text = (output.root / "docs" / "mail" / "mail.md").read_text(encoding="utf-8")
    rows = [
        line for line in text.splitlines() if line.startswith("| ") and "application" not in line
    ]
    assert rows == [f"| {name} | {name}-mail |" for name in sorted(SENDERS)]


def test_the_tool_is_locked_and_told(output: Generated) -> None:
    assert output.tools()["mailpit_messages"] == {"mail"}
    server = output.reviewed()["servers"]["fastmcp"]
    (link,) = server["links"]
    assert (link["link"], link["access"], link["write_access"]) == (
        "fastmcp-mailpit",
        "read",
        False,
    )
    assert [(tool["name"], tool["class"]) for tool in server["tools"]] == [
        ("mailpit_messages", "read")
    ]
    page = (output.root / "docs" / "tools.md").read_text(encoding="utf-8")
    assert "| `mailpit_messages` | read |" in page


def built(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    environ = {"PATH": f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"}
    text = run(folder, Command("kubectl kustomize out/k8s/deploy/overlays/dev", ""), environ)
    objects = [one for one in yaml.safe_load_all(text) if one is not None]
    return {(one["kind"], one["metadata"]["name"]): one for one in objects}


def test_every_object_of_the_environment_has_a_kind(folder: Path) -> None:
    wanted = {("Deployment", "mail"), ("Service", "mail"), ("NetworkPolicy", "mail")}
    assert built(folder).keys() >= wanted | {("ServiceAccount", "mail")}


def test_a_changed_password_rolls_the_pods_of_the_server(folder: Path, tmp_path: Path) -> None:
    """The Secret is called after its contents, and the pods by what it is called."""
    stack = tmp_path / "stack"
    shutil.copytree(folder / "out", stack / "out")
    users = stack / "out" / "k8s" / "deploy" / "base" / "mail" / "secret" / "users.env"
    names: list[str] = []
    for password in ("first", "second"):
        lines = [line for line in users.read_text(encoding="utf-8").splitlines() if "=" in line]
        filled = [f"{line.partition('=')[0]}={password}" for line in lines]
        users.write_text("\n".join(filled) + "\n", encoding="utf-8")
        objects = built(stack)
        volumes = objects["Deployment", "mail"]["spec"]["template"]["spec"]["volumes"]
        (source,) = (item["projected"]["sources"] for item in volumes if item["name"] == "users")
        names.append(source[0]["secret"]["name"])
        assert ("Secret", names[-1]) in objects
    assert names[0] != names[1]
    assert all(name.startswith("mail-users-") for name in names)


def mail(number: int) -> dict[str, Any]:
    """Return a mail as Mailpit lists it, with a subject that hides something."""
    return {
        "ID": f"id{number}",
        "MessageID": f"{number}@shop.example.com",
        "Read": False,
        "From": {"Name": "Shop", "Address": "shop@acme.example.com"},
        "To": [{"Name": "", "Address": f"customer-{number}@example.com"}],
        "Cc": [],
        "Subject": f"order {number}\u202e\n",
        "Created": "2025-06-01T10:00:00Z",
        "Username": "shop-mail",
        "Tags": [],
        "Size": 512,
        "Attachments": 0,
        "Snippet": "never shown",
    }


@pytest.fixture
def mailpit() -> Generator[Stub]:
    """Answer as Mailpit does: the newest mails up to a limit; nothing else is there."""

    def answer(request: Request) -> Reply:
        if (request.method, request.path) != ("GET", ("api", "v1", "messages")):
            return Reply(404, "not found")
        caught = [mail(number) for number in (3, 2, 1)]
        shown = caught[: int(request.first("limit", "50"))]
        return Reply(200, {"total": len(caught), "unread": 3, "start": 0, "messages": shown})

    with serving(answer) as stub:
        yield stub


def test_the_tool_answers(tmp_path: Path, output: Generated, mailpit: Stub, key: int) -> None:
    pod = make_pod(tmp_path, output, MCP_MAIL_HOST="127.0.0.1", MCP_MAIL_PORT=str(mailpit.port))
    assert [file.name for file in pod.tool_files("mailpit")] == ["mailpit_tools.py"]
    with running(pod) as server:
        told: Mapping[str, Any] = call(server, key, "mailpit_messages", limit=2)
    assert told["data"] == [
        {
            "id": f"id{number}",
            "received": "2025-06-01T10:00:00Z",
            "from": "shop@acme.example.com",
            "to": [f"customer-{number}@example.com"],
            "subject": f"order {number}",
            "sent_as": "shop-mail",
        }
        for number in (3, 2)
    ]
    assert [request.method for request in mailpit.requests] == ["GET"]
