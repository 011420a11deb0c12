"""The loops: every kind of element gets its tuples, and an exception costs the tuple that raised it."""

from __future__ import annotations

import pytest

from hpcd4p import BasePE, BatchPE, ConsumerPE, GenericPE, IterativePE, KeyedPE, ProducerPE, SimpleFunctionPE
from hpcd4p.errors import ElementFailed, RankLost
from hpcd4p.plan.model import UNDECLARED, ElementPlan, Role
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.error_text import show_error
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.letters import show_trace
from hpcd4p.runtime.execute.signals import Asked


class Bench:
    """One instance, and what became of the tuples that failed."""

    def __init__(self, pe: GenericPE, role: Role = Role.POOL, partitions: int = 0) -> None:
        plan = ElementPlan(
            0,
            "it0",
            role,
            False,
            partitions,
            tuple(pe.inputconnections),
            tuple(pe.outputconnections),
            "",
            False,
        )
        self.failures: list[tuple[str, object, str]] = []
        self.traces: list[str] = []
        self.instance = Instance(plan, pe, 0, 5, self.failed, Clock())
        self.instance.start()

    def failed(self, instance, port, value, error):
        self.failures.append((port, value, show_error(error)))
        self.traces.append(show_trace(error))

    def run(self, values, port="input") -> dict[str, list]:
        self.instance.run(port, values)
        return dict(self.instance.take())

    def finish(self) -> dict[str, list]:
        self.instance.finish()
        return dict(self.instance.take())


class Double(IterativePE):
    def _process(self, number):
        return 2 * number if number else None


class WriteAndReturn(IterativePE):
    def _process(self, number):
        self.write("output", -number)
        return number


class ByDict(GenericPE):
    def __init__(self):
        super().__init__()
        self._add_input("a")
        self._add_input("b")
        self._add_output("x")
        self._add_output("y")

    def process(self, inputs):
        ((port, value),) = inputs.items()
        self.write("x", port)
        return {"y": value}


class Seen(ConsumerPE):
    def __init__(self):
        super().__init__()
        self.seen = []

    def _process(self, datum):
        self.seen.append(datum)
        return "nobody hears this"


class Produce(ProducerPE):
    def _process(self, inputs):
        return inputs.get("item", "nothing given")


class Reader(IterativePE):
    """A root with an input that is not connected."""

    def _process(self, name):
        return f"read {name}"


class Refuse(IterativePE):
    def _process(self, number):
        self.write("output", number)
        if number % 2:
            raise ValueError(f"{number} is odd")
        return -number


class Misspelt(IterativePE):
    def _process(self, number):
        self.write("ouput", number)


class Count(KeyedPE):
    def process_key(self, key, value, state):
        if value == "bad":
            raise ValueError(key)
        return (state or 0) + value


class Whole(KeyedPE):
    key = ("a", "b")
    value = None

    def process_key(self, key, value, state):
        self.write("output", (key, value["c"]))
        return value["c"]

    def end_key(self, key, state):
        if state == 2:
            raise ValueError("two")
        super().end_key(key, state)


class Batched(BatchPE):
    max_batch = 3

    def __init__(self):
        super().__init__()
        self.lengths = []

    def process_batch(self, items):
        self.lengths.append(len(items))
        for item in items:
            if item == "bad":
                raise ValueError("bad")
            yield item


class WritesInBatches(BatchPE):
    def process_batch(self, items):
        for item in items:
            self.write("output", item)
            if item == "bad":
                raise ValueError("bad")


class WritesAsideInBatches(BatchPE):
    def process_batch(self, items):
        for item in items:
            self.write("aside", item)
            if item == "bad":
                raise ValueError("bad")


class Ends(IterativePE):
    def _process(self, datum):
        return None

    def _postprocess(self):
        self.write("output", "the end")
        raise RuntimeError("too late")


# ---- every kind of element


def test_what_an_iterative_element_returns_is_one_tuple_and_none_is_nothing():
    assert Bench(Double()).run([1, 0, 2]) == {"output": [2, 4]}


def test_an_element_may_write_and_return():
    assert Bench(WriteAndReturn()).run([1, 2]) == {"output": [-1, 1, -2, 2]}


def test_a_general_element_gets_one_port_at_a_time_and_gives_several_outputs():
    bench = Bench(ByDict())
    assert bench.run([1, 2], "b") == {"x": ["b", "b"], "y": [1, 2]}


def test_what_a_consumer_returns_is_not_used():
    pe = Seen()
    assert Bench(pe).run([1, 2]) == {}
    assert pe.seen == [1, 2]


def test_a_function_gets_its_parameters():
    assert Bench(SimpleFunctionPE(round, {"ndigits": 1})).run([3.14]) == {"output": [3.1]}


def test_a_root_gets_the_inputs_of_each_call_or_an_empty_dict():
    bench = Bench(Produce(), Role.ROOT)
    assert bench.run([{"item": 1}], "") == {"output": [1]}
    assert bench.run(range(2), "") == {"output": ["nothing given"] * 2}


def test_a_root_with_an_input_gets_the_dict_that_it_was_given():
    assert Bench(Reader(), Role.ROOT).run([{"input": "f"}], "") == {"output": ["read f"]}


def test_an_element_is_told_its_rank():
    assert Bench(Double()).instance.pe.rank == 5


def test_ports_by_list():
    class Sum(BasePE):
        def process(self, inputs):
            return {"output0": sum(inputs["input0"])}

    assert Bench(Sum(num_inputs=1, num_outputs=1)).run([(1, 2)], "input0") == {"output0": [3]}


# ---- by key, in batches


def test_a_keyed_element_has_a_state_for_each_key_and_writes_them_at_the_end():
    bench = Bench(Count(), Role.STATE, 4)
    assert bench.run([("a", 1), ("b", 5), ("a", 2)]) == {}
    assert bench.finish() == {"output": [("a", 3), ("b", 5)]}


def test_a_tuple_that_fails_leaves_the_state_of_its_key_as_it_was():
    bench = Bench(Count(), Role.STATE, 4)
    bench.run([("a", 1), ("a", "bad"), ("a", 2)])
    assert bench.failures == [("input", ("a", "bad"), "ValueError: a")]
    assert bench.finish() == {"output": [("a", 3)]}


def test_a_key_of_several_columns_and_the_whole_tuple_as_value():
    bench = Bench(Whole(), Role.STATE, 4)
    assert bench.run([{"a": 1, "b": 2, "c": 3}]) == {"output": [((1, 2), 3)]}


def test_a_key_whose_end_fails_does_not_keep_the_others_from_ending():
    bench = Bench(Whole(), Role.STATE, 4)
    bench.run([{"a": i, "b": 0, "c": i} for i in (1, 2, 3)])
    assert bench.finish() == {"output": [((1, 0), 1), ((3, 0), 3)]}
    assert bench.failures == [("<end_key>", ((2, 0), 2), "ValueError: two")]


def test_a_batch_is_no_longer_than_the_element_says():
    pe = Batched()
    assert Bench(pe).run(list(range(8))) == {"output": list(range(8))}
    assert pe.lengths == [3, 3, 2]


@pytest.mark.parametrize("kind", [Batched, WritesInBatches])
def test_in_a_batch_that_fails_only_the_bad_tuples_do_and_nothing_comes_out_twice(kind):
    bench = Bench(kind())
    out = bench.run(["a", "b", "bad", "c", "bad", "d"])["output"]
    assert [item for item in out if item != "bad"] == ["a", "b", "c", "d"]
    assert bench.failures == [("input", "bad", "ValueError: bad")] * 2


def test_a_batch_that_holds_state_fails_as_a_whole_for_running_it_again_would_count_twice():
    pe = Batched()
    bench = Bench(pe, Role.STATE, 1)
    assert bench.run(["a", "bad", "b", "c"]) == {"output": ["c"]}
    assert [value for _, value, _ in bench.failures] == ["a", "bad", "b"]
    assert pe.lengths == [3, 1]


# ---- failures


@pytest.mark.parametrize("override", [False, True])
def test_an_exception_costs_one_tuple_but_not_what_it_had_written(override):
    pe = Refuse()
    if override:  # the slow path
        pe.process = lambda inputs: IterativePE.process(pe, inputs)
    bench = Bench(pe)
    assert bench.run([0, 1, 2, 3]) == {"output": [0, 0, 1, 2, -2, 3]}
    assert bench.failures == [("input", 1, "ValueError: 1 is odd"), ("input", 3, "ValueError: 3 is odd")]


def test_a_traceback_starts_in_the_code_of_the_user():
    bench = Bench(Refuse())
    bench.run([1])
    first = bench.traces[0].splitlines()[1]
    assert "test_instance.py" in first
    assert "_process" in first


def test_what_is_written_on_an_output_that_was_not_declared_is_kept_with_its_name():
    bench = Bench(Misspelt())
    assert bench.run([1]) == {UNDECLARED: [("ouput", 1)]}
    assert bench.failures == []


def test_what_fails_at_the_end_is_a_failure_like_any_other():
    bench = Bench(Ends())
    assert bench.finish() == {"output": ["the end"]}
    assert bench.failures == [("<postprocess>", None, "RuntimeError: too late")]


def test_an_end_of_the_run_that_comes_up_through_a_write_is_not_a_failure_of_the_tuple():
    bench = Bench(WriteAndReturn())

    def refused(instance):
        raise RankLost("declared lost")

    bench.instance.on_overflow = refused
    with pytest.raises(RankLost):
        bench.run(list(range(100_000)))
    assert bench.failures == []


class Silent(Exception):
    def __str__(self):
        raise ValueError("no words")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SystemExit("bye"), "SystemExit: bye"),
        (GeneratorExit(), "GeneratorExit: "),
        (Silent(), "Silent, whose text raised ValueError"),
    ],
)
@pytest.mark.parametrize("kind", [IterativePE, GenericPE, BatchPE, KeyedPE])
def test_whatever_is_raised_is_a_failure_of_its_tuple(kind, error, told):
    class Raises(kind):
        def __init__(self):
            super().__init__()
            if kind is GenericPE:
                self._add_input("input")

        def _process(self, data):
            raise error

        def process_batch(self, items):
            raise error

        def process_key(self, key, value, state):
            raise error

    bench = Bench(Raises())
    bench.run([(1, 2)])
    assert bench.failures == [("input", (1, 2), told)]


def test_a_ctrl_c_is_not_a_failure_of_the_tuple():
    def interrupt(value):
        raise Asked("SIGINT")

    bench = Bench(SimpleFunctionPE(interrupt))
    with pytest.raises(Asked):
        bench.run([1])
    assert bench.failures == []


def test_a_keyboard_interrupt_that_an_element_raises_by_itself_is_a_failure_of_the_tuple():
    def interrupt(value):
        raise KeyboardInterrupt

    bench = Bench(SimpleFunctionPE(interrupt))
    bench.run([1])
    assert bench.failures == [("input", 1, "KeyboardInterrupt: ")]


def test_an_element_that_gives_no_dict_is_told_what_to_give():
    class GivesList(GenericPE):
        def __init__(self):
            super().__init__()
            self._add_input("input")

        def process(self, inputs):
            return [1]

    bench = Bench(GivesList())
    bench.run([3, 4])
    expected = (
        "TypeError: process gave a list; expected a dict, output to datum, or None "
        "(a bare datum is for _process)"
    )
    assert bench.failures == [("input", 3, expected), ("input", 4, expected)]


def test_what_preprocess_raises_names_the_element():
    class Starts(IterativePE):
        def preprocess(self):
            raise SystemExit("no licence")

        def _process(self, data):
            return data

    with pytest.raises(ElementFailed, match="preprocess of element it0 raised SystemExit: no licence"):
        Bench(Starts())


# ---- many writes, and figures


def test_a_call_that_writes_much_hands_over_in_between():
    class Much(IterativePE):
        def _process(self, count):
            for i in range(count):
                self.write("output", i)

    bench = Bench(Much())
    parts = []
    bench.instance.on_overflow = lambda instance: parts.extend(instance.take())
    rest = bench.run([50_000])["output"]
    assert len(parts) >= 5
    assert [v for _, part in parts for v in part] + rest == list(range(50_000))


def test_it_counts_what_goes_in_and_out():
    bench = Bench(ByDict())
    bench.run([1, 2, 3], "a")
    i = bench.instance
    assert (i.tuples, i.written, i.written_by) == (3, 6, {"x": 3, "y": 3})
    assert i.first[0] == 3
    assert i.chunk_tuples >= 1


def test_what_a_batch_that_fails_has_written_on_an_undeclared_output_is_taken_back():
    bench = Bench(WritesAsideInBatches())
    assert bench.run(["a", "bad", "c"]) == {UNDECLARED: [("aside", "a"), ("aside", "c")]}
    assert [value for _, value, _ in bench.failures] == ["bad"]


class Talks(IterativePE):
    """With a `write` of its own, as base classes of dispel4py's users have it."""

    def write(self, name, data):
        self._write(name, f"said {data}")

    def _process(self, data):
        self.write("output", data)


def test_an_element_may_have_a_write_of_its_own():
    assert Bench(Talks()).run([1]) == {"output": ["said 1"]}
