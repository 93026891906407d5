# shellcheck shell=bash
# What the parts of a cluster in a Slurm job share; study.sbatch and worker.sh read it.

PYTHON=${PYTHON:-python}
here=$(dirname "${BASH_SOURCE[0]}")
ask() { PYTHONPATH="$here/../..${PYTHONPATH:+:$PYTHONPATH}" "$PYTHON" -c "$1"; }
SPARK_HOME=$(ask 'import pathlib, pyspark; print(pathlib.Path(pyspark.__file__).parent)')
JAVA_HOME=$(ask 'from rliable.executors.spark.java import find_java_home; print(find_java_home())')
export SPARK_HOME JAVA_HOME SPARK_DAEMON_MEMORY=${SPARK_DAEMON_MEMORY:-512m}

# make_folder PART SECRET: makes a folder on this node for this part of the job, with Spark's settings in a file that only
# its owner can read; takes away what an earlier start of the job has left here, were it killed.
make_folder() {
    local place=${TMPDIR:-/tmp} name
    name="rliable-job-$SLURM_JOB_ID-$1-$(hostname)"
    find "$place" -maxdepth 1 -user "$(id -u)" -name "$name.*" -exec rm -rf {} +
    folder=$(mktemp -d "$place/$name.XXXXXX")
    export SPARK_CONF_DIR="$folder" SPARK_LOCAL_DIRS="$folder"
    (umask 077 && printf '%s\n' "spark.authenticate true" "spark.authenticate.secret $2" \
        "spark.network.crypto.enabled true" >"$folder/spark-defaults.conf")
}

# spark_class CLASS ARGUMENT...: becomes a part of Spark.
spark_class() { exec "$SPARK_HOME/bin/spark-class" "org.apache.spark.deploy.$1" --webui-port 0 "${@:2}"; }

# end PID...: ends processes and waits for them.
end() {
    kill "$@" 2>/dev/null || true
    wait "$@" 2>/dev/null || true
}
