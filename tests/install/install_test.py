#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Installs a build to a prefix of its own and uses it as others do, in each way that README.md names.

usage: install_test.py BUILD_DIR

The sample program is built by C-only projects, through find_package and pkg-config, shared and static, then again after
the prefix has moved; and with the sources inside another project, through add_subdirectory and FetchContent.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
SAMPLE = SOURCE / "tests/install/sample"
HEADER = (SOURCE / "capi/include/tidewire/tidewire.h").read_text()
PRINTED = "Hello\n7 bytes\n"
MAX_STRIPPED_LEN = 400 * 1024

# What stands under a prefix; LIB is lib or lib/x86_64-linux-gnu, ABI and CONFIG are of the build.
INSTALLED = """\
include/tidewire/tidewire.h
include/tidewire/tw_table.h
include/tidewire/tw_unstable.h
LIB/cmake/tidewire/tidewire-config-version.cmake
LIB/cmake/tidewire/tidewire-config.cmake
LIB/cmake/tidewire/tidewire-shared-CONFIG.cmake
LIB/cmake/tidewire/tidewire-shared.cmake
LIB/cmake/tidewire/tidewire-static-CONFIG.cmake
LIB/cmake/tidewire/tidewire-static.cmake
LIB/libtidewire.a
LIB/libtidewire.so
LIB/libtidewire.so.1
LIB/libtidewire.so.ABI
LIB/pkgconfig/tidewire.pc
share/doc/tidewire/LICENSE
share/doc/tidewire/README.md"""


class Failure(Exception):
    pass


def run(*command, status=0, **keywords):
    """What a command prints; it ends with the given status."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **keywords)
    if (done.returncode == 0) != (status == 0):
        words = " ".join(str(word) for word in command)
        raise Failure(f"{words}\nended with status {done.returncode}:\n{done.stdout}")
    return done.stdout


def cached(build, name):
    """The value of a cache variable of a build."""
    return re.search(rf"^{name}:\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.MULTILINE)[1]


def files_under(prefix):
    return sorted(path for path in prefix.rglob("*") if not path.is_dir())


def libdir(prefix):
    return next(prefix.rglob("libtidewire.a")).parent


def check_files(prefix, build):
    abi = ".".join(re.findall(r"^#define TW_ABI_(?:MAJOR|MINOR) (\d+)", HEADER, re.MULTILINE))
    want = INSTALLED.replace("LIB", str(libdir(prefix).relative_to(prefix))).replace("ABI", abi)
    want = want.replace("CONFIG", cached(build, "CMAKE_BUILD_TYPE").lower())
    got = "\n".join(str(path.relative_to(prefix)) for path in files_under(prefix))
    if got != want:
        raise Failure(f"installed are:\n{got}\nand ought to be:\n{want}")


def check_paths(prefix, build):
    """Nothing names a directory of the build, or the prefix."""
    for path in files_under(prefix):
        for directory in (SOURCE, build, prefix):
            if str(directory).encode() in path.read_bytes():
                raise Failure(f"{path.relative_to(prefix)} names {directory}")


def check_versions(prefix):
    """What cannot read the header says the version that the header says."""
    [version] = re.findall(r'^#define TW_VERSION_STRING "([0-9.]+)"', HEADER, re.MULTILINE)
    places = {
        libdir(prefix) / "pkgconfig/tidewire.pc": f"Version: {version}\n",
        libdir(prefix) / "cmake/tidewire/tidewire-config-version.cmake": f'(PACKAGE_VERSION "{version}")\n',
        SOURCE / "packaging/vcpkg/ports/tidewire/vcpkg.json": f'"version": "{version}",\n',
    }
    for path, text in places.items():
        if text not in path.read_text():
            raise Failure(f"{path} does not say {text}")


def check_size(prefix, work):
    stripped = work / "stripped.so"
    run("strip", "-o", stripped, libdir(prefix) / "libtidewire.so")
    size = stripped.stat().st_size
    print(f"libtidewire.so: {size} bytes, stripped")
    if size >= MAX_STRIPPED_LEN:
        raise Failure(f"the limit is {MAX_STRIPPED_LEN} bytes")


def check_names(prefix):
    """The static library defines its own names alone, whatever it has inside."""
    output = run("nm", "-g", "--defined-only", "--format=just-symbols", "--quiet", libdir(prefix) / "libtidewire.a")
    names = [line for line in output.split() if not line.endswith(":")]
    strange = [name for name in names if not re.match(r"tw_|_ZN?[A-Z]*K?8tidewire", name)]
    if strange or "tw_conn_create" not in names:
        raise Failure(f"libtidewire.a defines {strange or 'nothing'}")


def check_program(program, shared, environment=None):
    """The program prints what it should, and loads the shared library just where it was linked."""
    printed = run(program, env={**os.environ, **(environment or {})})
    if printed != PRINTED:
        raise Failure(f"{program} printed {printed!r}")
    if ("libtidewire.so.1" in run("readelf", "-d", program)) != shared:
        raise Failure(f"{program} was linked with the wrong library")


def cmake_project(directory, replacements, *options, status=0):
    """Configures the sample's project, with some of its text replaced; gives what CMake says."""
    shutil.copytree(SAMPLE, directory)
    text = (directory / "CMakeLists.txt").read_text()
    for old, new in replacements.items():
        if old not in text:
            raise Failure(f"the sample's CMakeLists.txt has no {old}")
        text = text.replace(old, new)
    (directory / "CMakeLists.txt").write_text(text)
    return run("cmake", "-S", directory, "-B", directory / "build", *options, status=status)


STATIC = {"tidewire::tidewire": "tidewire::static"}
FIND = "find_package(tidewire 0.2 REQUIRED)"


def use_find_package(prefix, work):
    # Whoever links the shared library needs none of these, and whoever links the static one zlib alone.
    without = ["-DCMAKE_DISABLE_FIND_PACKAGE_CpuFeatures=ON", f"-DCMAKE_PREFIX_PATH={prefix}"]
    without_zlib = [*without, "-DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON"]
    for name, replacements, options in (("shared", {}, without_zlib), ("static", STATIC, without)):
        cmake_project(work / name, replacements, *options)
        run("cmake", "--build", work / name / "build")
        check_program(work / name / "build/sample", shared=name == "shared")
    needs = {FIND: "find_package(tidewire REQUIRED COMPONENTS static)"}
    said = cmake_project(work / "no-zlib", needs, *without_zlib, status=1)
    if "tidewire::static needs ZLIB" not in said:
        raise Failure(f"without zlib, CMake says:\n{said}")
    for version in ("0.3", "1"):
        newer = {FIND: f"find_package(tidewire {version} REQUIRED)"}
        cmake_project(work / f"newer-{version}", newer, *without, status=1)
    cmake_project(work / "older", {FIND: "find_package(tidewire 0.1 REQUIRED)"}, *without)


def use_pkg_config(prefix, work):
    work.mkdir()
    shutil.copy(SAMPLE / "sample.c", work)
    environment = {**os.environ, "PKG_CONFIG_PATH": str(libdir(prefix) / "pkgconfig")}
    command = (SAMPLE / "pkg_config.sh").read_text()
    run("sh", "-ec", command, cwd=work, env=environment)
    check_program(work / "sample", True, {"LD_LIBRARY_PATH": str(libdir(prefix))})
    static = command.replace("--cflags", "--static --cflags").replace("cc ", "cc -static ")
    run("sh", "-ec", static, cwd=work, env=environment)
    check_program(work / "sample", False)


def use_installed(prefix, work):
    use_find_package(prefix, work / "find_package")
    use_pkg_config(prefix, work / "pkg_config")
    print(f"find_package and pkg-config, shared and static, from the prefix {prefix.name}")


def use_sources(work):
    """As a part of another project the library brings nothing but itself."""
    add = {FIND: f"add_subdirectory({SOURCE} tidewire)"}
    fetch = {
        FIND: "include(FetchContent)\n"
        f"FetchContent_Declare(tidewire SOURCE_DIR {SOURCE})\n"
        "FetchContent_MakeAvailable(tidewire)"
    }
    for name, replacements in (("subdirectory", add), ("fetched", {**fetch, **STATIC})):
        build = work / name / "build"
        cmake_project(work / name, replacements, "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON")
        run("cmake", "--build", build, "--target", "sample", f"-j{os.cpu_count()}")
        check_program(build / "sample", shared=name == "subdirectory")
        commands = (build / "compile_commands.json").read_text()
        leaked = re.findall(rf'-Werror|"file": "{SOURCE}/(?:tests|bench|capi/examples)/[^"]*"', commands)
        if leaked or "/capi/src/" not in commands:
            raise Failure(f"{name} brought {leaked or 'nothing'}")
        [own] = [line for line in commands.splitlines() if '"command"' in line and "sample.c" in line]
        if re.search(r" -(?:W|std=|O|f)", own):
            raise Failure(f"{name} gave the program flags: {own}")
        if re.search(r"install\([^)]*tidewire", run("cmake", "--install", build, "--prefix", work / "into")):
            raise Failure(f"{name} has install rules")
        if (work / "into").exists() and files_under(work / "into"):
            raise Failure(f"{name} installed {files_under(work / 'into')}")
        print(f"sources, {name}")


def main(build):
    build = pathlib.Path(build).resolve()
    with tempfile.TemporaryDirectory(prefix="tidewire-install-") as directory:
        work = pathlib.Path(directory)
        prefix = work / "prefix"
        run("cmake", "--install", build, "--prefix", prefix)
        check_files(prefix, build)
        check_paths(prefix, build)
        check_names(prefix)
        check_versions(prefix)
        check_size(prefix, work)
        use_installed(prefix, work / "first")
        moved = prefix.rename(work / "moved")
        use_installed(moved, work / "then")
        use_sources(work / "sources")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    try:
        main(sys.argv[1])
    except Failure as failure:
        sys.exit(f"install_test: {failure}")
