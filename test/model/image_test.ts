import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeImage, Image, type ImageParts, NO_IMAGE } from "../../src/model/image.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const PARTS: ImageParts = {
  argv: bytes("/bin/sh\0-c\0\0"),
  exe: null,
  cwd: bytes("/"),
  cgroup: bytes("0::/a.service\n"),
  comm: bytes("sh"),
  env: null,
};

test("decode() gives back what encodeImage() was given, as a copy", () => {
  const encoded = encodeImage(PARTS);
  const image = Image.decode(encoded);
  encoded.fill(0);
  assert.deepEqual({ ...image.parts }, { ...PARTS, argvMore: 0 });
  assert.deepEqual(image.argv, ["/bin/sh", "-c", ""]);
  assert.equal(Image.decode(null), NO_IMAGE);
});

test("how much of a command line is missing goes with the image", () => {
  const more = 5 * 2 ** 32 + 7;
  const image = Image.decode(encodeImage({ ...PARTS, argvMore: more }));
  assert.deepEqual([image.argvMore, image.renamed(bytes("x")).argvMore], [more, more]);
  assert.equal(NO_IMAGE.argvMore, 0);
});

test("decode() shares a control group that stays the same, and no other", () => {
  const before = Image.decode(encodeImage(PARTS));
  const same = Image.decode(encodeImage({ ...PARTS, argv: bytes("true\0") }), before);
  const moved = Image.decode(encodeImage({ ...PARTS, cgroup: bytes("0::/b.service\n") }), before);
  const none = Image.decode(encodeImage({ ...PARTS, cgroup: null }), before);
  assert.equal(same.parts.cgroup, before.parts.cgroup);
  assert.equal(moved.cgroupText, "0::/b.service\n");
  assert.equal(none.parts.cgroup, null);
});

test("sameProgram() is told the same by a file that was removed, not by one that came back", () => {
  const [before, gone] = ["/bin/app", "/bin/app (deleted)"].map((exe) =>
    Image.decode(encodeImage({ ...PARTS, exe: bytes(exe) }))
  );
  assert.deepEqual([before!.program, gone!.program], ["/bin/app", "/bin/app"]);
  assert.equal(gone!.exe, "/bin/app (deleted)");
  assert.ok(before!.sameProgram(gone!));
  assert.ok(!gone!.sameProgram(before!));
  const other = Image.decode(encodeImage({ ...PARTS, exe: bytes("/bin/apq (deleted)") }));
  assert.ok(!before!.sameProgram(other));
});
