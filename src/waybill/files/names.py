"""Names of the files people download, and the header that carries such a name."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import quote

# Not in file names of Windows or in a quoted header value; "%" because some clients decode it there.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f"%*/:<>?\\|]')
_ATTR_CHAR = "!#$&+-.^_`|~"
"""RFC 5987: what stands unencoded in filename*, besides letters and digits."""


def download_name(stem: str, job: int | str, finished: datetime) -> str:
    """`GroupAccessReport_<jobId>_<yyyyMMddHHmmss>.zip` (insights.md 2.3); `finished` in UTC if it is naive."""
    utc = finished.astimezone(UTC) if finished.tzinfo else finished
    return _UNSAFE.sub("_", f"{stem}_{job}_{utc:%Y%m%d%H%M%S}.zip")


def entry_name(stem: str) -> str:
    """The workbook's name inside the ZIP: no job and no time, so that the same request gives the same bytes."""
    return _UNSAFE.sub("_", f"{stem}.xlsx")


def content_disposition(name: str) -> str:
    """A Content-Disposition value (RFC 6266): an ASCII name for old clients, the true one as filename*."""
    safe = _UNSAFE.sub("_", name)
    plain = safe.encode("ascii", "replace").decode("ascii").replace("?", "_")
    exact = quote(safe, safe=_ATTR_CHAR, errors="replace")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"
