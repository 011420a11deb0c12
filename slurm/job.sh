# What the scripts of this folder share: the site, the Python, and how a run is started.
# shellcheck shell=bash

checkout=$(cd "$folder/.." && pwd)
. "$checkout/hpcd4p/launch/batch.sh"

set +u # modules and conda read variables that are not set
if [ -f "$folder/site.env" ]; then . "$folder/site.env"; fi
set -u

python=${HPCD4P_PYTHON:-}
if [ -z "$python" ]; then
  python=python3
  if [ -x "$checkout/.venv/bin/python" ]; then python=$checkout/.venv/bin/python; fi
fi
# the checkout need not be installed
if ! "$python" -c 'import hpcd4p' 2>/dev/null; then export PYTHONPATH=$checkout${PYTHONPATH:+:$PYTHONPATH}; fi
