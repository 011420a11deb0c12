"""The page of one run: once, from its record, or again and again while it goes on."""

from __future__ import annotations

import os
import time
from pathlib import Path

from hpcd4p.cli.finding import place_of, unfinished
from hpcd4p.cli.words import mention, say
from hpcd4p.errors import LiveError, RecordError
from hpcd4p.live.file import SUFFIX
from hpcd4p.live.found import FoundRun, Life, Unreadable, found

AGAIN_S = 2.0
"""From one page to the next. A run tells its status once a second; a reader looks less often."""

RESULTS = Path("results")

SUFFIXES = (".h5", ".hdf5")


def run_command(run: str, output: str | None, live: bool) -> int:
    """Write the page of `run`, and name it; `live`: until the run has ended."""
    place = place_of(run, RESULTS)
    page = _page_of(place, output)
    if live:
        return _watch(run, place, page)
    state = found(place.with_name(place.name + SUFFIX))
    record = _record_of(run, place)
    if record is None and isinstance(state, FoundRun) and state.life in (Life.UNDER_WAY, Life.SILENT):
        raise RecordError(
            f"{run} is under way: its page is written while it goes on by  hpcd4p report --live {run}"
        )
    return _end(page, _final(run, place, record, state), record, state)


def _end(page: Path, text: str, record: Path | None, state: FoundRun | Unreadable | None) -> int:
    """Write the last page; of a run that has no record, say what is to be done now."""
    _write(page, text)
    if record is None and isinstance(state, FoundRun):
        from hpcd4p.live.text import what_now

        say("\n".join(what_now(state)))
    say(f"Page: {page}")
    return 0


def _watch(run: str, place: Path, page: Path) -> int:
    """Write the page until the run has ended, and then the last one."""
    told = False
    while True:
        record = _record_of(run, place)
        state = None if record is not None else found(place.with_name(place.name + SUFFIX))
        if not isinstance(state, FoundRun) or state.life not in (Life.UNDER_WAY, Life.SILENT):
            break
        from hpcd4p.live.page import live_page

        _write(page, live_page(state, AGAIN_S))
        if not told:
            mention(f"page: {page}, again every {AGAIN_S:g} s until the run has ended")
            told = True
        time.sleep(AGAIN_S)
    record = record or _record_of(run, place)  # it may have come between the two looks
    return _end(page, _final(run, place, record, state), record, state)


def _final(run: str, place: Path, record: Path | None, state: FoundRun | Unreadable | None) -> str:
    """The page of a run that does not go on."""
    if record is not None:
        from hpcd4p.record.page.of_record import record_page
        from hpcd4p.record.reader import read_record

        with read_record(record) as opened:
            return record_page(opened)
    if isinstance(state, Unreadable):
        raise LiveError(state.why)
    if state is not None:
        from hpcd4p.live.page import live_page

        return live_page(state, None)
    kept = place.with_name(place.name + ".checkpoints")
    if kept.exists():
        raise RecordError(unfinished(run, kept))
    raise RecordError(
        f"there is no run {run}, under way or ended, also not in {RESULTS}; give its record, results/*.h5"
    )


def _record_of(run: str, place: Path) -> Path | None:
    given = Path(run)
    if given.is_file():
        return given
    beside = (place.with_name(place.name + suffix) for suffix in SUFFIXES)
    return next((path for path in beside if path.is_file()), None)


def _page_of(place: Path, output: str | None) -> Path:
    if output is None:
        return place.with_name(place.name + ".html")
    given = Path(output)
    return (
        given / f"{place.name}.html"
        if given.is_dir() or given.suffix.lower() not in (".html", ".htm")
        else given
    )


def _write(page: Path, text: str) -> None:
    """Replace the page as a whole: a browser may be reading it."""
    aside = page.with_name(f".{page.name}.{os.getpid()}.part")
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        try:
            aside.write_text(text, encoding="utf-8")
            aside.replace(page)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise RecordError(
            f"the page cannot be written to {page}: {error.strerror or error}; choose another place with -o"
        ) from error
