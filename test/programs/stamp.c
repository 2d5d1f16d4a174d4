/* stamp OUT MATCH: reads lines from standard input until its end and writes to OUT, for each that
 * contains MATCH, when it arrived (nanoseconds, CLOCK_MONOTONIC), a tab, and the line. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BLOCK (1 << 20)

int main(int argc, char **argv)
{
	char *block = malloc(BLOCK);
	size_t have = 0;
	ssize_t got;
	FILE *out;

	if (argc != 3 || !block) {
		fprintf(stderr, "Usage: stamp OUT MATCH\n");
		return 2;
	}
	out = fopen(argv[1], "we");
	if (!out) {
		fprintf(stderr, "Cannot write %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	while ((got = read(0, block + have, BLOCK - have)) > 0) {
		char *line = block, *end;
		struct timespec now;

		clock_gettime(CLOCK_MONOTONIC, &now);
		have += (size_t)got;
		while ((end = memchr(line, '\n', have - (size_t)(line - block)))) {
			if (memmem(line, (size_t)(end - line), argv[2], strlen(argv[2])))
				fprintf(out, "%lld\t%.*s\n",
					now.tv_sec * 1000000000LL + now.tv_nsec,
					(int)(end - line), line);
			line = end + 1;
		}
		have -= (size_t)(line - block);
		memmove(block, line, have);
		if (have == BLOCK)
			have = 0;
	}
	return fclose(out) ? 1 : 0;
}
