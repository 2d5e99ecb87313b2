#!/usr/bin/env bash
# One machine as a cluster of SLURM, for `make slurm-test`: Debian's packages, no accounting. Root.
set -euo pipefail
apt-get install --yes --quiet slurmctld slurmd slurm-client munge > /dev/null
folder=$(mktemp -d /tmp/slurm.XXXXXX)
mkdir -p /run/munge /etc/slurm "$folder"/{state,spool}
chown munge: /run/munge
[ -s /etc/munge/munge.key ] || { dd if=/dev/urandom of=/etc/munge/munge.key bs=1024 count=1; chown munge: /etc/munge/munge.key; chmod 400 /etc/munge/munge.key; }
cat > /etc/slurm/slurm.conf <<CONF
ClusterName=isochron
SlurmctldHost=$(hostname)
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
SelectType=select/cons_tres
ReturnToService=2
MinJobAge=300
NodeName=$(hostname) CPUs=$(nproc) RealMemory=$(($(awk '/MemTotal/ {print $2}' /proc/meminfo) / 1024 - 512))
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
pgrep -x munged > /dev/null || runuser -u munge -- munged --force
pgrep -x slurmctld > /dev/null || slurmctld
pgrep -x slurmd > /dev/null || slurmd
for _ in $(seq 30); do
  sinfo --noheader --format=%t | grep -q idle && break
  sleep 1
done
sinfo
