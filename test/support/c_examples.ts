/**
 * The C programs of examples/c, compiled as strictly as their README promises.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the examples stand. */
export const EXAMPLES: string = fileURLToPath(new URL("../../examples/c/", import.meta.url));

const STRICT = [
  "-std=c99",
  "-D_GNU_SOURCE",
  "-Wall",
  "-Wextra",
  "-Wpedantic",
  "-Wconversion",
  "-Werror",
  "-O2",
];

/**
 * A program that does what its arguments after the socket say, and prints the results: "PID,SIG",
 * "PID,SIG,SCOPE" or "PID,SIG,SCOPE,FLAGS" registers, "PID" unregisters. The last result is
 * followed by "open" or "closed", and the message.
 */
export const CALL: string = String.raw`
#include "fh.h"
int main(int argc, char **argv)
{
	struct fh fh = FH_CLOSED;
	int result = fh_connect(&fh, argv[1]);
	for (int i = 2; i < argc && result == 0; i++) {
		int pid = 0, sig = 0, scope = 0;
		unsigned flags = 0;
		int given = sscanf(argv[i], "%d,%d,%d,%u", &pid, &sig, &scope, &flags);
		result = given > 1 ? fh_register(&fh, pid, sig, scope, flags) : fh_unregister(&fh, pid);
		if (i + 1 < argc) {
			printf("%d\n", result);
			result = 0;
		}
	}
	printf("%d %s %s\n", result, fh.fd < 0 ? "closed" : "open", result < 0 ? fh.message : "");
	fh_close(&fh);
	return 0;
}
`;

/**
 * A program that has 20 000 mutations of an answer read, and prints how many were taken for a
 * success, for an error of the server and for no answer at all.
 */
export const MUTATE: string = String.raw`
#include "fh.h"
static const char answer[] = "{\"ok\":false,\"list\":[{\"errno\":\"\\u00e9\\\\\"}],\"errno\":87,"
	"\"message\":\"\\u20ac \\ud83d\\ude00 \\\"b\\\" \xc2\x9b \\u000a\"}";
static const char pieces[] = "\"\\u{}[]:,0\xc2\xe2\x80";
static unsigned long long seed = 20041217;
static unsigned below(unsigned limit)
{
	seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
	return (unsigned)(seed >> 33) % limit;
}
int main(void)
{
	int refused = 0, broken = 0, done = 0;
	for (int i = 0; i < 20000; i++) {
		struct fh fh = FH_CLOSED;
		char text[sizeof answer];
		int ends[2], result;
		memcpy(text, answer, sizeof text);
		for (unsigned n = below(4); n > 0; n--)
			text[below(sizeof text - 1)] = pieces[below(sizeof pieces)];
		text[below(8) ? sizeof text - 1 : below(sizeof text)] = '\n';
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
			return 1;
		size_t length = (size_t)((char *)memchr(text, '\n', sizeof text) - text) + 1;
		if (write(ends[1], text, length) < 0)
			return 1;
		fh.fd = ends[0];
		if (i % 2) /* it has said why, and hung up */
			close(ends[1]);
		result = fh_unregister(&fh, 0);
		if (result == -EPIPE)
			return 4;
		for (const char *at = fh.message; *at; at++)
			if ((unsigned char)*at < 0x20)
				return 2;
		if ((result == 0) != (fh.message[0] == 0))
			return 3;
		done += result == 0;
		broken += result == -EPROTO;
		refused += result < 0 && result != -EPROTO;
		fh_close(&fh);
		if (i % 2 == 0)
			close(ends[1]);
	}
	printf("%d %d %d", done, refused, broken);
	return 0;
}
`;

/** Compilers that are tried, and what each is called in a test's name. */
export const COMPILERS = ["gcc", "clang"] as const;

/** Whether a command can be run. */
export function has(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
}

/** A folder for what is compiled and what it needs; any user may run what is in it. */
export class CFolder {
  readonly #folder = mkdtempSync(join(tmpdir(), "fh-c-"));

  constructor() {
    chmodSync(this.#folder, 0o755);
  }

  /**
   * Compiles a source file, or the text of a program that may include `fh.h`; returns the path
   * of the executable.
   *
   * @throws {Error} It does not compile without a warning.
   */
  compile(cc: string, source: { file: string } | { text: string }, flags = STRICT): string {
    const target = join(this.#folder, `${cc}-${performance.now()}`);
    const from = "file" in source ? [join(EXAMPLES, source.file)] : ["-x", "c", "-"];
    const args = [...flags, "-I", EXAMPLES, "-o", target, ...from];
    const input = "text" in source ? source.text : "";
    const { status, stderr } = spawnSync(cc, args, { encoding: "utf8", input });
    if (status !== 0) throw new Error(`${cc} is not content: ${stderr}`);
    return target;
  }

  /** A path in the folder. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  /** Removes everything. */
  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
