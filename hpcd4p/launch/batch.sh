# What every batch script of hpcd4p does: hear Slurm's signals, pin threads, start a run and give its status.
# slurm/job.sh reads this file, and `hpcd4p submit` puts it into its batch text.
# shellcheck shell=bash

# USR1 comes before the time limit, TERM from scancel and preemption: the run stops in order, its record says
# how far it was, and the status is 3. With checkpoints it makes a last one first, and can go on: see `again`
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

# one task of an array: the number of its job may be that of the whole array
job=${SLURM_JOB_ID:-}
if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID; fi
# the run writes the folder of its checkpoints into this file
if [ -n "$job" ]; then export HPCD4P_JOB_FILE=$PWD/.hpcd4p-job-$job; fi

# checkpoints: the folder of this job's, or nothing
checkpoints() {
  if [ -s "${HPCD4P_JOB_FILE:-}" ]; then head -n 1 "$HPCD4P_JOB_FILE"; fi
}

# newest FOLDER: the number of the newest complete checkpoint, or nothing
newest() {
  local each last=
  for each in "$1"/epoch-*; do
    if [ -f "$each/manifest" ] && [ "${each%.part}" = "$each" ]; then last=${each##*-}; fi
  done
  echo "$last"
}

# forget: the job does not come back
forget() {
  if [ -n "${HPCD4P_JOB_FILE:-}" ]; then rm -f "$HPCD4P_JOB_FILE"; fi
}

# again EPOCH: the run has ended with 3; put the job back into the queue, if it has come further than EPOCH
again() {
  local folder epoch said
  folder=$(checkpoints)
  if [ -z "$folder" ]; then return; fi
  epoch=$(newest "$folder")
  said=$(scontrol show job "$job" 2>/dev/null || true)
  if [ -z "$epoch" ] || [[ $said == *JobState=CANCELLED* ]]; then
    forget
  elif [[ $said == *Requeue=0* ]]; then
    forget
    echo "hpcd4p: the job is not put back into the queue (--no-requeue); go on:  hpcd4p resume $folder"
  elif [ "$epoch" = "$1" ]; then
    forget
    echo "hpcd4p: no newer checkpoint than $epoch since this job has started: it is not put back into the queue"
  elif [[ $said == *JobState=RUNNING* || $said == *JobState=TIMEOUT* || $said == *Reason=TimeLimit* ]]; then
    echo "hpcd4p: the job is put back into the queue, and will go on from checkpoint $epoch (sbatch --no-requeue: it is not)"
    scontrol requeue "$job" || true
  fi # else it is preempted, and Slurm itself puts it back
}

# run RANKS [WORKFLOW] [OPTIONS]: with $python; does not return
run() {
  local ranks=$1 status=0 folder='' epoch='' words
  shift
  if [ -n "$asked" ]; then exit 3; fi
  words=(run -n "$ranks" "$@")
  if [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then
    folder=$(checkpoints)
    if [ -n "$folder" ]; then epoch=$(newest "$folder"); fi
    if [ -n "$epoch" ]; then
      echo "hpcd4p: Slurm has started this job again (restart $SLURM_RESTART_COUNT): it goes on from checkpoint $epoch"
      words=(resume "$folder" -n "$ranks")
    else
      echo "hpcd4p: Slurm has put this job back into its queue (restart $SLURM_RESTART_COUNT): it starts again"
      if [ -n "$folder" ]; then rm -f "$folder/run.json"; fi # there is nothing to go on from
    fi
  else
    forget
  fi
  "$python" -m hpcd4p "${words[@]}" &
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
  if [ "$status" -eq 3 ]; then again "$epoch"; elif [ "$status" -le 2 ]; then forget; fi
  exit "$status"
}
