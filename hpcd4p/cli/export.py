"""``hpcd4p export``: the record of a run in a form that other programs read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from hpcd4p.cli.options import Parser
from hpcd4p.cli.ranks import OtherRanks
from hpcd4p.cli.words import say
from hpcd4p.errors import RecordError, SettingsError

if TYPE_CHECKING:
    from hpcd4p.record.reader import Record

_ABOUT = """Write what the record of a run holds in a form that other programs read. Without -o it is written
beside the record, with the ending of that form. A file that is there is replaced."""


class Exporter(Protocol):
    """Writes a record in one form."""

    def __call__(self, record: Record, path: Path) -> str:
        """Write it to `path`; gives what was written, in words."""


class Form(NamedTuple):
    """One form."""

    ending: str  # in the place of that of the record
    help: str
    write: Exporter


def _perfetto(record: Record, path: Path) -> str:
    from hpcd4p.record.perfetto import write_perfetto

    written = write_perfetto(record, path)
    said = f"Trace: {path} (open it in ui.perfetto.dev or chrome://tracing)"
    if not written.traced:
        return f"{said}\nIt has no tasks: they need `--trace` in the run."
    said += f"\n{written.spans:,} spans of {written.ranks} ranks"
    if written.dropped:
        said += f"; {written.dropped:,} older ones are not in the record, which keeps the last of each rank"
    return said


def _openmetrics(record: Record, path: Path) -> str:
    from hpcd4p.live.metrics import of_figures
    from hpcd4p.record.replacing import check_place, replacing

    check_place(path)
    # as of its end: whoever reads the numbers of an old run must not take them for new ones
    ended = datetime.fromisoformat(record.summary.ended).timestamp()
    text = of_figures(record.summary, record.path, ended)
    with replacing(path, "the file of metrics") as file:
        file.write(text)
    return f"Metrics: {path}"


FORMS = {
    "perfetto": Form(".perfetto.json", "a trace for Perfetto and chrome://tracing (JSON)", _perfetto),
    "openmetrics": Form(".prom", "its numbers as OpenMetrics text (node_exporter reads it)", _openmetrics),
}
"""By the word of the option."""


def command(argv: list[str], ranks: OtherRanks) -> int:
    """Give the exit status of ``hpcd4p export ARGV``."""
    made = Parser(prog="hpcd4p export", description=_ABOUT)
    group = made.add_argument_group("the form (one of them)").add_mutually_exclusive_group()
    for name, form in FORMS.items():
        flag = f"--{name}"
        made.remember(group.add_argument(flag, dest="form", action="store_const", const=name, help=form.help))
    made.add_argument("-o", "--output", metavar="FILE", help="the file to write")
    made.add_argument("record", metavar="RECORD", help="a record, results/*.h5")
    options = made.parse(argv)
    if options.form is None:
        raise SettingsError(f"say in which form: {', '.join(f'--{name}' for name in FORMS)}\n{made.hint}")
    form, path = FORMS[options.form], Path(options.record)
    target = path.with_suffix(form.ending) if options.output is None else Path(options.output)
    if options.output is not None and target.resolve() == path.resolve():
        raise RecordError(f"-o {target} is the record itself; give another name")
    from hpcd4p.record.reader import read_record

    _refuse(path)
    with read_record(path) as record:
        say(form.write(record, target))
    return 0


def _refuse(path: Path) -> None:
    """Refuse what is no record, but has to do with runs."""
    from hpcd4p.live.file import live_folder
    from hpcd4p.live.found import FoundRun, Life, found
    from hpcd4p.record.reader import schema_of
    from hpcd4p.study.schema import SCHEMA

    if path.is_file():
        if schema_of(path) == SCHEMA:
            raise RecordError(
                f"{path} has the results of a study, not of a run: give the record of one run, or use "
                f"`python -m hpcd4p report {path}`"
            )
        return
    live, kept = live_folder(path), path.with_suffix(".checkpoints")
    run = found(live)
    if isinstance(run, FoundRun) and run.life in (Life.UNDER_WAY, Life.SILENT):
        raise RecordError(
            f"{path} is not there yet: the run is under way, and has its record at its end; "
            f"`python -m hpcd4p status {path}` says how far it is"
        )
    if kept.is_dir() or path.suffix == ".checkpoints":
        raise RecordError(
            f"{path}: the run has not finished, and has no record; `python -m hpcd4p resume "
            f"{kept}` goes on with it, `python -m hpcd4p show {kept}` says what it has"
        )
