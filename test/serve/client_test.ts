import { test } from "node:test";
import { openLibc } from "../../ffi/mod.ts";
import { foreign, serving } from "../support/serving.ts";

const libc = await openLibc();

test("one user's unfinished requests are bounded, nobody else is kept from asking", async () => {
  let uid = 1000;
  const limits = { requests: { total: 1 << 20, reserve: 1 << 18 } };
  await serving([libc, limits, foreign(libc, () => uid), 77], async (server) => {
    server.echo = true;
    const part = "x".repeat(60_000);
    const many = Array.from({ length: 32 }, () => server.connect()[0]);
    for (const client of many) client.send(part);
    server.idle();
    uid = 1001;
    const [other] = server.connect();
    other.send(`${part}\n`);
    await server.until(() => server.lines.includes(part));
    uid = 0;
    const [root] = server.connect();
    root.send("root\n");
    await server.until(() => server.lines.includes("root"));
    // Who was not read from is, when others of that user have finished.
    const last = many.pop()!;
    for (const client of many) client.close();
    last.send(`y\n`);
    await server.until(() => server.lines.includes(`${part}y`));
    for (const client of [last, other, root]) client.close();
  });
});
