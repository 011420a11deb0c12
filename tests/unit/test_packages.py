from __future__ import annotations

import pickle
import sys

import pytest

from hpcd4p.errors import MissingPackage
from hpcd4p.packages import lack_of, require


def test_the_message_says_what_is_missing_for_what_where_and_how_to_get_it():
    text = str(lack_of("hiredis", ModuleNotFoundError("No module named 'hiredis'", name="hiredis")))
    for part in ("hiredis", "several ranks", sys.executable, "No module named 'hiredis'", "-m pip install"):
        assert part in text


def test_the_package_to_install_is_the_one_below_that_could_not_be_imported():
    assert lack_of("h5py", ModuleNotFoundError("No module named 'numpy'", name="numpy")).package == "numpy"


def test_a_broken_part_of_a_package_is_the_package():
    error = ImportError("libhdf5.so: cannot open shared object file", name="h5py._errors")
    assert lack_of("h5py", error).package == "h5py"


def test_a_page_of_words_becomes_one_line():
    text = str(lack_of("numpy", ImportError("\n\nIMPORTANT: PLEASE READ THIS\n" + 1000 * "word\n")))
    assert "\n" not in text
    assert len(text) < 1000


def test_an_error_without_words_is_told_by_its_name():
    assert lack_of("numpy", AttributeError()).why == "AttributeError"


def test_travels_by_pickle():
    error = lack_of("hiredis", ImportError("no"))
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_looks_for_packages_without_importing_them(monkeypatch):
    monkeypatch.delitem(sys.modules, "redis", raising=False)
    require("redis")
    assert "redis" not in sys.modules


def test_the_first_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "hiredis", None)
    with pytest.raises(MissingPackage, match="cannot import hiredis"):
        require("redis", "hiredis", "numpy")
