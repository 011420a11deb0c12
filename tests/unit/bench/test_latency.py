from __future__ import annotations

from hpcd4p import run
from hpcd4p.bench import latency, paced_workloads
from hpcd4p.bench.answers import WORKLOADS
from hpcd4p.bench.delays import Delays
from hpcd4p.runtime.head.progress import Progress


def test_a_quantile_is_the_value_that_so_many_do_not_exceed() -> None:
    values = [float(value) for value in range(1, 101)]
    assert latency.quantile(values[::-1], 0.5) == 50.0
    assert latency.quantile(values, 0.99) == 99.0
    assert latency.quantile([7.0], 0.99) == 7.0


def test_the_sink_keeps_numbers_and_the_time_of_each_way() -> None:
    sink = Delays()
    sink.outputs("e", "output", [(1, 10.0, 12.5), (2, 11.0, 11.25)])
    assert sink.results == {"e.output": [1, 2]}
    assert [ways[0] for ways in sink.ways] == [2.5, 0.25]
    assert all(len(ways) == 2 for ways in sink.ways)


def test_an_output_costs_no_look_at_the_server(monkeypatch) -> None:
    looks: list[object] = []
    monkeypatch.setattr(Delays, "look", lambda sink: looks.append(sink))
    sink = Delays()
    sink.outputs("e", "output", [(1, 10.0, 12.5)])
    assert looks == []
    sink.progress(Progress(0.1, 1, 0, 1, 1, 0, 1, 1, None))
    assert looks == [sink]


def test_the_source_writes_as_many_as_the_answer_has(monkeypatch) -> None:
    monkeypatch.setattr(paced_workloads, "PACED_S", 0.1)
    for name in latency.WAYS:
        workload = WORKLOADS[name]
        (values,) = run(workload.build(), workload.given(10_000)).outputs.values()
        assert sorted(value[0] for value in values) == workload.expected(10_000)
        assert len(workload.expected(10_000)) == 1000
