"""The agent finds the authority of a database where its metadata says.

In: a stack with a database that has an issuer, and one that has none.
Out: the metadata names one file, and the agent's pod has it.
Must not know: how a client is told; the tests of the check language do.
"""

from __future__ import annotations

from pathlib import Path

from generated import generate

FILE = "/run/authorities/cnpg/ca.crt"
STACK = """\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  stack-agent: {type: stack_agent}
  cert-manager: {type: cert_manager, sub_components: {stack-ca: {type: issuer}}}
  cnpg: {type: cnpg, sub_components: {app_db: {type: database, attributes: {username: app_user}}}}
  plain: {type: cnpg, namespace: plain, sub_components: {plain_db: {type: database}}}
links:
  - {from: cnpg, to: cert-manager/stack-ca}
  - {from: stack-agent, to: [cnpg/app_db, cnpg, plain]}
"""


def test_the_agent_finds_the_file_where_the_metadata_says(tmp_path: Path) -> None:
    output = generate(tmp_path / "stack", STACK)
    named = {one["name"]: one.get("ca_file") for one in output.metadata()["components"]}
    assert {name: file for name, file in named.items() if file} == {"cnpg": FILE}
    pod = output.deployment("stack-agent")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    folders = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
    folder = str(Path(FILE).parent)
    assert {path for path in folders if path.startswith("/run/authorities")} == {folder}
    (volume,) = (one for one in pod["volumes"] if one["name"] == folders[folder])
    assert [item["path"] for item in volume["secret"]["items"]] == ["ca.crt"]
