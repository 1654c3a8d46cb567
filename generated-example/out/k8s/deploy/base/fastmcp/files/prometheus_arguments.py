"""What the Prometheus tools take: each argument with its form, limits and meaning.

In: nothing.
Out: types that the signatures of the tools name, descriptions for callers among them.
Must not know: links, or what a tool does with a value.
"""

from typing import Annotated, Literal

from pydantic import Field

from stacktic_mcp.core.toolkit import Choice
from stacktic_mcp.lib.times import MOMENT_HELP
from stacktic_mcp.tools.prometheus.prometheus_query import TIMES

Query = Annotated[
    str,
    Field(
        min_length=1,
        max_length=4096,
        description="PromQL; each selector needs a name or a positive matcher",
    ),
]
_Moment = Annotated[str, Field(pattern=TIMES.moment, max_length=40)]
Moment = Annotated[_Moment, Field(description=MOMENT_HELP)]
Match = Annotated[str, Field(min_length=1, max_length=1024)]
Within = Annotated[Match | None, Field(description='selector of series, such as up{job="api"}')]
Matches = Annotated[
    list[Match],
    Field(min_length=1, max_length=5, description='selectors, such as ["up{job=\\"api\\"}"]'),
]
Since = Annotated[
    str,
    Field(pattern=f"^{TIMES.duration}$", max_length=16, description="how far back, at most 24h"),
]
Step = Annotated[
    str,
    Field(
        pattern=f"^(?:auto|{TIMES.duration})$",
        max_length=16,
        description="time between points: auto, or as 30s, 5m",
    ),
]
Component = Annotated[str, Choice("components")]
About = Annotated[Component | None, Field(description="one component")]
_Part = Annotated[str, Field(min_length=1, max_length=100)]
Part = Annotated[_Part | None, Field(description="part of name")]
At = Annotated[_Moment | None, Field(description=f"{MOMENT_HELP}; default now")]
Limit = Annotated[int, Field(ge=1, le=500, description="rows at most")]
Points = Annotated[int, Field(ge=2, le=300, description="points a series at most")]
MaxSeries = Annotated[int, Field(ge=1, le=100, description="series at most")]
AlertState = Annotated[Literal["firing", "pending", "all"], Field(description="one state")]
Health = Annotated[Literal["up", "down", "unknown", "all"], Field(description="one state")]
RuleType = Annotated[Literal["alert", "record", "all"], Field(description="kind of rule")]
Top = Annotated[int, Field(ge=1, le=50, description="rows of each kind at most")]
LabelName = Annotated[
    str,
    Field(pattern="^[a-zA-Z_][a-zA-Z0-9_]*$", max_length=100, description="such as job or pod"),
]
