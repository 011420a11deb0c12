"""The last lines of `make test`: what was skipped, why, and the one command that would change that."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path


def main(folder: Path) -> None:
    reasons: dict[str, set[str]] = {}
    for path in sorted(folder.glob("*.json")):
        for test, reason in json.loads(path.read_text()):
            # a test skipped on every rank of an MPI run is one test
            reasons.setdefault(reason, set()).add(test)
    if not reasons:
        print("\nNothing was skipped.")
        return
    print("\nSkipped:")
    packages: dict[str, None] = {}
    for reason, tests in sorted(reasons.items()):
        print(f"  {len(tests):3d}  {reason}")
        for names in re.findall(r"apt-get install ([\w .+-]+)", reason):
            packages.update(dict.fromkeys(names.split()))
    if packages:
        print(f"To run them: apt-get install -y --no-install-recommends {' '.join(packages)} && make test")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
