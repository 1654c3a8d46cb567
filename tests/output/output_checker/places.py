"""Where the repository keeps what the output tests read.

In: nothing. Out: paths. Must not know what lies in them.
"""

from pathlib import Path

OUTPUT_TESTS = Path(__file__).resolve().parents[1]
SAMPLE = OUTPUT_TESTS / "samples" / "good"
FACTS = OUTPUT_TESTS.parent / "facts"
ROOT = OUTPUT_TESTS.parents[1]
EXAMPLE = ROOT / "generated-example"
