"""``hpcd4p init``: writes studies, configurations and batch scripts into a folder of the user's.

They are `configs/` and `slurm/` of the checkout; an installed package carries copies, in `shipped/`.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from hpcd4p.cli.options import Parser
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import say
from hpcd4p.errors import UsageError

_SHIPPED = Path(__file__).with_name("shipped")

_FORMS = ("configs/*.toml", "slurm/*")

_SITE = "slurm/site.env"

_PYTHON = "# HPCD4P_PYTHON=/path/to/venv/bin/python"
"""The line of `_SITE` that names the Python of the jobs."""

_ABOUT = """Write the shipped studies and configurations (configs/) and the batch scripts of Slurm (slurm/)
into a folder. Nothing is written if a file of the same name with another content is there."""


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p init ARGV``."""
    made = Parser(prog="hpcd4p init", description=_ABOUT)
    made.add_argument("folder", metavar="FOLDER", nargs="?", default=".", help="(default: this folder)")
    made.add_argument("--force", action="store_true", help="write over files that are there")
    options = made.parse(argv)
    folder = Path(options.folder)
    texts = shipped_files(sys.executable)
    try:
        there = {name for name in texts if (folder / name).exists()}
        other = sorted(name for name in there if (folder / name).read_bytes() != texts[name])
        if other and not options.force:
            raise UsageError(
                f"nothing was written: {', '.join(str(folder / name) for name in other)} "
                f"{'is' if len(other) == 1 else 'are'} there with another content; --force writes over "
                f"{'it' if len(other) == 1 else 'them'}"
            )
        new = [name for name in texts if name not in there or name in other]
        for name in new:
            _write(folder / name, texts[name], _SHIPPED / name)
    except OSError as error:
        raise UsageError(f"{error.filename or folder} cannot be written: {error.strerror}") from error
    for name in new:
        say(f"{folder / name}{'  (written over)' if name in there else ''}")
    say(_next_steps(folder, len(new), len(texts) - len(new)))
    return 0


def shipped_files(python: str) -> dict[str, bytes]:
    """Give the files by their names below the folder; the jobs of Slurm take `python`."""
    paths = sorted(path for form in _FORMS for path in _SHIPPED.glob(form) if path.is_file())
    if not paths:
        raise UsageError(f"this installation has no files in {_SHIPPED}: install hpcd4p again")
    texts = {path.relative_to(_SHIPPED).as_posix(): path.read_bytes() for path in paths}
    site = texts[_SITE].decode()
    texts[_SITE] = site.replace(_PYTHON, f"HPCD4P_PYTHON={shlex.quote(python)}").encode()
    return texts


def _write(path: Path, text: bytes, like: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    shutil.copymode(like, path)


def _next_steps(folder: Path, new: int, same: int) -> str:
    rest = f", {same} {'was' if same == 1 else 'were'} there already" if same else ""
    lines = [f"{new} files written{rest}. Then, for example:"]
    if folder != Path():
        lines.append(f"  cd {shlex.quote(str(folder))}")
    lines += [
        "  python -m hpcd4p sweep configs/demo.toml     # a small study; then report results/demo.h5",
        "  sbatch slurm/run.sh WORKFLOW                 # a job of Slurm; what it needs: slurm/site.env",
    ]
    return "\n".join(lines)
