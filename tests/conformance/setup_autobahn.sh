#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the Autobahn test suite so that it runs on Python 3: `setup_autobahn.sh DIRECTORY` makes an environment with
# bin/wstest there. The suite is Python 2 code, which autobahn_py3_port.py converts where it is installed. Does nothing
# when all is in place. PYTHON names the interpreter, python3 by default; 3.11 and 3.13 are known to do.
set -eu
dir=${1:?usage: setup_autobahn.sh DIRECTORY}
here=$(cd "$(dirname "$0")" && pwd)

stamp=$(cat "$0" "$here/autobahn_py3_port.py" "$here/requirements.txt" | cksum)
if [ "$(cat "$dir/made-autobahn" 2>/dev/null)" = "$stamp" ]; then exit 0; fi

# The directory is emptied, so it must be one that this script made, or empty.
if [ -n "$(ls -A "$dir" 2>/dev/null)" ] && [ ! -e "$dir/made-autobahn" ]; then
  echo "setup_autobahn.sh: $dir exists and holds something else" >&2
  exit 1
fi
echo "-- installing the Autobahn test suite into $dir"
rm -rf "$dir"
mkdir -p "$dir"
: >"$dir/made-autobahn"
"${PYTHON:-python3}" -m venv "$dir"
python=$dir/bin/python
install() {
  "$python" -m pip --disable-pip-version-check --quiet install --constraint "$here/requirements.txt" "$@"
}

install setuptools wheel
install pyopenssl service_identity six twisted wsaccel
# These say that they want Python 2, or would bring newer releases of each other. Of the suite only the source will do:
# its wheel is for Python 2.
install --no-build-isolation --no-deps txaio
install --no-build-isolation --no-deps --no-compile autobahn
install --no-build-isolation --no-deps --no-compile --no-binary autobahntestsuite autobahntestsuite
if ! "$python" -W ignore -c 'import lib2to3' 2>/dev/null; then install fissix; fi

"$python" "$here/autobahn_py3_port.py" "$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

"$python" -W ignore - <<'END'
from autobahn.websocket.xormasker import XorMaskerNull
from autobahntestsuite.case import Cases

assert len(Cases) == 517, len(Cases)
if not XorMaskerNull.__module__.startswith("wsaccel"):
    print("-- wsaccel is not in use: the cases of 9 will be slow")
END
printf '%s\n' "$stamp" >"$dir/made-autobahn"
