#!/bin/sh
# Builds what is missing, then becomes fh: signals, terminal and exit status are fh's own.
set -e
root=$(cd -- "$(dirname -- "$0")/.." && pwd)
node "$root/scripts/build.mjs"
[ $# -gt 0 ] || set -- watch
exec "$root/dist/fh" "$@"
