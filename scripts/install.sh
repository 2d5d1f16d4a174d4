#!/bin/sh
# Puts dist/fh on the PATH, with its man page and its completion; --remove takes all of it away.
# As root below /usr/local, as anybody else below ~/.local, or below the folder that is named.
set -eu
# What is installed is for everybody.
umask 022
root=$(cd -- "$(dirname -- "$0")/.." && pwd)

fail() {
  status=$1
  shift
  printf 'fh: %s\n' "$*" >&2
  exit "$status"
}

remove=
if [ "${1-}" = --remove ]; then
  remove=yes
  shift
fi
case "$# ${1-}" in
  "0 " | "1 "[!-]*) ;;
  *) fail 2 "Bad operands: $*; use scripts/install.sh [--remove] [FOLDER]" ;;
esac

if [ $# -gt 0 ]; then
  prefix=$1
elif [ "$(id -u)" -eq 0 ]; then
  prefix=/usr/local
else
  prefix=$HOME/.local
fi

program=$prefix/bin/fh
page=$prefix/share/man/man1/fh.1
bash=$prefix/share/bash-completion/completions/fh
zsh=$prefix/share/zsh/site-functions/_fh
fish=$prefix/share/fish/vendor_completions.d/fh.fish

if [ -n "$remove" ]; then
  rm -f -- "$program" "$page" "$bash" "$zsh" "$fish"
  echo "fh: removed from $prefix; histories are still there" >&2
  exit 0
fi

[ -x "$root/dist/fh" ] || fail 1 "Nothing to install: no dist/fh; run npm run build first"

for path in "$program" "$page" "$bash" "$zsh" "$fish"; do
  mkdir -p -- "$(dirname -- "$path")"
done
# Whatever runs the old one goes on with it: the file is replaced, not written over.
cp -- "$root/dist/fh" "$program.new"
chmod 755 "$program.new"
mv -f -- "$program.new" "$program"
cp -- "$root/contrib/man/fh.1" "$page"
"$program" completion bash > "$bash"
"$program" completion zsh > "$zsh"
"$program" completion fish > "$fish"
chmod 644 "$page" "$bash" "$zsh" "$fish"

echo "fh: installed $program, its man page, and completion for bash, zsh and fish" >&2
case ":$PATH:" in
  *":$prefix/bin:"*) ;;
  *) echo "fh: $prefix/bin is not in PATH; add it in your shell's profile" >&2 ;;
esac
