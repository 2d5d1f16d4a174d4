/**
 * A program: reads seconds since the epoch, one a line, and says for each what local clocks show
 * then and what moment that text means to fh. TZ is what it was started with.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { parseMoment } from "../../src/ask/text/moments.ts";
import { localTime, onZoneTrouble } from "../../src/host/local_time.ts";

onZoneTrouble((text) => process.stderr.write(text));
const seconds = readFileSync(0, "utf8").trim().split("\n").map(Number);
const lines = seconds.map((second) => {
  const text = localTime(second * 1000);
  return `${text} ${parseMoment(text, Infinity) / 1000}\n`;
});
process.stdout.write(lines.join(""));
