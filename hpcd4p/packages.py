"""The packages that hpcd4p needs, what for, and how the lack of one is told: one message, no traceback.

Whoever imports one of them turns its error into `lack_of` it. Every rank imports this file: it must never
import one of the packages, nor anything that is not loaded anyway.
"""

from __future__ import annotations

from hpcd4p.errors import MissingPackage

_RANKS = "to run on several ranks"
_RECORDS = "for the records of runs (--no-record runs without)"

PURPOSES = {
    "mpi4py": _RANKS,
    "hiredis": _RANKS,
    "redis": "to check the Redis of --redis-url",
    "h5py": _RECORDS,
    "numpy": _RECORDS,
    "matplotlib": "for pictures (the extra `plot` brings it: pip install 'hpcd4p[plot]')",
    "rich": "for `hpcd4p top` (the extra `terminal` brings it: pip install 'hpcd4p[terminal]'; "
    "`hpcd4p status --watch` needs none)",
    "pandas": "for `hpcd4p.results.load` (pip install pandas; `hpcd4p.results.rows` needs none)",
    "cloudpickle": "to send the elements of a script or notebook to other ranks",
}

_MOST_CHARS = 300
"""numpy says a page when it is broken."""


def packages_of_ranks(*, redis: bool) -> tuple[str, ...]:
    """Give what every rank imports; `redis`: in a mapping that has one."""
    return ("mpi4py", "hiredis") if redis else ("mpi4py",)


def lack_of(package: str, error: BaseException) -> MissingPackage:
    """Give what to raise when the import of `package` raised `error`: it is that one, or one below it."""
    named = (getattr(error, "name", None) or package).partition(".")[0]
    culprit = named if named in PURPOSES else package
    why = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return MissingPackage(culprit, PURPOSES[culprit], why[:_MOST_CHARS])


def require(*packages: str) -> None:
    """Look whether `packages` are there, without importing them: well under a millisecond each.

    Raises
    ------
    MissingPackage
        For the first that is not. One that is there may be broken still.
    """
    from importlib.util import find_spec

    for package in packages:
        if find_spec(package) is None:
            raise lack_of(package, ModuleNotFoundError(f"No module named {package!r}", name=package))
