"""Checks a generated tree against the real schemas, charts and house rules.

In: the folder that `stacktic gen` wrote. Out: one line a finding, exit code 1 if any.
Must not know the topology; the rules are in the package `output_checker`.

    python tests/output/check_output.py OUT_DIR [--overlay dev]
"""

import argparse
import sys
from pathlib import Path

from output_checker.tree_rules import check_tree


def main() -> int:
    """Check one tree and print what is wrong with it."""
    parser = argparse.ArgumentParser(description="check a generated tree")
    parser.add_argument("out", type=Path, metavar="OUT_DIR")
    parser.add_argument("--overlay", action="append", help="check this overlay alone; repeatable")
    args = parser.parse_args()
    findings = check_tree(args.out.resolve(), args.overlay)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings in {args.out}", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
