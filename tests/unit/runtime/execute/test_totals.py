"""What a rank has done since it was asked last."""

from __future__ import annotations

from hpcd4p.plan.model import ElementPlan, Role
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.totals import Increase, totals
from hpcd4p.workflow.elements import IterativePE


class Same(IterativePE):
    def _process(self, number):
        return number


def instances(count: int) -> list[Instance]:
    found = []
    for partition in range(count):
        plan = ElementPlan(partition // 2, "e", Role.STATE, False, 2, ("input",), ("output",), "", False)
        made = Instance(plan, Same(), partition, 0, lambda *_: None, Clock())
        made.start()
        found.append(made)
    return found


def run(instance: Instance, count: int) -> None:
    instance.run("input", list(range(count)))
    instance.take()


def test_only_what_is_new_is_told():
    mine = instances(4)
    new = Increase()
    assert new.of(mine) == {}
    run(mine[0], 5)
    run(mine[3], 2)
    told = new.of(mine)
    assert {k: v for k, v in told.items() if k[0] in "no"} == {"n:0": 5, "o:0": 5, "n:1": 2, "o:1": 2}
    assert new.of(mine) == {}
    run(mine[1], 3)
    assert new.of(mine)["n:0"] == 3


def test_what_was_told_adds_up_to_the_totals():
    mine = instances(3)
    new, told = Increase(), {}
    for i in range(20):
        run(mine[i % 3], i + 1)
        for key, value in new.of(mine).items():
            told[key] = told.get(key, 0) + value
    assert {k: v for k, v in told.items() if v} == totals(mine)


def test_what_is_taken_back_is_told_as_less():
    (mine,) = instances(1)
    new = Increase()
    mark = mine.mark()
    run(mine, 4)
    assert new.of([mine])["n:0"] == 4
    mine.go_back(mark)
    assert new.of([mine])["n:0"] == -4


def test_what_moves_on_in_the_middle_of_a_call_is_told():
    (mine,) = instances(1)
    new = Increase()
    run(mine, 4)
    new.of([mine])
    mine.out["output"].extend([1, 2])
    mine.take()
    assert new.of([mine])["o:0"] == 2
