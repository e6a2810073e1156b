# SPDX-License-Identifier: Apache-2.0
# Front door. Every target works from a clean checkout; `make help` lists them.
# The recipes are one line each: sim/cli.py checks the options, installs what is
# missing and starts the program.
SHELL         := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS     += --no-print-directory

PY     ?= python3##   Python that makes .venv, 3.11 or later
SIM    ?=##           verilator (default) | icarus
CONFIG ?=##           tiny | default | large
TEST   ?=##           name or regex of tests; function/cocotb_test picks one (default: all)
SEED   ?=##           random seed; empty = picked and printed
SCALE  ?=##           length of random tests, times (default: 1; regress: as the list says)
WAVES  ?=##           1 = record an FST next to the log, with layouts for its viewers
PICTURES ?=##         waves, test, compare: 1 = also make the pictures of docs/ again
DUT    ?=##           test, regress: file list of another SMMUv3 (docs/dut-contract.md)
TOP    ?=##           test, regress: its module
RECORD ?=##           test: file to write as a replay case what the one test of TEST does
CASES  ?=##           replay: file or folder of replay cases
SHRINK ?=##           replay: 1 = cut the one failing case of CASES to a minimal one
ONLY   ?=##           bench, mutants, formal: name (bench: or regex; default: all); plan: area
JOBS   ?=##           parallel processes of test, regress, cov, formal (default: cores, at most 4)
SEEDS  ?=##           regress: number of seeds (default: 2); seed 0 is always in
RESUME ?=##           regress: 1 = go on with the one that was interrupted
EXECUTOR ?=##         regress: local (default) | slurm
PNR    ?=##           synth: 0 = no place-and-route of tiny on ECP5, which takes longest
SWEEP  ?=##           synth: 1 = how the areas grow with each parameter, instead of the report
LIST   ?=##           regress: smoke | nightly (default) | icarus | all, of sim/regress.yaml
SCENARIO ?=##         sim: name of a scenario, or list (default: the main job, vsva-nested)
SIZE   ?=##           sim: small (default) | full: more processes, pages and generations
DEFECT ?=##           sim: defect that the scenario plants in itself; the run must fail
COSTS  ?=##           compare: file with other costs of software, as tb/models/costs.yaml
PAGES  ?=##           compare: numbers of pages (default: 1,16,256,4096)
RTL    ?=##           compare: 1 = also the counts of the RTL, which must be the same
STRICT ?=##           plan: 1 = fail while a rule is not covered or does not pass

export SIM CONFIG TEST SEED SCALE WAVES DUT TOP RECORD CASES SHRINK ONLY JOBS SEEDS RESUME EXECUTOR
export LIST PICTURES PNR STRICT SWEEP SCENARIO SIZE DEFECT COSTS PAGES RTL

CLI := @$(PY) -m sim.cli

help: ## show this list
	@echo "make <target> [VARIABLE=value ...]"; echo; echo "Targets:"
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  %-8s %s\n", $$1, $$2}' Makefile
	@echo; echo "Variables:"
	@sed -nE 's/^([A-Z]+) +\?=.*## +(.*)/\1|\2/p' Makefile | awk -F'|' '{v=$$1; sub(/^[^|]*\|/, ""); printf "  %-8s %s\n", v, $$0}'

sim: ## a scenario of the software stack: device faults, stall, page-in, resume
	$(CLI) sim

test: ## all tests (models, unit, smmu, system), or those of TEST
	$(CLI) test

compare: ## cost of map, unmap, fault and exit in every scheme, as a report
	$(CLI) compare

replay: ## run the replay cases of CASES on the RTL and on the reference model
	$(CLI) replay

bench: ## throughput and latency figures, or those of ONLY
	$(CLI) bench

lint: ## every static check: Verilog, synthesis, Python, generated files
	$(CLI) lint

waves: ## run TEST once more with an FST, layouts that name states, a drawn stall
	$(CLI) waves

mutants: ## plant the defects of tests/mutants one by one; their tests must fail
	$(CLI) mutants

regress: ## the tests of LIST (or TEST) under SEEDS seeds, here or on a Slurm cluster
	$(CLI) regress

cov: ## line, toggle and functional coverage of hdl/smmu, judged and shown as a page
	$(CLI) cov

formal: ## prove every block that has properties
	$(CLI) formal

synth: ## areas, worst paths and structure of CONFIG (default: all three)
	$(CLI) synth

plan: ## rules covered and passing, from the latest results of the tests
	$(CLI) plan

gen: ## regenerate the generated files
	$(CLI) gen

venv: ## only set up: system packages and .venv
	$(CLI) venv

clean: ## remove everything that was built (keeps .venv and the history of regressions)
	$(CLI) clean

.PHONY: help sim compare test replay bench lint waves mutants regress cov formal synth plan gen venv clean
