"""The checker reads pipelines of Alloy, and refuses each way of breaking one.

In: a small configuration and one change of it. Out: one assertion a rule.
Must not know what the program generates.
"""

import pytest

from output_checker import alloy_syntax
from output_checker.alloy_rules import check_pipelines
from output_checker.alloy_syntax import Call, Reference

GOOD = """logging {
  level = "info"
}

// Pods of one namespace.
discovery.kubernetes "pods" {
  role = "pod"

  namespaces {
    names = ["kafka", `cache`]
  }
}

loki.source.kubernetes "pods" {
  targets    = array.concat(
    discovery.kubernetes.pods.targets,
  )
  forward_to = [loki.write.main.receiver]
}

loki.write "main" {
  endpoint {
    url     = "http://loki:3100/\\"quoted\\""
    headers = {"X-Scope-OrgID" = "shop", plain = 1.5, on = true}
  }
}
"""

BROKEN = [
    (
        "loki.write.main.receiver]",
        "loki.write.mian.receiver]",
        "`loki.write.mian.receiver` is of no",
    ),
    ("loki.write.main.receiver]", "loki.write.main.input]", "`loki.write.main.input` is of no"),
    ("[loki.write.main.receiver]", "[]", "nothing leads to `loki.write.main.receiver`"),
    ('loki.write "main"', 'loki.writer "main"', "there is no component `loki.writer`"),
    ('loki.write "main" {', 'loki.write "main" {}\nloki.write "main" {', "two of the label `main`"),
    ('role = "pod"', 'role = "pod"\n  role = "node"', "`role` is set twice"),
    ('role = "pod"', 'role = "pod" namespaces', "line 7: unexpected 'namespaces'"),
    ('["kafka", `cache`]', '["kafka" `cache`]', "unexpected '`cache`'"),
    ('level = "info"', 'level = "info', "line 2: unexpected '\"'"),
    ('"shop", plain', '"shop" plain', "unexpected 'plain'"),
    ("targets,\n  )", "targets\n  )", "unexpected '\\n'"),
    ("on = true}\n  }\n}\n", "on = true}\n  }\n", "unexpected ''"),
    ("logging {", "} logging {", "line 1: unexpected '}'"),
]


def facts(content: str) -> list[str]:
    """What the checker says of a configuration."""
    return [
        one.fact for one in check_pipelines("alloy", {"alloy": {"configMap": {"content": content}}})
    ]


def test_values_are_read_as_alloy_reads_them() -> None:
    discovery, source, write = alloy_syntax.parse(GOOD).blocks[1:]
    assert (discovery.name, discovery.label) == ("discovery.kubernetes", "pods")
    assert discovery.blocks[0].attributes == {"names": ["kafka", "cache"]}
    concat = Call("array.concat", [Reference("discovery.kubernetes.pods.targets")])
    assert source.attributes["targets"] == concat
    assert write.blocks[0].attributes == {
        "url": 'http://loki:3100/"quoted"',
        "headers": {"X-Scope-OrgID": "shop", "plain": 1.5, "on": True},
    }


def test_a_sound_pipeline_and_values_without_one_are_accepted() -> None:
    assert facts(GOOD) == []
    assert check_pipelines("other", {"replicas": 1}) == []


@pytest.mark.parametrize(("old", "new", "fact"), BROKEN)
def test_a_broken_pipeline_is_refused(old: str, new: str, fact: str) -> None:
    assert GOOD.count(old) == 1
    found = facts(GOOD.replace(old, new))
    assert any(fact in one for one in found), found
