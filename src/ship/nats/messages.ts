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
import { happenedIn } from "../happened.ts";
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
}

/** Makes messages of one host. */
export class Messages {
  readonly #host: string;
  readonly #json: PastJson;
  readonly #most: number;
  readonly #text = new ByteText(4096);

  /** Messages have `most` bytes at most: texts are cut, and that is marked. */
  constructor(host: string, users: Users, most: number) {
    this.#host = host;
    this.#json = new PastJson(users);
    this.#most = most;
  }

  /** The messages of a parcel, boot by boot, by time. */
  *of(parcel: Parcel): Generator<Message, void> {
    for (const { change, boot } of happenedIn(parcel)) {
      // The clock, ids and sources are those of the boot, the host is the one that ships.
      boot.host = this.#host;
      let body = this.#line(change, boot);
      if (body.length > this.#most && change.process !== null) {
        change.process.image = shortened(change.process.image, this.#most);
        body = this.#line(change, boot);
      }
      yield { id: `${this.#host}:${idOf(change, boot)}`, body };
    }
  }

  #line(change: Change, boot: Boot): Uint8Array {
    this.#json.boot = boot;
    this.#json.append(change, boot.epochAt(change.time), this.#text);
    return this.#text.take().slice(0, -1);
  }
}

function shortened({ parts }: Image, most: number): Image {
  const each = Math.max(0, Math.floor(most / JSON_BYTES / TEXTS));
  return Image.decode(shortenImage(encodeImage(parts), each));
}
