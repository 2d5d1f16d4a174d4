/**
 * /proc/net/netlink: the sockets of the reader's network namespace; net/netlink/af_netlink.c
 * netlink_native_seq_show().
 *
 * @module
 */

/** One netlink socket. */
export interface NetlinkSocket {
  /** NETLINK_* number of include/uapi/linux/netlink.h. */
  protocol: number;
  /** Its address, nl_pid; 0 is the kernel. */
  portId: number;
  /** Groups 1 to 32 as a bit set. */
  groups: number;
  /** Messages that did not fit into its buffer. */
  drops: number;
  /** The inode of its descriptors: `socket:[inode]`. */
  inode: number;
}

const ROW = /^\S+ +(\d+) +(\d+) +([0-9a-f]{8}) +\d+ +\d+ +\S+ +\d+ +(\d+) +(\d+) *$/;

/** The rows of the table; lines that are none (the heading is one) are left out. */
export function parseNetlink(text: string): NetlinkSocket[] {
  const sockets: NetlinkSocket[] = [];
  for (const line of text.split("\n")) {
    const row = ROW.exec(line);
    if (row === null) continue;
    sockets.push({
      protocol: Number(row[1]),
      portId: Number(row[2]),
      groups: parseInt(row[3]!, 16),
      drops: Number(row[4]),
      inode: Number(row[5]),
    });
  }
  return sockets;
}
