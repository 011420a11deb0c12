"""The key of a run is its user's alone."""

from __future__ import annotations

import os
import stat

import pytest

from hpcd4p.checkpoint.secret import KEY_BYTES, make_key, read_key
from hpcd4p.errors import CheckpointError, SealBroken


@pytest.fixture
def path(tmp_path):
    return tmp_path / "key"


def test_a_key_comes_back_and_no_two_are_the_same(path):
    first = make_key(path)
    assert read_key(path) == first
    assert len(first) == KEY_BYTES
    assert make_key(path) != first


def test_its_user_alone_may_read_it(path):
    before = os.umask(0)
    try:
        make_key(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_one_that_others_may_touch_is_refused_with_what_to_do(path, mode):
    make_key(path)
    path.chmod(mode)
    with pytest.raises(CheckpointError, match=rf"mode {mode:o}.*chmod 600 "):
        read_key(path)


def test_one_of_another_user_is_refused(path, monkeypatch):
    make_key(path)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(CheckpointError, match="belongs to another user"):
        read_key(path)


def test_a_file_system_without_modes_is_refused_before_anything_is_kept(path, monkeypatch):
    real = os.fstat

    def open_to_all(descriptor):
        facts = list(real(descriptor))
        facts[0] |= 0o777
        return os.stat_result(facts)

    monkeypatch.setattr(os, "fstat", open_to_all)
    with pytest.raises(CheckpointError, match="--checkpoint-dir"):
        make_key(path)


@pytest.mark.parametrize("size", [0, KEY_BYTES - 1, KEY_BYTES + 1])
def test_one_of_another_length_is_none(path, size):
    path.touch(0o600)
    path.write_bytes(bytes(size))
    with pytest.raises(SealBroken, match="is not the key of a run"):
        read_key(path)


def test_one_that_is_gone_is_told(path):
    with pytest.raises(CheckpointError, match="key cannot be read: No such file"):
        read_key(path)
