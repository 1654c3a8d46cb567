"""ClickHouse's own engine, with the settings and the grants of an installation that was generated.

In: a ClickHouseInstallation, one of its users, the values of Secrets, the addresses that stand for
Services. Out: statements run as that user, or what the engine refuses them with. It is a library
without a port, so whoever asks is who its only user is. Must not know what the statements are for.
"""

import functools
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import go_tools

FOLDER = Path(__file__).resolve().parent / "engine"
WITHIN_S = 300
EVERYTHING: list[str] = []

Json = dict[str, Any]


class RefusedError(Exception):
    """What the engine said in place of an answer."""


@functools.cache
def library() -> Path:
    """The folder of the library; fetched once, by its hash."""
    wanted = FOLDER / "requirements.txt"
    path = go_tools.BUILT / "clickhouse-engine"
    done = path / "requirements.txt"
    if not done.is_file() or done.read_text() != wanted.read_text():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
        options = ["--require-hashes", "--only-binary", ":all:", "--target", str(path)]
        subprocess.run([*command, *options, "-r", str(wanted)], check=True)
        done.write_text(wanted.read_text())
    return path


@dataclass(frozen=True)
class Engine:
    """The data of a folder, as one user finds it."""

    folder: Path
    configuration: Path
    environment: Mapping[str, str]

    def command(self) -> list[str]:
        """What runs the statements that it reads."""
        program = str(FOLDER / "statements.py")
        data = str(self.folder / "data")
        return [sys.executable, program, str(library()), data, str(self.configuration)]

    def run(self, *statements: str) -> str:
        """What the statements give."""
        done = subprocess.run(
            self.command(),
            input="\n".join(statements),
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=WITHIN_S,
        )
        if done.returncode != 0:
            raise RefusedError(done.stderr)
        return done.stdout.strip()


def engine(
    folder: Path,
    name: str,
    spec: Json,
    grants: list[str],
    addresses: Mapping[str, str],
    secret: Json,
) -> Engine:
    """The engine as a user with these grants, or with all of them.

    `secret` has the values of Secrets by name and key, `addresses` what a Service's stands for.
    """
    root = ET.Element("clickhouse")
    environment: dict[str, str] = {}
    for path, value in spec["configuration"]["settings"].items():
        node = root
        for part in path.split("/"):
            found = node.find(part)
            node = ET.SubElement(node, part) if found is None else found
        if isinstance(value, dict):
            place = value["valueFrom"]["secretKeyRef"]
            variable = path.replace("/", "_").upper()
            environment[variable] = secret[place["name"]][place["key"]]
            node.set("from_env", variable)
        else:
            node.text = str(value)
            for service, address in addresses.items():
                node.text = node.text.replace(service, address)
    users = folder / f"{name}-users.xml"
    ET.SubElement(root, "users_config").text = str(users)
    ET.ElementTree(_users(grants)).write(users)
    configuration = folder / f"{name}.xml"
    ET.ElementTree(root).write(configuration)
    return Engine(folder, configuration, environment)


def _users(grants: list[str]) -> ET.Element:
    """The one user that the library knows."""
    root = ET.Element("clickhouse")
    ET.SubElement(ET.SubElement(root, "profiles"), "default")
    ET.SubElement(ET.SubElement(root, "quotas"), "default")
    user = ET.SubElement(ET.SubElement(root, "users"), "default")
    ET.SubElement(user, "password")
    ET.SubElement(ET.SubElement(user, "networks"), "ip").text = "::/0"
    ET.SubElement(user, "profile").text = "default"
    ET.SubElement(user, "quota").text = "default"
    if grants:
        told = ET.SubElement(user, "grants")
        for grant in grants:
            ET.SubElement(told, "query").text = grant
    return root
