# What every batch script of hpcd4p does: hear Slurm's signals, pin threads, start a run and give its status.
# slurm/job.sh reads this file, and `hpcd4p submit` puts it into its batch text.
# shellcheck shell=bash

# USR1 comes before the time limit, TERM from scancel and preemption: the run stops in order, its record says
# how far it was, and the status is 3. With checkpoints it makes a last one first, puts the job back into the
# queue, and goes on when Slurm starts this script again: that is the business of `hpcd4p run` itself
child=
asked=
stop() {
  asked=yes
  if [ -n "$child" ]; then kill -USR1 "$child" 2>/dev/null || true; fi
}
trap stop USR1 TERM

# ranks are the parallelism: one thread each, unless the job has more cores for a task
for name in OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS NUMEXPR_NUM_THREADS; do
  if [ -z "${!name:-}" ]; then export "$name=${SLURM_CPUS_PER_TASK:-1}"; fi
done
# srun does not take this from sbatch by itself since Slurm 22.05
if [ -n "${SLURM_CPUS_PER_TASK:-}" ]; then export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK; fi

# run RANKS [WORKFLOW] [OPTIONS]: with $python; does not return
run() {
  local ranks=$1 status=0
  shift
  if [ -n "$asked" ]; then exit 3; fi
  "$python" -m hpcd4p run -n "$ranks" "$@" &
  child=$!
  wait "$child" || status=$?
  # a signal ends the wait, not the run; the shell keeps the status of a child that has ended meanwhile
  while [ "$status" -gt 128 ] && kill -0 "$child" 2>/dev/null; do
    status=0
    wait "$child" || status=$?
  done
  if [ "$status" -gt 128 ] && [ -n "$asked" ]; then
    status=0
    wait "$child" || status=$?
  fi
  exit "$status"
}
