#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints a public header with its plain comments as Doxygen wants them, line by line, so that warnings name the right one.

usage: filter.py FILE

  the head of the file describes the file
  /* ---- Section --- */ begins a module, which ends with the next one
  a comment above a declaration describes it; above constants that have comments of their own it is the heading of all
    until the next empty line
  a comment above or behind a member, or behind a constant, describes it
  a slot of the table is described by the function that it holds
  the name of a function becomes a link

Of a text in Markdown, links to files lose their targets, which lie elsewhere than the pages.
"""

import re
import sys

SECTION = re.compile(r"^/\* -+ (.+?) -+ \*/$")
COMMENTED_CONSTANT = re.compile(r"^#define \w+ [^/]*/\*")
TABLE = "typedef struct tw_api {"
SLOT = re.compile(r"^  [^/]*\(\*(\w+)\)\(")
FUNCTION = re.compile(r"^TW_API [^(]*?\b(tw_\w+)\(", re.MULTILINE)
MENTION = re.compile(r"\btw_\w+\b(?!\()")
FILE_LINK = re.compile(r"\[([^\]]+)\]\((?!http|#)[^)]*\)")


def module(title):
    return re.sub(r"\W+", "_", title.lower())


def open_comment(lines, start):
    """The comment that begins at `start`, with its table, where it has one, kept as it is laid out."""
    end = start
    while not lines[end].endswith("*/"):
        end += 1
    comment = lines[start : end + 1]
    laid_out = [i for i, line in enumerate(comment) if line.startswith(" *   ")]
    if laid_out:
        first, last = laid_out[0], laid_out[-1]
        comment[first] = comment[first].replace(" *   ", " * <pre>  ", 1)
        closing = " */" if comment[last].endswith(" */") else ""
        comment[last] = comment[last].removesuffix(" */") + "</pre>" + closing
    comment[0] = "/**" + comment[0][2:]
    return comment


class Filter:
    def __init__(self, lines):
        self.lines = lines
        self.functions = set(FUNCTION.findall("\n".join(lines)))
        self.out = []
        self.in_module = False
        self.in_heading = False
        self.in_table = False
        self.slot = None

    def run(self):
        while len(self.out) < len(self.lines):
            self.out += self.step(len(self.out))
        return [MENTION.sub(self.link, line) for line in self.out]

    def link(self, mention):
        return mention[0] + ("()" if mention[0] in self.functions else "")

    def step(self, at):
        """What the lines from `at` become."""
        line = self.lines[at]
        following = self.lines[at + 1] if at + 1 < len(self.lines) else ""
        if at == 0:
            return ["/** @file", *open_comment(self.lines, 0)[1:]]
        if not line:
            return [self.close(following)]
        if match := SECTION.match(line):
            self.in_module = True
            return [f"/** @addtogroup {module(match[1])} {match[1]} */", "/** @{ */"]
        if line.startswith("/*") and line.endswith("*/") and COMMENTED_CONSTANT.match(following):
            self.in_heading = True
            return [f"/** @name {line[3:-3]} */ /** @{{ */"]
        if line.startswith("/*"):
            return open_comment(self.lines, at)
        return [self.inside(line)]

    def close(self, following):
        """An empty line ends a heading, and the module where another begins or the file ends."""
        ends = " /** @} */" if self.in_heading else ""
        self.in_heading = False
        if self.in_module and (SECTION.match(following) or following == "#ifdef __cplusplus"):
            self.in_module = False
            ends += " /** @} */"
        return ends.strip()

    def inside(self, line):
        """A declaration, or a line of one."""
        self.in_table = line == TABLE or (self.in_table and line != "} tw_api;")
        match = SLOT.match(line)
        if self.in_table and match:
            self.slot = match[1]
        if self.slot and line.endswith(";"):
            line += f" /**< tw_{self.slot}() */"
            self.slot = None
            return line
        if line.startswith("  /*"):
            return line if self.in_table else line.replace("/*", "/**", 1)
        return re.sub(r"(?<=\S)( +)/\*(?!\*)", r"\1/**<", line)


def main(name):
    with open(name, encoding="utf-8") as file:
        text = file.read()
    if name.endswith(".md"):
        print(FILE_LINK.sub(r"\1", text), end="")
    else:
        print("\n".join(Filter(text.splitlines()).run()))


if __name__ == "__main__":
    main(sys.argv[1])
