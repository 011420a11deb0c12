"""Elements: ports, the calls of their life, the fast path, what travels with them."""

from __future__ import annotations

import pickle

import pytest

from hpcd4p import BasePE, BatchPE, ConsumerPE, GenericPE, IterativePE, KeyedPE, ProducerPE, SimpleFunctionPE


class Double(IterativePE):
    def _process(self, data):
        return None if data is None else 2 * data


class DoubleByProcess(IterativePE):
    def process(self, inputs):
        return {"output": 2 * inputs["input"]}


class Count(KeyedPE):
    key = ("station", 0)

    def process_key(self, key, value, state):
        return (state or 0) + value


class Remember(GenericPE):
    pickleIgnore = ("cache",)

    def __init__(self):
        super().__init__(numprocesses=3)
        self.cache = [1]
        self.kept = [2]

    def process(self, inputs):
        return None


def scale(x, factor=1):
    return x * factor


def test_iterative_element_wraps_what_it_returns_and_drops_none():
    assert Double().process({"input": 4}) == {"output": 8}
    assert Double().process({"input": None}) is None


def test_zero_is_an_output():
    assert Double().process({"input": 0}) == {"output": 0}


def test_default_calls_reach_the_underscore_twins():
    called = []

    class Twin(GenericPE):
        def _preprocess(self):
            called.append("pre")

        def _process(self, data):
            called.append(data)
            return {"x": 1}

        def _postprocess(self):
            called.append("post")

    pe = Twin()
    pe.preprocess()
    assert pe.process({"a": 1}) == {"x": 1}
    pe.postprocess()
    assert called == ["pre", {"a": 1}, "post"]


def test_write_goes_to_the_sink_of_the_engine():
    written = []
    pe = Double()
    pe._sink = lambda name, data: written.append((name, data))
    pe.write("output", 1, metadata="ignored")
    pe._write("output", 2)
    assert written == [("output", 1), ("output", 2)]


def test_write_outside_a_run_is_a_clear_error():
    with pytest.raises(RuntimeError, match="outside a run"):
        Double().write("output", 1)


def test_log_tells_id_and_rank(capsys):
    pe = Double()
    pe.id, pe.rank = "Double3", 7
    pe.log("hello")
    assert capsys.readouterr().out == "Double3 (rank 7): hello\n"


def test_runtime_attributes_do_not_travel():
    pe = Remember()
    pe._sink, pe.rank, pe._log_sink = (lambda n, d: None), 5, print
    twin = pickle.loads(pickle.dumps(pe))
    assert (twin.rank, twin.kept, twin.numprocesses) == (0, [2], 3)
    assert not hasattr(twin, "cache")
    assert not {"_sink", "rank", "_log_sink"} & set(vars(twin))


def test_what_one_element_leaves_behind_is_not_that_of_others():
    a, b = Remember(), Remember()
    a.pickleIgnore.append("kept")
    assert a.pickleIgnore == [*b.pickleIgnore, "kept"]
    assert not hasattr(pickle.loads(pickle.dumps(a)), "kept")


def test_state_of_an_element_is_the_same_before_and_after_it_was_given_a_sink():
    pe = Double()
    before = pickle.dumps(pe)
    pe._sink, pe.rank = (lambda n, d: None), 3
    assert pickle.dumps(pe) == before


def test_name_is_that_of_the_class_until_one_is_given():
    pe = Double()
    assert pe.name == "Double"
    pe.name = "twice"
    assert pickle.loads(pickle.dumps(pe)).name == "twice"


def test_class_attributes_are_settings_that_init_leaves_alone():
    class Many(Double):
        numprocesses = 4
        stateful = True

    assert (Many().numprocesses, Many().stateful) == (4, True)
    assert Double(numprocesses=2).numprocesses == 2


def test_base_element_names_its_ports():
    pe = BasePE(inputs=["a"], num_inputs=2, outputs=["x"], num_outputs=1)
    assert list(pe.inputconnections) == ["a", "input0", "input1"]
    assert list(pe.outputconnections) == ["x", "output0"]


def test_ports_keep_grouping_and_type():
    pe = GenericPE()
    pe._add_input("a", grouping=[0], tuple_type=["number"])
    pe._add_output("b", tuple_type=["text"])
    assert pe.inputconnections["a"] == {"name": "a", "grouping": [0], "type": ["number"]}
    assert pe.getOutputTypes() == {"b": ["text"]}


@pytest.mark.parametrize(
    ("pe", "datum", "expected"),
    [
        (Double(), 3, 6),
        (SimpleFunctionPE(abs), -3, 3),
        (SimpleFunctionPE(scale, {"factor": 5}), 2, 10),
    ],
)
def test_fast_path_is_a_function_of_the_bare_datum(pe, datum, expected):
    assert pe._item_function()(datum) == expected
    assert pe.process({"input": datum}) == {"output": expected}


def test_function_without_parameters_is_called_without_a_layer():
    assert SimpleFunctionPE(scale)._item_function() is scale


def test_no_fast_path_where_process_is_overridden():
    assert DoubleByProcess()._item_function() is None
    assert GenericPE()._item_function() is None
    on_instance = Double()
    on_instance.process = lambda inputs: None
    assert on_instance._item_function() is None


def test_fast_path_of_a_function_element_honours_an_overridden_twin():
    class Louder(SimpleFunctionPE):
        def _process(self, data):
            return super()._process(data) + 1

    assert Louder(scale)._item_function()(3) == 4


def test_fast_paths_of_producer_and_consumer():
    seen = []

    class Make(ProducerPE):
        def _process(self, inputs):
            return inputs.get("n", 0)

    class See(ConsumerPE):
        def _process(self, data):
            seen.append(data)

    assert Make()._item_function()({"n": 4}) == 4
    See()._item_function()(5)
    See().process({"input": 6})
    assert seen == [5, 6]


def test_keyed_element_tells_its_key_and_value():
    pe = Count()
    assert pe._key_columns() == ("station", 0)
    assert KeyedPE()._key_columns() == (0,)
    assert KeyedPE()._value_function()(("k", 1)) == 1
    whole = KeyedPE()
    whole.value = None
    assert whole._value_function() is None


def test_keyed_element_writes_key_and_state_at_the_end():
    written = []
    pe = Count()
    pe._sink = lambda name, data: written.append((name, data))
    pe.end_key("a", 3)
    assert written == [("output", ("a", 3))]


def test_batch_element_works_on_one_tuple_too():
    class Pairs(BatchPE):
        def process_batch(self, items):
            return [x for item in items for x in (item, item)]

    written = []
    pe = Pairs()
    pe._sink = lambda name, data: written.append(data)
    assert pe.process({"input": 1}) is None
    assert written == [1, 1]
