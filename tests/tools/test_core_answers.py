"""The envelope: budgets, cells, cuts that say so, plain JSON."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from stacktic_mcp.lib.answers import MAX_BUDGET_BYTES, Answer, Budget, encode, encode_envelope, fit
from stacktic_mcp.lib.refusal import Refusal

SMALL = Budget(result_bytes=1000, cell_bytes=100)


def size(data: Any) -> int:
    return len(encode(data).encode("utf-8"))


def test_small_data_passes_as_it_is() -> None:
    fitted = fit(Answer([{"a": 1}, {"a": None}], next_position=7), SMALL)
    assert fitted.data == [{"a": 1}, {"a": None}]
    assert (fitted.returned, fitted.truncated_by, fitted.next_position) == (2, None, 7)


def test_a_long_string_is_cut_at_the_cell_and_stays_valid_text() -> None:
    fitted = fit(Answer({"text": "é" * 80}), SMALL)
    assert fitted.truncated_by == "cell"
    assert fitted.data == {"text": "é" * 50}


def test_a_long_list_is_cut_to_the_budget_and_can_be_continued() -> None:
    rows = [{"n": number, "pad": "x" * 50} for number in range(100)]
    fitted = fit(Answer(rows, next_position="end", position_at=lambda kept: kept), SMALL)
    assert fitted.truncated_by == "bytes"
    assert size(fitted.data) <= 1000
    assert fitted.data == rows[: fitted.returned]
    assert fitted.next_position == fitted.returned > 5


def test_a_cut_list_without_position_at_gives_no_wrong_cursor() -> None:
    rows = ["x" * 90 for _ in range(100)]
    assert fit(Answer(rows, next_position="after all rows"), SMALL).next_position is None


def test_the_longest_list_inside_an_object_is_cut() -> None:
    data = {"name": "t", "body": {"rows": ["y" * 50] * 100}, "few": [1, 2]}
    fitted = fit(Answer(data), SMALL)
    assert fitted.truncated_by == "bytes"
    assert fitted.data["few"] == [1, 2]
    assert 0 < len(fitted.data["body"]["rows"]) < 100
    assert size(fitted.data) <= 1000


@pytest.mark.parametrize("data", [[{"k": ["x" * 90] * 50}], {f"k{n}": "x" * 90 for n in range(50)}])
def test_what_cannot_be_cut_is_refused(data: Any) -> None:
    with pytest.raises(Refusal) as refused:
        fit(Answer(data), SMALL)
    assert refused.value.code == "E_LIMIT"


def test_everything_becomes_plain_json() -> None:
    values = {
        "float": math.nan,
        "infinite": math.inf,
        "big": 2**60,
        "bytes": b"\xffab",
        "time": datetime(2026, 1, 2, tzinfo=UTC),
        "decimal": Decimal("1.10"),
        "tuple": (1, 2),
        3: True,
    }
    data = fit(Answer(values), Budget()).data
    assert json.loads(encode(data)) == {
        "float": "nan",
        "infinite": "inf",
        "big": str(2**60),
        "bytes": "\\xffab",
        "time": "2026-01-02 00:00:00+00:00",
        "decimal": "1.10",
        "tuple": [1, 2],
        "3": True,
    }


def test_a_scalar_and_a_deep_tree_are_held() -> None:
    assert fit(Answer("plain"), SMALL).data == {"value": "plain"}
    deep: Any = "end"
    for _ in range(100):
        deep = [deep]
    fitted = fit(Answer(deep), Budget())
    assert fitted.truncated_by == "cell"
    assert "nested too deep" in encode(fitted.data)


def test_lone_surrogates_do_not_break_the_encoding() -> None:
    assert encode(fit(Answer({"t": "a\ud800b"}), SMALL).data).encode("utf-8") == b'{"t":"a?b"}'


def test_no_tool_gets_more_than_the_ceiling() -> None:
    Budget(result_bytes=MAX_BUDGET_BYTES)
    with pytest.raises(ValueError, match="budget"):
        Budget(result_bytes=MAX_BUDGET_BYTES + 1)


def test_secrets_are_redacted_in_keys_and_values() -> None:
    fitted = fit(
        Answer({"hunter22": ["a hunter22 b"]}), SMALL, lambda text: text.replace("hunter22", "*")
    )
    assert fitted.data == {"*": ["a * b"]}


@pytest.mark.parametrize(
    "text", ['"' * 60, "\\" * 99 + '"', 'a"' * 30 + "b" * 101, "é" * 51, "\n" * 200]
)
def test_the_quick_way_and_the_thorough_one_agree_on_cells(text: str) -> None:
    fitted = fit(Answer([{"short": "x", "text": text}]), SMALL)
    size_of_text = len(text.encode("utf-8"))
    assert fitted.truncated_by == ("cell" if size_of_text > 100 else None)
    assert fitted.data[0]["text"].encode("utf-8") == text.encode("utf-8")[:100]


def test_a_secret_is_found_as_json_writes_it() -> None:
    fitted = fit(
        Answer(['a"b']), SMALL, lambda text: text.replace('a\\"b', "*").replace('a"b', "*")
    )
    assert fitted.data == ["*"]


def test_the_text_of_an_envelope_is_its_json() -> None:
    data = [{"a": 'q"uote', "b": None}]
    envelope = {"data": data, "returned": 1, "untrusted": True}
    for text in (None, encode(data)):
        assert json.loads(encode_envelope(envelope, text)) == envelope
