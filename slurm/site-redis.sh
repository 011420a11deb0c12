#!/bin/bash
# A template for a site with a Redis of its own that runs all the time: the job starts none.
#
#     sbatch slurm/site-redis.sh WORKFLOW [options of hpcd4p run]
#
# Its address and password stand in a file that only you may read, never in the job's words or environment:
#
#     mkdir -p ~/.config/hpcd4p
#     (umask 077; printf '[run]\nredis_url = "redis://USER:PASSWORD@HOST:6379/0"\n' > ~/.config/hpcd4p/redis.toml)
#
#SBATCH --job-name=hpcd4p
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=4
#SBATCH --time=1:00:00
#SBATCH --output=%x-%j.out
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@120
#SBATCH --requeue
set -euo pipefail

config=${HPCD4P_CONFIG:-$HOME/.config/hpcd4p/redis.toml}
mode=$(stat -L -c %a "$config" 2>/dev/null || echo none)
if [ "$mode" != 600 ] && [ "$mode" != 400 ]; then
  echo "hpcd4p: error: $config must be a file of mode 600 with the redis_url of the site; its mode is $mode" >&2
  exit 2
fi
export HPCD4P_CONFIG=$config

script=$(scontrol show job "$SLURM_JOB_ID" | sed -n '/^ *Command=/{s/^ *Command=\([^ ]*\).*/\1/p;q}' || true)
folder=$(dirname "$script")
if [ ! -f "$folder/job.sh" ]; then folder=$SLURM_SUBMIT_DIR/slurm; fi
. "$folder/job.sh"

run "$SLURM_NTASKS" "$@"
