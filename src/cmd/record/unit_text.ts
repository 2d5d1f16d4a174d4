/**
 * The systemd unit of the recorder: what `fh record --print-unit` prints.
 *
 * @module
 */
import { CommandError, EXIT } from "../../fault.ts";

/** Folders that the unit shows empty, or does not show; a program in them would not be found. */
const HIDDEN = /^\/(?:home|root|run\/user|tmp|var\/tmp)\//;
/** What systemd takes in no path of a program, and what is no path from the root. */
const UNUSABLE = /[^\x20-\x7e\xa0-\u{10ffff}]|["'\\]|^[^/]|^$|\/$/u;

const head = (command: string) =>
  `\
# fh record as a service: the history of all processes of this host.
# Made by "fh record --print-unit". To install it:
#
#   fh record --print-unit > /etc/systemd/system/fh.service
#   systemctl daemon-reload && systemctl enable --now fh
#
# Change options with "systemctl edit fh", not here:
#
#   [Service]
#   ExecStart=
#   ExecStart=${command} --keep 30d
#
# A history elsewhere (--db) also needs ReadWritePaths= of its folder. Files that are named by
# options must not lie in a home folder or /tmp, which the service does not see.

[Unit]
Description=fh, the history of processes
Documentation=man:fh-record(1)
# Rules can name users of a directory.
After=nss-user-lookup.target
# A recorder that has given up records nothing.
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=${command}
`;

const RUN = `\
ExecReload=kill -HUP $MAINPID
Restart=on-failure
RestartSec=10s
# Wrong usage stays wrong.
RestartPreventExitStatus=2
# After a crash a large history is looked through before recording begins.
TimeoutStartSec=10min

# /var/lib/fh and /run/fh. The history has the command lines of all users.
StateDirectory=fh
StateDirectoryMode=0700
# The socket in it is for root alone; fh record --print-socket-unit makes it one for a group. It is
# kept, because that unit's socket would be removed with it.
RuntimeDirectory=fh
RuntimeDirectoryMode=0755
RuntimeDirectoryPreserve=yes
UMask=0077
# The runtime in the executable would let others in by these.
UnsetEnvironment=BUN_BE_BUN BUN_INSPECT BUN_INSPECT_CONNECT_TO BUN_INSPECT_PRELOAD BUN_OPTIONS

# The capture thread asks for SCHED_FIFO at priority 1, to read a command line while a short
# program still lives. That limit allows this one priority, CAP_SYS_NICE would allow far more.
LimitRTPRIO=1
RestrictRealtime=no
Nice=-4
OOMScoreAdjust=-250
# It takes less than 150 MB; this is for the day when that is wrong.
MemoryMax=576M
TasksMax=512
# Connections, registered applications and, without the connector, a pidfd for each process.
LimitNOFILE=65536

# Rights. CAP_NET_ADMIN: the kernel's proc connector and its large buffer. CAP_SYS_PTRACE and
# CAP_DAC_READ_SEARCH: exe, cwd and environ in /proc/PID of other users, which are only read.
# CAP_KILL: signals to registered applications of other users.
CapabilityBoundingSet=CAP_NET_ADMIN CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_KILL
NoNewPrivileges=yes
RestrictAddressFamilies=AF_NETLINK AF_UNIX
IPAddressDeny=any
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
RestrictNamespaces=yes
RestrictSUIDSGID=yes
LockPersonality=yes
KeyringMode=private

# What must stay as on the host. The proc connector speaks only in the initial network, pid and
# user namespaces: no PrivateNetwork=, PrivatePIDs= or PrivateUsers=. Processes hidden from /proc
# could not be described. A just-in-time compiler writes code and runs it.
PrivateNetwork=no
PrivateUsers=no
ProtectProc=default
ProcSubset=all
MemoryDenyWriteExecute=no
`;

const TAIL = `\
ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
PrivateIPC=yes
PrivateMounts=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes

[Install]
WantedBy=multi-user.target
`;

/** The text of a socket unit beside it: who may connect is said there. */
export const SOCKET_UNIT = `\
# The socket of fh record, for a group of users.
# Made by "fh record --print-socket-unit". To install it:
#
#   fh record --print-socket-unit > /etc/systemd/system/fh.socket
#   systemctl daemon-reload && systemctl stop fh
#   systemctl enable --now fh.socket && systemctl start fh
#
# Members of the group see their own processes only. Choose it with "systemctl edit fh.socket":
#
#   [Socket]
#   SocketGroup=adm

[Unit]
Description=fh, the socket of the history of processes
Documentation=man:fh-protocol(7)

[Socket]
ListenStream=/run/fh/fh.sock
SocketMode=0660
SocketUser=root
SocketGroup=root
DirectoryMode=0755

[Install]
WantedBy=sockets.target
`;

/**
 * The text of a unit that runs `executable record` as root, as locked up as it works.
 *
 * @param executable Path of fh from the root. In a folder that the unit hides it is shown alone.
 * @throws {CommandError} systemd takes no such path.
 */
export function unitText(executable: string): string {
  if (UNUSABLE.test(executable)) {
    throw new CommandError(
      EXIT.failed,
      `Cannot make a unit: systemd takes no program at ${executable}; ` +
        "move fh to a path such as /usr/local/bin/fh",
    );
  }
  // A percent sign begins a specifier, a space ends a word.
  const plain = executable.replaceAll("%", "%%");
  const word = plain.includes(" ") ? `"${plain}"` : plain;
  const home = HIDDEN.test(executable)
    ? `ProtectHome=tmpfs\nBindReadOnlyPaths="${plain}"\n`
    : "ProtectHome=yes\n";
  const rest = "\n# The rest of the host is out of sight or cannot be written.\n";
  return `${head(`${word} record`)}${RUN}${rest}${home}${TAIL}`;
}
