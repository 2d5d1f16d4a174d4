/* tally OUT: reads NDJSON of fh watch from standard input until its end and writes to OUT, as JSON,
 * what a benchmark wants to know of too many lines to keep: forks and exits per parent, and the sums
 * of the gaps. Text inside JSON strings cannot look like a key: its quotes are escaped. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIDS 4194305 /* PID_MAX_LIMIT + 1 */
#define BLOCK (1 << 20)

static unsigned forks[PIDS], exits[PIDS];
static unsigned long long lines, gaps, lost[3];

static const char *after(const char *line, size_t length, const char *key)
{
	const char *at = memmem(line, length, key, strlen(key));

	return at ? at + strlen(key) : NULL;
}

static void count_gap(const char *line, size_t length)
{
	const char *sum = after(line, length, "\"lost\":");
	const char *reason = after(line, length, "\"reason\":\"");
	int kind = !reason ? 2 : *reason == 'o' ? 0 : *reason == 'm' ? 1 : 2;

	gaps++;
	if (sum)
		lost[kind] += strtoull(sum, NULL, 10);
}

static void count(const char *line, size_t length)
{
	const char *event = after(line, length, "\"event\":\"");
	const char *parent;
	unsigned long ppid;

	lines++;
	if (!event)
		return;
	if (*event == 'g' && event[1] == 'a') {
		count_gap(line, length);
		return;
	}
	if (*event != 'f' && strncmp(event, "exit", 4))
		return;
	parent = after(line, length, "\"ppid\":");
	if (!parent)
		return;
	ppid = strtoul(parent, NULL, 10);
	if (ppid < PIDS)
		(*event == 'f' ? forks : exits)[ppid]++;
}

static int report(const char *path)
{
	const char *separator = "";
	FILE *out = fopen(path, "we");

	if (!out) {
		fprintf(stderr, "Cannot write %s: %s\n", path, strerror(errno));
		return 1;
	}
	fprintf(out,
		"{\"lines\":%llu,\"gaps\":%llu,\"overflow\":%llu,\"missed\":%llu,\"other\":%llu,"
		"\"parents\":{",
		lines, gaps, lost[0], lost[1], lost[2]);
	for (long pid = 0; pid < PIDS; pid++) {
		if (!forks[pid] && !exits[pid])
			continue;
		fprintf(out, "%s\"%ld\":[%u,%u]", separator, pid, forks[pid], exits[pid]);
		separator = ",";
	}
	fprintf(out, "}}\n");
	return fclose(out) ? 1 : 0;
}

int main(int argc, char **argv)
{
	char *block = malloc(BLOCK);
	size_t have = 0;
	ssize_t got;

	if (argc != 2 || !block) {
		fprintf(stderr, "Usage: tally OUT\n");
		return 2;
	}
	while ((got = read(0, block + have, BLOCK - have)) > 0) {
		char *line = block, *end;

		have += (size_t)got;
		while ((end = memchr(line, '\n', have - (size_t)(line - block)))) {
			count(line, (size_t)(end - line));
			line = end + 1;
		}
		have -= (size_t)(line - block);
		memmove(block, line, have);
		if (have == BLOCK)
			have = 0;
	}
	return report(argv[1]);
}
