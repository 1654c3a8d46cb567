"""What a caller, or whoever has the token of a link, might try at a Gitea.

In: nothing. Out: arguments and requests. Must not know what refuses them.
"""

from typing import Any

HOSTILE_PATHS = [
    "..", "../bills", "../../bills/raw/README.md", "src/..", "src/../../bills", "./README.md",
    "/README.md", "//README.md", "src//main.py", "src/", "%2e%2e/bills", "%2E%2E%2Fbills",
    "%252e%252e/x", "..%2f..%2fbills", "src/%2e%2e/%2e%2e", "a\\..\\b", "a%5c..%5cb", "a\x00b",
    "a\nb", "a\r\nHost: evil", "a%00b", "a%0d%0aX: y", ":(top)*", ":!README.md", ":/", "",
    "x" * 1025, "é" * 600, "a/" * 100 + "b", "\ud800", ".git", ".git/config",
    "src/.GIT/config", "%2egit/config",
]  # fmt: skip
# Names that are nothing but names: nothing lies there, and nothing else is reached.
HARMLESS_PATHS = [
    "?ref=src", "README.md?token=x", "README.md#x", "README.md;x", "x@y", "{username}", "*", "~",
    "$(id)", "`id`", "'; DROP TABLE user;--", "-rf", "--help", "&sudo=x",
    "src:README.md", "HEAD:README.md", "CON", "...", "a/.../b", "http://169.254.169.254/x",
]  # fmt: skip
HOSTILE_REFERENCES = [
    "..", "main..src", "main...src", "-x", "--all", "--output=/tmp/x", "@", "HEAD@{1}", "main^{/x}",
    "main~1", "main:src", ":/x", "a b", "a\n", "refs/../x", "/main", "main/", "a//b", "./x",
    "a.lock", "x" * 201, "*", "?", "main\x00", "main&sudo=gitea_admin", "main#", "main%2e%2e",
]  # fmt: skip
HOSTILE_NAMES = [
    "bills", "secrets", "team/api", "../bills", "api/../bills", "api%2f..", "API", "api.git", "*",
    "", "api\n", "backups", "api?sudo=gitea_admin",
]  # fmt: skip

CHANGES: list[tuple[str, str, Any]] = [
    ("POST", "/repos/team/api/issues", {"title": "forged"}),
    ("PATCH", "/repos/team/api/issues/2", {"title": "forged"}),
    ("DELETE", "/repos/team/api/issues/2", None),
    ("POST", "/repos/team/api/issues/2/comments", {"body": "forged"}),
    ("POST", "/repos/team/api/issues/2/reactions", {"content": "+1"}),
    ("POST", "/repos/team/api/issues/2/labels", {"labels": [1]}),
    ("PUT", "/repos/team/api/issues/2/subscriptions/link.fastmcp-gitea", None),
    ("POST", "/repos/team/api/issues/2/stopwatch/start", None),
    ("POST", "/repos/team/api/labels", {"name": "x", "color": "#000000"}),
    ("POST", "/repos/team/api/milestones", {"title": "x"}),
    ("POST", "/repos/team/api/pulls", {"title": "x", "head": "src", "base": "main"}),
    ("POST", "/repos/team/api/pulls/8/merge", {"Do": "merge"}),
    ("POST", "/repos/team/api/pulls/8/reviews", {"body": "x", "event": "APPROVED"}),
    ("POST", "/repos/team/api/contents/forged.txt", {"content": "eA=="}),
    ("DELETE", "/repos/team/api/contents/empty.txt", {"sha": "x"}),
    ("POST", "/repos/team/api/branches", {"new_branch_name": "forged"}),
    ("DELETE", "/repos/team/api/branches/src", None),
    ("POST", "/repos/team/api/tags", {"tag_name": "forged"}),
    ("POST", "/repos/team/api/releases", {"tag_name": "forged"}),
    ("POST", "/repos/team/api/statuses/main", {"state": "success"}),
    ("POST", "/repos/team/api/hooks", {"type": "gitea", "config": {}}),
    ("POST", "/repos/team/api/keys", {"title": "x", "key": "ssh-rsa x"}),
    ("PUT", "/repos/team/api/collaborators/site", {"permission": "admin"}),
    ("PUT", "/repos/team/api/subscription", None),
    ("PATCH", "/repos/team/api", {"private": False}),
    ("DELETE", "/repos/team/api", None),
    ("POST", "/repos/team/api/forks", {"name": "mine"}),
    ("POST", "/repos/team/api/transfer", {"new_owner": "link.fastmcp-gitea"}),
    ("PUT", "/user/starred/team/api", None),
    ("POST", "/user/repos", {"name": "mine"}),
    ("POST", "/user/keys", {"title": "x", "key": "ssh-rsa x"}),
    ("PATCH", "/user/settings", {"full_name": "forged"}),
    ("POST", "/users/link.fastmcp-gitea/tokens", {"name": "more", "scopes": ["all"]}),
    ("POST", "/orgs", {"username": "mine"}),
    ("POST", "/admin/users", {"username": "mine", "email": "m@x.y", "password": "x" * 20}),
    ("GET", "/admin/users", None),
    ("GET", "/user", None),
    ("GET", "/user/repos", None),
    ("GET", "/notifications", None),
    ("GET", "/repos/shop/bills", None),
    ("GET", "/repos/shop/bills/issues", None),
    ("GET", "/repos/shop/bills/raw/README.md", None),
    ("GET", "/repos/team/api/collaborators/site/permission", None),
    ("GET", "/repos/team/api/hooks", None),
    ("GET", "/repos/team/api?sudo=gitea_admin", None),
]
