"""What rank 0 does before it waits for the others in MPI_Init: it costs no time if they start later.

Must never import MPI.
"""

from __future__ import annotations

import os
import secrets
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from hpcd4p.launch.blocks_folder import folder_name
from hpcd4p.launch.mpi_program import has_several_nodes
from hpcd4p.plan.model import Mapping
from hpcd4p.runtime.run_spec import RunSpec

if TYPE_CHECKING:
    from hpcd4p.launch.redis_server import RunRedis


class Early:
    """The secret of a run and, if it has one, its own Redis; a context manager that ends the Redis.

    Parameters
    ----------
    hdf5
        Whether the run writes a record: HDF5 is imported now (about 0.1 s).

    Attributes
    ----------
    blocks
        Path of the folder for blocks of shared memory, which may be made (`blocks_folder`); '': nowhere.

    Raises
    ------
    RedisSetupError
        No Redis can be started.
    MissingPackage
        There is no h5py.
    """

    def __init__(self, spec: RunSpec, hdf5: bool) -> None:
        kept = spec.checkpoints
        self.secret = secrets.token_bytes(32) if kept is None else kept.secret
        self.redis: RunRedis | None = None
        self._spec = spec
        self.blocks = self._folder()
        self._refused: BaseException | None = None
        own = spec.redis_url is None and spec.plan.mapping is not Mapping.STATIC
        # a server sleeps for a part of its start (Valkey for 30 ms of 40), so HDF5 is loaded meanwhile
        starting = threading.Thread(target=self._begin if own else int)
        starting.start()
        try:
            if hdf5:
                from hpcd4p.record.library import load_h5py

                load_h5py()
            starting.join()
        except BaseException:  # a signal, too, while it waits
            starting.join()
            self.stop()
            raise
        if self._refused is not None:
            raise self._refused

    def redis_for(self, hosts: list[str]) -> RunRedis:
        """Give the server of the run for ranks on these hosts; it has a port only if there are others."""
        assert self.redis is not None
        several = len(set(hosts)) > 1
        if several != (self.redis.endpoint.host is not None):
            self.redis.stop()
            self._start(several)
        return self.redis

    def redis_again(self, hosts: list[str]) -> RunRedis:
        """Give a new server for ranks on these hosts; the one that there was may be dead."""
        self.stop()
        self._start(len(set(hosts)) > 1)
        assert self.redis is not None
        return self.redis

    def _begin(self) -> None:
        """Start the server in a thread of its own; `_refused` says why there is none."""
        try:
            # where the ranks are is not known yet, only what the scheduler says
            self._start(has_several_nodes(os.environ))
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            self._refused = error

    def _start(self, several_nodes: bool) -> None:
        from hpcd4p.launch.redis_server import start_redis

        bind = None
        if several_nodes:
            from hpcd4p.launch.interface import address_for_others

            bind = address_for_others(self._spec.redis_interface)
        scratch = Path(self._spec.scratch) if self._spec.scratch else None
        self.renew_blocks()  # for each watchdog: that of an old server removes its own
        self.redis = start_redis(self.secret.hex(), bind, scratch, self.blocks)

    def renew_blocks(self) -> None:
        """Take another name for the folder: ranks may still write into the one that there was."""
        self.blocks = self._folder()

    def _folder(self) -> str:
        return folder_name() if self._spec.settings.shared_bytes else ""

    def stop(self) -> None:
        """End the server; may be called again."""
        if self.redis is not None:
            self.redis.stop()

    def __enter__(self) -> Early:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
