# SPDX-License-Identifier: MIT
"""Results that nobody measured, for the tests of what reads results."""

CPU = "Made-up 3000"


def entries(name, times, family_index=0, **counters):
    """The repetitions of one row: `times` in nanoseconds, for each message where there is no bytes_per_second."""
    return [
        {
            "name": f"BM_{name}/repeats:{len(times)}",
            "family_index": family_index,
            "run_type": "iteration",
            "cpu_time": time,
            **({} if "bytes_per_second" in counters else {"per_message": time * 1e-9}),
            **counters,
        }
        for time in times
    ]


def repetitions(median, spread=0.02):
    """Seven times in nanoseconds; `spread` is what results.spread gives for them. One more is far off."""
    return [median * (1 + spread * step) for step in (-0.6, -0.5, -0.25, 0, 0.25, 0.5, 40)]


def document(*suites, cpu=CPU, compiler="GNU 12"):
    """As run.py keeps it."""
    return {
        "machine": {
            "date": "2001-02-03T04:05:06+00:00",
            "cpu": cpu,
            "cores": 2,
            "core": 1,
            "system": "Linux 6",
            "load_average": [0.25, 0.5, 0.75],
            "packages": ["libbenchmark-dev 1.7"],
            "command": "run.py --filter '<&>'",
            "repetitions": 7,
        },
        "context": {"compiler": compiler, "flags": "-O3", "kernel": "avx2", "tidewire": "0.1.0"},
        "suites": list(suites),
    }


def decode_suite(ours=10.0, spread=0.02, machine=1.0, kernel=9.0):
    """Four rows at three sizes. `machine` is how slow it is: all times are multiplied by it."""
    rows = {"memcpy": 1.0, "floor": 5.0, "tw_conn_receive": ours, "avx2": kernel, "beast": 50.0, "wslay": 40.0}
    return [
        entry
        for row, time in rows.items()
        for size, factor in (("16", 1), ("1024", 4), ("random", 2))
        for entry in entries(
            f"Decode/{row}/{size}", repetitions(time * factor * machine, spread if row == "tw_conn_receive" else 0.02)
        )
    ]
