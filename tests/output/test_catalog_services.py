"""The hosts and ports of the catalog are Services that the charts really make.

In: `endpoints` of each catalog type, tests/facts. Out: one assertion a type.
Must not know a stack; a type without facts installs plain manifests of our own.
"""

from typing import Any

import pytest

from output_checker import facts, presets, yaml_reading
from output_checker.places import ROOT

SUFFIX = ".{namespace}.svc.cluster.local"
COMPONENTS = sorted((ROOT / "catalog").glob("*/component.yaml"))

# Ports that a chart opens by a value, so that no render with default values shows them.
OPENED_BY_A_VALUE = {
    ("alloy", "otlp"): "alloy.extraPorts adds its ports to the Service",
    ("apisix", "https"): "apisix.ssl.enabled adds service.tls.servicePort",
    ("clickhouse", "http when tls"): "settings.https_port and a serviceTemplate add https",
    ("clickhouse", "native when tls"): "settings.tcp_port_secure and a serviceTemplate add it",
    ("dex", "https"): "https.enabled adds its port to the Service",
    ("harbor", "http when tls"): "expose.tls.enabled adds expose.clusterIP.ports.httpsPort",
    ("kafka", "bridge when tls"): "spec.http.port of the KafkaBridge is its port",
    ("oauth2_proxy", "http when tls"): "service.portNumber is the one port of the Service",
    ("rabbitmq", "amqp when tls"): "spec.tls.secretName adds amqps",
    ("rabbitmq", "management when tls"): "spec.tls.secretName adds management-tls",
    ("trino", "http when tls"): "server.config.https.enabled adds server.config.https.port",
    ("weaviate", "http when tls"): "service.ports is the one port of the Service",
}
# Services that an object beside the chart makes.
MADE_BESIDE = {
    ("cassandra", "cql"): "its operator makes {clusterName}-{name}-service, both the object",
    ("milvus", "http"): "http.yaml makes it",
    ("milvus", "http when tls"): "http.yaml makes it",
}

# Services that the type makes itself, beside those of its chart.
BESIDE_THE_CHART = {
    ("ollama", "http"): "service.yaml.j2 leads to the guard",
    ("vllm", "http"): "models.yaml.j2 leads to every server",
}

Services = dict[str, set[Any]]


def services_of(type_name: str) -> Services:
    """Service names with their ports, as {name} or a chart's own prefix spells them."""
    entry = facts.index().get(type_name) or {"services": [], "charts": []}
    found = [(one["host"].partition(".")[0], one.get("ports")) for one in entry["services"]]
    for name in entry["charts"]:
        chart = facts.chart(name) or {"services": []}
        found += [(one["name"], one.get("ports")) for one in chart["services"]]
    services: Services = {}
    for name, ports in found:
        services.setdefault(name, set()).update((ports or {}).values())
    return services


def matching(host: str, services: Services) -> list[set[Any]]:
    """Ports of every Service whose name has the same words around the object's name.

    A chart puts its own name between object and suffix unless fullnameOverride is set,
    so what stands directly after the object does not count. A chart of fixed names puts
    fullnameOverride and a dash before them.
    """
    before, _, after = host.removesuffix(SUFFIX).partition("{object}")
    return [
        ports
        for name, ports in services.items()
        if name.startswith(before) and (name.endswith(after) or f"-{name}" == after)
    ]


def listening(component: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Endpoints by name, and as they are while the component has a link of a slot."""
    found: dict[str, dict[str, Any]] = {}
    for name, endpoint in (component.get("endpoints") or {}).items():
        found[name] = endpoint
        for slot, change in (endpoint.get("when") or {}).items():
            found[f"{name} when {slot}"] = {**endpoint, **change}
    return found


def fault(type_name: str, name: str, endpoint: dict[str, Any], services: Services) -> str | None:
    """What is wrong with one endpoint."""
    host, port = endpoint["host"], endpoint["port"]
    if not host.endswith(SUFFIX):
        return f"{host} does not end in {SUFFIX}"
    if (type_name, name) in MADE_BESIDE:
        return None
    candidates = matching(host, services)
    if not candidates and (type_name, name) in BESIDE_THE_CHART:
        return None
    if not candidates:
        return f"no Service of {type_name} is called like {host}"
    is_known = any(port in ports or _declared_by_the_resource(ports) for ports in candidates)
    if is_known or not isinstance(port, int) or (type_name, name) in OPENED_BY_A_VALUE:
        return None
    return f"no Service of {type_name} like {host} has port {port}"


def _declared_by_the_resource(ports: set[Any]) -> bool:
    """A custom resource may declare its ports; the facts say so in words."""
    return any(isinstance(port, str) for port in ports)


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.parent.name)
def test_endpoints_are_services_of_the_chart(path: Any) -> None:
    component = presets.read_entry(path)
    services = services_of(component["type"])
    endpoints = listening(component)
    assert services or {"manifests", "workload"} & component["install"].keys() or not endpoints
    faults = [fault(component["type"], name, one, services) for name, one in endpoints.items()]
    assert not services or [one for one in faults if one] == []


@pytest.mark.parametrize(
    ("host", "port", "wrong"),
    [
        ("{object}" + SUFFIX, 80, False),
        ("{object}-grafana" + SUFFIX, 80, False),
        ("{object}" + SUFFIX, 81, True),
        ("{object}-web" + SUFFIX, 80, True),
        ("grafana-{object}" + SUFFIX, 80, True),
        ("{object}.{namespace}.svc", 80, True),
        ("{object}" + SUFFIX, "{port}", False),
    ],
)
def test_a_wrong_endpoint_is_refused(host: str, port: Any, wrong: bool) -> None:
    endpoint = {"host": host, "port": port}
    assert bool(fault("grafana", "http", endpoint, {"{name}-grafana": {80}})) is wrong


def test_each_exception_is_still_needed() -> None:
    for type_name, name in OPENED_BY_A_VALUE:
        component = yaml_reading.read_file(ROOT / "catalog" / type_name / "component.yaml")
        endpoint = listening(component)[name]
        ports = matching(endpoint["host"], services_of(type_name))
        assert not any(endpoint["port"] in known for known in ports)
    for type_name, name in BESIDE_THE_CHART:
        component = yaml_reading.read_file(ROOT / "catalog" / type_name / "component.yaml")
        assert not matching(listening(component)[name]["host"], services_of(type_name))
