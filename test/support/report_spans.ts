/**
 * Spans that are made up: single ones, and builds of any size.
 *
 * @module
 */
import type { Frame, Span, SpanCost, SpanImage, Spans } from "../../src/report/span.ts";
import { random } from "./random.ts";

const MS = 1e6;

/** A frame of ten seconds on four CPUs; `more` is what differs. */
export function frameOf(more: Partial<Frame> = {}): Frame {
  return {
    title: "make -j4",
    host: "builder",
    originMs: Date.UTC(2026, 10, 30, 12, 0, 0),
    lengthNs: 1e10,
    cpus: 4,
    source: "connector",
    accounts: "taskstats",
    gaps: [],
    notes: [],
    run: null,
    ...more,
  };
}

/** An image of a command line, run as its first word says. */
export function imageOf(argv: readonly string[], more: Partial<SpanImage> = {}): SpanImage {
  return {
    name: argv[0]?.split("/").at(-1)?.slice(0, 15) ?? null,
    argv,
    argvMore: 0,
    exe: argv[0] === undefined ? null : `/usr/bin/${argv[0].split("/").at(-1)}`,
    cwd: "/src",
    unit: null,
    container: null,
    ...more,
  };
}

/** What CPU time alone says of a cost. */
export function costOf(cpuNs: number, more: Partial<SpanCost> = {}): SpanCost {
  return {
    user_ns: Math.round(cpuNs * 0.75),
    system_ns: Math.round(cpuNs * 0.25),
    minor_faults: 150,
    major_faults: 0,
    peak_bytes: 3 << 20,
    read_bytes: 0,
    write_bytes: 0,
    voluntary_switches: 2,
    involuntary_switches: 1,
    ...more,
  };
}

/** A process: its pid, its parent's, when it lived in milliseconds, and its command line. */
export function spanOf(
  pid: number,
  ppid: number | null,
  [fromMs, toMs]: readonly [number, number | null],
  argv: readonly string[],
  more: Partial<Span> = {},
): Span {
  return {
    id: idOf(pid),
    parent: ppid === null ? null : idOf(ppid),
    pid,
    ppid,
    host: "builder",
    start: fromMs * MS,
    isStartKnown: true,
    end: toMs === null ? null : toMs * MS,
    status: toMs === null ? null : 0,
    uid: 1000,
    user: "ada",
    jobs: [],
    image: imageOf(argv),
    cost: toMs === null ? null : costOf((toMs - fromMs) * MS * 0.9),
    ...more,
  };
}

/** As spanOf() gives them. */
export function idOf(pid: number): string {
  return `0a1b2c3d-${pid}-${100_000 + pid}`;
}

/** All of a run whose first process has the first place. */
export function runOf(spans: readonly Span[], more: Partial<Frame> = {}): Spans {
  const sorted = spans.toSorted((a, b) => a.start - b.start);
  const root = sorted[0]!;
  const argv = root.image.argv ?? ["?"];
  const run = {
    name: root.image.name ?? "?",
    argv,
    status: (root.status ?? 0) >> 8,
    root: root.id,
  };
  const lengthNs = Math.max(...[...sorted.map(({ start, end }) => end ?? start), 0]);
  return { frame: frameOf({ title: argv.join(" "), lengthNs, run, ...more }), spans: sorted };
}

/** A build of about `count` processes: make, shells, compilers with what they start, failures. */
export function madeUpBuild(count: number, seed = 1, jobs = 8): Spans {
  return new MadeUpBuild(seed, jobs).make(count);
}

class MadeUpBuild {
  readonly #random: () => number;
  readonly #spans: Span[] = [];
  readonly #jobs: number;
  #pid = 4000;

  constructor(seed: number, jobs: number) {
    this.#random = random(seed);
    this.#jobs = jobs;
  }

  make(count: number): Spans {
    const root = this.#add(null, 0, ["make", `-j${this.#jobs}`, "all"]);
    const slots = Array.from({ length: this.#jobs }, () => 5 + this.#random() * 3);
    for (let file = 0; this.#spans.length < count - 3; file++) {
      const slot = slots.indexOf(Math.min(...slots));
      slots[slot] = this.#recipe(root, file, slots[slot]!) + 0.1 + this.#random();
    }
    const all = Math.max(...slots);
    const end = this.#link(root, all);
    this.#end(root, end + 2, 0.02, 2);
    const spans = this.#spans.toSorted((a, b) => a.start - b.start);
    const lengthNs = Math.round((end + 2) * MS);
    const argv = ["make", `-j${this.#jobs}`, "all"];
    const run = { name: "make", argv, status: 2, root: spans[0]!.id };
    return { frame: frameOf({ title: argv.join(" "), cpus: this.#jobs, lengthNs, run }), spans };
  }

  #recipe(root: number, file: number, from: number): number {
    const folder = ["net", "core", "ui", "db", "util"][file % 5]!;
    const path = `src/${folder}/${this.#word()}_${file}`;
    const kind = this.#random();
    if (kind < 0.05) {
      const script = `mkdir -p build/${folder} && cp include/${folder}.h build/${folder}/`;
      const shell = this.#add(root, from, ["/bin/sh", "-c", script]);
      const one = this.#leaf(shell, from + 1, ["mkdir", "-p", `build/${folder}`], 2);
      const two = ["cp", `include/${folder}.h`, `build/${folder}/`];
      return this.#end(shell, this.#leaf(shell, one + 0.2, two, 3) + 0.3, 0.4);
    }
    const options = ["-O2", "-g", "-Wall", "-Iinclude", "-MMD", "-MP", "-MF", `${path}.d`];
    const gcc = this.#add(root, from, ["gcc", ...options, "-c", "-o", `${path}.o`, `${path}.c`]);
    const took = 20 + 180 * this.#random() ** 3 + (this.#random() < 0.01 ? 900 : 0);
    const temporary = `/tmp/cc${this.#word()}${this.#word()}.s`;
    const more = ["-quiet", "-Iinclude", "-MMD", `${path}.d`, "-MP", `${path}.c`];
    const exe = "/usr/libexec/gcc/x86_64-linux-gnu/12/cc1";
    const failed = this.#random() < 0.002;
    const args = [exe, ...more, "-O2", "-g", "-Wall", "-o", temporary];
    const cc1 = this.#leaf(gcc, from + 1.5, args, took, failed ? 1 : 0);
    if (failed) return this.#end(gcc, cc1 + 0.5, 0.02, 1);
    const as = ["as", "-I", "include", "--64", "-o", `${path}.o`, temporary];
    return this.#end(gcc, this.#leaf(gcc, cc1 + 0.2, as, took / 8) + 0.4, 0.02);
  }

  #link(root: number, from: number): number {
    const gcc = this.#add(root, from, ["gcc", "-o", "app", "build/libnet.a", "build/libcore.a"]);
    const collect = this.#add(gcc, from + 2, ["/usr/libexec/collect2", "-o", "app", "main.o"]);
    const ld = this.#leaf(collect, from + 4, ["/usr/bin/ld", "-o", "app", "main.o"], 800);
    this.#end(collect, ld + 1, 0.1);
    return this.#end(gcc, ld + 2, 0.1);
  }

  /** A process that waits for nobody; gives its end. */
  #leaf(parent: number, from: number, argv: string[], tookMs: number, code = 0): number {
    const share = 0.7 + 0.3 * this.#random();
    return this.#end(this.#add(parent, from, argv), from + tookMs, share, code);
  }

  #add(parent: number | null, fromMs: number, argv: string[]): number {
    const above = parent === null ? null : this.#spans[parent]!.pid;
    this.#pid += 1 + Math.floor(this.#random() * 2);
    const image = imageOf(argv, { cwd: "/home/ada/app" });
    const id = `0a1b2c3d-${this.#pid}-${1_000_000 + Math.floor(fromMs / 10)}`;
    const parentId = parent === null ? null : this.#spans[parent]!.id;
    const start = Math.round(fromMs * MS);
    const span = { ...spanOf(this.#pid, above, [fromMs, null], argv), id, parent: parentId, start };
    return this.#spans.push({ ...span, image }) - 1;
  }

  #end(at: number, toMs: number, cpuShare: number, code = 0): number {
    const span = this.#spans[at]!;
    const lifeNs = toMs * MS - span.start;
    const cost = costOf(lifeNs * cpuShare, {
      minor_faults: 80 + Math.floor(lifeNs * cpuShare / 25_000 * this.#random()),
      peak_bytes: 4096 * Math.floor(400 + lifeNs * cpuShare / 30_000),
      write_bytes: 4096 * Math.floor(lifeNs / 20_000_000),
      voluntary_switches: Math.floor(this.#random() * 12),
      involuntary_switches: Math.floor(lifeNs / 8_000_000 * this.#random()),
    });
    this.#spans[at] = { ...span, end: Math.round(toMs * MS), status: code << 8, cost };
    return toMs;
  }

  #word(): string {
    return Math.floor(this.#random() * 46_656).toString(36).padStart(3, "0");
  }
}
