"""One process of ClickHouse's engine: statements in, what they give out.

In: the folder of the library, that of the data, a configuration file; statements on stdin, a line
each. Out: results as tab-separated lines, or the first error, with which it ends.
"""

import sys

library, data, configuration = sys.argv[1:]
sys.path.insert(0, library)

import chdb  # pyright: ignore[reportMissingImports]

connection = chdb.connect(f"{data}?config-file={configuration}")
try:
    for line in sys.stdin.read().splitlines():
        print(str(connection.query(line, "TabSeparated")).strip())
except Exception as error:
    sys.exit(str(error))
