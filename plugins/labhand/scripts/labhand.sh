#!/bin/sh
# Runs the labhand of this machine with the arguments given: `serve`, or a hook. Programs that start from a desktop often have
# a short PATH, so the folder in which `uv tool install` and pipx put programs is looked into as well. Nothing is taken from the
# folder that the client works in: whoever opens a folder doesn't mean to run its programs.
# Where labhand isn't installed, the client is told how to install it, in the form that it reads.
here=$(cd "$(dirname "$0")" && pwd)
for program in "${LABHAND_PROGRAM:-}" "${CLAUDE_PLUGIN_OPTION_PROGRAM:-}" "$(command -v labhand)" "$HOME/.local/bin/labhand" \
  "${CLAUDE_PLUGIN_DATA:-$HOME}/venv/bin/labhand"; do
  if [ -f "$program" ] && [ -x "$program" ]; then
    exec "$program" "$@"
  fi
done
if [ "$*" = "hook stop" ] || [ "$*" = "hook monitor" ]; then
  exit 0
fi
if ! command -v python3 > /dev/null; then
  cat "$here/install.txt" >&2
  exit 127
fi
exec python3 "$here/not_installed.py" "$@"
