/**
 * The programs of Prometheus: those of the host, or of Debian's package as scripts/packages.mjs has
 * unpacked it.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Outcome } from "./executable.ts";
import { Running } from "./running.ts";

const UNPACKED = fileURLToPath(new URL("../../node_modules/.debian/usr/bin/", import.meta.url));
const found = (name: string): string | null => {
  if (existsSync(UNPACKED + name)) return UNPACKED + name;
  return spawnSync(name, ["--version"]).status === 0 ? name : null;
};
const [promtool, prometheus] = [found("promtool"), found("prometheus")];

/** Why there is no Prometheus; null where there is one. */
export const prometheusMissing: string | null = promtool === null || prometheus === null
  ? "needs Debian's package prometheus"
  : null;

/** Runs promtool with something on its standard input. */
export function runPromtool(args: readonly string[], input = ""): Outcome {
  const { status, stdout, stderr, error } = spawnSync(promtool!, args, {
    input,
    encoding: "utf8",
    timeout: 60_000,
  });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

/** A series of an answer. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** A Prometheus that scrapes one target each second; disposing of it ends it. */
export class Prometheus {
  readonly #program: Running;
  readonly #url: string;

  private constructor(program: Running, url: string) {
    this.#program = program;
    this.#url = url;
  }

  /** Starts it with its files in a folder; `target` is an address and a port. */
  static async start(folder: string, target: string): Promise<Prometheus> {
    const config = join(folder, "prometheus.yml");
    writeFileSync(
      config,
      `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: fh
    static_configs: [{ targets: ["${target}"] }]
`,
    );
    const program = Running.start([
      prometheus!,
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      "--web.listen-address=127.0.0.1:0",
    ]);
    const listens = /msg="Listening on"[^\n]*\baddress=(127\.0\.0\.1:\d+)/;
    await program.startedWhen("Prometheus", () => listens.test(program.stderr));
    return new Prometheus(program, `http://${listens.exec(program.stderr)![1]}`);
  }

  /** The series that a query gives now. */
  async query(query: string): Promise<readonly Series[]> {
    const url = `${this.#url}/api/v1/query?query=${encodeURIComponent(query)}`;
    const { status, error, data } = await (await fetch(url)).json();
    if (status !== "success") throw new Error(`${query}: ${error}`);
    return data.result;
  }

  /** What Prometheus knows of a family by its own name. */
  async metadata(metric: string): Promise<Readonly<Record<string, string>> | undefined> {
    const url = `${this.#url}/api/v1/targets/metadata?metric=${metric}`;
    const { data } = await (await fetch(url)).json();
    return data[0];
  }

  /** The one value that a query gives; null where there is none. */
  async value(query: string): Promise<number | null> {
    const [one] = await this.query(query);
    return one === undefined ? null : Number(one.value[1]);
  }

  /** Waits until a query gives something that is wanted. */
  async until(query: string, wanted: (value: number) => boolean): Promise<number> {
    for (const late = performance.now() + 60_000;;) {
      const value = await this.value(query).catch(() => null);
      if (value !== null && wanted(value)) return value;
      if (performance.now() > late) throw new Error(`${query} is ${value}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.end("SIGTERM");
    await this.#program[Symbol.asyncDispose]();
  }
}
