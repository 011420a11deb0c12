from __future__ import annotations

import hashlib
import os
import re
from importlib.resources import files

from hpcd4p.launch.node import node_bytes
from hpcd4p.launch.redis_config import memory_mb, server_config, user_rule

LUA = {
    p.name: p.read_text() for p in (files("hpcd4p.transport") / "lua").iterdir() if p.name.endswith(".lua")
}


def test_the_secret_itself_is_nowhere_in_the_configuration():
    text = server_config("/tmp/x", "s3cret word", None, 0)
    assert "s3cret" not in text
    assert hashlib.sha256(b"s3cret word").hexdigest() in text


def test_listens_on_no_port_unless_an_address_is_given():
    lines = server_config("/tmp/x", "s", None, 7000).splitlines()
    assert "port 0" in lines
    assert not [line for line in lines if line.startswith("bind")]


def test_listens_on_the_one_address_that_is_given():
    lines = server_config("/tmp/x", "s", "10.0.0.7", 7000).splitlines()
    assert "port 7000" in lines
    assert [line for line in lines if line.startswith("bind")] == ["bind 10.0.0.7"]


def test_keeps_nothing_on_disk_and_never_evicts():
    lines = server_config("/tmp/x", "s", None, 0).splitlines()
    assert {'save ""', "appendonly no", "maxmemory 128mb", "maxmemory-policy noeviction"} <= set(lines)


def test_the_server_may_use_a_quarter_of_a_large_node():
    assert memory_mb(64 << 30) == 16 << 10
    assert memory_mb(256 << 20) == 128
    assert "maxmemory 300mb" in server_config("/tmp/x", "s", None, 0, 300).splitlines()


def test_this_node_has_memory_and_no_more_than_the_kernel_says():
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 1 << 20 < node_bytes() <= physical


def test_the_default_user_is_off():
    assert "user default reset off" in server_config("/tmp/x", "s", None, 0).splitlines()


def test_dangerous_commands_are_taken_away_before_single_ones_are_given():
    words = user_rule("s").split()
    assert words.index("-@all") < words.index("+@hash") < words.index("-@dangerous") < words.index("+info")
    assert [w for w in words if w.startswith("~")] == ["~hpcd4p:*"]


def test_the_probe_for_a_shared_redis_tries_every_command_of_the_scripts():
    used = {
        name.upper() for text in LUA.values() for name in re.findall(r"\b(?:call|try)\('([A-Za-z]+)'", text)
    }
    tried = {name.upper() for name in re.findall(r"\btry\('([A-Za-z]+)'", LUA["probe.lua"])}
    assert used - tried == set()
