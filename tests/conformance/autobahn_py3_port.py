#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes an installed copy of `autobahntestsuite` (Python 2 code) run on Python 3.

usage: autobahn_py3_port.py SITE_PACKAGES

Works in place on SITE_PACKAGES/autobahntestsuite and on one line of SITE_PACKAGES/autobahn (release 0.10.9). Only edits
live here, none of the suite's code.

How the text/bytes question is settled: a Python 2 `str` is a byte string, so inside the cases every payload stays a
Python 3 `str` whose characters are the octets (U+0000..U+00FF, "latin-1"). Indexing, slicing, chr(), '%' and ''.join()
then mean exactly what they meant before. The conversion happens in one place only, the mix-in `OctetStrings` below,
which the fuzzing protocol inherits: what a case sends is encoded as latin-1 just before it reaches autobahn, what
autobahn delivers is decoded as latin-1 just before it reaches a case.
"""

import ast
import pathlib
import re
import sys
import textwrap

try:  # in the standard library up to 3.12
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lib2to3.refactor import RefactoringTool
    FIXES = "lib2to3.fixes.fix_"
except ImportError:  # the same tool, from PyPI
    from fissix.refactor import RefactoringTool

    FIXES = "fissix.fixes.fix_"

FIXERS = "except has_key import ne numliterals print raise repr unicode xrange basestring long dict urllib".split()

# The one module added to the package.
COMPAT = textwrap.dedent('''\
    """Octet strings for the Python 3 port (see autobahn_py3_port.py)."""
    import binascii as _binascii
    import json as _json


    def octets(data):
        """bytes from a latin-1 str, an iterable of octets or bytes."""
        return data.encode("latin-1") if isinstance(data, str) else bytes(data)


    def text(data):
        """What a report shows for a str, bytes or None."""
        return data.decode("utf-8", "replace") if isinstance(data, (bytes, bytearray)) else data


    def b2a_hex(data):
        return _binascii.b2a_hex(octets(data)).decode("ascii")


    hexlify = b2a_hex


    def json_dumps(obj, **kw):
        return _json.dumps(obj, default=text, **kw)


    def bin_log_data(data, maxlen=64):
        data = octets(data)
        if len(data) > maxlen - 4:
            return b2a_hex(data[:maxlen]) + " ..."
        return b2a_hex(data)


    def ascii_log_data(data, maxlen=64, replace=False):
        raw = octets(data)
        if len(raw) > maxlen - 4:
            raw = raw[:maxlen] + b" ..."
        try:
            return raw.decode("utf-8", "replace" if replace else "strict")
        except UnicodeDecodeError:
            return "0x" + bin_log_data(data, maxlen)


    class OctetStrings(object):
        """Between the test cases (latin-1 str) and autobahn (bytes)."""

        def sendFrame(self, opcode, payload=b"", *args, **kw):
            return super().sendFrame(opcode, octets(payload), *args, **kw)

        def sendMessage(self, payload, *args, **kw):
            return super().sendMessage(octets(payload), *args, **kw)

        def sendMessageFrame(self, payload, *args, **kw):
            return super().sendMessageFrame(octets(payload), *args, **kw)

        def sendMessageFrameData(self, payload, *args, **kw):
            return super().sendMessageFrameData(octets(payload), *args, **kw)

        def sendCloseFrame(self, code=None, reasonUtf8=None, *args, **kw):
            if reasonUtf8 is not None:
                reasonUtf8 = octets(reasonUtf8)
            return super().sendCloseFrame(code, reasonUtf8, *args, **kw)

        def _onMessage(self, payload, isBinary):
            self.onMessage(payload.decode("latin-1"), isBinary)

        def _onPing(self, payload):
            self.onPing(payload)

        def _onPong(self, payload):
            self.onPong(payload.decode("latin-1"))
    ''')

# The WAMP and wsperf modes, which wstest does not start any more, and a case that is listed nowhere.
SKIPPED = set(
    """wampfuzzing.py wamptestee.py wamptestserver.py wsperfcontrol.py wsperfmaster.py testdb.py testrun.py
    rinterfaces.py interfaces.py util.py serializer.py case9_9_1.py""".split()
)

COMPAT_IMPORT = "from autobahntestsuite import _octets"

# (file or glob, regular expression, replacement, number of hits wanted or None)
BEFORE = [  # on the Python 2 text, ahead of lib2to3
    ("case/__init__.py", r"(?m)^from case9_9_1 import \*\n", "", 1),  # listed nowhere
    ("wstest.py", r"(?m)^import serializer\n", "", 1),  # WAMP, wants unittest2
    ("report.py", r"(?m)^import jinja2\n", "", 1),  # WAMP reports only
    ("**/*.py", r"(?m)^import binascii$", COMPAT_IMPORT + " as binascii", None),
    (
        "case/case12_x_x.py",
        r"(?m)^(import copy, os, pkg_resources, hashlib), binascii$",
        r"\1\n" + COMPAT_IMPORT + " as binascii",
        1,
    ),
    (
        "fuzzing.py",
        r"(?m)^import os, json, binascii, time,",
        COMPAT_IMPORT + "\n" + COMPAT_IMPORT + " as binascii\nimport os, json, time,",
        1,
    ),
]

AFTER = [  # on the Python 3 text
    # new-style classes only: `object` may not stand before a subclass of it
    ("case/*.py", r"\(object, Case, ?\)", "(Case, )", None),
    # compare values, not pickles (pickles differ by object identity)
    ("case/case.py", r"return pickle\.dumps\(obj1\) == pickle\.dumps\(obj2\)", "return obj1 == obj2", 1),
    # integer division
    (
        "case/case10_1_1.py",
        r"len\(self\.payload\) / self\.p\.autoFragmentSize",
        "len(self.payload) // self.p.autoFragmentSize",
        1,
    ),
    ("case/case6_x_x.py", r"v\.validate\(vss\[:i\]\)", "v.validate(binascii.octets(vss[:i]))", 1),
    # 12.*/13.*: here the suite works with real bytes, so turn the echo back
    ("case/case12_x_x.py", r"(?m)^(def onMessage\(self, msg, binary\):\n)", r"\1   msg = binascii.octets(msg)\n", 1),
    (
        "fuzzing.py",
        r"(?m)^class FuzzingProtocol:",
        "binLogData = _octets.bin_log_data\nasciiLogData = _octets.ascii_log_data\n\n\n"
        "class FuzzingProtocol(_octets.OctetStrings):",
        1,
    ),
    ("fuzzing.py", r"p = ''\.join\(payload\)", "p = b''.join(payload)", 1),
    ("fuzzing.py", r"(\"(?:local|remote)CloseReason\": )(self\.\w+),", r"\1_octets.text(\2),", 2),
    ("fuzzing.py", r"(\"http(?:Request|Response)\": )(self\.\w+ if .*? else '\?'),", r"\1_octets.text(\2),", 2),
    ("fuzzing.py", r"open\((os\.path\.join\(outdir, report_filename\)), 'w'\)", r"open(\1, 'w', encoding='utf-8')", 4),
    ("fuzzing.py", r"\)\.encode\(\"utf-8\"\)\)", "))", 1),
    ("fuzzing.py", r"ll\.encode\('utf8'\)", "ll", 1),
    ("fuzzing.py", r"f\.write\(json\.dumps\(", "f.write(_octets.json_dumps(", 2),
    ("fuzzing.py", r"putChild\('cwd'", "putChild(b'cwd'", 1),
    # the address of its URL, not all addresses of the machine
    ("fuzzing.py", r"listenWS\(factory, sslContext\)", "listenWS(factory, sslContext, interface=factory.host)", 1),
]

# Non-ASCII literals: their octets are the UTF-8 of the source file.
NON_ASCII = r"[^\x00-\x7f]+"


def octet_literals(root):
    """In the cases' string literals, spells every non-ASCII character as the octets that Python 2 read from the (UTF-8)
    source file."""
    for path in sorted((root / "case").glob("*.py")):
        old = path.read_text(encoding="utf-8")
        if old.isascii():
            continue
        out = []
        for line in old.splitlines(keepends=True):
            if not line.isascii() and not line.lstrip().startswith("#"):
                if re.search(r"\bu[\"']", line):
                    sys.exit(f"port: {path}: unicode literal with non-ASCII text: {line!r}")
                line = re.sub(
                    NON_ASCII, lambda m: "".join(f"\\x{octet:02x}" for octet in m.group().encode("utf-8")), line
                )
            out.append(line)
        path.write_text("".join(out), encoding="utf-8")


AUTOBAHN = [  # relative to SITE_PACKAGES/autobahn
    ("websocket/protocol.py", r"range\(payload_len / len\(payload\)\)", "range(payload_len // len(payload))", 1),
]


def edit(root, rules):
    for pattern, regex, replacement, wanted in rules:
        hits = 0
        for path in sorted(root.glob(pattern)):
            old = path.read_text(encoding="utf-8")
            new, n = re.subn(regex, replacement, old)
            if n:
                path.write_text(new, encoding="utf-8")
                hits += n
        if (wanted is None and not hits) or (wanted is not None and hits != wanted):
            sys.exit(
                f"port: {pattern}: {regex!r}: {hits} hits, wanted {wanted or 'some'}: another release of the suite?"
            )


def run_2to3(files):
    tool = RefactoringTool([FIXES + f for f in FIXERS])
    for path in files:
        source = path.read_text(encoding="utf-8")
        if not source.endswith("\n"):
            source += "\n"
        tree = tool.refactor_string(source, str(path))
        path.write_text(str(tree), encoding="utf-8")


def fix_relative_imports(files):
    """Makes the import of a sibling module an explicit relative one. The fixer of lib2to3 skips modules that it takes
    for top-level ones."""
    for path in files:
        siblings = {module.stem for module in path.parent.glob("*.py")}
        siblings |= {package.parent.name for package in path.parent.glob("*/__init__.py")}
        names = "|".join(map(re.escape, sorted(siblings)))
        text = path.read_text(encoding="utf-8")
        text = re.sub(rf"(?m)^( *)from ({names}) import", r"\1from .\2 import", text)
        text = re.sub(rf"(?m)^( *)import ({names})$", r"\1from . import \2", text)
        path.write_text(text, encoding="utf-8")


def check(files):
    """Fails unless everything parses and no true division is left in what runs the cases."""
    bad = []
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        if path.name.startswith("case") or path.name == "fuzzing.py":
            bad += [
                f"{path}:{n.lineno}: true division"
                for n in ast.walk(tree)
                if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div)
            ]
    if bad:
        sys.exit("\n".join(bad))


def main(site_packages):
    site = pathlib.Path(site_packages)
    root = site / "autobahntestsuite"
    files = sorted(p for p in list(root.glob("*.py")) + list((root / "case").glob("*.py")) if p.name not in SKIPPED)
    octet_literals(root)
    edit(root, BEFORE)
    run_2to3(files)
    fix_relative_imports(files)
    edit(root, AFTER)
    edit(site / "autobahn", AUTOBAHN)
    check(files)
    (root / "_octets.py").write_text(COMPAT, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    main(sys.argv[1])
