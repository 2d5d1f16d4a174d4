import assert from "node:assert/strict";
import { test } from "node:test";
import { loadWithBun } from "../../ffi/bun.ts";
import { createLibc } from "../../ffi/calls.ts";
import { loadWithDeno } from "../../ffi/deno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { libcNames, type Native, SYMBOLS } from "../../ffi/native.ts";
import { fakeBun, fakeDeno, type FakeFunction, type Journal } from "../support/mock_native.ts";

type Functions = Record<string, FakeFunction>;

/** Each adapter with a fake of its runtime: both must pass the same tests on either runtime. */
const ADAPTERS: [string, (name: string, functions: Functions) => [() => Native, Journal]][] = [
  ["loadWithBun()", (name, functions) => {
    const { ffi, journal } = fakeBun(name, functions);
    return [() => loadWithBun(ffi, libcNames("x64")), journal];
  }],
  ["loadWithDeno()", (name, functions) => {
    const { ffi, journal } = fakeDeno(name, functions);
    return [() => loadWithDeno(ffi, libcNames("x64")), journal];
  }],
];

function libcOf(
  make: typeof ADAPTERS[number][1],
  functions: Functions,
  arch = "x64",
): [Libc, Journal] {
  const [load, journal] = make("libc.so.6", functions);
  return [createLibc(load(), arch), journal];
}

for (const [name, make] of ADAPTERS) {
  test(`${name} takes musl's name when glibc's does not load`, () => {
    const [load, journal] = make("libc.musl-x86_64.so.1", {});
    load();
    assert.deepEqual(journal.opened, ["libc.so.6", "libc.musl-x86_64.so.1"]);
  });

  test(`${name} names what it tried when nothing loads`, () => {
    const [load] = make("nothing", {});
    assert.throws(load, /libc\.so\.6, libc\.musl-x86_64\.so\.1, libc\.so$/);
  });

  test(`${name} translates the whole symbol table once, at load`, () => {
    const [load, journal] = make("libc.so.6", {});
    load();
    assert.deepEqual(Object.keys(journal.table), Object.keys(SYMBOLS));
    assert.equal(journal.opened.length, 1);
  });

  test(`${name} gives errno as a negative number, and results as they are`, () => {
    const [libc, journal] = libcOf(make, {
      socket: (domain) => domain === 99 ? -1 : 5,
      close: () => -1,
    });
    journal.errno = 97;
    assert.equal(libc.socket(99, 0, 0), -97);
    assert.equal(libc.socket(16, 2, 11), 5);
    journal.errno = 9;
    assert.equal(libc.close(1), -9);
  });

  test(`${name} passes addresses of sockets with their length`, () => {
    const passed: unknown[][] = [];
    const [libc, journal] = libcOf(make, {
      connect: (...args) => passed.push(args) === 1 ? 0 : -1,
    });
    const address = new Uint8Array([1, 0, 0, 97]);
    assert.equal(libc.connect(3, address), 0);
    journal.errno = 111;
    assert.equal(libc.connect(3, address), -111);
    assert.deepEqual(passed[0], [3, address, 4]);
  });

  test(`${name} passes lengths of buffers, not of what they are views on`, () => {
    const lengths: unknown[] = [];
    const [libc] = libcOf(make, {
      read: (_fd, buffer, length) => {
        lengths.push((buffer as Uint8Array).byteOffset, length);
        return 0;
      },
    });
    libc.read(3, new Uint8Array(100).subarray(10, 30));
    assert.deepEqual(lengths, [10, 20]);
  });
}

for (const [name, make] of ADAPTERS) {
  test(`${name} writes a timeout as seconds and nanoseconds, and none for ever`, () => {
    const timeouts: unknown[] = [];
    const [libc] = libcOf(make, {
      ppoll: (_fds, count, timeout) => {
        const view = timeout as DataView | null;
        timeouts.push(count, view && [view.getBigInt64(0, true), view.getBigInt64(8, true)]);
        return 0;
      },
    });
    libc.ppoll(new Uint8Array(16), 2_500_000_000);
    libc.ppoll(new Uint8Array(8), -1);
    assert.deepEqual(timeouts, [2, [2n, 500_000_000n], 1, null]);
  });

  test(`${name} reads clocks beyond 2^32 seconds and before the epoch`, () => {
    const times = [[4_294_967_297n, 7n], [-1n, 5n]];
    const [libc] = libcOf(make, {
      clock_gettime: (_clock, timespec) => {
        const [seconds, ns] = times.shift()!;
        (timespec as DataView).setBigInt64(0, seconds!, true);
        (timespec as DataView).setBigInt64(8, ns!, true);
        return 0;
      },
    });
    assert.deepEqual(libc.clockRealtime(), { seconds: 4_294_967_297, ns: 7 });
    assert.equal(libc.clockGettime(1), -1e9 + 5);
  });

  test(`${name} lays out datagram slots so that each has its own bytes and sender`, () => {
    const [libc] = libcOf(make, {
      recvmmsg: (_fd, headers, count) => {
        const view = new DataView((headers as Uint8Array).buffer);
        const base = (slot: number) => view.getBigUint64(slot * 64 + 16, true);
        assert.equal(count, 3);
        assert.equal(base(1) - base(0), 16n);
        view.setUint32(64 + 56, 76, true);
        return 2;
      },
    });
    const slots = libc.datagrams(3, 128);
    assert.equal(libc.recvmmsg(4, slots, 0), 2);
    assert.deepEqual([slots.length(0), slots.length(1), slots.sender(1)], [0, 76, 0]);
    assert.equal(slots.bytes.byteLength, 384);
  });
}

for (const [name, make] of ADAPTERS) {
  test(`${name} reads epoll events in the layout of each CPU`, () => {
    for (const [arch, size, data] of [["x64", 12, 4], ["arm64", 16, 8]] as const) {
      const [libc] = libcOf(make, {
        epoll_wait: (_fd, events, max) => {
          const view = events as DataView;
          assert.equal(max, 2);
          view.setUint32(size, 0x11, true);
          view.setUint32(size + data, 4711, true);
          return 2;
        },
      }, arch);
      const pairs = new Uint32Array(4);
      assert.equal(libc.epollPeek(3, pairs), 2);
      assert.deepEqual([...pairs.subarray(2)], [0x11, 4711], arch);
    }
  });

  test(`${name} writes epoll events in the layout of each CPU, and waits as it is told`, () => {
    for (const [arch, size, data] of [["x64", 12, 4], ["arm64", 16, 8]] as const) {
      const passed: unknown[][] = [];
      const [libc] = libcOf(make, {
        epoll_ctl: (fd, act, watched, event) => {
          const view = event as DataView;
          assert.equal(view.byteLength, size);
          passed.push([fd, act, watched, view.getUint32(0, true), view.getUint32(data, true)]);
          return 0;
        },
        epoll_wait: (_fd, _events, max, timeout) => passed.push([max, timeout]) && 0,
      }, arch);
      libc.epollAdd(3, 4, 0x80000001, 5);
      libc.epollModify(3, 4, 0, 4_294_967_295);
      for (const timeout of [-5, 0, 70]) libc.epollWait(3, new Uint32Array(1024), timeout);
      assert.deepEqual(passed, [
        [3, 1, 4, 0x80000001, 5],
        [3, 3, 4, 0, 4_294_967_295],
        ...[[256, -1], [256, 0], [256, 70]],
      ]);
    }
  });
}

for (const [name, make] of ADAPTERS) {
  test(`${name} makes system calls by their number, with all their arguments`, () => {
    const passed: unknown[][] = [];
    const [libc] = libcOf(make, { syscall: (...args) => passed.push(args) && 0 }, "arm64");
    const info = new Uint8Array(128);
    libc.pidfdOpen(9);
    libc.pidfdSendSignal(7, 37, info);
    libc.pidfdSendSignal(7, 0, null);
    libc.schedSetscheduler(1, 2);
    assert.deepEqual(passed, [
      [434, 9, 0, null, 0],
      [424, 7, 37, info, 0],
      [424, 7, 0, null, 0],
      [119, 0, 1, new Int32Array([2]), 0],
    ]);
    assert.equal(libc.pidfdSendSignal(7, 37, new Uint8Array(127)), -22);
    assert.equal(passed.length, 4);
  });

  test(`${name} refuses a filter that does not fit, without a call`, () => {
    const [libc] = libcOf(make, {
      setsockopt: () => {
        throw new Error("called");
      },
    });
    assert.equal(libc.attachFilter(3, new Uint8Array(8 * 65)), -22);
  });

  test(`${name} closes the library when it is unloaded`, () => {
    const [libc, journal] = libcOf(make, {});
    libc.unload();
    assert.equal(journal.closed, 1);
  });
}

test("createLibc() refuses a CPU whose system calls it does not know", () => {
  const { ffi } = fakeBun("libc.so.6", {});
  const native = loadWithBun(ffi, ["libc.so.6"]);
  assert.throws(() => createLibc(native, "mips"), /on this CPU: mips/);
});

test("libcNames() knows musl's names of the CPUs", () => {
  assert.equal(libcNames("arm64")[1], "libc.musl-aarch64.so.1");
});
