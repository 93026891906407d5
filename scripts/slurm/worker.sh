#!/usr/bin/env bash
# A worker of the cluster, on one node: worker.sh HEAD MASTER. On the node named HEAD it leaves a core to the search.
set -euo pipefail
folder=
source "$(dirname "$0")/cluster.sh"
make_folder worker "$CLUSTER_SECRET"
unset CLUSTER_SECRET
export TMPDIR=$folder

cores=$SLURM_CPUS_ON_NODE
if [[ $(hostname) == "$1" && $cores -gt 1 ]]; then cores=$((cores - 1)); fi
(spark_class worker.Worker --host "$(hostname)" --cores "$cores" --work-dir "$folder" "$2") &
worker=$!
trap 'end "$worker"; rm -rf "$folder"' EXIT
trap 'exit 0' TERM USR1
wait "$worker"
