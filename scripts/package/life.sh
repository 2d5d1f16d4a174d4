#!/bin/sh
# The life of the package in a fresh Debian with systemd as PID 1: install, record, upgrade, show the
# page, remove, install again, purge, and install where a preset asks for the recorder. Ends with
# status 1 at the first step that is not as it should be. It needs root, mmdebstrap and systemd-nspawn, and downloads
# Debian (about 100 MB).
#
#   sh scripts/package/life.sh OLD.deb NEW.deb
set -eu
old=$1
new=$2
folder=$(mktemp -d)
root=$folder/root
outside=

end() {
  if [ -n "$outside" ]; then
    kill -RTMIN+4 "$inside" 2>/dev/null || :
    wait "$outside" 2>/dev/null || :
  fi
  rm -rf "$folder"
}
trap end EXIT
trap 'exit 1' INT TERM

# Runs a line in there, and shows both.
try() {
  printf '# %s\n' "$*"
  nsenter -t "$inside" -a env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
    DEBIAN_FRONTEND=noninteractive sh -c "$*" 2>&1
}

# The same, quietly: the line must hold.
must() {
  try "$@" > "$folder/said" || {
    cat "$folder/said"
    echo "not so: $*"
    exit 1
  }
}

mmdebstrap --quiet --variant=apt \
  --include=systemd-sysv,dbus,init-system-helpers,man-db,procps,curl bookworm "$root"
cp "$old" "$root/root/old.deb"
cp "$new" "$root/root/new.deb"
systemd-nspawn --quiet -D "$root" --boot --register=no --keep-unit --console=read-only \
  < /dev/null > "$folder/console" 2>&1 &
outside=$!
inside=
for _ in 1 2 3 4 5 6 7 8 9 10; do
  sleep 1
  inside=$(pgrep -P "$outside" | head -n 1) || continue
  if try systemctl is-system-running | grep -qE 'running|degraded'; then break; fi
done
must test "$(cat "/proc/$inside/comm")" = systemd

echo "== install"
try "apt-get install -y -q /root/old.deb"
must "! systemctl is-enabled fh.service && ! systemctl is-enabled fh.socket && ! systemctl is-active fh"
must "getent group fh && test -d /var/lib/fh && man -w fh-watch fh-protocol fh-history"
try "systemctl enable --now fh"
must "systemctl is-active fh"
must "systemd-analyze verify fh.service fh.socket"
try "systemd-analyze security --no-pager fh | tail -n 1"

echo "== upgrade"
try "fh job create nightly && fh job add nightly 1"
# The version of a file of SQLite (user_version) stands in these bytes of it.
version="od -An -j 60 -N 4 -t u1 /var/lib/fh/history.db"
try "systemctl stop fh && $version"
try "systemctl enable --now fh.socket && systemctl start fh"
must "systemctl show -P MainPID fh > /root/before"
try "apt-get install -y -q /root/new.deb"
must "systemctl is-active fh && systemctl is-active fh.socket"
must "test \$(systemctl show -P MainPID fh) != \$(cat /root/before)"
try "fh job list"
must "fh job list --json | grep nightly"

echo "== the page"
must "systemd-analyze verify fh-web.service fh-ship.service"
try "systemd-analyze security --no-pager fh-web | tail -n 1"
must "systemctl start fh-web"
must "for i in \$(seq 100); do test -S /run/fh-web/web.sock && break; sleep 0.1; done"
must "systemctl is-active fh-web && test \$(stat -c %a:%U /run/fh-web/web.sock) = 600:root"
# As a browser asks it at the other end of ssh -L.
ask="curl -sS --unix-socket /run/fh-web/web.sock -H 'Content-Type: application/json' -d {}"
token="\$(sed 's/.*token=\([^ ]*\).*/\1/' /run/fh-web/url)"
must "curl -sS --unix-socket /run/fh-web/web.sock http://127.0.0.1:8811/ | grep '<title>fh</title>'"
must "$ask -H \"Authorization: Bearer $token\" http://127.0.0.1:8811/api/status | grep '\"ok\":true'"
must "$ask -H \"Authorization: Bearer $token\" http://127.0.0.1:8811/api/log | grep '\"ok\":true'"
must "$ask http://127.0.0.1:8811/api/status | grep 'Refused: no token'"
must "$ask http://evil.example:8811/api/status | grep 'Refused: host'"
must "! journalctl -u fh-web | grep -F -e $token"
status="/proc/\$(systemctl show -P MainPID fh-web)/status"
must "grep 'CapEff:.0000000000000000' $status && grep 'NoNewPrivs:.1' $status"
try "systemctl show -P MemoryCurrent fh-web"
must "systemctl stop fh-web && ! test -e /run/fh-web"
must "test \$(systemctl show -P Result fh-web) = success"

echo "== remove, and install again"
try "apt-get remove -y -q fh && $version"
must "test -f /var/lib/fh/history.db && ! command -v fh"
try "apt-get install -y -q /root/new.deb"
must "systemctl is-active fh && systemctl is-active fh.socket && fh job list --json | grep nightly"

echo "== purge"
try "apt-get purge -y -q fh"
must "! test -e /var/lib/fh && ! test -e /run/fh"
must "! find /etc /usr /lib -name '*fh.service*' -o -name 'fh.socket*' -o -name 'fh-*.1.gz' | grep ."

echo "== asked for by a preset"
try "mkdir -p /etc/systemd/system-preset"
try "echo 'enable fh.service' > /etc/systemd/system-preset/50-fh.preset"
try "apt-get install -y -q /root/new.deb"
must "systemctl is-active fh && ! systemctl is-active fh.socket"
echo "all as it should be"
