"""Every key of a run has one name, in Python, in the scripts and in Redis."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from hpcd4p.wire.keys import Keys
from hpcd4p.wire.nodes import porter_of

SCRIPTS = [p for p in (files("hpcd4p.transport") / "lua").iterdir() if p.name.endswith(".lua")]


MANY = {
    **dict.fromkeys(("queue", "near", "lease", "bell", "orders"), "list"),
    "nodes": "set",
    "line": "zset",
    "entry": "hash",
}
"""Keys of which a run has several, with their types."""


def test_every_key_of_a_run_starts_with_its_name():
    keys = Keys("run7")
    assert {keys.bell(3), keys.queue(0), keys.lease(2), keys.client(12)} == {
        "hpcd4p:run7:bell:3",
        "hpcd4p:run7:queue:0",
        "hpcd4p:run7:lease:2",
        "hpcd4p:run7:12",
    }


def test_one_table_gives_what_to_erase_what_to_refresh_and_what_each_key_holds():
    keys = Keys("run7")
    types = keys.types([4], 2)
    assert keys.every([4], 2) == list(types)
    own = {key(rank) for rank in (0, 1) for key in (keys.bell, keys.orders, keys.lease)}
    assert set(types) - set(keys.lasting([4])) == {keys.head, *own}
    assert keys.every([4], 2, 1) == keys.every([4], 2)
    several = keys.types([4], 2, 3)
    porters = [porter_of(node) for node in (1, 2)]
    added = {key(porter) for porter in porters for key in (keys.bell, keys.orders, keys.lease)}
    added |= {key(porter) for porter in porters for key in (keys.wanted, keys.given)}
    added |= {keys.nodes(4), *(keys.near(node, 4) for node in range(3))}
    assert set(several) - set(types) == added
    assert set(keys.lasting([4], 3)) - set(keys.lasting([4])) == {keys.nodes(4)}
    assert (several[keys.nodes(4)], several[keys.near(2, 4)]) == ("set", "list")
    assert (types[keys.queue(4)], types[keys.idle], types[keys.bell(1)]) == ("list", "zset", "list")


@pytest.mark.parametrize("script", [s for s in SCRIPTS if s.name != "probe.lua"], ids=lambda s: s.name)
def test_a_script_touches_no_key_that_is_not_in_the_table(script):
    named = set(re.findall(r"p \.\. '(\w+:?)'", script.read_text()))
    table = {key.removeprefix("hpcd4p::") for key in Keys("").types([], 0)}
    assert named
    assert named - {f"{name}:" for name in MANY} <= table


@pytest.mark.parametrize("script", [s for s in SCRIPTS if s.name != "probe.lua"], ids=lambda s: s.name)
def test_what_the_head_of_a_script_says_of_a_key_is_what_the_table_says(script):
    table = Keys("").types([], 0)
    kinds = {key.removeprefix("hpcd4p::"): kind for key, kind in table.items()}
    kinds |= MANY
    row = re.compile(r"^--   ([a-z]+)(?::[NRE])* +(hash|zset|set|list) ", re.MULTILINE)
    for name, kind in row.findall(script.read_text()):
        assert (name, kind) == (name, kinds[name])
