/**
 * Generic netlink: struct genlmsghdr, struct nlattr, and the controller that knows the families.
 * Headers: include/uapi/linux/netlink.h, genetlink.h.
 *
 * ```text
 *  0         16    17       18        20
 *  | nlmsghdr | cmd | version | reserved | attribute | attribute ...
 *
 *  0     2      4
 *  | len  | type | value, padded to 4 ...      len counts the 4 bytes of len and type too
 * ```
 *
 * @module
 */
import { decodeNlMsg, encodeNlMsg, NLM_F, NLMSG, NLMSG_TYPE, nlmsgAlign } from "./nlmsg.ts";
import { WireError } from "./wire_error.ts";

/** Offsets of struct genlmsghdr in the message. */
export const GENL = { cmd: NLMSG.payload, version: 17, attributes: 20 } as const;

/** Offsets of struct nlattr. */
const NLA = { len: 0, type: 2, value: 4 } as const;
/** `#define NLA_TYPE_MASK ~(NLA_F_NESTED | NLA_F_NET_BYTEORDER)` */
const NLA_TYPE_MASK = 0x3fff;
/** nla_len is an unsigned short. */
const NLA_LEN_MAX = 0xffff;

/** Offset of `int error` of struct nlmsgerr; the request's header follows it. */
const NLMSGERR_ERROR = NLMSG.payload;

/** GENL_ID_CTRL: message type of the controller, which has a fixed one. */
export const GENL_ID_CTRL = 0x10;
/** Of enum CTRL_CMD_*. */
export const CTRL_CMD = { NEWFAMILY: 1, GETFAMILY: 3 } as const;
/** Of enum CTRL_ATTR_*. */
export const CTRL_ATTR = { FAMILY_ID: 1, FAMILY_NAME: 2, VERSION: 3 } as const;

/** One attribute. */
export interface Attribute {
  /** Without the flags for nesting and byte order. */
  readonly type: number;
  /** The value without its padding, a part of the message. */
  readonly bytes: Uint8Array;
}

/** A message of a generic netlink family. */
export interface GenlMessage {
  /** The family's id. */
  readonly type: number;
  /** NLM_F_* bits. */
  readonly flags: number;
  readonly seq: number;
  readonly cmd: number;
  readonly version: number;
  readonly attributes: readonly Attribute[];
}

/** NLMSG_ERROR as an answer. */
export interface NlRefusal {
  readonly seq: number;
  /** The positive errno; 0 is an acknowledgement. */
  readonly errno: number;
}

/** A family as the controller describes it. */
export interface Family {
  readonly id: number;
  readonly name: string;
  readonly version: number;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** An attribute whose value is a u32. */
export function u32Attribute(type: number, value: number): Attribute {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return { type, bytes };
}

/** An attribute whose value is a string, a NUL at its end. */
export function stringAttribute(type: number, text: string): Attribute {
  return { type, bytes: new TextEncoder().encode(`${text}\0`) };
}

/** The attributes one after the other; throws a RangeError for a value that is too long. */
export function encodeAttributes(attributes: readonly Attribute[]): Uint8Array {
  const sizes = attributes.map(({ bytes }) => nlmsgAlign(NLA.value + bytes.length));
  const all = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  const view = viewOf(all);
  let at = 0;
  attributes.forEach(({ type, bytes }, index) => {
    const length = NLA.value + bytes.length;
    if (length > NLA_LEN_MAX) throw new RangeError(`Cannot encode attribute: ${length} bytes`);
    view.setUint16(at + NLA.len, length, true);
    view.setUint16(at + NLA.type, type, true);
    all.set(bytes, at + NLA.value);
    at += sizes[index]!;
  });
  return all;
}

/** The attributes in `bytes`; throws {@linkcode WireError} when one does not fit. */
export function decodeAttributes(bytes: Uint8Array): Attribute[] {
  const view = viewOf(bytes);
  const attributes: Attribute[] = [];
  for (let at = 0; at < bytes.length;) {
    const room = bytes.length - at;
    if (room < NLA.value) throw new WireError("nlattr", at, `${room} bytes, ${NLA.value} needed`);
    const length = view.getUint16(at + NLA.len, true);
    if (length < NLA.value || length > room) {
      throw new WireError("nlattr", at, `length ${length} of ${room}`);
    }
    attributes.push({
      type: view.getUint16(at + NLA.type, true) & NLA_TYPE_MASK,
      bytes: bytes.subarray(at + NLA.value, at + length),
    });
    at += nlmsgAlign(length);
  }
  return attributes;
}

/** The value of the first attribute of `type`; throws {@linkcode WireError} below `size` bytes. */
export function attributeValue(
  attributes: readonly Attribute[],
  type: number,
  size: number,
  what: string,
): Uint8Array {
  const found = attributes.find((attribute) => attribute.type === type)?.bytes;
  if (found === undefined) throw new WireError(what, 0, "no such attribute");
  if (found.length < size) throw new WireError(what, 0, `${found.length} bytes, ${size} needed`);
  return found;
}

/** The message as it is sent; the kernel fills in the sender. */
export function encodeGenl(message: GenlMessage): Uint8Array {
  const attributes = encodeAttributes(message.attributes);
  const bytes = new Uint8Array(GENL.attributes + attributes.length);
  const view = viewOf(bytes);
  const { type, flags, seq } = message;
  encodeNlMsg(view, 0, { len: bytes.length, type, flags, seq, pid: 0 });
  view.setUint8(GENL.cmd, message.cmd);
  view.setUint8(GENL.version, message.version);
  bytes.set(attributes, GENL.attributes);
  return bytes;
}

/**
 * Decodes one datagram: a family's message, or the kernel's refusal. Throws
 * {@linkcode WireError} for bytes that are neither.
 */
export function decodeAnswer(bytes: Uint8Array): GenlMessage | NlRefusal {
  const view = viewOf(bytes);
  const { len, type, flags, seq } = decodeNlMsg(view, 0, bytes.length);
  if (type === NLMSG_TYPE.ERROR) {
    if (len < NLMSGERR_ERROR + 4) throw new WireError("nlmsgerr", 0, `length ${len}, 20 needed`);
    const error = view.getInt32(NLMSGERR_ERROR, true);
    if (error > 0) throw new WireError("nlmsgerr", NLMSGERR_ERROR, `error ${error}`);
    return { seq, errno: error === 0 ? 0 : -error };
  }
  if (type < GENL_ID_CTRL) throw new WireError("genlmsghdr", NLMSG.type, `type ${type}`);
  if (len < GENL.attributes) {
    throw new WireError("genlmsghdr", 0, `length ${len}, ${GENL.attributes} needed`);
  }
  return {
    type,
    flags,
    seq,
    cmd: view.getUint8(GENL.cmd),
    version: view.getUint8(GENL.version),
    attributes: decodeAttributes(bytes.subarray(GENL.attributes, len)),
  };
}

/** The request that asks the controller for the family called `name`. */
export function encodeGetFamily(name: string, seq: number): Uint8Array {
  return encodeGenl({
    type: GENL_ID_CTRL,
    flags: NLM_F.REQUEST,
    seq,
    cmd: CTRL_CMD.GETFAMILY,
    version: 1,
    attributes: [stringAttribute(CTRL_ATTR.FAMILY_NAME, name)],
  });
}

/** The family in the controller's answer; throws {@linkcode WireError} when there is none. */
export function decodeFamily({ cmd, attributes }: GenlMessage): Family {
  if (cmd !== CTRL_CMD.NEWFAMILY) throw new WireError("family", GENL.cmd, `command ${cmd}`);
  const id = attributeValue(attributes, CTRL_ATTR.FAMILY_ID, 2, "family id");
  const name = attributeValue(attributes, CTRL_ATTR.FAMILY_NAME, 1, "family name");
  const version = attributeValue(attributes, CTRL_ATTR.VERSION, 4, "family version");
  return {
    id: viewOf(id).getUint16(0, true),
    name: decodeText(name),
    version: viewOf(version).getUint32(0, true),
  };
}

/** Text up to its NUL; bytes that are not UTF-8 become U+FFFD. */
function decodeText(bytes: Uint8Array): string {
  const nul = bytes.indexOf(0);
  return new TextDecoder().decode(nul < 0 ? bytes : bytes.subarray(0, nul));
}
