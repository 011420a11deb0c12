"""What a run that goes on says of the places of its past."""

from __future__ import annotations

from itertools import pairwise

from hpcd4p import WorkflowGraph
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.order import order_of
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.runtime.head.past import put_first
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.wire.ask import Ask, OrderAsk
from hpcd4p.wire.messages import Commit
from hpcd4p.wire.place import END, LAST, PAST
from tests.unit.plan.elements import Hop, Ports, Source

OWNER = 1
LANE = (0, PAST)


def test_a_rank_that_has_asked_before_hears_that_there_is_no_task_of_it():
    graph = WorkflowGraph()
    for before, after in pairwise((Source(), Hop(), Ports(1, a="global"))):
        graph.connect(before, "output", after, next(iter(after.inputconnections)))
    order = order_of(make_plan(graph, 5, EngineSettings())[0])
    assert order is not None
    store = MemoryStore()
    head, owner = MemoryBroker(store, 0), MemoryBroker(store, OWNER)
    owner.step(Commit(), Ask(order=OrderAsk((LANE,), {LANE: LAST})))
    again = Commit(counts={0: 1})
    put_first(again, order, epoch=3)
    head.step(again)
    assert owner.wait(0.0)
    assert owner.step(Commit(), Ask(order=OrderAsk((LANE,)))).watermarks == {PAST: END}
