# SPDX-License-Identifier: Apache-2.0
"""`make regress`: many tests under many seeds, on this machine or on a Slurm cluster.

lists       which runs a list of sim/regress.yaml asks for
job         one run: a pytest process, its time limit, its results; the same wherever it runs
executors   where runs run
state       what a regression keeps on disk, so that it can be resumed
progress    the bar, or lines
junit       the results as JUnit XML
store       the results of all regressions, in SQLite
page        the results as a page, from page.html.j2
compare     whether two regressions had equal results
"""
