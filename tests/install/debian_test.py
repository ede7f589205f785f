#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Installs the Debian packages in a clean Debian 12 and builds the sample there with the very lines of README.md.

usage: debian_test.py DIRECTORY_OF_PACKAGES

It needs root, debootstrap, and a Debian mirror: the one that this machine's apt uses. The tree is made in namespaces of
its own, so that nothing stays mounted or runs on, whatever happens. Where root may make none the status is 77.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

SAMPLE = pathlib.Path(__file__).resolve().parent / "sample"
SUITE = "bookworm"
TOOLS = ["cmake", "gcc", "libc6-dev", "make", "pkg-config"]
SKIPPED = 77
PRINTED = "Hello\n7 bytes\n"

BUILD = f"""
cd /root/sample
{(SAMPLE / "pkg_config.sh").read_text()}
./sample
cmake -S . -B build >&2
cmake --build build >&2
build/sample
"""

# All that a package may leave is in the logs of apt and dpkg.
LEFT = """
find / -xdev -path /var/log -prune -o -path /root -prune -o -iname '*tidewire*' -print
dpkg-query --show --showformat '${Package} ${Status}\\n' | grep tidewire || :
ldconfig -p | grep tidewire || :
"""


def run(*command, **keywords):
    """What a command prints; what it says besides is shown when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **keywords)
    if done.returncode != 0:
        sys.exit(f"debian_test: {' '.join(map(str, command))}\nended with status {done.returncode}:\n"
                 f"{done.stdout}{done.stderr}")
    return done.stdout


def mirror():
    """Where apt gets this release from."""
    form = "$(CODENAME) $(COMPONENT) $(REPO_URI)"
    for line in run("apt-get", "indextargets", "--format", form, "Created-By: Packages").splitlines():
        codename, component, uri = line.split()
        if (codename, component) == (SUITE, "main"):
            return uri
    sys.exit(f"debian_test: apt has no index of {SUITE} main, and so no mirror to make a tree from")


def in_tree(tree, script):
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}
    environment["DEBIAN_FRONTEND"] = "noninteractive"
    environment.update({name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")})
    return run("chroot", tree, "sh", "-ec", script, env=environment)


def try_packages(tree, packages):
    """Runs in the namespaces."""
    run("debootstrap", "--variant=minbase", SUITE, tree, mirror())
    run("mount", "-t", "proc", "proc", tree / "proc")
    shutil.copy("/etc/resolv.conf", tree / "etc/resolv.conf")
    shutil.copytree(SAMPLE, tree / "root/sample")
    (tree / "root/packages").mkdir()
    for package in packages:
        shutil.copy(package, tree / "root/packages")
    install = "apt-get install --yes --no-install-recommends"
    in_tree(tree, "apt-get update")
    in_tree(tree, f"{install} {' '.join(TOOLS)}")
    in_tree(tree, f"{install} /root/packages/*.deb")
    printed = in_tree(tree, BUILD)
    if printed != 2 * PRINTED:
        sys.exit(f"debian_test: the sample printed {printed!r}, by pkg-config and by find_package")
    print("the sample of README.md, by pkg-config and by find_package")
    in_tree(tree, "apt-get purge --yes libtidewire1 libtidewire-dev")
    left = in_tree(tree, LEFT)
    if left:
        sys.exit(f"debian_test: the packages, removed, leave:\n{left}")
    print("removed, and nothing is left")


def main(directory):
    packages = sorted(pathlib.Path(directory).resolve().glob("libtidewire*.deb"))
    if len(packages) != 2:
        sys.exit(f"debian_test: {directory} ought to hold two packages, and holds {packages}")
    if os.geteuid() != 0:
        sys.exit("debian_test: only root can make a Debian tree and enter it")
    for tool in ("debootstrap", "unshare"):
        if not shutil.which(tool):
            sys.exit(f"debian_test: there is no {tool}")
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False).returncode != 0:
        print("debian_test: skipped: this system, perhaps a container, lets root make no namespaces", file=sys.stderr)
        sys.exit(SKIPPED)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("debian_test: terminated"))
    with tempfile.TemporaryDirectory(prefix="tidewire-debian-") as tree:
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        command += [sys.executable, __file__, "--inside", tree, *packages]
        sys.exit(subprocess.run(command, check=False).returncode)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        try_packages(pathlib.Path(sys.argv[2]), sys.argv[3:])
    elif len(sys.argv) == 2:
        main(sys.argv[1])
    else:
        sys.exit(__doc__.strip())
