#!/usr/bin/env bash
# Packs a Python environment into an archive, which Spark ships to workers that lack its packages; docs/spark.md tells how.
#
#     scripts/pack_environment.sh ENVIRONMENT ARCHIVE.tar.gz [OPTION...]
#
# The options are those of venv-pack, such as --exclude PATTERN, or --python-prefix /usr where the workers have the same
# version of Python elsewhere than here. An environment of conda is packed with conda-pack, Python included.
set -euo pipefail
environment=${1%/} archive=$2
shift 2

if [[ -d $environment/conda-meta ]]; then
    conda-pack --prefix "$environment" --output "$archive" --force "$@"
    exit
fi
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check --target "$tools" venv-pack2==0.9.2
PYTHONPATH=$tools "$environment/bin/python" -m venv_pack --quiet --prefix "$environment" --output "$archive" --force "$@"
version=$("$environment/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
home=$(tar --list --verbose --gzip --file "$archive" | sed -n "s|.* bin/python[0-9.]* -> \(/.*\)|\1|p")
echo "$archive has the packages; Python $version itself it takes from $home on the workers"
