#!/bin/sh
# nodes.sh HERE PROGRAM...: PROGRAM as a rank of a run on two pretended nodes. Ranks from HERE on have a host name
# of their own; to both sides the launcher seems to have started only those of their node there.
here=$1
shift
rank=${OMPI_COMM_WORLD_RANK:-$PMI_RANK}
ranks=${OMPI_COMM_WORLD_SIZE:-$PMI_SIZE}
there=$((ranks - here))
if [ "$rank" -lt "$here" ]; then
    export OMPI_COMM_WORLD_LOCAL_SIZE="$here" OMPI_COMM_WORLD_LOCAL_RANK="$rank"
    export MPI_LOCALNRANKS="$here" MPI_LOCALRANKID="$rank"
    exec "$@"
fi
export OMPI_COMM_WORLD_LOCAL_SIZE="$there" OMPI_COMM_WORLD_LOCAL_RANK=$((rank - here))
export MPI_LOCALNRANKS="$there" MPI_LOCALRANKID=$((rank - here))
# shellcheck disable=SC2016  # the inner shell has the words
exec unshare --uts sh -c 'hostname elsewhere && exec "$@"' sh "$@"
