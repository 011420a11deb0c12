from __future__ import annotations

import hashlib
import re
from importlib.resources import files

from hpcd4p.launch.redis_config import server_config, user_rule

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
