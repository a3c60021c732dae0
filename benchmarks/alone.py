"""Takes pandas away from a process, as if it were not installed: import this before anything else.

pyarrow imports pandas, of its own accord, where it is installed: that is 0.9 CPU seconds and 100 MB that
no installation of Waybill pays, since pandas is none of its dependencies. Here it is a peer, no more.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder


class _WithoutPandas(MetaPathFinder):
    def find_spec(self, name: str, _path: object, _target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("pandas is kept out of this process", name=name)
        return


sys.meta_path.insert(0, _WithoutPandas())
