#!/bin/sh
# Runs the executables for arm64 and for musl on an x86-64 host: each starts, shows the tree, keeps
# a history and reads it. Ends with status 1 at the first that does not. It needs root, mmdebstrap,
# gcc, qemu-user-static and what `npm run package` left in dist/, and downloads 20 MB of Debian.
#
# QEMU has no proc connector for its guest, so that arm64 is tried with /proc alone. Debian has no
# libstdc++ for musl: that for glibc is taken, and what it wants of glibc is a stand-in below.
#
#   sh scripts/package/foreign.sh
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

# Questions to the program that `run` becomes; it is called in shells of their own.
try() {
  echo "== $1"
  kept=$folder/$1-kept
  mkdir "$kept"
  (run --version)
  run tree $$ | grep foreign.sh
  run doctor | grep '^source'
  run record --db "$kept/h.db" --socket "$kept/s.sock" 2> "$kept/said" &
  recorder=$!
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    sleep 1
    if (FH_SOCKET=$kept/s.sock run record --status > /dev/null 2>&1); then break; fi
  done
  sh -c 'sleep 0.5; exit 7' || :
  sleep 1
  kill "$recorder"
  wait "$recorder"
  run log --db "$kept/h.db" 2> /dev/null | grep -E 'exit .*sleep 0.5; exit 7'
  (run report html --db "$kept/h.db" -o "$kept/h.html" 2> /dev/null)
  grep -q '^<!doctype html>' "$kept/h.html"
}

mmdebstrap --quiet --variant=extract --architectures=arm64 --include=libc6 bookworm "$folder/arm64"
run() { exec qemu-aarch64-static -L "$folder/arm64" "$here/dist/fh-linux-arm64" "$@"; }
try arm64

mmdebstrap --quiet --variant=extract --include=musl,libstdc++6,libgcc-s1 bookworm "$folder/x64"
mkdir "$folder/musl"
cp "$folder/x64/usr/lib/x86_64-linux-gnu/libstdc++.so.6" "$folder/musl"
cp "$folder/x64/lib/x86_64-linux-gnu/libgcc_s.so.1" "$folder/musl"
cp "$folder/x64/lib/x86_64-linux-musl/libc.so" "$folder/musl/libc.musl-x86_64.so.1"
gcc -shared -fPIC -nostdlib -nostdinc -o "$folder/musl/ld-linux-x86-64.so.2" -x c - << 'END'
/* Destructors of threads do not run, and exceptions are found by dl_iterate_phdr: enough here. */
extern long getrandom(void *, unsigned long, unsigned);
extern unsigned long strftime_l(char *, unsigned long, const char *, const void *, void *);
unsigned arc4random(void) {
  unsigned number = 0;
  getrandom(&number, 4, 0);
  return number;
}
unsigned long __strftime_l(char *s, unsigned long m, const char *f, const void *t, void *l) {
  return strftime_l(s, m, f, t, l);
}
int __cxa_thread_atexit_impl(void (*f)(void *), void *o, void *d) { return 0; }
char __libc_single_threaded = 0;
int _dl_find_object(void *pc, void *found) { return -1; }
int __cpu_indicator_init(void) { return 0; }
unsigned __cpu_model[4];
END
run() {
  exec env LD_PRELOAD=$folder/musl/ld-linux-x86-64.so.2 LD_LIBRARY_PATH=$folder/musl \
    "$folder/musl/libc.musl-x86_64.so.1" "$here/dist/fh-linux-x64-musl" "$@"
}
try musl
echo "all as it should be"
