"""What the file of a record is called."""

from __future__ import annotations

import secrets
import time
from pathlib import Path


def record_path(folder: Path, workflow: str) -> Path:
    """Give a name in `folder` with workflow and time (UTC) that no other run takes."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in workflow).strip(".") or "workflow"
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    return folder / f"{safe}-{stamp}-{secrets.token_hex(2)}.h5"
