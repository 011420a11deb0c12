from __future__ import annotations

from dataclasses import replace

from hpcd4p.live.causes import Kind, cause
from hpcd4p.live.document import Totals
from hpcd4p.live.facts import Backlog, Behind, Cores, Kernel, Standing, Turn
from hpcd4p.live.why import MOST_CAUSES, Lasting, causes
from tests.unit.live.documents import document, element, facts, in_call, source_facts

BUSY = Totals(2400, 3, 41.0, 120.0, 0, 0, 30, 3, 3, "")
IDLE = replace(BUSY, tasks=0, busy=0)
WORK = element("Work1", tuples_in=1000, busy_s=10.0)
SLOW = element("Slow2", role="stateful")
RUN = document(elements=[WORK, SLOW], totals=BUSY)
SHORT = Cores(2, 4, 6.0, queued=0.5, used=2.0)
BEHIND = Behind(1, 1.0, 9.0, "Slow2", 3, 0.8, 1, 8, True)


def kinds(status, **given):
    return [str(each.kind) for each in causes(status, facts(**given))]


def test_a_checkpoint_comes_before_the_order_and_the_order_before_the_call_for_which_it_waits():
    rank = in_call(3)
    told = {"turn": Turn("Slow2", "Work1", 3, 9.0), "in_call": [rank], "idle": 2.0}
    assert kinds(replace(RUN, totals=IDLE), **told)[:2] == ["order", "stuck"]
    assert kinds(RUN, standing=Standing(0.5, [1], ["Slow2"]), **told)[:2] == ["checkpoint", "order"]


def test_a_call_comes_first_where_it_keeps_all_from_going_on_and_late_where_others_work():
    assert (
        kinds(replace(RUN, totals=IDLE), in_call=[in_call()], idle=2.0, sources=[source_facts()])[0]
        == "stuck"
    )
    assert kinds(RUN, in_call=[in_call()], idle=0.0) == ["pool", "stuck"]


def test_what_is_behind_comes_before_what_limits_a_run_that_is_well():
    assert kinds(RUN, behind=[BEHIND], cores=SHORT) == ["stateful", "cores", "pool"]


def test_files_come_before_all_that_they_make_slow():
    assert kinds(RUN, writing=0.8, behind=[BEHIND])[:2] == ["files", "stateful"]
    assert kinds(RUN, kernel=Kernel(5, blocked=0.9, ranks=[2]))[0] == "files"


def test_an_idle_pool_has_a_slow_source():
    assert kinds(replace(RUN, totals=IDLE), idle=2.5, sources=[source_facts()]) == ["source"]


def test_more_than_a_few_causes_are_no_answer():
    all_of_them = {
        "standing": Standing(0.5, [1], ["Slow2"]), "turn": Turn("Slow2", "Work1", 3, 9.0), "writing": 0.9,
        "behind": [BEHIND], "cores": SHORT, "backlog": Backlog(30, 32, 0, 1, detour=1.0),
    }  # fmt: skip
    assert len(kinds(RUN, **all_of_them)) == MOST_CAUSES


def test_of_a_run_of_which_nothing_is_known_nothing_is_said():
    assert kinds(replace(RUN, totals=IDLE), idle=2.5) == ["tail"]
    assert kinds(document(elements=[], totals=IDLE)) == []


def test_a_cause_lasts_as_long_as_it_is_among_them():
    lasting = Lasting()
    first, other = cause(Kind.TAIL, "the last 9"), cause(Kind.CORES, "no cores")
    assert [each.lasts_s for each in lasting.look([first], 10.0)] == [0.0]
    again = lasting.look([other, cause(Kind.TAIL, "the last 3")], 12.0)
    assert [(each.text, each.lasts_s) for each in again] == [("no cores", 0.0), ("the last 3", 2.0)]
    lasting.look([other], 13.0)
    assert lasting.look([first], 14.0)[0].lasts_s == 0.0


def test_texts_are_on_one_line_and_not_too_long():
    made = cause(Kind.STUCK, "x\n" * 400, ["", "y" * 400], to_type="z")
    assert len(made.text) == 300
    assert [len(each) for each in made.evidence] == [300]
