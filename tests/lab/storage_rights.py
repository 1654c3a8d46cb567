"""What a generated identity of the S3 gateway may do, for a real gateway that gives no more.

In: an output with one link to a bucket. Out: the actions of its identity.
Must not know who uses it.
"""

import json
from pathlib import Path
from typing import Any

from output_checker import yaml_reading


def actions(out: Path) -> list[str]:
    """What the generated identity of the link may do at the gateway."""
    documents: list[dict[str, Any]] = yaml_reading.read_all(
        (out / "k8s/deploy/base/storage/identities.yaml").read_text()
    )
    (told,) = (one["data"]["s3.json"] for one in documents if one["kind"] == "ConfigMap")
    (identity,) = (one for one in json.loads(told)["identities"] if one["credentials"])
    granted: list[str] = identity["actions"]
    return granted
