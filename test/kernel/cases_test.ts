/**
 * The kernel's awkward habits, each made to happen by a small C program, in both live sources.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import {
  connectorMissing,
  eventsOf,
  gapsOf,
  type Observation,
  observe,
  run,
  truthOf,
} from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import { unless } from "../support/unless.ts";

type Source = "connector" | "poll";

interface Case {
  readonly args: readonly string[];
  readonly claim: string;
  /** The process is gone before a poller can be sure to have seen it. */
  readonly brief?: true;
  /** Asserts on what was seen; what only the connector can see is asked of it alone. */
  check(seen: Observation, source: Source): void;
}

const numberOf = (truth: Record<string, string>, name: string) => Number(truth[name]);

function kinds(seen: Observation, pid: number): string[] {
  return eventsOf(seen, pid).map(({ event }) => event);
}

function exitOf(seen: Observation, pid: number) {
  const exits = eventsOf(seen, pid).filter((event) => event.event === "exit");
  assert.equal(exits.length, 1, `one exit of ${pid}: ${kinds(seen, pid)}`);
  return exits[0]!;
}

function forkOf(seen: Observation, pid: number) {
  const forks = eventsOf(seen, pid).filter((event) => event.event === "fork");
  assert.equal(forks.length, 1, `one fork of ${pid}: ${kinds(seen, pid)}`);
  return forks[0]!;
}

const CASES: readonly Case[] = [
  {
    args: ["thread", "3"],
    brief: true,
    claim: "threads that come and go are no processes",
    check(seen) {
      const [truth] = truthOf(seen);
      for (const tid of truth!["tids"]!.split(",")) assert.deepEqual(kinds(seen, Number(tid)), []);
      assert.equal(exitOf(seen, numberOf(truth!, "pid")).exit_code, 0);
    },
  },
  {
    args: ["leader-exits-first"],
    claim: "a process lives on when its leader exits first",
    check(seen) {
      const [truth] = truthOf(seen);
      const exit = exitOf(seen, numberOf(truth!, "pid"));
      assert.equal(exit.exit_code, 3);
      assert.ok(exit.duration_ns! >= 190e6, `lived ${exit.duration_ns} ns`);
    },
  },
  {
    args: ["exec-from-thread"],
    brief: true,
    claim: "an exec by a thread that does not lead keeps the process",
    check(seen) {
      const pid = numberOf(truthOf(seen)[0]!, "pid");
      const exit = exitOf(seen, pid);
      assert.equal(exit.exit_code, 0);
      assert.equal(exit.comm, "sleep");
      assert.equal(kinds(seen, pid).at(-1), "exit");
      const ids = new Set(eventsOf(seen, pid).map(({ id }) => id));
      assert.equal(ids.size, 1, "it stays the same process");
    },
  },
  {
    args: ["clone-parent"],
    brief: true,
    claim: "CLONE_PARENT names the creator's parent",
    check(seen) {
      const [truth] = truthOf(seen);
      assert.equal(forkOf(seen, numberOf(truth!, "pid")).ppid, numberOf(truth!, "ppid"));
    },
  },
  {
    args: ["orphan"],
    brief: true,
    claim: "an orphan keeps its first parent",
    check(seen) {
      const [truth] = truthOf(seen);
      const [pid, ppid] = [numberOf(truth!, "pid"), numberOf(truth!, "ppid")];
      assert.equal(exitOf(seen, pid).ppid, ppid);
      assert.equal(exitOf(seen, pid).parent, forkOf(seen, ppid).id);
    },
  },
  {
    args: ["renamed-parent"],
    claim: "a name that was the parent's already is no exec of the child",
    check(seen) {
      const [truth] = truthOf(seen);
      const [pid, ppid] = [numberOf(truth!, "pid"), numberOf(truth!, "ppid")];
      assert.deepEqual(kinds(seen, pid), ["fork", "exit"]);
      assert.equal(forkOf(seen, pid).comm, "fh-renamed");
      assert.equal(exitOf(seen, ppid).comm, "fh-renamed");
    },
  },
  {
    args: ["subreaper"],
    claim: "an orphan keeps its first parent below a subreaper too",
    check(seen) {
      const [truth] = truthOf(seen);
      assert.equal(exitOf(seen, numberOf(truth!, "pid")).ppid, numberOf(truth!, "ppid"));
    },
  },
  {
    args: ["vfork-exec"],
    brief: true,
    claim: "vfork and exec are a fork and an exec",
    check(seen, source) {
      const pid = numberOf(truthOf(seen)[0]!, "pid");
      if (source === "connector") assert.deepEqual(kinds(seen, pid), ["fork", "exec", "exit"]);
      assert.equal(exitOf(seen, pid).comm, "sleep");
    },
  },
  {
    args: ["coredump"],
    brief: true,
    claim: "a core dump comes before the exit and is told from it",
    check(seen, source) {
      const pid = numberOf(truthOf(seen)[0]!, "pid");
      const exit = exitOf(seen, pid);
      assert.deepEqual([exit.exit_code, exit.signal], [null, "SIGABRT"]);
      // RLIMIT_CORE is 0: the attempt is told, the wait status says that nothing was written.
      if (source === "connector") assert.ok(kinds(seen, pid).includes("coredump"));
      assert.equal(exit.core, false);
    },
  },
  {
    args: ["exit", "42"],
    brief: true,
    claim: "an exit code is the process's own",
    check(seen) {
      assert.equal(exitOf(seen, numberOf(truthOf(seen)[0]!, "pid")).exit_code, 42);
    },
  },
  {
    args: ["signal", "9"],
    brief: true,
    claim: "a signal that kills is named",
    check(seen) {
      const exit = exitOf(seen, numberOf(truthOf(seen)[0]!, "pid"));
      assert.deepEqual([exit.exit_code, exit.signal], [null, "SIGKILL"]);
    },
  },
  {
    args: ["many-forks", "50"],
    claim: "every fork is told, or counted as missed",
    check(seen, source) {
      const [truth] = truthOf(seen);
      const pids = truth!["pids"]!.split(",").map(Number);
      const told = pids.filter((pid) => kinds(seen, pid).includes("fork"));
      const lost = gapsOf(seen).reduce((sum, { lost }) => sum + lost, 0);
      if (source === "connector") assert.deepEqual([told.length, lost], [50, 0]);
      else assert.ok(told.length + lost >= 50, `${told.length} told, ${lost} counted`);
    },
  },
  {
    args: ["fork-wait", "30"],
    claim: "a child that lives for a while is told with code and life time",
    check(seen) {
      const exit = exitOf(seen, numberOf(truthOf(seen)[0]!, "pid"));
      assert.equal(exit.exit_code, 7);
      assert.ok(exit.duration_ns! >= 29e6 && exit.duration_ns! < 2e9, `${exit.duration_ns}`);
    },
  },
];

/**
 * A pid that comes round at once, which takes root to arrange. The kernel's pid counter does not
 * go by a chosen pid, so the poller is led to it only when it lists all of /proc.
 */
const REUSE: Case = {
  args: ["reuse", "30"],
  claim: "a pid that is used again is another process",
  check(seen) {
    const pid = numberOf(truthOf(seen)[0]!, "pid");
    const events = eventsOf(seen, pid);
    assert.deepEqual(kinds(seen, pid), ["fork", "exit", "fork", "exit"]);
    assert.equal(events[0]!.id, events[1]!.id);
    assert.equal(events[2]!.id, events[3]!.id);
    assert.notEqual(events[1]!.id, events[2]!.id);
    const codes = events.flatMap((event) => event.event === "exit" ? [event.exit_code] : []);
    assert.deepEqual(codes, [1, 2]);
  },
};

/** What only the connector tells. */
const EXACT_CASES: readonly Case[] = [
  {
    args: ["setuid"],
    claim: "a change of uid is told and goes to what follows",
    check(seen) {
      const [truth] = truthOf(seen);
      const exit = exitOf(seen, numberOf(truth!, "pid"));
      assert.ok(kinds(seen, numberOf(truth!, "pid")).includes("uid"));
      assert.deepEqual([exit.uid, exit.user], [65534, "nobody"]);
    },
  },
  {
    args: ["setsid"],
    claim: "a new session is told",
    check(seen) {
      assert.ok(kinds(seen, numberOf(truthOf(seen)[0]!, "pid")).includes("sid"));
    },
  },
  {
    args: ["comm"],
    claim: "a hostile name is told as U+FFFD where it is not UTF-8, and breaks no line",
    check(seen) {
      const pid = numberOf(truthOf(seen)[0]!, "pid");
      const renamed = eventsOf(seen, pid).find(({ event }) => event === "comm");
      assert.equal(renamed?.comm, "a) R\n\x1b[31m\ufffd(");
    },
  },
  {
    args: ["ptrace"],
    claim: "tracing is told",
    check(seen) {
      assert.ok(kinds(seen, numberOf(truthOf(seen)[0]!, "pid")).includes("ptrace"));
    },
  },
  {
    args: ["generations", "20"],
    claim: "a chain of generations keeps every link",
    check(seen) {
      const truth = truthOf(seen);
      assert.equal(truth.length, 20);
      for (const line of truth) {
        assert.equal(forkOf(seen, numberOf(line, "pid")).ppid, numberOf(line, "ppid"));
      }
    },
  },
  {
    args: ["argv"],
    claim: "hostile arguments come through byte for byte",
    check(seen) {
      const [truth] = truthOf(seen);
      const expected = truth!["argv"]!.split(",").map((hex) =>
        new TextDecoder().decode(
          Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16)),
        )
      );
      const pid = numberOf(truth!, "pid");
      assert.deepEqual(
        eventsOf(seen, pid).findLast(({ event }) => event === "exec")?.argv,
        expected,
      );
    },
  },
  {
    args: ["exec-twice"],
    claim: "each of two execs is told",
    check(seen) {
      const pid = numberOf(truthOf(seen)[0]!, "pid");
      assert.deepEqual(kinds(seen, pid), ["fork", "exec", "exec", "exit"]);
    },
  },
];

function defineCases(source: Source, cases: readonly Case[], missing: string | null): void {
  for (const { args, claim, check } of cases) {
    test(...unless(missing, `${source}: ${claim} (${args.join(" ")})`), async () => {
      const seen = await observe({ source }, () => run(program("cases")!, args));
      assert.equal(seen.events[0]?.source, source);
      if (source === "connector") assert.deepEqual(gapsOf(seen), []);
      check(seen, source);
    });
  }
}

defineCases("connector", [...CASES, ...EXACT_CASES], programsMissing ?? connectorMissing);
defineCases("poll", CASES.filter(({ brief }) => !brief), programsMissing);

const rootMissing = process.getuid?.() === 0 ? null : "needs root to choose a pid";
defineCases("connector", [REUSE], programsMissing ?? connectorMissing ?? rootMissing);
