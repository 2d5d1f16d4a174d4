import assert from "node:assert/strict";
import { test } from "node:test";
import { PROC_EVENT } from "../../src/wire/proc_event.ts";
import { filterForEvent } from "../../src/wire/sock_filter.ts";

/** Runs a classic BPF program of the few instructions there are; bytes kept of the packet. */
function runFilter(program: Uint8Array, packet: DataView): number {
  const view = new DataView(program.buffer);
  let accumulator = 0;
  for (let pc = 0; pc < program.length / 8; pc++) {
    const [code, k] = [view.getUint16(pc * 8, true), view.getUint32(pc * 8 + 4, true)];
    if (code === 0x20) accumulator = packet.getUint32(k, false);
    else if (code === 0x15) pc += view.getUint8(pc * 8 + (accumulator === k ? 2 : 3));
    else if (code === 0x06) return k;
    else assert.fail(`instruction ${code}`);
  }
  return assert.fail("ran off the end");
}

test("filterForEvent() keeps its event and drops every other", () => {
  const packet = new DataView(new ArrayBuffer(76));
  for (const wanted of Object.values(PROC_EVENT)) {
    const program = filterForEvent(wanted);
    for (const what of Object.values(PROC_EVENT)) {
      packet.setUint32(36, what, true);
      assert.equal(runFilter(program, packet) > 0, what === wanted);
    }
  }
});
