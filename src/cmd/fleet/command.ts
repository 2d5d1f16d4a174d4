/**
 * `fh fleet`: many hosts in one database.
 *
 * @module
 */
import { parseCount, parseDuration } from "../../ask/text/values.ts";
import { command, type GroupSpec } from "../../cli/command.ts";
import { asText, flag, many, opt } from "../../cli/option.ts";
import { FLEET_OPTION } from "./options.ts";

const init = command({
  name: "init",
  operands: "",
  summary: "make the tables and roles of a fleet",
  options: [
    many(
      "--host <role>",
      asText,
      "make a role for a host: it adds its own, and reads nothing",
      null,
    ),
    many("--reader <role>", asText, "make a role that may ask", null),
    flag("--plain", "one table of lives for all time, instead of one for each day"),
    flag("--distributed", "tables spread over servers by Citus, by host"),
    flag("--timescale", "a table of lives that Timescale divides by time"),
    FLEET_OPTION,
  ],
  examples: [
    "fh fleet init --fleet postgres:///fleet --host web1 --host web2  tables and two roles",
  ],
  async run(context, _operands, options): Promise<number> {
    const { initFleet } = await import("./tables.ts");
    return await initFleet(context, options);
  },
});

const migrateAction = command({
  name: "migrate",
  operands: "",
  summary: "bring the tables of a fleet up to date with this fh",
  options: [FLEET_OPTION],
  examples: ["fh fleet migrate --fleet postgres:///fleet  after an update of fh"],
  async run(context, _operands, options): Promise<number> {
    const { migrateFleet } = await import("./tables.ts");
    return await migrateFleet(context, options);
  },
});

const status = command({
  name: "status",
  operands: "",
  summary: "list the hosts of a fleet, when they were heard of, and how far they lag",
  options: [FLEET_OPTION],
  examples: ["fh fleet status --json | jq .hosts  every host, for scripts"],
  async run(context, _operands, options): Promise<number> {
    const { showFleet } = await import("./tables.ts");
    return await showFleet(context, options);
  },
});

const prune = command({
  name: "prune",
  operands: "",
  summary: "forget what ended long ago; ancestors of what stays are kept",
  options: [
    opt("--keep <time>", parseDuration, "what ended longer ago goes, such as 30d"),
    FLEET_OPTION,
  ],
  examples: ["fh fleet prune --keep 30d  once a day, by a timer"],
  async run(context, _operands, options): Promise<number> {
    const { pruneFleet } = await import("./tables.ts");
    return await pruneFleet(context, options);
  },
});

const HOSTS = opt("--host <glob>", asText, "of these hosts alone, such as 'web*'", null);

const rare = command({
  name: "rare",
  operands: "",
  summary: "list programs that few hosts run, or one for the first time",
  options: [
    opt("--since <when>", asText, "what was started from that day on (default: yesterday)"),
    opt("--hosts <n>", parseCount, "on so many hosts at the most (default: 2)"),
    flag("--new", "only what no host of the fleet has run before"),
    HOSTS,
    FLEET_OPTION,
  ],
  examples: [
    "fh fleet rare --since 1d  what two hosts at the most have run since yesterday",
    "fh fleet rare --new --hosts 1  what one host has run, and nobody ever before",
  ],
  async run(context, _operands, options): Promise<number> {
    const { listRare } = await import("./programs.ts");
    return await listRare(context, options);
  },
});

const compare = command({
  name: "compare",
  operands: "<host>",
  offers: [null],
  summary: "list programs that a host runs and its peers do not",
  options: [
    opt("--with <glob>", asText, "its peers (default: all others)", null),
    opt("--since <when>", asText, "what was started from that day on (default: yesterday)"),
    FLEET_OPTION,
  ],
  examples: ["fh fleet compare web7 --with 'web*'  what web7 runs, and no other web server"],
  async run(context, [host], options): Promise<number> {
    const { compareHost } = await import("./programs.ts");
    return await compareHost(context, host, options);
  },
});

/** The command. */
export const fleetCommand: GroupSpec = {
  name: "fleet",
  summary: "keep many hosts in one PostgreSQL, and compare them",
  actions: [init, migrateAction, status, prune, rare, compare],
};
