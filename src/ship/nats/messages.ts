/**
 * What a parcel tells of as messages: the lines of `fh log --json`, with the host, each under an id
 * by which a stream knows it again.
 *
 * @module
 */
import type { Boot } from "../../history/boots.ts";
import type { Change } from "../../model/change.ts";
import { encodeImage, Image, shortenImage } from "../../model/image.ts";
import type { Users } from "../../proc/passwd.ts";
import { ByteText } from "../../text/byte_text.ts";
import { PastJson } from "../../view/past_json.ts";
import { type Happened, happenedIn } from "../happened.ts";
import { idOf } from "../id.ts";
import type { Parcel } from "../sink.ts";

/** A byte of a text takes so many in JSON at the most: \u001b. */
const JSON_BYTES = 6;
/** For all of a message but its texts: five of them may be long. */
const TEXTS = 5;

/** A message. */
export interface Message {
  /** The same whenever the same is told. */
  readonly id: string;
  /** One line of JSON, without its newline. */
  readonly body: Uint8Array;
  /** What it tells of. */
  readonly happened: Happened;
}

/** Makes messages of one host. */
export class Messages {
  readonly #host: string;
  readonly #json: PastJson;
  /** Bytes that a message has at most, as far as texts can be cut. */
  most: number;
  readonly #text = new ByteText(4096);

  /** Messages have `most` bytes at most: texts are cut for that, and it is marked. */
  constructor(host: string, users: Users, most: number) {
    this.#host = host;
    this.#json = new PastJson(users);
    this.most = most;
  }

  /** The messages of a parcel, boot by boot, by time. */
  *of(parcel: Parcel): Generator<Message, void> {
    for (const happened of happenedIn(parcel)) {
      const { change, boot } = happened;
      // The clock, ids and sources are those of the boot, the host is the one that ships.
      boot.host = this.#host;
      const body = this.#fitting(happened, this.most);
      yield { id: `${this.#host}:${idOf(change, boot)}`, body, happened };
    }
  }

  /** The same with less text, `most` bytes if it can be; null where it has none left. */
  shorter({ id, body, happened }: Message, most: number): Message | null {
    const cut = this.#fitting(happened, most);
    return cut.length < body.length ? { id, body: cut, happened } : null;
  }

  /** Texts share the room, and then half of it, and so on: some stand in a line twice. */
  #fitting({ change, boot }: Happened, most: number): Uint8Array {
    let body = this.#line(change, boot);
    let each = Math.max(0, Math.floor(most / JSON_BYTES / TEXTS));
    while (body.length > most && change.process !== null) {
      change.process.image = shortened(change.process.image, each);
      body = this.#line(change, boot);
      if (each === 0) break;
      each >>= 1;
    }
    return body;
  }

  #line(change: Change, boot: Boot): Uint8Array {
    this.#json.boot = boot;
    this.#json.append(change, boot.epochAt(change.time), this.#text);
    return this.#text.take().slice(0, -1);
  }
}

function shortened({ parts }: Image, each: number): Image {
  return Image.decode(shortenImage(encodeImage(parts), each));
}
