"""What the Grafana tools take: each argument with its form, limits and meaning.

In: nothing.
Out: types that the signatures of the tools name, descriptions for callers among them.
Must not know: links, or what a tool does with a value.
"""

from typing import Annotated, Literal

from pydantic import Field

_Uid = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,40}$")]
Uid = Annotated[_Uid, Field(description="as grafana_list_dashboards tells it")]
OptionalUid = Annotated[_Uid | None, Field(description="default: everywhere")]
_Part = Annotated[str, Field(min_length=1, max_length=100)]
Part = Annotated[_Part | None, Field(description="part of title")]
Tag = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.:/-]{0,49}$")]
OneTag = Annotated[Tag | None, Field(description="one tag")]
Tags = Annotated[list[Tag], Field(max_length=10, description="tags")]
Limit = Annotated[int, Field(ge=1, le=500, description="rows at most")]
_PanelId = Annotated[int, Field(ge=1, le=2**31 - 1)]
PanelId = Annotated[_PanelId, Field(description="id of panel, as summary tells it")]
OptionalPanelId = Annotated[_PanelId | None, Field(description="one panel")]
_Moment = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.,Z+-]{5,30}$")]
Start = Annotated[_Moment | None, Field(description="RFC 3339 with a zone; default now")]
End = Annotated[_Moment | None, Field(description="end of a time span, as time")]
Span = Annotated[
    str, Field(pattern=r"^now(?:-[0-9]{1,4}[smhdwMy])?$", description="now, or as now-6h")
]
# Line breaks may stay; other control characters and turned text may not.
Note = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1000,
        description="text",
        pattern=r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+$",
    ),
]
State = Annotated[
    Literal["active", "alerting", "pending", "nodata", "error", "normal", "all"],
    Field(description="one state"),
]
View = Annotated[
    Literal["summary", "panels", "variables", "json"], Field(description="part to return")
]
Alerts = Annotated[int, Field(ge=1, le=200, description="rows at most")]
