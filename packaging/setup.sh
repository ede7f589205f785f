# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2154,SC2164 # $root is packaging/dev's, and it has set -e
# shellcheck disable=SC3013 # `-nt` is in POSIX since 2024, and dash has it
# What packaging/dev installs: system packages, Python, Rust, Go, and zlib for musl. All but the system packages goes to
# build/.

# ---- System packages ----

# Whether a package is installed, for this machine's architecture or for the one that its name ends with.
installed() {
  case $1 in
    *:*) architecture=${1##*:} ;;
    *) architecture=$(dpkg --print-architecture) ;;
  esac
  dpkg-query -W -f '${Architecture} ${db:Status-Status}\n' "$1" 2>/dev/null |
    grep -qxE "($architecture|all) installed"
}

# Installs what is missing of the named groups of packaging/packages.
need() {
  missing=
  for group; do
    packages=$(sed -n "s/^$group: //p" packaging/packages)
    for package in $packages; do
      installed "$package" || missing="$missing $package"
    done
  done
  [ -n "$missing" ] || return 0
  [ "$(id -u)" = 0 ] || die "packages are missing; as root: apt-get install --no-install-recommends$missing"
  step "packages:$missing"
  case $missing in
    *:arm64*) dpkg --add-architecture arm64 ;;
  esac
  quietly apt-get update
  # shellcheck disable=SC2086 # a list of words
  quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
}

# ---- Python ----

# Whether an interpreter can make environments and, for the group python-dev, build extension modules.
python_fits() {
  "$1" - "$2" 2>/dev/null <<'END'
import ensurepip, os, sys, sysconfig, venv
header = os.path.join(sysconfig.get_path("include"), "Python.h")
sys.exit(sys.version_info < (3, 11) or (sys.argv[1] == "python-dev" and not os.path.exists(header)))
END
}

# Sets $python to the environment's interpreter, else to that of PATH, else to Debian's.
find_python() {
  for python in build/venv/bin/python python3; do
    if python_fits "$python" "$1"; then return; fi
  done
  need "$1"
  for python in build/venv/bin/python /usr/bin/python3; do
    if python_fits "$python" "$1"; then return; fi
  done
  die "no python3 of version 3.11 or later can make environments"
}

# Installs Python packages into build/venv. The first argument is the group of system packages that they need.
venv() {
  [ -e build/venv/made ] || rm -rf build/venv
  find_python "$1"
  shift
  if [ "$python" != build/venv/bin/python ]; then
    step "python: build/venv"
    quietly "$python" -m venv --clear build/venv
    touch build/venv/made
  fi
  missing=
  for package; do
    [ "build/venv/made-$package" -nt packaging/requirements.txt ] || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  step "python:$missing"
  # shellcheck disable=SC2086 # a list of words
  quietly build/venv/bin/python -m pip install --constraint packaging/requirements.txt $missing
  for package in $missing; do touch "build/venv/made-$package"; done
}

# Installs the binding into build/venv when a source of it has changed.
install_binding() {
  sources=$(find core capi bindings/python \
    '(' -name tests -o -name examples -o -name __pycache__ -o -name '.*' ')' -prune -o -type f -print |
    LC_ALL=C sort | xargs sha256sum | sha256sum)
  [ "$(cat build/venv/made-tidewire 2>/dev/null)" != "$sources" ] || return 0
  step "python: bindings/python"
  quietly build/venv/bin/python -m pip install --no-build-isolation --no-deps --force-reinstall \
    --config-settings=build-dir="$root/build/python" ./bindings/python
  printf '%s\n' "$sources" >build/venv/made-tidewire
}

# ---- Rust ----

# Has a cargo of version 1.85 or later: that of PATH (rustup), or else Debian's cargo-web (1.96 by Debian's security
# updates), whose packages take the place of cargo 0.66 and rustc 1.63.
find_rust() {
  minor=$(cargo --version 2>/dev/null | sed -n 's/^cargo 1\.\([0-9]*\)\..*/\1/p')
  [ "${minor:-0}" -ge 85 ] || need rust
}

# Unpacks Rust 1.85, the oldest that the crates promise, into build/rust-1.85: Debian 12 has it beside the newer one,
# with which it conflicts.
rust_oldest() {
  [ ! -e build/rust-1.85/made ] || return 0
  need rust-oldest
  step "rust: build/rust-1.85"
  rm -rf build/rust-1.85
  mkdir -p build/rust-1.85
  (
    cd build/rust-1.85
    version=$(apt-cache madison rustc-web | sed -n 's/^.*| *\(1\.85\.[^ ]*\) *|.*/\1/p' | head -n 1)
    [ -n "$version" ] || die "apt knows no rustc-web 1.85; as root: apt-get update"
    apt-get download "rustc-web=$version" "cargo-web=$version" "libstd-rust-web-1.85=$version" \
      "libstd-rust-web-dev=$version" >log 2>&1 || die "apt-get download: $(tail -n 1 log)"
    for package in *.deb; do dpkg -x "$package" .; done
    rm ./*.deb
  )
  touch build/rust-1.85/made
}

# Runs cargo 1.85 of Debian.
oldest_cargo() {
  env PATH="$root/build/rust-1.85/usr/bin:$PATH" LD_LIBRARY_PATH="$root/build/rust-1.85/usr/lib/x86_64-linux-gnu" \
    cargo "$@"
}
# ---- Go ----

# Puts a Go of version 1.24 or later into PATH: the one that is there, or else one that Debian's Go 1.19 fetches as a
# module, checked by the checksum database.
find_go() {
  minor=$(go version 2>/dev/null | sed -n 's/^go version go1\.\([0-9]*\).*/\1/p')
  [ "${minor:-0}" -lt 24 ] || return 0
  need go
  version=1.24.13
  platform=$(go env GOOS)-$(go env GOARCH)
  go_root=$root/build/go/pkg/mod/golang.org/toolchain@v0.0.1-go$version.$platform
  if [ ! -e "$go_root/made" ]; then
    step "go $version: build/go"
    quietly env GOPATH="$root/build/go" GOFLAGS=-modcacherw \
      go mod download "golang.org/toolchain@v0.0.1-go$version.$platform"
    chmod +x "$go_root"/bin/* "$go_root"/pkg/tool/*/*
    touch "$go_root/made"
  fi
  export PATH="$go_root/bin:$PATH" GOTOOLCHAIN=local
}

# ---- zlib for musl ----

# Puts zlib for musl into build/musl-root: Debian has it for glibc alone, so it is made from Debian's source package.
musl_zlib() {
  [ ! -e build/musl-root/lib/libz.a ] || return 0
  step "zlib for musl"
  rm -rf build/musl-zlib
  mkdir -p build/musl-zlib/lists/partial
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
    [ ! -e "$file" ] || sed 's/^deb /deb-src /; s/^Types: *deb$/Types: deb-src/' "$file" >"build/musl-zlib/${file##*/}"
  done
  apt="apt-get -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=$root/build/musl-zlib
    -o Dir::State::Lists=$root/build/musl-zlib/lists -o APT::Sandbox::User=root"
  # shellcheck disable=SC2086 # a command and its options
  quietly $apt update
  (
    cd build/musl-zlib
    # shellcheck disable=SC2086 # a command and its options
    $apt source --download-only zlib >log 2>&1 || die "no source of zlib: $(tail -n 1 log)"
    tar -xf zlib_*.orig.tar.*
    cd zlib-*
    CC=musl-gcc CFLAGS='-O2 -fPIC' ./configure --static --prefix="$root/build/musl-root" >>../log
    make -s libz.a install >>../log 2>&1
  )
}
