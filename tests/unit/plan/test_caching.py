"""Which changes are caches: what the key alone gives, or what is filled once; never what the data says."""

from __future__ import annotations

import pytest

from tests.sim.spellings import load

CACHES = {
    "not in": "if x not in M:\n        M[x] = x * 2\n    return M[x]",
    "early return": "if x in M:\n        return M[x]\n    y = x * 2\n    z = y + 1\n    M[x] = z",
    "try": "try:\n        return M[x]\n    except KeyError:\n        M[x] = x\n        return M[x]",
    "get": "y = M.get(x)\n    if y is None:\n        y = M[x] = x * 2\n    return y",
}
STATES = {
    "seen before": "if x in M:\n        return None\n    M[x] = True\n    return x",
    "part of the data": "if x % 3 not in M:\n        M[x % 3] = x\n    return M[x % 3]",
    "another table": "if x in N:\n        return N[x]\n    M[x] = x\n    return x",
    "the first of its key": "k, v = x\n    if k in M:\n        return M[k]\n    M[k] = v\n    return v",
    "counts": "M[x] = M.get(x, 0) + 1\n    return M[x]",
    "also changed elsewhere": "if x not in M:\n        M[x] = x * 2\n    M['last'] = x\n    return M[x]",
}


def cleared(body):
    from hpcd4p.plan.changes import caches

    text = f"M = {{}}\nN = {{}}\ndef f(x):\n    {body}\nWORK = SimpleFunctionPE(f)\n"
    return caches(load(text).WORK)


@pytest.mark.parametrize("name", CACHES)
def test_a_table_that_remembers_is_no_state(name):
    assert cleared(CACHES[name]) == ("M (a global of spelling)",)


@pytest.mark.parametrize("name", STATES)
def test_a_table_that_says_what_came_before_is_state(name):
    assert cleared(STATES[name]) == ()


def test_what_is_filled_once_and_written_is_state():
    from hpcd4p.plan.changes import changes

    text = """
class Work(IterativePE):
    head = None
    def _process(self, data):
        if self.head is None:
            self.head = object()
            self.write("output", "head")
        return data
WORK = Work()
"""
    assert [change.what for change in changes(load(text).WORK)] == ["self.head"]
