#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the benchmarks on one core and prints medians and ratios of one run; README.md says how to read them."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

import languages
import loopback
import python
from compare import NotComparable, compare, print_comparison
from report import make_report
from results import collect, typical_spread
from summary import make_results
from tables import as_text, grid, heading

SUITES = "masking utf8 decode encode reassembly end_to_end deflate accept_key handshake pool pool_threads idle".split()
MISSING = ["floor", "simdutf", *(each.name for each in languages.LANGUAGES)]  # rows that a run cannot have, and why
CONTEXT = ["compiler", "flags", "kernel", "tidewire", *MISSING]
QUICK_ROWS = "/(16|24|125|1024|65536|random)(/|$)|(Python|Go|Rust)Echo100x32/.*/20$"
ROOT = pathlib.Path(__file__).resolve().parent.parent


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    path = pathlib.Path
    parser.add_argument("--build", type=path, default=ROOT / "build/release", help="default: build/release")
    parser.add_argument("--python", type=path, metavar="FILE", help="interpreter with the binding and its peers")
    parser.add_argument("--filter", metavar="REGEX", help="run only rows whose name, such as BM_Mask/avx2/125, matches")
    parser.add_argument("--repetitions", type=int, metavar="N", help="of each row (default: 7; quick: 3)")
    parser.add_argument("--min-time", type=float, metavar="S", help="of each repetition (default: 0.05; quick: 0.01)")
    parser.add_argument("--cpu", type=int, help="core to run on (default: the last one allowed)")
    parser.add_argument("--quick", action="store_true", help="a first look: fewer sizes, short repetitions")
    parser.add_argument("--from", type=path, metavar="FILE", dest="source", help="run nothing: read an earlier --json")
    parser.add_argument("--json", type=path, metavar="FILE", help="raw results (default: build/bench/results.json)")
    parser.add_argument("--html", type=path, metavar="FILE", help="report (default: build/bench/report.html)")
    parser.add_argument("--results", type=path, metavar="FILE", help="write RESULTS.md: figures, targets, tables")
    parser.add_argument("--compare", type=path, metavar="OLD", help="an earlier --json: exit with 1 if ours is slower")
    arguments = parser.parse_args()
    output = ROOT / "build/bench"
    arguments.python = arguments.python or ROOT / "build/venv/bin/python"
    arguments.json = arguments.json or output / "results.json"
    arguments.html = arguments.html or output / "report.html"
    arguments.repetitions = arguments.repetitions or (3 if arguments.quick else 7)
    arguments.min_time = arguments.min_time or (0.01 if arguments.quick else 0.05)
    if arguments.cpu is None:
        arguments.cpu = max(os.sched_getaffinity(0))
    if arguments.filter is None:
        arguments.filter = QUICK_ROWS if arguments.quick else "."
    return arguments


# ---- Running ----


def call(program, options, cpu):
    """What the program prints. Ends everything when it fails, which it does when a row's results are wrong."""
    finished = subprocess.run(
        [program, *options],
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
    )
    if finished.returncode != 0:
        sys.exit(f"{finished.stderr}{program} failed")
    return finished.stdout


def run_program(suite, arguments, rows, min_time):
    """The parsed results of the rows of one program that match, or None when there are none."""
    program = arguments.build / "bench" / f"{suite}_bench"
    if not program.exists():
        sys.exit(f"{program} is missing: build the release preset first, or name the directory with --build")
    options = [f"--benchmark_filter={rows}", "--benchmark_list_tests=true"]
    count = call(program, options, arguments.cpu).count("BM_")
    if count == 0:
        return None
    print(f"-- {suite}: {count} rows", file=sys.stderr, flush=True)
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        options = [
            f"--benchmark_filter={rows}",
            f"--benchmark_repetitions={arguments.repetitions}",
            f"--benchmark_min_time={min_time}",
            "--benchmark_enable_random_interleaving=true",
            f"--benchmark_out={out.name}",
            "--benchmark_out_format=json",
        ]
        call(program, options, arguments.cpu)
        return json.load(out)


def read_context(arguments):
    """How the programs were built, as each says with its results."""
    context = run_program("accept_key", arguments, "/tw_accept_key/", 0.001)["context"]
    return {name: context[name] for name in CONTEXT if name in context}


def run_all(arguments):
    """The document that --json keeps, and why suites over loopback failed."""
    document = {"machine": read_machine(arguments), "context": read_context(arguments) | languages.missing()}
    benchmarks = []
    for suite in SUITES:
        if results := run_program(suite, arguments, arguments.filter, arguments.min_time):
            benchmarks.append(results["benchmarks"])
    failures = []
    for measure in (lambda: loopback.rows(arguments), *python.suites(arguments), *languages.suites(arguments)):
        try:
            benchmarks.append(measure())
        except SystemExit as error:  # on a machine that is too busy for it; the others are worth keeping
            failures.append(error.code)
    document["suites"] = [entries for entries in benchmarks if entries]
    if not document["suites"]:
        sys.exit("\n".join(failures) or f"no row matches {arguments.filter}")
    return document, failures


def bench_packages():
    """The system packages that the benchmarks are built with, from the one list."""
    lines = [line.split() for line in (ROOT / "packaging/packages").read_text().splitlines()]
    return [name for line in lines if line[:1] == ["bench:"] for name in line[1:]]


def read_machine(arguments):
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    match = re.search(r"^model name\s*: (.*)$", cpuinfo.read_text(), re.MULTILINE) if cpuinfo.exists() else None
    packages = []
    if shutil.which("dpkg-query"):
        query = ["dpkg-query", "-W", "-f", "${Package} ${Version}\\n", *bench_packages()]
        packages = subprocess.run(query, check=False, capture_output=True, text=True).stdout.splitlines()
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "cpu": match.group(1) if match else platform.processor(),
        "cores": os.cpu_count(),
        "core": arguments.cpu,
        "system": f"{platform.system()} {platform.release()}",
        "load_average": os.getloadavg(),
        "packages": packages + python.versions(arguments.python) + languages.versions(),
        "command": " ".join([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]),
        "repetitions": arguments.repetitions,
    }


# ---- Telling ----


def print_document(document):
    machine, context = document["machine"], document["context"]
    print(f"{machine['date']}  {machine['cpu']}, core {machine['core']} of {machine['cores']}")
    print(f"{context['compiler']} {context['flags']}, kernel {context['kernel']}, {', '.join(machine['packages'])}")
    print(f"medians of {machine['repetitions']} repetitions; load average before: {machine['load_average'][0]:.2f}")
    for row in MISSING:
        if row in context:
            print(f"{row}: {context[row]}")
    print("Ratios are of time: below 1 ours is faster. Compare figures of one table only.")
    tables = collect(document["suites"])
    for table in tables.values():
        print("\n" + as_text(heading(table), *grid(table)))
    spreads = [
        (value.spread, f"{table.name}/{row}/{size}")
        for table in tables.values()
        for (row, size), value in table.values().items()
    ]
    worst, name = max(spreads)
    print("\nSpread of the repetitions, (slowest - fastest) / median, without the extremes:")
    print(f"{typical_spread(tables):.1%} typical, {worst:.0%} at worst ({name})")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print(f"written: {path}")


def main():
    arguments = parse_arguments()
    # An old run that cannot be read is better known before ten minutes of measuring.
    old = json.loads(arguments.compare.read_text()) if arguments.compare else None
    document, failures = (json.loads(arguments.source.read_text()), []) if arguments.source else run_all(arguments)
    print_document(document)
    comparison = not_comparable = None
    if old:
        try:
            comparison = compare(old, document)
            print_comparison(comparison)
        except NotComparable as error:
            not_comparable = error
    print()
    if not arguments.source:
        write(arguments.json, json.dumps(document, indent=1) + "\n")
    write(arguments.html, make_report(document, comparison))
    if arguments.results:
        write(arguments.results, make_results(document))
    if failures:
        return "\n".join(failures)
    if not_comparable:
        print(f"run.py: {not_comparable}", file=sys.stderr)
        return 2
    return 1 if comparison and comparison.slower else 0


if __name__ == "__main__":
    sys.exit(main())
