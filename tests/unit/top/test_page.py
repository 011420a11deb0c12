from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hpcd4p.live.document import CLOSING, ENDED, Failure, Totals
from hpcd4p.live.found import Life
from hpcd4p.top.lines import cells, plain
from hpcd4p.top.page import Over, Page, page
from hpcd4p.top.view import Size, View
from tests.unit.live.documents import document, element, identity, rank_row
from tests.unit.top.scenes import grouped, seen, texts, usual

SIZES = [
    Size(*size)
    for size in [(20, 24), (80, 24), (200, 50), (1, 1), (3, 2), (20, 5), (40, 10), (300, 100), (80, 1)]
]

USUAL = Size(80, 24)

STATUSES = {
    "usual": [usual(at) for at in range(30)],
    "one": [usual(0)],
    "64 ranks": [usual(at, size=64) for at in range(30)],
    "10,000 ranks": [grouped(at) for at in range(30)],
    "one process": [usual(0, run=identity(ranks=1), ranks=[rank_row("0", role="all")])],
    "many elements": [usual(0, elements=[element(f"E{n}") for n in range(40)], elements_left_out=2000)],
    "many failures": [usual(0, failures=[Failure(f"E{n}", "E", "p", n, "said") for n in range(10)])],
    "nothing": [document(elements=[], ranks=[])],
    "in doubt": [usual(0, doubts=["Work1 changes, and several ranks have worked on it"])],
}


def shown(*statuses, view: View | None = None, size: Size = USUAL, keys: str = "", **given) -> list[str]:
    """The lines of the page after some keys."""
    view = view or View()
    run, history = seen(*statuses, **given)
    for key in keys.split():
        view.choices = page(run, history, view, size).choices
        assert view.press(key)
    return texts(page(run, history, view, size).lines)


@pytest.mark.parametrize(
    "keys", ["", "? pagedown", "down enter", "tab down enter", "tab end enter pagedown", "p s"]
)
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", STATUSES)
def test_a_page_fits_its_terminal_whatever_it_is(name, size, keys):
    view = View()
    run, history = seen(*STATUSES[name])
    made = page(run, history, view, size)
    for key in keys.split():
        view.choices = made.choices
        view.press(key)
        made = page(run, history, view, size)
    assert isinstance(made, Page)
    assert len(made.lines) == size.rows
    assert all(cells(plain(each)) <= size.columns for each in made.lines)


def test_at_80_by_24_all_that_matters_is_there():
    lines = shown(*map(usual, range(30)))
    text = "\n".join(lines)
    assert lines[0].startswith("factors  under way  29.0 s  hybrid on 4 ranks, here")
    assert "━ 25 %, 50 of 200 inputs" in text.replace("─", "━")
    assert "2,400 tuples done  41/s now  3 failed" in text
    assert "The end: expected at " in text
    assert ", in 48.7 s (most likely in 41.8 s to 54.6 s)" in text
    assert "Limit: Work1: 900 tuples wait, 9.38 s of work" in text
    assert "Work1     stateless  1,200  1,100    300      900     2.5  9.38 s       3" in lines
    assert "0    head      leading" in text
    assert "3 Work1: ValueError: 7 is none of mine (w.py:3 in work)" in lines
    assert "Auto-scaler knee: 4 ranks active, 0 parked, target 4" in text
    assert "Checkpoints: 2, the last one 4.50 s ago" in text
    assert lines[-1].startswith("q quit  ? help  p pause  s sort: plan")


def test_at_20_columns_there_is_what_matters_most():
    lines = shown(*map(usual, range(30)), size=Size(20, 24))
    assert lines[0] == "factors  under way"
    assert "25 %, 50 of 200 inp…" in lines
    assert "Work1       300" in lines
    assert "0    ───────────────" in lines
    assert lines[-1] == "q quit  ? help"


def test_at_200_columns_the_signs_are_explained():
    (head,) = [each for each in shown(*map(usual, range(30)), size=Size(200, 50)) if each.startswith("ranks")]
    assert head.startswith("ranks, the last 29.0 s ")
    assert head.endswith("─ leading  █ working  · idle")


def test_what_ranks_did_is_a_cell_for_each_status_the_newest_at_the_right():
    lines = shown(*map(usual, range(30)), size=Size(80, 40))
    (row,) = [each for each in lines if each.startswith("2  pool")]
    assert row.endswith(" " + "█·" + "███·" * 7)


def test_64_ranks_share_lines_and_10000_are_told_by_role():
    lines = shown(*(usual(at, size=64) for at in range(30)))
    assert any(each.startswith("2-") for each in lines)
    text = "\n".join(shown(*map(grouped, range(30)), size=Size(100, 24)))
    assert "9,499 ranks  pool" in text
    assert "10 lost, 8,499 working, 990 parked" in text


def test_elements_are_sorted_and_the_chosen_one_is_found():
    lines = shown(usual(0), keys="s s s down")  # by backlog
    names = [
        each.split()[0]
        for each in lines
        if each.split() and each.split()[0] in ("Numbers0", "Work1", "Tally2")
    ]
    assert names == ["Work1", "Tally2", "Numbers0"]
    assert "s sort: backlog" in lines[-1]


def test_a_long_table_is_scrolled_to_the_chosen_element():
    many = usual(0, elements=[element(f"E{n}") for n in range(40)])
    assert any(each.startswith("E0 ") for each in shown(many))
    lines = shown(many, keys="end")
    assert any(each.startswith("E39 ") for each in lines)
    assert not any(each.startswith("E0 ") for each in lines)


def test_the_page_of_an_element_has_all_that_is_known_of_it():
    text = "\n".join(shown(*map(usual, range(30)), size=Size(80, 40), keys="down down enter"))
    for words in (
        "It limits the run. Work1: 900 tuples wait",
        "runs as         stateless",
        "backlog         900 tuples written and not finished",
        "work            9.38 s of one rank wait, at 10.4 ms a tuple",
        "rate, up to 300/s",
        "3 Work1: ValueError: 7 is none of mine",
        "Esc back",
    ):
        assert words in text
    assert "Tally2" not in text


def test_an_element_that_is_not_told_any_more_is_said_to_be_so():
    view = View()
    shown(usual(0), view=view, keys="down enter")
    run, history = seen(usual(1, elements=[element("Other1")]))
    assert any(
        "Numbers0 is not among the elements" in each
        for each in texts(page(run, history, view, Size(80, 24)).lines)
    )


def test_the_page_of_ranks_has_all_that_is_known_of_each():
    text = "\n".join(shown(*map(usual, range(30)), size=Size(80, 60), keys="tab down enter"))
    assert "rank 1  stateful  working  here" in text
    assert "load            busy 50 % of its time" in text
    assert "memory          31 MB" in text
    text = "\n".join(shown(*map(grouped, range(3)), size=Size(80, 60), keys="tab down down enter"))
    assert "8,499 ranks  pool  working" in text
    assert "ranks           501-8999" in text
    assert "10 ranks  pool  lost" in text
    assert "stateful" not in text


def test_help_says_what_keys_and_signs_are():
    text = "\n".join(shown(usual(0), size=Size(80, 60), keys="?"))
    for words in ("q, Ctrl-C", "sort the elements", "▒ unclear", "It has died."):
        assert words in text


def test_a_page_that_is_held_still_says_so():
    assert shown(usual(0), keys="p")[0].endswith(" PAUSED ")


def test_a_dead_run_is_told_with_the_line_to_go_on():
    kept = usual(0, run=identity(checkpoints="/r/factors-1.checkpoints"))
    lines = shown(kept, life=Life.DEAD, silent_s=120.0)
    assert lines[0].startswith("factors  DEAD  ")
    text = " ".join(lines)
    assert "Rank 0 is gone without a word; its last one was 2 min 00 s ago." in text
    assert "hpcd4p resume /r/factors-1.checkpoints" in text
    assert "The end" not in text
    assert "Limit" not in text


def test_a_run_that_ended_without_a_record_says_why():
    text = " ".join(shown(usual(0, state=ENDED, reason="rank 1 is lost"), life=Life.ENDED, silent_s=5.0))
    assert "It ended 5.00 s ago without a record: rank 1 is lost" in text


def test_a_run_that_writes_its_record_limits_nothing_any_more():
    text = " ".join(shown(usual(0, state=CLOSING)))
    assert "its record is being written" in text
    assert "Limit" not in text


def test_a_run_that_is_over_says_where_its_record_is():
    run, history = seen(usual(0))
    over = Over("finished", ["Its record is r.h5; r replays it."], True, Path("r.h5"))
    lines = texts(page(run, history, View(), Size(80, 24), over).lines)
    assert lines[0].startswith("factors  finished  ")
    assert lines[1] == "Its record is r.h5; r replays it."
    assert not any(each.startswith(("Limit", "The end")) for each in lines)


def test_who_waits_for_an_earlier_tuple_and_what_is_in_doubt_are_told():
    status = usual(0, doubts=["Work1 changes"])
    totals = replace(status.totals, awaits="Tally2 waits for rank 3")
    lines = shown(replace(status, totals=totals))
    assert "In doubt: Work1 changes" in lines
    assert "Order: Tally2 waits for rank 3" in lines


def test_without_a_number_of_inputs_there_is_no_bar():
    totals = Totals(2400, 0, 41.0, 120.0, 1, 0, 12, 2, 3, "")
    lines = shown(usual(0, totals=totals, expected=None, expected_not="each source is called once"))
    assert not any("━" in each for each in lines)
    assert "The end: not known, each source is called once" in lines


def test_names_of_others_cannot_move_the_cursor():
    evil = usual(
        0, elements=[element("\x1b[2JWork1")], failures=[Failure("a\rb", "E", "p", 1, "\x1b]0;x\x07said")]
    )
    run, history = seen(evil)
    assert all(each.isprintable() for each in texts(page(run, history, View(), Size(200, 50)).lines))
