"""What comes out of a run: the summary, the HDF5 record of a run, and the texts about both.

`summary`, `sink`, `memory` and `report` are pure; `writer` and `reader` are the only importers of
h5py, and only when a record is really written or read. Only rank 0 may import this package.
"""
