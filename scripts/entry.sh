#!/bin/sh
# In the container: show the built static files to this start's data folder, then become the command.
set -eu
ln -sfn /kontor/built/static "$KONTOR_DATA_DIR/static"
exec "$@"
