#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the benchmarks on one core and prints medians and ratios of one run; README.md says how to read them."""

import argparse
import collections
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

SUITES = ["masking", "utf8", "decode", "encode", "accept_key"]
PEERS = ["beast", "websocketpp", "wslay"]
KERNELS = ["avx512", "avx2", "sse2", "neon", "scalar"]
QUICK_SIZES = "/(16|24|125|1024|65536|random)$"

# One measurement: medians over the repetitions. bytes_per_second is 0 where messages are what counts.
Value = collections.namedtuple("Value", "seconds bytes_per_second spread")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, help="build directory (default: build/release)")
    parser.add_argument("--filter", metavar="REGEX", help="run only rows whose name, such as BM_Mask/avx2/125, matches")
    parser.add_argument("--repetitions", type=int, metavar="N", help="of each row (default: 7; quick: 3)")
    parser.add_argument("--min-time", type=float, metavar="S", help="of each repetition (default: 0.05; quick: 0.01)")
    parser.add_argument("--cpu", type=int, help="core to run on (default: the last one allowed)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="keep raw results and the machine's facts")
    parser.add_argument("--quick", action="store_true", help="a first look: fewer sizes, short repetitions")
    arguments = parser.parse_args()
    arguments.build = arguments.build or pathlib.Path(__file__).resolve().parent.parent / "build" / "release"
    arguments.repetitions = arguments.repetitions or (3 if arguments.quick else 7)
    arguments.min_time = arguments.min_time or (0.01 if arguments.quick else 0.05)
    if arguments.cpu is None:
        arguments.cpu = max(os.sched_getaffinity(0))
    if arguments.filter is None:
        arguments.filter = QUICK_SIZES if arguments.quick else "."
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


def run_suite(suite, arguments):
    """The parsed results of one program, or None when no row of it matches the filter."""
    program = arguments.build / "bench" / f"{suite}_bench"
    if not program.exists():
        sys.exit(f"{program} is missing: build the release preset first, or name the directory with --build")
    rows = f"--benchmark_filter={arguments.filter}"
    count = call(program, [rows, "--benchmark_list_tests=true"], arguments.cpu).count("BM_")
    if count == 0:
        return None
    print(f"-- {suite}: {count} rows", file=sys.stderr, flush=True)
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        options = [
            rows,
            f"--benchmark_repetitions={arguments.repetitions}",
            f"--benchmark_min_time={arguments.min_time}",
            "--benchmark_enable_random_interleaving=true",
            f"--benchmark_out={out.name}",
            "--benchmark_out_format=json",
        ]
        call(program, options, arguments.cpu)
        results = json.load(out)
    for name in ("executable", "host_name"):
        results["context"].pop(name, None)
    return results


def bench_packages():
    """The system packages that the benchmarks are built with, from the one list."""
    packages = pathlib.Path(__file__).resolve().parent.parent / "packaging" / "packages"
    lines = [line.split() for line in packages.read_text().splitlines()]
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
        "packages": packages,
        "command": " ".join(sys.argv),
    }


# ---- Tables ----


def collect(runs):
    """{what: {row: {size: Value}}}, in the order in which they were registered."""
    samples = collections.defaultdict(list)
    for run in runs:
        for entry in sorted(run["benchmarks"], key=lambda entry: entry["family_index"]):
            if entry["run_type"] == "iteration":
                samples[entry["name"].split("/repeats:")[0]].append(entry)
    tables = {}
    for name, entries in samples.items():
        what, row, size = name.removeprefix("BM_").split("/")
        # The counter is there where one iteration handles many messages.
        seconds = [entry.get("per_message", entry["cpu_time"] * 1e-9) for entry in entries]
        rates = [0 if "per_message" in entry else entry.get("bytes_per_second", 0) for entry in entries]
        median = statistics.median(seconds)
        value = Value(median, statistics.median(rates), (max(seconds) - min(seconds)) / median)
        sizes = tables.setdefault(what, {}).setdefault(row, {})
        sizes[size if size == "random" else int(size)] = value
    return tables


def size_key(size):
    return (1, 0) if size == "random" else (0, size)


def size_name(size):
    if size == "random":
        return size
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} B"


def row_key(row):
    order = ["memcpy", "floor"]
    if row in order:
        return order.index(row)
    return 5 if row in PEERS else 4 if row in KERNELS else 3


def print_table(what, rows):
    sizes = sorted({size for values in rows.values() for size in values}, key=size_key)
    in_bytes = all(value.bytes_per_second for values in rows.values() for value in values.values())
    print(f"\n{what}: {'GB/s' if in_bytes else 'ns per message'}")
    width = max(len(row) for row in rows) + len(" / best peer")
    print(" " * width + "".join(f"{size_name(size):>9}" for size in sizes))

    def print_line(title, values):
        print(f"{title:<{width}}" + "".join(f"{values.get(size, '-'):>9}" for size in sizes))

    for row in sorted(rows, key=row_key):
        values = {}
        for size, value in rows[row].items():
            number = value.bytes_per_second * 1e-9 if in_bytes else value.seconds * 1e9
            values[size] = f"{number:.3g}" if number < 100 else f"{number:.0f}"
        print_line(row, values)

    best_peer = {}
    for row in rows:
        if row in PEERS:
            for size, value in rows[row].items():
                best_peer[size] = min(best_peer.get(size, value), value)
    for row in rows:
        if not row.startswith("tw_"):
            continue
        for title, other in (("memcpy", rows.get("memcpy")), ("best peer", best_peer), ("floor", rows.get("floor"))):
            if other:
                shared = [size for size in rows[row] if size in other]
                ratios = {size: rows[row][size].seconds / other[size].seconds for size in shared}
                print_line(f"{row} / {title}", {size: f"{ratio:.2f}x" for size, ratio in ratios.items()})


def print_spread(tables):
    spreads = [
        (value.spread, f"{what}/{row}/{size}")
        for what, rows in tables.items()
        for row, sizes in rows.items()
        for size, value in sizes.items()
    ]
    worst, name = max(spreads)
    median = statistics.median(spread for spread, _ in spreads)
    print("\nSpread of the repetitions, (slowest - fastest) / median:")
    print(f"{median:.1%} typical, {worst:.0%} at worst ({name})")


def main():
    arguments = parse_arguments()
    machine = read_machine(arguments)
    runs = [run for run in (run_suite(suite, arguments) for suite in SUITES) if run]
    if not runs:
        sys.exit(f"no row matches {arguments.filter}")
    context = runs[0]["context"]
    print(f"{machine['date']}  {machine['cpu']}, core {machine['core']} of {machine['cores']}")
    print(f"{context['compiler']} {context['flags']}, kernel {context['kernel']}, {', '.join(machine['packages'])}")
    print(f"medians of {arguments.repetitions} repetitions; load average before: {machine['load_average'][0]:.2f}")
    if "floor" in context:
        print(f"floor: {context['floor']}")
    print("Ratios are of time: below 1 ours is faster. Compare figures of one table only.")
    tables = collect(runs)
    for what, rows in tables.items():
        print_table(what, rows)
    print_spread(tables)
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine, "runs": runs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
