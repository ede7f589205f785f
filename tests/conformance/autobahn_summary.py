#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Summarises a report of the Autobahn test suite: for each agent how its cases ended, and which of them failed.

Exit status 1: a case, or its closing handshake, is FAILED, WRONG CODE or UNCLEAN, or fewer cases than expected are in
the report. 2: there is no report.
"""

import argparse
import collections
import fnmatch
import json
import pathlib
import sys

GOOD = {"OK", "INFORMATIONAL"}
# What --strict does not accept: an error that was found late, an extension that was not negotiated, a TCP connection
# that the server under test left to the client to close.
TOLERABLE = {"NON-STRICT", "UNIMPLEMENTED", "FAILED BY CLIENT"}


def is_good(result, strict, late):
    good = GOOD if strict else GOOD | TOLERABLE
    if late:
        good = good | {"NON-STRICT"}
    # Without the extension that a case is about, the connection is closed in whatever way.
    close_counts = result["behavior"] != "UNIMPLEMENTED"
    return result["behavior"] in good and (result["behaviorClose"] in good or not close_counts)


def tally(results, key):
    counts = collections.Counter(result[key] for result in results)
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())


def summarise(agent, cases, expected, strict, late):
    """Prints what an agent did, and tells whether it is good."""
    milliseconds = sum(result["duration"] for result in cases.values())
    print(f"{agent}: {len(cases)} cases in {milliseconds / 1000:.1f} s: {tally(cases.values(), 'behavior')}")
    print(f"  closed: {tally(cases.values(), 'behaviorClose')}")
    slowest = sorted(cases, key=lambda case: -cases[case]["duration"])[:5]
    print("  slowest: " + ", ".join(f"{case} {cases[case]['duration'] / 1000:.1f} s" for case in slowest))
    may_be_late = {case for case in cases if any(fnmatch.fnmatchcase(case, pattern) for pattern in late)}
    bad = [case for case, result in cases.items() if not is_good(result, strict, case in may_be_late)]
    for case in sorted(bad, key=lambda case: [int(part) for part in case.split(".")]):
        result = cases[case]
        closed = f"closed {result['behaviorClose']} with code {result['remoteCloseCode']}"
        print(f"  {case}: {result['behavior']}, {closed}, see {result['reportfile']}")
    if len(cases) < expected:
        print(f"  only {len(cases)} results, {expected} expected")
    return not bad and len(cases) >= expected


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=pathlib.Path, help="the directory that has index.json")
    parser.add_argument("--expect", type=int, default=1, metavar="N", help="every agent must have N results")
    parser.add_argument("--strict", action="store_true", help="accept only OK and INFORMATIONAL")
    parser.add_argument("--late", action="append", default=[], metavar="PATTERN", help="cases that may be NON-STRICT")
    arguments = parser.parse_args()
    try:
        report = json.loads((arguments.report / "index.json").read_text("utf-8"))
    except (OSError, ValueError) as failure:
        print(f"no report: {failure}", file=sys.stderr)
        return 2
    judge = (arguments.expect, arguments.strict, arguments.late)
    good = [summarise(agent, cases, *judge) for agent, cases in sorted(report.items())]
    return 0 if good and all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
