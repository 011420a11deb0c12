"""What code knows by name, and tells by ``is``, stays itself; all else is each element's own."""

from __future__ import annotations

import copy
import dataclasses
import enum
import math
import pickle
import subprocess
import sys
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest

from hpcd4p.runtime.execute.flow import isolate
from hpcd4p.runtime.execute.setup import copy_element
from hpcd4p.workflow import kept
from hpcd4p.workflow.elements import IterativePE
from hpcd4p.workflow.identity import dumper, pack, remade, unpack
from hpcd4p.workflow.kept import keep, keeping
from hpcd4p.workflow.sentinels import dumps, tuple_dumper
from hpcd4p.workflow.singles import Judge


class Label:
    def __init__(self, label):
        self.label = label


class Level:
    __slots__ = ("label", "number")

    def __init__(self, label, number):
        self.label, self.number = label, number

    def __repr__(self):
        return self.label


class Counter:
    def __init__(self):
        self.count = 0

    def add(self):
        self.count += 1


class Dynamic:
    def __init__(self, **values):
        self.__dict__.update(values)

    def put(self, name, value):
        setattr(self, name, value)


class Settings:
    """Assigned by a function of the module."""

    def __init__(self):
        self.scale = 1


def set_up(scale):
    SETTINGS.scale = scale


@dataclasses.dataclass(frozen=True)
class Norm:
    name: str


class Way(enum.Enum):
    ENV = "env"


class Pair(NamedTuple):
    one: str
    two: float


class Holds(IterativePE):
    INNER = Label("inner")
    halve = lambda number: number / 2  # noqa: E731

    class Deep:
        EMPTY = object()

    def __init__(self, value, again=None):
        super().__init__()
        self.value, self.again = value, again

    def begin(self):
        self.label = "its own attribute is nobody else's"


MISSING = object()
NAMED = Label("named")
LOW = Level("low", 1)
COUNTER = Counter()
DYNAMIC = Dynamic(n=1)
SETTINGS = Settings()
TABLE = {"a": 1}
NORM = Norm("env")
COLUMNS = ("time", "value", MISSING, 2.5)
NAMES = frozenset({"time", "value"})
PAIR = Pair("one", 1.5)
LIMIT = 12_345.5
ENV, IDENTIFIER = "env", "identifier"
TEXT = "several words, which Python does not intern"
square = lambda number, fill=math.nan, missing=MISSING: number * number  # noqa: E731


@pytest.fixture(autouse=True)
def nothing_kept():
    with keeping():
        yield


def there(*pes, by_value=False):
    """The elements as another rank has them, which knows nothing but what it is told."""
    keep(pes, by_value)
    packed = pickle.loads(pickle.dumps(pack([dumper(by_value)(pe) for pe in pes])))
    with keeping():
        return unpack(packed)


def inside(found):
    while isinstance(found, (list, dict)) or (isinstance(found, tuple) and len(found) == 1):
        found = found["key"] if isinstance(found, dict) else found[0]
    return found


@pytest.mark.parametrize(
    "value",
    [MISSING, NAMED, LOW, Holds.INNER, Holds.Deep.EMPTY, Holds.halve, dataclasses.MISSING, square, Label,
     "identifier", TEXT, NORM, COLUMNS, NAMES, PAIR, LIMIT, math.inf, math.nan, np.nan, Way.ENV, len,
     None, True, 7],
    ids=str,
)  # fmt: skip
def test_what_has_a_name_is_itself_elsewhere_at_any_depth(value):
    for held in (value, [value], {"key": [({"key": value},)]}):
        assert inside(there(Holds(held))[0].value) is value


@pytest.mark.parametrize("value", [COUNTER, DYNAMIC, SETTINGS, TABLE, Label("another"), [1]], ids=repr)
def test_what_may_change_is_a_copy_elsewhere(value):
    assert there(Holds(value))[0].value is not value


def test_parameters_of_a_dataclass_keep_what_they_are():
    @dataclasses.dataclass
    class Parameters:
        norm: str
        missing: object

    Parameters.__qualname__ = "Parameters"
    module = sys.modules[__name__]
    module.Parameters = Parameters
    try:
        found = there(Holds(Parameters("env", MISSING)))[0].value
    finally:
        del module.Parameters
    assert found.norm is ENV
    assert found.missing is MISSING


def test_a_string_that_was_made_while_the_program_ran_is_not_taken_for_the_one_in_the_code():
    made = "".join(["iden", "tifier"])
    assert made is not IDENTIFIER
    found = there(Holds(made))[0].value
    assert found == "identifier"
    assert found is not IDENTIFIER


def test_keys_of_dicts_are_interned_again():
    (key,) = there(Holds({"env": 1}))[0].value
    assert key is ENV


def test_two_attributes_that_are_one_object_stay_one():
    rows = [1]
    pe = Holds(rows, rows)
    for found in (there(pe)[0], copy_element(pe, 1), copy_element(pe, 2)):
        assert found.value is found.again
        assert found.value is not rows


def test_an_object_that_two_elements_share_is_shared_elsewhere_and_in_tuples():
    end = object()
    keep([Holds(end), Holds(end)])
    packed = pack([dumper(False)(pe) for pe in (Holds(end), Holds(end))])
    row = dumps([end], protocol=5)
    with keeping():
        one, two = unpack(packed)
        assert one.value is two.value is pickle.loads(row)[0]


@pytest.mark.parametrize(
    ("name", "new"), [("LIMIT", 1.0), ("NORM", Norm("other")), ("NAMED", Label("other"))]
)
def test_a_name_that_means_something_else_there_does_not_stand_for_the_value(monkeypatch, name, new):
    was = globals()[name]
    keep([Holds(was, was)])
    packed = pack([dumper(False)(Holds(was, was))])
    row = dumps(was, protocol=5)
    monkeypatch.setitem(globals(), name, new)
    with keeping():
        found = unpack(packed)[0]
        assert found.value is found.again
        for each in (found.value, pickle.loads(row)):
            assert each is not new
            assert getattr(each, "__dict__", each) == getattr(was, "__dict__", was)


def test_a_function_that_is_another_one_there_is_refused(monkeypatch):
    keep([Holds(square)])
    packed = pack([dumper(False)(Holds(square))])
    monkeypatch.setitem(globals(), "square", lambda number: number)
    with keeping(), pytest.raises(pickle.UnpicklingError, match="square is another function"):
        unpack(packed)


def test_a_function_that_a_call_has_made_has_no_name(monkeypatch):
    monkeypatch.setitem(globals(), "built", (lambda: lambda number: number)())
    keep([Holds(built)])  # noqa: F821
    with pytest.raises((pickle.PicklingError, AttributeError)):
        dumper(False)(Holds(built))  # noqa: F821


def test_an_object_of_a_module_that_no_element_comes_from_is_found():
    module = ModuleType("far_away")
    module.EMPTY = object()
    sys.modules[module.__name__] = module
    try:
        assert there(Holds([module.EMPTY]))[0].value[0] is module.EMPTY
        assert there(Holds({1: [[module.EMPTY]]}))[0].value[1][0][0] is module.EMPTY
    finally:
        del sys.modules[module.__name__]


ROW = {"sentinel": MISSING, "label": NAMED, "inner": [Holds.INNER, 1.5]}


@pytest.mark.parametrize("by_value", [False, True])
def test_tuples_keep_their_sentinels(by_value):
    keep([Holds(None)])
    for found in (pickle.loads(tuple_dumper(by_value)(ROW, protocol=5)), isolate([ROW])[0], kept.copied(ROW)):
        assert found is not ROW
        assert found["sentinel"] is MISSING
        assert found["label"] is NAMED
        assert found["inner"][0] is Holds.INNER


def test_what_the_user_pickles_or_copies_is_as_ever():
    keep([Holds(MISSING)])
    assert copy.deepcopy(MISSING) is not MISSING
    assert b"hpcd4p" not in pickle.dumps(MISSING)


def test_without_sentinels_tuples_are_pickled_as_ever():
    row = [("env", 1.5, Level("low", 2)), NORM]
    assert not kept.here.kinds
    assert dumps(row, protocol=5) == pickle.dumps(row, protocol=5)


@pytest.mark.parametrize("copies", [1, 2])
def test_copies_for_instances_keep_what_has_a_name(copies):
    keep([Holds(MISSING)])
    found = copy_element(Holds([MISSING, NAMED, COLUMNS, [1]]), copies)
    assert found.value[:3] == [MISSING, NAMED, COLUMNS]
    assert found.value[2] is COLUMNS


@pytest.mark.parametrize(
    "value",
    [
        1,
        "text",
        None,
        (),
        [],
        COUNTER,
        DYNAMIC,
        SETTINGS,
        Holds(1),
        pickle,
        Label,
        len,
        1.5,
        {},
        NORM,
        Way.ENV,
    ],
)
def test_what_has_a_value_or_may_change_is_no_single(value):
    assert not Judge([sys.modules[__name__]]).is_single(value)


def test_classes_and_functions_of_nowhere_are_sent_once_and_are_the_same_for_all():
    sentinel = object()

    class Local(Holds):
        def _process(self, data):
            return self.value is sentinel, self.again is twice

    def twice(number):
        return 2 * number

    one, two = there(Local(sentinel, twice), Local(sentinel, twice), by_value=True)
    assert type(one) is type(two)
    assert one.again is two.again
    assert one._process(1) == two._process(1) == (True, True)


def test_what_cannot_be_copied_is_remade_with_the_same_things():
    sentinel = object()

    class Local(Holds):
        def _process(self, data):
            return self.value is sentinel

    pe = Local(sentinel)
    keep([pe], by_value=True)
    assert remade(pe) is not pe
    assert remade(pe)._process(1)


OTHER_PROCESS = """
import pickle, sys
sys.path[:0] = sys.argv[1:]
from hpcd4p.workflow.identity import unpack
import flow_of_envelopes as flow
for pe in unpack(pickle.load(sys.stdin.buffer)):
    print(*pe._process(1))
"""

FLOW = """
from hpcd4p import IterativePE

MISSING = object()
WORDS = "not a name"

class Normalise(IterativePE):
    # as a public cross-correlation has it
    def __init__(self, norm, missing=MISSING, words=WORDS):
        super().__init__()
        self.norm, self.missing, self.words = norm, missing, words

    def _process(self, data):
        if self.norm is 'env':
            return 'envelope', self.missing is MISSING, self.words is WORDS, self.words is 'not a name'
        return 'nothing', self.missing is MISSING, self.words is WORDS, self.words is 'not a name'
"""


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_a_parameter_compared_by_is_means_the_same_in_another_process(tmp_path, monkeypatch):
    (tmp_path / "flow_of_envelopes.py").write_text(FLOW)
    monkeypatch.syspath_prepend(tmp_path)
    import flow_of_envelopes as flow

    try:
        pes = [flow.Normalise("env"), flow.Normalise("".join(["e", "nv"])), flow.Normalise("none", None, "")]
        expected = "".join(f"{' '.join(map(str, pe._process(1)))}\n" for pe in pes)
        keep(pes)
        packed = pickle.dumps(pack([dumper(False)(pe) for pe in pes]))
    finally:
        del sys.modules["flow_of_envelopes"]
    assert expected.startswith("envelope True True True\nnothing True")
    command = [sys.executable, "-W", "ignore", "-c", OTHER_PROCESS, str(tmp_path), *sys.path]
    done = subprocess.run(command, input=packed, capture_output=True, timeout=60, check=True)
    assert done.stdout.decode() == expected
