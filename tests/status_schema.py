"""The table of the status document, made from its classes: ``python -m tests.status_schema``."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

from hpcd4p.live import document
from hpcd4p.live.document import VERSION, Document
from hpcd4p.live.file import MOST_BYTES, NAME, SUFFIX

FILE = Path(document.__file__).with_name("SCHEMA.md")

HEAD = f"""# The status of a run

While a run goes on, `results/NAME{SUFFIX}/{NAME}` lies beside the record that it will have. Rank 0 writes it
once a second at most, aside, and renames it: whoever opens it sees all of one, also on a network file system.
It is one JSON object in ASCII, of less than {MOST_BYTES + 1:,} bytes. When the record is there, it is gone.

Version {VERSION}. Read `version` first: another version has other fields, or means something else by them.
Tables of many rows, and long texts, are shortened; numbers are not.

Whether the run lives: rank 0 is the process `run.pid` of `run.host`, which was started at `run.began`; and
there is a new status `every_s` after `written`, unless an element of a run in one process takes longer.
"""


def schema() -> str:
    """Give the text of the file."""
    source = Path(document.__file__).read_text(encoding="utf-8")
    kinds = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    kinds.sort(key=lambda node: node.name != Document.__name__)
    return "\n".join([HEAD, *(_table(node, source.splitlines()) for node in kinds)])


def _table(node: ast.ClassDef, lines: list[str]) -> str:
    about = inspect.cleandoc(ast.get_docstring(node) or "")
    rows = [f"## {node.name}\n\n{about}\n", "| field | type | what |", "|---|---|---|"]
    for field in node.body:
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            what = lines[field.lineno - 1].partition("  # ")[2]
            kind = ast.unparse(field.annotation).replace("|", "or").replace("None", "null")
            rows.append(f"| `{field.target.id}` | {kind} | {what} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    FILE.write_text(schema(), encoding="utf-8")
