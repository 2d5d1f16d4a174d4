#!/bin/sh
# Installs fh: the executable, its man pages, completion for bash, zsh and fish, and, as root,
# units for systemd, of which nothing is enabled or started.
#
#   install.sh [FOLDER]              below FOLDER; as root /usr/local, as anybody else ~/.local
#   install.sh --uninstall [FOLDER]  takes all of it away
#
# It downloads nothing and writes only below FOLDER, where share/fh/installed then lists its files.
# Run again, it replaces what it has installed. Histories are never touched.
set -eu
# What is installed is for everybody.
umask 022

fail() {
  status=$1
  shift
  printf 'fh: %s\n' "$*" >&2
  exit "$status"
}

say() {
  printf 'fh: %s\n' "$*" >&2
}

uninstall=
if [ "${1-}" = --uninstall ]; then
  uninstall=yes
  shift
fi
case "$# ${1-}" in
  "0 " | "1 "[!-]*) ;;
  *) fail 2 "Bad operands: $*; use install.sh [--uninstall] [FOLDER]" ;;
esac

if [ $# -gt 0 ]; then
  prefix=$1
elif [ "$(id -u)" -eq 0 ]; then
  prefix=/usr/local
else
  prefix=$HOME/.local
fi
list=$prefix/share/fh/installed

# systemd looks for units below these two; elsewhere "fh record --print-unit" makes them.
units=
if [ "$(id -u)" -eq 0 ]; then
  case $prefix in /usr | /usr/local) units=yes ;; esac
fi

reload() {
  if [ -n "$units" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
}

# The files of the list, which it names by their paths in FOLDER.
remove_listed() {
  while IFS= read -r file; do
    case $file in
      *..*) fail 1 "Cannot remove $file, which $list names: it leads out of $prefix" ;;
      bin/fh | share/*/fh | share/*/_fh | share/*/fh.fish | share/man/*/fh*) ;;
      lib/systemd/system/fh*) ;;
      *) fail 1 "Cannot remove $file, which $list names: no file of fh is called so" ;;
    esac
    case $1 in
      units) case $file in lib/systemd/*) systemctl disable --now "${file##*/}" || : ;; esac ;;
      all) rm -f -- "$prefix/$file" ;;
      # Whatever runs the executable goes on with it until it is replaced.
      old) [ "$file" = bin/fh ] || rm -f -- "$prefix/$file" ;;
    esac
  done < "$list"
}

if [ -n "$uninstall" ]; then
  [ -f "$list" ] || fail 1 "Nothing to remove: there is no $list; name the folder it is below"
  if [ -n "$units" ] && [ -d /run/systemd/system ]; then remove_listed units; fi
  remove_listed all
  rm -f -- "$list"
  rmdir -- "$prefix/share/fh" 2>/dev/null || :
  reload
  say "removed from $prefix; histories are still there"
  exit 0
fi

# In an archive all stands beside this script, in a clone of the sources in their folders.
here=$(cd -- "$(dirname -- "$0")" && pwd)
if [ -f "$here/fh" ]; then
  from=$here/fh
  extra=$here
else
  from=$here/../dist/fh
  extra=$here/../contrib
fi
[ -x "$from" ] || fail 1 "Nothing to install: no dist/fh; run npm run build first"
version=$("$from" --version) || fail 1 "Cannot start $from on this host:" \
  "take the archive for its CPU; Alpine needs that for musl, and apk add libstdc++"

# Puts the file $1 (- for standard input) at $2 in FOLDER.
put() {
  mkdir -p -- "$(dirname -- "$prefix/$2")"
  # A file that is in use is replaced, not written over.
  cat -- "$1" > "$prefix/$2.new"
  chmod "${3-644}" "$prefix/$2.new"
  mv -f -- "$prefix/$2.new" "$prefix/$2"
  printf '%s\n' "$2" >> "$list.new"
}

if [ -f "$list" ]; then remove_listed old; fi
mkdir -p -- "$prefix/share/fh"
rm -f -- "$list.new"
put "$from" bin/fh 755
for page in "$extra"/man/*.[0-9]; do
  put "$page" "share/man/man${page##*.}/${page##*/}"
done
"$from" completion bash | put - share/bash-completion/completions/fh
"$from" completion zsh | put - share/zsh/site-functions/_fh
"$from" completion fish | put - share/fish/vendor_completions.d/fh.fish
if [ -n "$units" ]; then
  for unit in "$extra"/systemd/fh*; do
    sed "s|/usr/local/bin/fh|$prefix/bin/fh|" "$unit" | put - "lib/systemd/system/${unit##*/}"
  done
fi
mv -f -- "$list.new" "$list"
reload

say "installed $prefix/bin/fh ($version) with man pages and completion"
case ":$PATH:" in
  *":$prefix/bin:"*) ;;
  *) say "$prefix/bin is not in PATH; add it in your shell's profile" ;;
esac
if [ -n "$units" ] && [ -d /run/systemd/system ]; then
  say "to keep a history from now on: systemctl enable --now fh"
fi
