#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds the packages twice, in different places, at different times and under different habits, and compares them.

usage: reproducible_test.py [PARALLEL_JOBS]
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
PARTS = ["CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "capi", "core", "packaging"]
EPOCH = "1700000000"


def run(*command, **keywords):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **keywords)
    if done.returncode != 0:
        sys.exit(f"reproducible_test: {' '.join(map(str, command))}\nended with status {done.returncode}:\n{done.stdout}")


def digest(path):
    content = path.read_bytes()
    if path.suffix == ".deb":  # CPack writes the umask into the headers of a .deb's members, where nothing reads it
        content = subprocess.run(["ar", "p", path], stdout=subprocess.PIPE, check=True).stdout
    return hashlib.sha256(content).hexdigest()


def packages_of(source, build, jobs, umask, **environment):
    """Builds the packages, and gives the digest of each library and package."""
    habits = {"env": {**os.environ, **environment}, "umask": umask, "cwd": source}
    run("cmake", "--preset", "package", "-B", build, **habits)
    run("cmake", "--build", build, f"-j{jobs}", **habits)
    habits["env"]["SOURCE_DATE_EPOCH"] = EPOCH
    run("cpack", "--config", build / "CPackConfig.cmake", **habits)
    made = [build / "capi/libtidewire.a", build / "capi/libtidewire.so"]
    made += [path for path in (build / "packages").iterdir() if path.is_file()]
    return {path.name: digest(path) for path in made}


def main(jobs):
    with tempfile.TemporaryDirectory(prefix="tidewire-reproducible-") as directory:
        work = pathlib.Path(directory)
        (work / "one").mkdir()
        for part in PARTS:
            copy = shutil.copytree if (SOURCE / part).is_dir() else shutil.copy
            copy(SOURCE / part, work / "one" / part)
        shutil.copytree(work / "one", work / "an/other place")
        one = packages_of(work / "one", work / "one/build", jobs, 0o022, TZ="UTC", LC_ALL="C")
        other = packages_of(work / "an/other place", work / "built", jobs, 0o077, TZ="Asia/Tokyo", LC_ALL="C.UTF-8")
    differ = sorted(name for name in one | other if one.get(name) != other.get(name))
    if differ or len(one) != 5:
        sys.exit(f"reproducible_test: of {sorted(one)} differ: {differ}")
    print("\n".join(f"{value}  {name}" for name, value in sorted(one.items())))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else os.cpu_count())
