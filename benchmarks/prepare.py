"""Makes an input of a case in a process of its own: `python -m benchmarks.prepare CASE PATH '{"given": ...}'`.

The harness must stay small; this may import what it likes. It calls `prepare(path, given)` of the case.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

if __name__ == "__main__":
    case, path, given = sys.argv[1:]
    importlib.import_module(f"benchmarks.case_{case}").prepare(Path(path), json.loads(given))
