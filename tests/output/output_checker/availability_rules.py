"""What is built survives the loss of a node where it has several pods, and never stops a drain.

In: the objects of one build, the pods of charts beside them. Out: findings on pods without spread
or budget, on budgets that select nothing or allow no disruption, and on numbers of pods that two
decide.
Must not know how pods come to be; `pods` does.
"""

from collections.abc import Iterator

from output_checker import pods
from output_checker.finding import Finding, Object, name_of
from output_checker.pods import Pods

RULE = "availability"


def check_availability(items: list[Object], of_charts: list[Pods]) -> list[Finding]:
    """All rules over one build."""
    groups = pods.of_items(items) + of_charts
    budgets = [item for item in items if item.get("kind") == "PodDisruptionBudget"]
    facts = [(group.item, fact) for group in groups for fact in _check_pods(group, budgets)]
    facts += [(budget, fact) for budget in budgets for fact in _check_budget(budget, groups)]
    scalers = [item for item in items if item.get("kind") in pods.SCALERS]
    facts += [(scaler, fact) for scaler in scalers for fact in _check_scaler(scaler, items)]
    return [Finding(name_of(item), RULE, fact) for item, fact in facts]


def _selects(budget: Object, group: Pods) -> bool:
    wanted = (budget["spec"].get("selector") or {}).get("matchLabels") or {}
    here, there = budget["metadata"].get("namespace"), group.item["metadata"].get("namespace")
    return here == there and bool(wanted) and wanted.items() <= group.labels.items()


def _check_pods(group: Pods, budgets: list[Object]) -> Iterator[str]:
    who = " ".join(sorted(set(group.labels.values())))
    if group.replicas == 1 and group.is_held_alone:
        yield f"a budget stops every drain of one pod ({who})"
    if group.replicas < 2:
        return
    if not group.is_spread:
        yield f"{group.replicas} pods may share one node ({who})"
    if not group.has_own_budget and not any(_selects(budget, group) for budget in budgets):
        yield f"{group.replicas} pods have no budget for drains ({who})"


def _check_budget(budget: Object, groups: list[Pods]) -> Iterator[str]:
    selected = [group for group in groups if _selects(budget, group)]
    if not selected:
        yield "selects no pods of the build"
        return
    total = sum(group.replicas for group in selected)
    most, least = budget["spec"].get("maxUnavailable"), budget["spec"].get("minAvailable")
    if most in (0, "0%") or least == "100%" or (isinstance(least, int) and least >= total):
        yield f"stops every drain: none of {total} pods may go"


def _check_scaler(scaler: Object, items: list[Object]) -> Iterator[str]:
    """It alone says how many pods there are of a workload that is there."""
    targets = [item for item in items if pods.is_scaled_by(item, scaler)]
    if not targets:
        yield "scales nothing of the build"
    for target in targets:
        if "replicas" in target["spec"]:
            yield "scales what names a number of pods: each would set the other back"
        if sum(pods.is_scaled_by(target, item) for item in items) > 1:
            yield "scales what another scales as well"
    least, most = pods.least_and_most(scaler)
    if least > most:
        yield f"asks for {least} pods at least and {most} at most"
