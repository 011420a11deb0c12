#!/usr/bin/env bash
# local-cluster.sh - a real Slurm (Debian 12's 22.05: munged, slurmctld, N x slurmd) on one
# machine, as root, without systemd.  All it writes lies under one directory, but for the link
# /etc/slurm/slurm.conf and lines in /etc/hosts (--no-etc: neither; then export SLURM_CONF).
#
#   local-cluster.sh up     [-n NODES] [-c CPUS_PER_NODE] [-m MB_PER_NODE] [-g GPUS_PER_NODE]
#                         [-d DIR] [--acct] [--no-etc] [--no-install]
#   local-cluster.sh down   [-d DIR] [--purge]
#   local-cluster.sh status [-d DIR]       exit 0: all up; 3: not (all) up
#   local-cluster.sh env    [-d DIR]       prints: export SLURM_CONF=...
#
# The nodes are pretended: -c, -m and -g (gpus without a device) are claims, nothing is enforced.
# --acct adds mariadb + slurmdbd, so that sacct (and with it submitit's job states) works.
# up is idempotent: what already runs with the same options is left alone, a daemon that died
# is started again, other options restart the cluster.  down is idempotent too.
# Exit: 0 ok; 1 failed (the log's tail is shown); 2 bad usage; 3 status: not up;
#       77 this machine cannot do it (not root, not Debian) - what a test runner reads as "skip".
set -euo pipefail

NODES=4 CPUS=16 MEM=16000 GPUS=0 DIR=${SLURM_LOCAL_DIR:-/var/tmp/local-cluster}
ACCT=0 ETCOK=1 INSTALL=1 PURGE=0
CTLPORT=${SLURM_LOCAL_PORT:-26817}        # slurmctld; slurmdbd +1; slurmd node i: +10+i; mariadb: socket only
WAIT=${SLURM_LOCAL_WAIT:-60}

say()  { printf 'local-cluster: %s\n' "$*" >&2; }
die()  { say "$2"; exit "$1"; }
usage(){ sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit "${1:-0}"; }
int()  { [[ $2 =~ ^[1-9][0-9]*$ ]] || die 2 "$1 wants a whole number above 0, not '$2'"; }

[[ $# -ge 1 ]] || usage 2
verb=$1; shift
while [[ $# -gt 0 ]]; do
  case $1 in
    -n|--nodes)  int "$1" "${2:-}"; NODES=$2; shift 2 ;;
    -c|--cpus)   int "$1" "${2:-}"; CPUS=$2; shift 2 ;;
    -m|--mem)    int "$1" "${2:-}"; MEM=$2; shift 2 ;;
    -g|--gpus)   int "$1" "${2:-}"; GPUS=$2; shift 2 ;;
    -d|--dir)    [[ -n ${2:-} ]] || die 2 "$1 wants a directory"; DIR=$2; shift 2 ;;
    --acct)      ACCT=1; shift ;;
    --no-etc)    ETCOK=0; shift ;;
    --no-install) INSTALL=0; shift ;;
    --purge)     PURGE=1; shift ;;
    -h|--help)   usage 0 ;;
    *)           die 2 "unknown option: $1 (see --help)" ;;
  esac
done
[[ $verb != up || $(id -u) -ne 0 ]] || mkdir -p "$DIR" || die 1 "cannot make $DIR"
[[ ! -d $DIR ]] || DIR=$(cd "$DIR" && pwd -P)
CONF=$DIR/etc/slurm.conf
SOCK=$DIR/munge/munge.socket
ETC=/etc/slurm/slurm.conf
HOSTMARK="# local-cluster.sh $DIR"
MARK="# written by local-cluster.sh"

# ---------------------------------------------------------------- processes, by pid file only
# pid_of NAME: the pid in run/NAME.pid if that process lives and is the program we started
pid_of() {
  local f=$DIR/run/$1.pid p exe
  [[ -s $f ]] || return 1
  p=$(cat "$f" 2>/dev/null) || return 1; p=${p//[^0-9]/}; [[ -n $p && -d /proc/$p ]] || return 1
  exe=$(tr '\0' ' ' 2>/dev/null <"/proc/$p/cmdline") || return 1
  # ours: its command line names our directory (slurmdbd takes no -f: its environment does)
  [[ $exe == *"$DIR/"* ]] || tr '\0' '\n' 2>/dev/null <"/proc/$p/environ" | grep -qxF "SLURM_CONF=$CONF" || return 1
  [[ $(sed 's/.*) \(.\).*/\1/' "/proc/$p/stat" 2>/dev/null) != Z ]] || return 1
  echo "$p"
}
stop_one() {           # NAME SECONDS: TERM, then KILL
  local p t=0
  p=$(pid_of "$1") || { rm -f "$DIR/run/$1.pid"; return 0; }
  kill -TERM "$p" 2>/dev/null || true
  while pid_of "$1" >/dev/null || { [[ -d /proc/$p ]] && [[ $(sed 's/.*) \(.\).*/\1/' "/proc/$p/stat" 2>/dev/null) != Z ]]; }; do
    t=$((t+1)); [[ $t -lt $(( $2 * 10 )) ]] || { kill -KILL "$p" 2>/dev/null || true; sleep 0.2; break; }
    sleep 0.1
  done
  rm -f "$DIR/run/$1.pid"
}
stepds() {             # pids of slurmstepd that belong to this cluster (known by their log/spool or conf)
  local p
  for p in /proc/[0-9]*; do
    [[ $(cat "$p/comm" 2>/dev/null) == slurmstepd ]] || continue
    if tr '\0' '\n' 2>/dev/null <"$p/environ" | grep -qxF "SLURM_CONF=$CONF" ||
       [[ $(readlink "$p/cwd" 2>/dev/null) == "$DIR"* ]] ||
       ls -l "$p/fd" 2>/dev/null | grep -qF "$DIR/"; then echo "${p#/proc/}"; fi
  done
}
node_names() { [[ -s $DIR/etc/nodes ]] && cat "$DIR/etc/nodes" || true; }
daemons() {            # what this cluster consists of, in the order of starting
  echo munged
  [[ ! -e $DIR/etc/slurmdbd.conf ]] || { echo mariadbd; echo slurmdbd; }
  echo slurmctld
  node_names | sed 's/^/slurmd./'
}

# ---------------------------------------------------------------- what the machine must be
check_machine() {
  [[ $(id -u) -eq 0 ]] || die 77 "needs root (slurmd starts jobs as other users); you are $(id -un)"
  [[ -r /etc/os-release ]] && ( . /etc/os-release; [[ ${ID:-} == debian || ${ID_LIKE:-} == *debian* ]] ) ||
    die 77 "needs Debian or a relative of it (installs slurmctld, slurmd, munge with apt)"
}
packages() {
  local want=()
  [[ -x /usr/sbin/munged ]]   || want+=(munge)
  command -v slurmctld >/dev/null || want+=(slurmctld)
  command -v slurmd    >/dev/null || want+=(slurmd)
  command -v sbatch    >/dev/null || want+=(slurm-client)
  [[ -e $(plugindir)/auth_munge.so ]] || want+=(slurm-wlm-basic-plugins)
  if [[ $ACCT == 1 ]]; then
    command -v slurmdbd >/dev/null || want+=(slurmdbd)
    [[ -e $(plugindir)/accounting_storage_mysql.so ]] || want+=(slurm-wlm-mysql-plugin)
    command -v mariadbd >/dev/null || want+=(mariadb-server)
  fi
  [[ ${#want[@]} -gt 0 ]] || return 0
  [[ $INSTALL == 1 ]] || die 77 "not installed: ${want[*]} (--no-install was given)"
  say "installing ${want[*]}"
  mkdir -p "$DIR/log"
  # DPkg::Lock::Timeout waits for another apt; policy-rc.d 101 keeps maintainer scripts from
  # starting daemons (there is none in a plain container with systemd absent, but it costs nothing)
  local o=(-o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  { apt-get "${o[@]}" update &&
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get "${o[@]}" install -y --no-install-recommends "${want[@]}"
  } >"$DIR/log/apt.log" 2>&1 || { tail -n 15 "$DIR/log/apt.log" >&2; die 1 "apt could not install ${want[*]}"; }
}
plugindir() { echo "/usr/lib/$(uname -m)-linux-gnu/slurm-wlm"; }

# ---------------------------------------------------------------- configuration
nodelist() { if [[ $NODES -eq 1 ]]; then echo n1; else echo "n[1-$NODES]"; fi; }
ports()    { if [[ $NODES -eq 1 ]]; then echo $((CTLPORT+11)); else echo "[$((CTLPORT+11))-$((CTLPORT+10+NODES))]"; fi; }
addrs()    { if [[ $NODES -eq 1 ]]; then echo 127.0.1.1; else echo "127.0.1.[1-$NODES]"; fi; }
conf_text() {
  local host acct gres='' grestypes=''
  host=$(hostname -s 2>/dev/null || hostname)
  if [[ $ACCT == 1 ]]; then
    acct="AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$((CTLPORT+1))
AccountingStoragePass=$SOCK"
  else acct="AccountingStorageType=accounting_storage/none"; fi
  # only where asked for: with GresTypes set, Slurm 22.05 refuses to grow an --exclusive job
  [[ $GPUS == 0 ]] || { gres=" Gres=gpu:$GPUS"; grestypes=$'\nGresTypes=gpu'; }
  cat <<CONF
$MARK: nodes=$NODES cpus=$CPUS mem=$MEM gpus=$GPUS acct=$ACCT
ClusterName=local
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$CTLPORT
FirstJobId=$(cat "$DIR/etc/first_job_id" 2>/dev/null || echo 1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$SOCK,cred_expire=5
CredType=cred/munge
StateSaveLocation=$DIR/state
SlurmdSpoolDir=$DIR/spool/%n
TmpFS=$DIR/tmp/%n
SlurmctldPidFile=$DIR/run/slurmctld.pid
SlurmdPidFile=$DIR/run/slurmd.%n.pid
SlurmctldLogFile=$DIR/log/slurmctld.log
SlurmdLogFile=$DIR/log/slurmd.%n.log
SlurmctldDebug=info
SlurmdDebug=info
# no cgroups, no binding: 1 machine claims to be many, each larger than itself
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
MpiDefault=pmi2
PropagateResourceLimits=NONE
# quick reactions for tests
SchedulerParameters=bf_interval=1,sched_interval=2,sched_min_interval=0,batch_sched_delay=0,permit_job_expansion
KillWait=5
MinJobAge=600
InactiveLimit=0
EnforcePartLimits=ALL
MailProg=/bin/true
MessageTimeout=20
OverTimeLimit=0
JobRequeue=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldParameters=preempt_send_user_signal
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=5
JobCompType=jobcomp/filetxt
JobCompLoc=$DIR/log/jobcomp.txt
$acct$grestypes
NodeName=$(nodelist) NodeHostname=$host NodeAddr=$(addrs) Port=$(ports) Boards=1 SocketsPerBoard=1 CoresPerSocket=$CPUS ThreadsPerCore=1 RealMemory=$MEM$gres State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE DefaultTime=60 State=UP PriorityTier=10 PreemptMode=REQUEUE GraceTime=0
PartitionName=spot Nodes=ALL MaxTime=INFINITE DefaultTime=60 State=UP PriorityTier=1 PreemptMode=REQUEUE GraceTime=10
PartitionName=scavenge Nodes=ALL MaxTime=INFINITE DefaultTime=60 State=UP PriorityTier=1 PreemptMode=CANCEL GraceTime=10
CONF
}
write_conf() {
  local i
  install -d -m 755 "$DIR/etc" "$DIR/log" "$DIR/run" "$DIR/spool" "$DIR/state" "$DIR/munge"
  conf_text >"$CONF"
  if [[ $GPUS == 0 ]]; then : >"$DIR/etc/gres.conf"; else
    # slurmd counts character devices, whatever they are: these are copies of /dev/null
    install -d "$DIR/dev"; for ((i=0; i<GPUS; i++)); do [[ -c $DIR/dev/gpu$i ]] || mknod "$DIR/dev/gpu$i" c 1 3; done
    echo "Name=gpu File=$DIR/dev/gpu[0-$((GPUS-1))] Flags=nvidia_gpu_env" >"$DIR/etc/gres.conf"
  fi
  : >"$DIR/etc/nodes"
  for ((i=1; i<=NODES; i++)); do echo "n$i" >>"$DIR/etc/nodes"; install -d -m 755 "$DIR/spool/n$i"; install -d -m 1777 "$DIR/tmp/n$i"; done
  if [[ $ACCT == 1 ]]; then
    ( umask 077; cat >"$DIR/etc/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$SOCK
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=$((CTLPORT+1))
SlurmUser=root
LogFile=$DIR/log/slurmdbd.log
PidFile=$DIR/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=slurm_acct
CONF
    )
  else rm -f "$DIR/etc/slurmdbd.conf"; fi
}

# ---------------------------------------------------------------- starting
wait_for() {          # SECONDS WHAT LOG COMMAND...
  local n=$1 what=$2 log=$3 t=0; shift 3
  until "$@" >/dev/null 2>&1; do
    t=$((t+1)); [[ $t -lt $((n*10)) ]] || { tail -n 15 "$log" >&2 || true; die 1 "$what did not come up in $n s (log: $log)"; }
    sleep 0.1
  done
}
start() {              # NAME LOG COMMAND...   the command daemonizes itself
  local name=$1 log=$2; shift 2
  pid_of "$name" >/dev/null && return 0
  rm -f "$DIR/run/$name.pid"
  "$@" >>"$DIR/log/$name.out" 2>&1 </dev/null 9>&- || { tail -n 15 "$DIR/log/$name.out" "$log" >&2 || true; die 1 "$name did not start"; }
  wait_for "$WAIT" "$name" "$log" pid_of "$name"
}
up() {
  packages
  [[ $NODES -le 250 ]] || die 2 "at most 250 nodes"
  [[ ${#SOCK} -lt 100 ]] || die 1 "$DIR is too long a path for a unix socket"
  if [[ -s $CONF ]] && [[ $(conf_text) != "$(cat "$CONF")" ]] && any_up; then
    say "options differ from those it runs with: restarting"; down
  fi
  local fresh=1; any_up && fresh=0
  if [[ $fresh == 1 ]]; then
    # a fresh cluster knows no old jobs, yet never reuses their ids: submitit's result files, log
    # files and accounting rows are named by them
    rm -rf "$DIR/state" "$DIR/spool" "$DIR/tmp"
    mkdir -p "$DIR/etc"; echo $(( ($(date +%s) - 1700000000) % 60000000 + 1 )) >"$DIR/etc/first_job_id"
  fi
  write_conf
  export SLURM_CONF=$CONF
  if [[ ! -s $DIR/munge/munge.key ]]; then ( umask 077; head -c 1024 /dev/urandom >"$DIR/munge/munge.key" ); fi
  chmod 600 "$DIR/munge/munge.key"
  start munged "$DIR/log/munged.log" /usr/sbin/munged --force --key-file="$DIR/munge/munge.key" --socket="$SOCK" \
    --pid-file="$DIR/run/munged.pid" --log-file="$DIR/log/munged.log" --seed-file="$DIR/munge/munge.seed"
  wait_for 20 munge "$DIR/log/munged.log" munge -S "$SOCK" -n
  [[ $ACCT == 0 ]] || up_acct
  start slurmctld "$DIR/log/slurmctld.log" slurmctld -f "$CONF"
  wait_for "$WAIT" slurmctld "$DIR/log/slurmctld.log" scontrol ping
  local n
  hosts_add
  # a UTS namespace each, where the kernel allows it: then hostname(1) on n2 says n2, as on a real
  # cluster, and what MPI libraries name after the host in /dev/shm does not collide
  local uts=(); unshare --uts true 2>/dev/null && uts=(unshare --uts "$BASH" -c 'hostname "$0" && exec "$@"')
  for n in $(node_names); do
    start "slurmd.$n" "$DIR/log/slurmd.$n.log" ${uts[0]+"${uts[@]}" "$n"} slurmd -f "$CONF" -N "$n"
  done
  wait_for "$WAIT" nodes "$DIR/log/slurmctld.log" nodes_ready
  if [[ $ETCOK == 1 ]]; then
    if [[ ! -e $ETC ]] || grep -q "^$MARK" "$ETC"; then mkdir -p /etc/slurm; ln -sfn "$CONF" "$ETC"
    else say "$ETC exists and is not ours: left alone; use: export SLURM_CONF=$CONF"; fi
  fi
  say "up: $NODES nodes x $CPUS cpus; SLURM_CONF=$CONF"
}
hosts_del() {          # rewritten in place: in a container /etc/hosts is often a mount
  grep -qF "$HOSTMARK" /etc/hosts 2>/dev/null || return 0
  local t; t=$(grep -vF "$HOSTMARK" /etc/hosts || true); printf '%s\n' "$t" >/etc/hosts
}
hosts_add() {          # n1 .. nN resolve, each to a loopback address of its own
  [[ $ETCOK == 1 ]] || return 0
  local i want=; for ((i=1; i<=NODES; i++)); do want+="127.0.1.$i n$i $HOSTMARK"$'\n'; done
  [[ "$(grep -F "$HOSTMARK" /etc/hosts || true)" != "${want%$'\n'}" ]] || return 0
  hosts_del; printf '%s' "$want" >>/etc/hosts || say "cannot write /etc/hosts: n1.. will not resolve"
}
nodes_ready() {
  local bad
  bad=$(SLURM_CONF=$CONF sinfo -h -N -o '%N %t' 2>/dev/null) || return 1
  [[ -n $bad ]] && ! grep -qvE ' (idle|mix|alloc|comp)$' <<<"$bad"
}
any_up() { local d; for d in $(daemons); do pid_of "$d" >/dev/null && return 0; done; return 1; }
up_acct() {
  local my=$DIR/mysql
  if ! pid_of mariadbd >/dev/null; then
    install -d -m 700 -o mysql -g mysql "$my"
    install -d -m 755 -o mysql -g mysql "$DIR/mysqlrun"
    [[ -d $my/mysql ]] || mariadb-install-db --no-defaults --user=mysql --datadir="$my" --auth-root-authentication-method=socket \
      --auth-root-socket-user=root --skip-test-db >"$DIR/log/mariadb-install.log" 2>&1 || { tail -n 15 "$DIR/log/mariadb-install.log" >&2; die 1 "mariadb-install-db failed"; }
    ( cd /; exec setsid mariadbd --no-defaults --user=mysql --datadir="$my" --socket="$DIR/mysqlrun/mysql.sock" --skip-networking \
      --pid-file="$DIR/mysqlrun/mariadbd.pid" --log-error="$DIR/log/mariadbd.log" --innodb-buffer-pool-size=128M \
      --innodb-log-file-size=32M --innodb-lock-wait-timeout=900 --innodb-flush-log-at-trx-commit=0 ) </dev/null >>"$DIR/log/mariadbd.out" 2>&1 9>&- &
    echo $! >"$DIR/run/mariadbd.pid"
    wait_for "$WAIT" mariadbd "$DIR/log/mariadbd.log" mariadb --no-defaults -S "$DIR/mysqlrun/mysql.sock" -u root -e 'select 1'
  fi
  if ! pid_of slurmdbd >/dev/null; then
    MYSQL_UNIX_PORT=$DIR/mysqlrun/mysql.sock SLURM_CONF=$CONF start slurmdbd "$DIR/log/slurmdbd.log" slurmdbd
    wait_for "$WAIT" slurmdbd "$DIR/log/slurmdbd.log" sacctmgr -n -i show cluster
  fi
  sacctmgr -n -P show cluster format=cluster 2>/dev/null | grep -qx local || sacctmgr -i add cluster local >>"$DIR/log/sacctmgr.log" 2>&1 || true
}

# ---------------------------------------------------------------- stopping
down() {
  [[ $(id -u) -eq 0 ]] || die 77 "needs root"
  [[ -d $DIR ]] || { say "down: nothing at $DIR"; return 0; }
  local d p t=0
  if pid_of slurmctld >/dev/null; then
    SLURM_CONF=$CONF timeout 10 squeue -h -o %A 2>/dev/null | sort -u | SLURM_CONF=$CONF xargs -r timeout 10 scancel --quiet 2>/dev/null || true
    while [[ -n $(stepds) ]] && [[ $t -lt 100 ]]; do sleep 0.1; t=$((t+1)); done
  fi
  for d in $(daemons | tac); do
    case $d in slurmd.*) p=$(pid_of "$d") && kill -TERM "$p" 2>/dev/null || true ;; esac
  done
  for d in $(daemons | tac); do stop_one "$d" 15; done
  for p in $(stepds); do say "slurmstepd $p outlived its slurmd: killed"; kill -KILL "$p" 2>/dev/null || true; done
  [[ ! -L $ETC || $(readlink "$ETC") != "$CONF" ]] || rm -f "$ETC"
  hosts_del
  [[ $PURGE == 0 ]] || { cd /; rm -rf "$DIR"; }
  say "down"
}
status() {
  local d p bad=0
  for d in $(daemons); do
    if p=$(pid_of "$d"); then echo "$d up pid $p"; else echo "$d down"; bad=3; fi
  done
  [[ -s $DIR/etc/nodes ]] || bad=3
  if [[ $bad == 0 ]]; then SLURM_CONF=$CONF sinfo || bad=3; nodes_ready || bad=3; fi
  return $bad
}

lock() { exec 9>"$DIR/.lock"; flock -w 600 9 || die 1 "another $0 has held $DIR/.lock for 600 s"; }
case $verb in
  up) check_machine; lock; up ;;
  down) [[ ! -d $DIR || $(id -u) -ne 0 ]] || lock; down ;;
  status) status ;;
  env) echo "export SLURM_CONF=$CONF" ;;
  -h|--help|help) usage 0 ;;
  *) die 2 "unknown verb: $verb (up, down, status, env)" ;;
esac
