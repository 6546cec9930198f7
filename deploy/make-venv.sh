#!/bin/sh
# Makes .venv with exactly what deploy/requirements.lock names, and maildesk itself as an editable install.
#
# usage: sh deploy/make-venv.sh [PYTHON]     with uv where it is on the PATH, else with venv and pip
set -eu
cd "$(dirname "$0")/.."
python=${1:-python3}
lock=deploy/requirements.lock

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "maildesk needs Python 3.11 or newer, and $python is not that." >&2
    echo "Name another one:  make PYTHON=/path/to/python3.11 test" >&2
    exit 1
fi

if command -v uv >/dev/null; then
    [ -x .venv/bin/python ] || uv venv -q --no-python-downloads --python "$python" .venv
    uv pip install -q --python .venv/bin/python --require-hashes -r "$lock"
    uv pip install -q --python .venv/bin/python --no-deps --no-build-isolation -e .
    exit 0
fi

if [ ! -x .venv/bin/pip ]; then
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
            echo "This Python cannot make a virtual environment yet:  sudo apt-get install -y python3-venv" >&2
            exit 1
        fi
        apt-get update -q >/dev/null
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends python3-venv >/dev/null
    fi
    "$python" -m venv .venv
fi
pip="env PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip install -q --no-input --use-pep517"
$pip --require-hashes -r "$lock"
$pip --no-deps --no-build-isolation -e .
