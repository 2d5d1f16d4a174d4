/**
 * Families of metrics: what each is called, counts, and is labelled with. docs/metrics.md has them
 * for people.
 *
 * @module
 */

/** What a value does: a counter only grows, until its program is started again. */
export type MetricType = "counter" | "gauge";

/** What a family is. */
export interface Metric {
  /** Counters end in `_total`, values with a unit in its name before that. */
  readonly name: string;
  readonly type: MetricType;
  /** `seconds`, `bytes` or nothing. */
  readonly unit: string;
  /** One sentence without its full stop. */
  readonly help: string;
  /** Names of its labels. */
  readonly labels: readonly string[];
}

/** One value, and the values of the labels in their order. */
export interface Sample {
  readonly labels: readonly string[];
  readonly value: number;
}

/** A family with what it is at a moment. */
export interface Family extends Metric {
  readonly samples: readonly Sample[];
}

const counter = (name: string, help: string, ...labels: readonly string[]): Metric => {
  return { name, type: "counter", unit: unitOf(name), help, labels };
};
const gauge = (name: string, help: string, ...labels: readonly string[]): Metric => {
  return { name, type: "gauge", unit: unitOf(name), help, labels };
};

function unitOf(name: string): string {
  return /_(seconds|bytes)(?:_total)?$/.exec(name)?.[1] ?? "";
}

/** All that there are, in the order in which they are told. */
export const METRICS = {
  build: gauge("fh_build_info", "Always 1: what tells the metrics", "version", "source"),
  up: gauge("fh_up", "Whether a recorder is at work"),
  forks: counter("fh_forks_total", "Processes that were forked"),
  execs: counter("fh_execs_total", "Programs that were started by exec"),
  exits: counter("fh_exits_total", "Processes that have ended, by how they did", "outcome"),
  lost: counter("fh_lost_events_total", "Events that are missing, by the reason", "reason"),
  gaps: counter("fh_gaps_total", "Gaps in what is known, by the reason", "reason"),
  living: gauge("fh_living_processes", "Processes that live, without threads of the kernel"),
  unitStarted: counter(
    "fh_unit_started_processes_total",
    "Processes that were forked in a unit, or came to it before an exec",
    "unit",
  ),
  unitFailed: counter(
    "fh_unit_failed_processes_total",
    "Processes of a unit that ended with a status not 0 or by a signal",
    "unit",
  ),
  unitCpu: counter(
    "fh_unit_cpu_seconds_total",
    "CPU time of the processes of a unit that have ended",
    "unit",
  ),
  containerStarted: counter(
    "fh_container_started_processes_total",
    "Processes that were forked in a container, or came to it before an exec",
    "container",
  ),
  containerFailed: counter(
    "fh_container_failed_processes_total",
    "Processes of a container that ended with a status not 0 or by a signal",
    "container",
  ),
  containerCpu: counter(
    "fh_container_cpu_seconds_total",
    "CPU time of the processes of a container that have ended",
    "container",
  ),
  userStarted: counter(
    "fh_user_started_processes_total",
    "Processes that were forked as a user, or became that user's",
    "user",
  ),
  userFailed: counter(
    "fh_user_failed_processes_total",
    "Processes of a user that ended with a status not 0 or by a signal",
    "user",
  ),
  userCpu: counter(
    "fh_user_cpu_seconds_total",
    "CPU time of the processes of a user that have ended",
    "user",
  ),
  findings: gauge("fh_open_findings", "Findings that go on, by kind", "kind"),
  finding: gauge(
    "fh_finding_info",
    "Always 1: a finding that goes on",
    "kind",
    "key",
    "name",
    "user",
    "unit",
  ),
  rows: gauge("fh_history_rows", "Processes that the history has, about"),
  bytes: gauge("fh_history_bytes", "Size of the history file with its log"),
  maxBytes: gauge("fh_history_limit_bytes", "Size beyond which the oldest is forgotten"),
  keep: gauge("fh_history_keep_seconds", "Age beyond which what has ended is forgotten"),
  oldest: gauge(
    "fh_history_oldest_timestamp_seconds",
    "When what is kept begins, since the Unix epoch",
  ),
  lag: gauge("fh_history_lag_seconds", "How far what is written is behind what has happened"),
  writable: gauge("fh_history_writable", "Whether the last write to the history worked"),
  shipLag: gauge(
    "fh_ship_lag_seconds",
    "For how long what happens waits to be shipped",
    "to",
  ),
  shipWaiting: gauge("fh_ship_waiting_processes", "Processes that wait to be shipped", "to"),
  shipWorks: gauge("fh_ship_works", "Whether the last try to ship did not fail", "to"),
  shipped: counter("fh_ship_processes_total", "Processes that were shipped", "to"),
  shipForgotten: counter(
    "fh_ship_forgotten_processes_total",
    "Processes that were forgotten before they were shipped",
    "to",
  ),
  shipRefused: counter(
    "fh_ship_refused_records_total",
    "Records that were refused for good where they were shipped to",
    "to",
  ),
  clients: gauge("fh_socket_clients", "Connections to the socket"),
  subscribers: gauge("fh_socket_subscribers", "Connections that are sent events"),
  listeners: gauge("fh_socket_listeners", "Programs that are sent a signal at each fork"),
  processCpu: counter("process_cpu_seconds_total", "CPU time of the recorder"),
  processBytes: gauge("process_resident_memory_bytes", "Resident memory of the recorder"),
  processStart: gauge(
    "process_start_time_seconds",
    "When the recorder was started, since the Unix epoch",
  ),
} as const satisfies Readonly<Record<string, Metric>>;

/** A family of one value without labels. */
export function single(metric: Metric, value: number | boolean): Family {
  return { ...metric, samples: [{ labels: [], value: Number(value) }] };
}

/** Whose values these are: metrics of the program itself begin so, in every program. */
export function isOfProcess({ name }: Pick<Metric, "name">): boolean {
  return name.startsWith("process_");
}
