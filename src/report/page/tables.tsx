/** @jsxRuntime automatic */
/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * The tables of commands and of processes.
 *
 * @module
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { sizeWords } from "../../text/words.ts";
import { CommandLine } from "./command_line.tsx";
import type { CommandSum } from "./commands.ts";
import { count, duration, ending, percent } from "./said.ts";
import type { State } from "./state.ts";
import { type Column, Table } from "./table.tsx";

/** Sums by name. */
export function Commands({ state }: { state: State }): JSX.Element {
  const { commands } = state;
  const columns = useMemo(() => commandColumns(state), []);
  const query = state.query.value.trim().toLowerCase();
  const rows = useMemo(() => {
    return [...commands.keys()].filter((at) => commands[at]!.name.toLowerCase().includes(query));
  }, [query]);
  const within = state.within.value;
  const selected = within?.kind === "command"
    ? commands.findIndex(({ name }) => name === within.name)
    : -1;
  return (
    <Table
      label="Commands"
      rows={rows}
      columns={columns}
      sortedBy={5}
      selected={selected}
      onSelect={(at) => state.show({ kind: "command", name: commands[at]!.name })}
      onOpen={(at) => state.show({ kind: "command", name: commands[at]!.name }, "processes")}
    />
  );
}

function commandColumns({ commands, model }: State): Column[] {
  const most = Math.max(1, commands[0]?.own ?? 0);
  const cpu = commands.reduce((most, sum) => Math.max(most, sum.cpu), 1);
  const time = (name: string, title: string, of: (sum: CommandSum) => number): Column => ({
    name,
    title,
    width: "5.5rem",
    isNumber: true,
    cell: (at) => duration(of(commands[at]!)),
    key: (at) => of(commands[at]!),
  });
  const bar = (column: Column, share: (at: number) => number): Column => ({
    ...column,
    cell: (at) => <Bar share={share(at)}>{column.cell(at)}</Bar>,
  });
  return [
    {
      name: "command",
      width: "minmax(9rem, 1fr)",
      cell: (at) => commands[at]!.name,
      key: (at) => commands[at]!.name,
    },
    {
      name: "count",
      width: "5rem",
      isNumber: true,
      cell: (at) => count(commands[at]!.count),
      key: (at) => commands[at]!.count,
    },
    {
      name: "failed",
      width: "4.5rem",
      isNumber: true,
      cell: (at) => <Failed count={commands[at]!.failed} />,
      key: (at) => commands[at]!.failed,
    },
    time("mean", "Of their lives", (sum) => sum.wall / sum.count),
    time("longest", "The longest life", ({ longest }) => longest),
    bar(
      time("own time", "Of their lives what no child of theirs lived", ({ own }) => own),
      (at) => commands[at]!.own / most,
    ),
    bar(
      time("CPU", "As far as it is known", (sum) => sum.cpu),
      (at) => commands[at]!.cpu / cpu,
    ),
    {
      ...time("critical", "On the critical path: everything waited for it", ({ path }) => path),
      cell: (at) => share(commands[at]!.path / model.length),
    },
    {
      name: "peak",
      title: "The largest resident size",
      width: "5.5rem",
      isNumber: true,
      cell: (at) => size(commands[at]!.peak),
      key: (at) => commands[at]!.peak ?? -1,
    },
  ];
}

/** One row for each process that is meant and searched for. */
export function Processes({ state }: { state: State }): JSX.Element {
  const { model } = state;
  const columns = useMemo(() => processColumns(state), []);
  const matches = state.matches.value;
  const rows = useMemo(() => {
    const all = Array.from({ length: model.count }, (_, place) => place);
    return matches === null ? all : all.filter((place) => matches[place] === 1);
  }, [matches]);
  return (
    <Table
      label="Processes"
      rows={rows}
      columns={columns}
      sortedBy={0}
      isReversed
      selected={state.selected.value}
      onSelect={(place) => state.select(place)}
      onOpen={(place) => state.focus(place)}
    />
  );
}

function processColumns({ model }: State): Column[] {
  const number = (name: string, width: string, of: (place: number) => number) => ({
    name,
    width,
    isNumber: true,
    key: of,
  });
  return [
    {
      ...number("started", "5.5rem", (place) => model.start[place]!),
      cell: (place) => start(model.start[place]!),
    },
    {
      ...number("lasted", "5rem", (place) => model.end[place]! - model.start[place]!),
      cell: (place) => duration(model.end[place]! - model.start[place]!),
    },
    {
      ...number("CPU", "5rem", (place) => model.cpu[place]!),
      cell: (place) => model.cpu[place]! < 0 ? "?" : duration(model.cpu[place]!),
    },
    {
      ...number("peak", "5.5rem", (place) => model.costOf("peak_bytes", place) ?? -1),
      cell: (place) => size(model.costOf("peak_bytes", place)),
    },
    {
      name: "ended",
      width: "6rem",
      cell: (place) => (
        <span class={model.failed[place] === 1 ? "failed" : ""}>{ending(model, place)}</span>
      ),
      key: (place) => model.statusOf(place) ?? -1,
    },
    {
      ...number("pid", "5rem", (place) => model.pid[place]!),
      cell: (place) => String(model.pid[place]),
    },
    {
      name: "user",
      width: "5rem",
      cell: (place) => model.userOf(place) ?? "?",
      key: (place) => model.userOf(place) ?? "",
    },
    {
      name: "command",
      width: "minmax(16rem, 1fr)",
      cell: (place) => <CommandLine text={model.commandOf(place)} />,
      key: (place) => model.commandOf(place),
    },
  ];
}

function Bar({ share, children }: { share: number; children: unknown }): JSX.Element {
  return (
    <span class="bar">
      <i style={{ width: `${Math.min(100, 100 * share)}%` }} />
      <b>{children as string}</b>
    </span>
  );
}

function Failed({ count: failed }: { count: number }): JSX.Element {
  return <span class={failed > 0 ? "failed" : "nothing"}>{count(failed)}</span>;
}

function start(us: number): string {
  return us < 0 ? `-${duration(-us)}` : `+${duration(us)}`;
}

function share(value: number): JSX.Element {
  return <span class={value > 0 ? "" : "nothing"}>{percent(value)}</span>;
}

function size(bytes: number | null): string {
  return bytes === null ? "?" : sizeWords(bytes);
}
