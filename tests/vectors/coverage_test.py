# SPDX-License-Identifier: MIT
"""Checks COVERAGE.md against the vector files: each vector that it names exists, each requirement has vectors or the
reason why it has none, and each vector names the section that it shows."""

import json
import re
import sys
from pathlib import Path

DIRECTORY = Path(__file__).parent
SECTION = re.compile(r"RFC (\d+) \d+(\.\d+)*")
# The sections with requirements; a table without rows for one of them has lost something.
REQUIRED = {
    "RFC 6455": ["5.1", "5.2", "5.3", "5.4", "5.5", "5.5.1", "5.5.2", "5.5.3", "5.6", "5.8", "6.1", "6.2"]
    + ["7.1.2", "7.1.7", "7.2.1", "7.2.2", "7.4.1", "8.1"],
    "RFC 7692": ["5.1", "6", "6.1", "6.2", "7.1", "7.1.1.1", "7.1.1.2", "7.1.2.1", "7.1.2.2", "7.2.1", "7.2.2"],
}


def read_sections():
    """Of each vector, by its file and name."""
    sections = {}
    for path in sorted(DIRECTORY.glob("*.json")):
        for vector in json.loads(path.read_text())["vectors"]:
            sections[f"{path.stem}/{vector['name']}"] = vector.get("section", "")
    return sections


def read_rows(text):
    """The RFC, the section and the last cell of each row."""
    rfc = None
    for line in text.splitlines():
        if line.startswith("## "):
            rfc = line.removeprefix("## ")
        elif re.match(r"\| \d", line):
            section, _, vectors = (cell.strip() for cell in line.strip("|").split("|"))
            yield rfc, section, vectors


def find_faults(text, sections):
    rows = list(read_rows(text))
    for rfc, section, cell in rows:
        names = re.findall(r"`([a-z0-9_]+/[a-z0-9_]+)`", cell)
        yield from (f"{rfc} {section}: there is no vector {name}" for name in names if name not in sections)
        if not names and not cell.startswith("no vector: "):
            yield f"{rfc} {section}: neither a vector nor a reason"
    for rfc, required in REQUIRED.items():
        present = {section for rfc_of_row, section, _ in rows if rfc_of_row == rfc}
        yield from (f"{rfc} {section} has no row" for section in required if section not in present)
    yield from (f"{name} names no section" for name, section in sections.items() if not SECTION.fullmatch(section))


def main():
    text = (DIRECTORY / "COVERAGE.md").read_text()
    sections = read_sections()
    faults = list(find_faults(text, sections))
    # The test itself: it must see a wrong name, an empty cell, a lost section and a vector without one.
    spoilt = text.replace("`utf8/byte_ff`", "`utf8/byte_fff`").replace("| 5.8 |", "| 5.9 |")
    seen = list(find_faults(spoilt + "| 5.9 | x | |\n", {**sections, "a/b": ""}))
    for expected in ("no vector utf8/byte_fff", "neither a vector", "RFC 6455 5.8 has no row", "a/b names no section"):
        if not any(expected in fault for fault in seen):
            faults.append(f"the test does not find: {expected}")
    print("\n".join(faults) or f"{len(sections)} vectors, {len(list(read_rows(text)))} requirements")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
