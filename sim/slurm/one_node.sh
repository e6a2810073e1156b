#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A real Slurm of one node on loopback, to try `make regress EXECUTOR=slurm` without a cluster.
#
#   sudo sim/slurm/one_node.sh start     installs slurm-wlm and munge where they are missing
#   eval "$(sim/slurm/one_node.sh env)"  tells the shell which cluster to use
#   sudo sim/slurm/one_node.sh stop
#
# Everything it makes is in DIR (default: smmu-slurm below TMPDIR); needs root, no systemd, no cgroups.
# SLURM_PORT (default 16817) and the one after it are used on 127.0.0.1.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
dir=${DIR:-${TMPDIR:-/tmp}/smmu-slurm}
port=${SLURM_PORT:-16817}
wait_s=30

refuse() { echo "one_node: $*" >&2; exit 2; }

need_root() { [ "$(id -u)" = 0 ] || refuse "$1 needs root; type: sudo $0 $1"; }

install_packages() {
    for tool in slurmctld slurmd sbatch munged; do
        command -v $tool >/dev/null && continue
        command -v apt-get >/dev/null || refuse "no $tool; install slurm-wlm and munge"
        echo "one_node: installing slurm-wlm munge"
        apt-get -qq update >/dev/null 2>&1 || true
        DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
            slurm-wlm munge >/dev/null 2>&1 || refuse "apt-get install slurm-wlm munge failed"
    done
}

running() { pid=$(cat "$dir/$1.pid" 2>/dev/null) && kill -0 "$pid" 2>/dev/null; }

start() {
    need_root start
    install_packages
    running slurmctld && running slurmd && { echo "one_node: runs already"; return; }
    mkdir -p "$dir/munge" "$dir/state" "$dir/spool"
    chmod 755 "$dir" "$dir/munge"
    # Names of the machine, its cores and ports are all that differs between machines.
    sed -e "s|@HOST@|$(hostname -s)|g" -e "s|@DIR@|$dir|g" -e "s|@CPUS@|$(nproc)|g" \
        -e "s|@PORT_CTLD@|$port|g" -e "s|@PORT_D@|$((port + 1))|g" \
        "$here/slurm.conf" >"$dir/slurm.conf"
    if ! running munged; then
        [ -s "$dir/munge/key" ] || (umask 077 && head -c 1024 /dev/urandom >"$dir/munge/key")
        munged --force --socket="$dir/munge/socket" --key-file="$dir/munge/key" \
            --log-file="$dir/munged.log" --pid-file="$dir/munged.pid" \
            --seed-file="$dir/munge/seed" || refuse "munged does not start; see $dir/munged.log"
    fi
    running slurmctld || slurmctld -f "$dir/slurm.conf" || refuse "see $dir/slurmctld.log"
    running slurmd || slurmd -f "$dir/slurm.conf" || refuse "see $dir/slurmd.log"
    export SLURM_CONF="$dir/slurm.conf"
    left=$wait_s
    until sinfo --noheader --format=%t 2>/dev/null | grep -qE 'idle|mix|alloc'; do
        left=$((left - 1))
        [ $left -gt 0 ] || refuse "the node does not come up; see $dir/slurmctld.log, $dir/slurmd.log"
        sleep 1
    done
    echo "one_node: up; type: eval \"\$($0 env)\""
}

stop() {
    need_root stop
    for daemon in slurmctld slurmd munged; do
        running $daemon || continue
        kill "$(cat "$dir/$daemon.pid")"
        left=$wait_s
        while running $daemon; do
            left=$((left - 1))
            [ $left -gt 0 ] || refuse "$daemon does not end"
            sleep 1
        done
    done
    echo "one_node: down"
}

case ${1:-} in
start) start ;;
stop) stop ;;
env) echo "export SLURM_CONF='$dir/slurm.conf'" ;;
*) refuse "usage: $0 start | env | stop" ;;
esac
