"""Accounts of MinIO, read from the policies that its job makes.

In: the folder of the component. Out: its accounts by principal.
Must not know the catalog: which action makes which level is a fact of S3,
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

import json
from pathlib import Path

from levels.account import Account, Accounts, Json, even, level, objects, present, sorted_words

ARN = "arn:aws:s3:::"
# Each part has its own resource: what is said of the bucket itself, and of what is in it.
BUCKET = {
    "s3:GetBucketLocation": "read",
    "s3:ListBucket": "read",
    "s3:ListBucketMultipartUploads": "write",
    "s3:GetBucketVersioning": "own",
    "s3:PutBucketVersioning": "own",
    "s3:GetLifecycleConfiguration": "own",
    "s3:PutLifecycleConfiguration": "own",
    "s3:ListBucketVersions": "own",
}
OBJECTS = {
    "s3:GetObject": "read",
    "s3:PutObject": "write",
    "s3:DeleteObject": "write",
    "s3:AbortMultipartUpload": "write",
    "s3:ListMultipartUploadParts": "write",
    "s3:GetObjectVersion": "own",
    "s3:DeleteObjectVersion": "own",
}
# What every policy takes away: without it a user makes keys that outlive a changed one.
KEYS = {"admin:CreateServiceAccount", "admin:UpdateServiceAccount"}


def minio(folder: Path) -> Accounts:
    """Read the policy of each user."""
    data = next(
        one["data"] for one in objects(folder, "accounts.yaml") if one["kind"] == "ConfigMap"
    )
    return {
        name.removesuffix(".json"): account(json.loads(text)["Statement"])
        for name, text in data.items()
        if name.endswith(".json")
    }


def account(statements: list[Json]) -> Account:
    denied, *allowed = statements
    rights: dict[str, list[str]] = {}
    grants: dict[str, set[str]] = {"bucket": set(), "objects": set()}
    for one in allowed:
        (resource,) = one["Resource"]
        bucket, slash, rest = resource.removeprefix(ARN).partition("/")
        part, meanings = ("objects", OBJECTS) if slash else ("bucket", BUCKET)
        is_known = one["Effect"] == "Allow" and resource.startswith(ARN) and rest in ("", "*")
        rights.setdefault(bucket, []).append(level(one["Action"], meanings if is_known else {}))
        grants[part].update(one["Action"])
    found = even(level(levels, {one: one for one in levels}) for levels in rights.values())
    is_fenced = denied["Effect"] == "Deny" and set(denied["Action"]) >= KEYS
    return Account(
        found if is_fenced else "beyond",
        {"buckets": frozenset(rights)},
        present({part: sorted_words(words) for part, words in grants.items()}),
    )
