# What the scripts of this folder share: the site, the Python, and how a run is started.
# shellcheck shell=bash

checkout=$(cd "$folder/.." && pwd)
# in a checkout; beside scripts that `hpcd4p init` wrote it is not, then that of the package is read below
beside=$checkout/hpcd4p/launch/batch.sh
if [ -f "$beside" ]; then . "$beside"; fi

set +u # modules and conda read variables that are not set
if [ -f "$folder/site.env" ]; then . "$folder/site.env"; fi
set -u

python=${HPCD4P_PYTHON:-}
if [ -z "$python" ]; then
  python=python3
  if [ -x "$checkout/.venv/bin/python" ]; then python=$checkout/.venv/bin/python; fi
fi
if [ -f "$beside" ]; then
  # the checkout need not be installed
  if ! "$python" -c 'import hpcd4p' 2>/dev/null; then export PYTHONPATH=$checkout${PYTHONPATH:+:$PYTHONPATH}; fi
else
  if ! package=$("$python" -c 'import hpcd4p; print(hpcd4p.__path__[0])'); then
    echo "hpcd4p: error: $python has no hpcd4p; name the Python that has it in $folder/site.env" >&2
    exit 2
  fi
  . "$package/launch/batch.sh"
fi
