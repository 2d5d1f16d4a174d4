/**
 * Values that others chose, as the beginning of their JSON.
 *
 * @module
 */

/**
 * A value out of JSON as JSON of at most `max` characters, cut with `…` where it is longer. What
 * is beyond is not visited: values can be nested deeper than JSON.stringify() can go.
 */
export function shortJson(value: unknown, max: number): string {
  const writer = new Writer(max);
  writer.add(value);
  return writer.text.length <= max ? writer.text : `${writer.text.slice(0, max - 1)}…`;
}

/** Each level writes a character, so that it goes no deeper than there is room. */
class Writer {
  readonly #max: number;
  text = "";

  constructor(max: number) {
    this.#max = max;
  }

  add(value: unknown): void {
    if (typeof value !== "object" || value === null) {
      this.text += JSON.stringify(value) ?? String(value);
    } else if (Array.isArray(value)) {
      this.#list("[", value, (one) => this.add(one), "]");
    } else {
      const add = ([name, one]: readonly [string, unknown]) => {
        this.text += `${JSON.stringify(name)}:`;
        this.add(one);
      };
      this.#list("{", Object.entries(value), add, "}");
    }
  }

  #list<T>(open: string, values: readonly T[], add: (one: T) => void, close: string): void {
    this.text += open;
    for (let index = 0; index < values.length && this.text.length <= this.#max; index++) {
      if (index > 0) this.text += ",";
      add(values[index]!);
    }
    this.text += close;
  }
}
