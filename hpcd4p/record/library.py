"""Imports h5py, the library below the records, when it is needed; and says whether it is installed."""

from __future__ import annotations

from typing import Any

from hpcd4p.packages import lack_of, require


def require_hdf5() -> None:
    """Check that h5py and numpy are installed, without the 0.1 s that their import takes.

    Raises
    ------
    MissingPackage
        One is not there.
    """
    require("numpy", "h5py")


def load_h5py() -> Any:
    """Give the module h5py.

    Raises
    ------
    MissingPackage
        It, or numpy below it, is not there or broken.
    """
    try:
        import h5py
    except Exception as error:  # built for another numpy, it raises anything
        raise lack_of("h5py", error) from error
    return h5py
