"""What every test run needs: the list of what was skipped, for the last lines of `make test`."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import settings

# no example has to be quick: the machine may be busy
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# a promise that fails shows what it has seen
pytest.register_assert_rewrite("hpcd4p.testing.conformance")

# where these are set pytest explains failed comparisons in full, and for long lists that takes an hour; the
# transports that are wrong on purpose have many
for _name in ("CI", "BUILD_NUMBER"):
    os.environ.pop(_name, None)

SKIPS = pytest.StashKey[list[tuple[str, str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--skipped-to", metavar="FOLDER", help="leave the skipped tests and why as a file here")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    long = [] if os.environ.get("LONG") else [item for item in items if item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SKIPS] = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = (yield).get_result()
    if report.skipped and isinstance(report.longrepr, tuple) and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        item.config.stash[SKIPS].append((item.nodeid, reason))


def pytest_sessionfinish(session: pytest.Session) -> None:
    folder = session.config.getoption("--skipped-to")
    skips = session.config.stash[SKIPS]
    if folder and skips:
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        # ranks and parts leave one each; the number of a process may come again
        (path / f"{os.getpid()}-{time.time_ns()}.json").write_text(json.dumps(skips))
