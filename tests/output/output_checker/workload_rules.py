"""The baseline of every workload that stacktic itself emits (DESIGN 8).

In: the objects of one build. Out: findings on Pod Security, probes, resources, tokens,
secrets and labels, and on ConfigMaps or Secrets that a pod wants and nobody makes.
Must not know how a workload came to be; charts bring their own and are not seen here.
"""

from collections.abc import Iterator
from typing import Any

from output_checker.finding import Finding, Object, name_of

OWN_USER = 10001
SERVING_KINDS = frozenset(("Deployment", "StatefulSet", "DaemonSet"))
FINITE_KINDS = frozenset(("Job", "CronJob", "Pod"))
VOLUME_KINDS = frozenset(
    [
        "configMap",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
        "csi",
    ]
)
LABELS = ("name", "instance", "part-of", "managed-by")
SECRET_MODE = 0o400
# Kubernetes itself puts this ConfigMap into every namespace.
EVERYWHERE = ("ConfigMap", "kube-root-ca.crt")


def check_workloads(items: list[Object]) -> list[Finding]:
    """All rules over all workloads of one build."""
    made = _made(items)
    return [
        Finding(name_of(item), rule, fact)
        for item in items
        if item.get("kind") in SERVING_KINDS | FINITE_KINDS
        for rule, fact in _check_workload(item, made)
    ]


Fact = tuple[str, str]
Made = dict[tuple[str, str, str], frozenset[str] | None]


def _check_workload(item: Object, made: Made) -> Iterator[Fact]:
    pod = pod_of(item)
    yield from _check_pod(pod)
    yield from _check_user(item, pod)
    yield from _check_labels(item)
    for container in containers_of(pod):
        facts = [*_check_container(container, pod), *_check_environment(container, _is_own(item))]
        for rule, fact in facts:
            yield rule, f"container {container.get('name')}: {fact}"
    if item["kind"] in SERVING_KINDS:
        yield from _check_probes(pod)
    yield from _check_references(item, pod, made)


def pod_of(item: Object) -> dict[str, Any]:
    """The pod spec of a workload."""
    spec = item.get("spec") or {}
    if item["kind"] == "Pod":
        return spec
    if item["kind"] == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    return (spec.get("template") or {}).get("spec") or {}


def containers_of(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """Init containers included."""
    return [*(pod.get("initContainers") or []), *(pod.get("containers") or [])]


def _check_pod(pod: dict[str, Any]) -> Iterator[Fact]:
    for word in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(word):
            yield "pod-security", f"{word} is set"
    if pod.get("automountServiceAccountToken") is not False:
        yield "token", "automountServiceAccountToken is not false"
    if pod.get("serviceAccountName") in (None, "", "default"):
        yield "token", "has no ServiceAccount of its own"
    for volume in pod.get("volumes") or []:
        for kind in volume.keys() - {"name"} - VOLUME_KINDS:
            yield "pod-security", f"volume {volume.get('name')} is a {kind}"
        if "secret" in volume:
            yield from _check_secret_volume(volume)


def _check_secret_volume(volume: dict[str, Any]) -> Iterator[Fact]:
    secret = volume["secret"] or {}
    if secret.get("defaultMode") != SECRET_MODE:
        yield "secret", f"volume {volume.get('name')} is not mounted with mode 0400"
    if not secret.get("items"):
        yield "secret", f"volume {volume.get('name')} does not list its keys"


def _check_user(item: Object, pod: dict[str, Any]) -> Iterator[Fact]:
    user = (pod.get("securityContext") or {}).get("runAsUser")
    if _is_own(item) and user != OWN_USER:
        yield "pod-security", f"runAsUser is {user}, not {OWN_USER}"


def _is_own(item: Object) -> bool:
    """What serves is ours, whatever its type; jobs run the images of others."""
    return item.get("kind") in SERVING_KINDS


def _check_labels(item: Object) -> Iterator[Fact]:
    labels = (item.get("metadata") or {}).get("labels") or {}
    for name in LABELS:
        if not labels.get(f"app.kubernetes.io/{name}"):
            yield "labels", f"has no label app.kubernetes.io/{name}"
    if labels.get("app.kubernetes.io/managed-by") not in (None, "stacktic"):
        yield "labels", "app.kubernetes.io/managed-by is not stacktic"


def _check_container(container: dict[str, Any], pod: dict[str, Any]) -> Iterator[Fact]:
    own = container.get("securityContext") or {}
    inherited = (pod.get("securityContext") or {}) | own
    capabilities = own.get("capabilities") or {}
    wanted = {
        "runAsNonRoot is not true": inherited.get("runAsNonRoot") is True,
        "runAsUser is not set or root": (inherited.get("runAsUser") or 0) > 0,
        "seccompProfile is not RuntimeDefault": (inherited.get("seccompProfile") or {}).get("type")
        == "RuntimeDefault",
        "readOnlyRootFilesystem is not true": own.get("readOnlyRootFilesystem") is True,
        "allowPrivilegeEscalation is not false": own.get("allowPrivilegeEscalation") is False,
        "does not drop ALL capabilities": capabilities.get("drop") == ["ALL"],
        "adds capabilities": not capabilities.get("add"),
        "is privileged": not own.get("privileged"),
        "has a host port": not any(port.get("hostPort") for port in container.get("ports") or []),
    }
    for fact, right in wanted.items():
        if not right:
            yield "pod-security", fact
    yield from _check_resources(container)


def _check_resources(container: dict[str, Any]) -> Iterator[Fact]:
    resources = container.get("resources") or {}
    for word in ("requests", "limits"):
        for kind in ("cpu", "memory"):
            if kind not in (resources.get(word) or {}):
                yield "resources", f"{word} name no {kind}"


def _check_environment(container: dict[str, Any], is_own: bool) -> Iterator[Fact]:
    for source in container.get("envFrom") or []:
        if "secretRef" in source:
            yield "env-secret", "envFrom takes a whole Secret"
    # Clients of other projects know secrets from the environment alone; our servers read files.
    for variable in (container.get("env") or []) if is_own else []:
        if "secretKeyRef" in (variable.get("valueFrom") or {}):
            yield "env-secret", f"{variable.get('name')} puts a secret into the environment"


def _check_probes(pod: dict[str, Any]) -> Iterator[Fact]:
    # A worker that opens no port has nobody who could ask it.
    for container in [one for one in pod.get("containers") or [] if one.get("ports")]:
        for probe in ("livenessProbe", "readinessProbe"):
            if not container.get(probe):
                yield "probes", f"container {container.get('name')}: has no {probe}"


def _made(items: list[Object]) -> Made:
    """Each ConfigMap and Secret of the build with its keys; None: keys not known here."""
    made: Made = {}
    for item in items:
        metadata = item.get("metadata") or {}
        place = str(metadata.get("namespace") or "")
        if item.get("kind") in ("ConfigMap", "Secret"):
            parts = [item.get(word) or {} for word in ("data", "stringData", "binaryData")]
            keys = frozenset(key for part in parts for key in part)
            made[(item["kind"], place, str(metadata.get("name")))] = keys
        elif item.get("kind") == "ExternalSecret":
            target = ((item.get("spec") or {}).get("target") or {}).get("name")
            made[("Secret", place, str(target or metadata.get("name")))] = None
        elif str(item.get("apiVersion")).startswith("cert-manager.io/"):
            made[("Secret", place, str((item.get("spec") or {}).get("secretName")))] = None
    return made


def _check_references(item: Object, pod: dict[str, Any], made: Made) -> Iterator[Fact]:
    place = str((item.get("metadata") or {}).get("namespace") or "")
    for kind, name, key in _references(pod):
        if (kind, name) == EVERYWHERE:
            continue
        if (kind, place, name) not in made:
            yield "reference", f"wants {kind} {name}, which the build does not make"
        elif key and key not in (made[(kind, place, name)] or {key}):
            yield "reference", f"wants key {key} of {kind} {name}, which has no such key"


def _references(pod: dict[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    for volume in pod.get("volumes") or []:
        yield from _volume_references(volume)
        for source in (volume.get("projected") or {}).get("sources") or []:
            yield from _volume_references(source)
    for container in containers_of(pod):
        for source in container.get("envFrom") or []:
            if "configMapRef" in source:
                yield "ConfigMap", source["configMapRef"].get("name", ""), None


def _volume_references(source: dict[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    for word, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
        part = source.get(word)
        if not part or part.get("optional"):
            continue
        name = part.get("name") or part.get("secretName") or ""
        for entry in part.get("items") or [{}]:
            yield kind, name, entry.get("key")
