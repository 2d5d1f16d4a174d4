/* forks N [-g] [-d DEPTH] [-w US] [-j J] [-o FILE]: forks N children, one after the other, and knows it.
 * forks -T N [-g] [-w US] [-o FILE]: starts N threads instead.
 *
 * Each child exits with 0 and is waited for before the next is forked. When all is over, FILE (standard output
 * without -o) gets a line "FORKER CHILD" for each fork, those of one forker in the order in which it forked; a
 * thread is "PROCESS THREAD".
 *
 *   -g        first prints "ready PID" on standard output and waits for a line on standard input
 *   -d DEPTH  each child forks one itself, and so on: N chains, N * DEPTH forks (default 1). They do happen
 *             one after the other, so the lines are in the order of time
 *   -w US     pauses so long after each of the N
 *   -j J      J workers fork N children each at the same time. The lines "PID WORKER" come first, then the forks
 *             of the first worker, and so on */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct pair {
	pid_t forker, child;
};

/* Shared by all: child processes write into it, too. */
static struct pair *pairs;
static long count, depth = 1, pause_us, workers, threads;

static void fail(const char *what)
{
	fprintf(stderr, "forks: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid");
	if (status != 0)
		_exit(1); /* it has said why */
}

static void rest(void)
{
	struct timespec left = { pause_us / 1000000, pause_us % 1000000 * 1000 };

	while (pause_us > 0 && nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* Forks a chain of `levels` processes, and waits for it. */
static void fork_chain(struct pair *slot, long levels)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		if (levels > 1)
			fork_chain(slot + 1, levels - 1);
		_exit(0);
	}
	slot->forker = getpid();
	slot->child = pid;
	wait_for(pid);
}

static void fork_all(struct pair *slot)
{
	for (long i = 0; i < count; i++, slot += depth) {
		fork_chain(slot, depth);
		rest();
	}
}

/* The workers begin together: when this end of the pipe is closed. */
static void work(void)
{
	int gate[2];
	char byte;

	if (pipe(gate) < 0)
		fail("pipe");
	for (long i = 0; i < workers; i++) {
		pid_t pid = fork();

		if (pid < 0)
			fail("fork");
		if (pid == 0) {
			close(gate[1]);
			if (read(gate[0], &byte, 1) != 0)
				fail("read");
			fork_all(pairs + workers + i * count * depth);
			_exit(0);
		}
		pairs[i].forker = getpid();
		pairs[i].child = pid;
	}
	close(gate[1]);
	for (long i = 0; i < workers; i++)
		wait_for(pairs[i].child);
}

static void *note_thread(void *slot)
{
	struct pair *pair = slot;

	pair->forker = getpid();
	pair->child = (pid_t)syscall(SYS_gettid);
	return NULL;
}

static void start_threads(void)
{
	for (long i = 0; i < threads; i++) {
		pthread_t thread;

		errno = pthread_create(&thread, NULL, note_thread, &pairs[i]);
		if (errno)
			fail("pthread_create");
		pthread_join(thread, NULL);
		rest();
	}
}

static void write_pairs(const char *path, long total)
{
	FILE *out = path ? fopen(path, "w") : stdout;

	if (!out)
		fail(path);
	for (long i = 0; i < total; i++)
		fprintf(out, "%d %d\n", pairs[i].forker, pairs[i].child);
	if (fclose(out) != 0)
		fail(path ? path : "standard output");
}

static long number(const char *text)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*text == 0 || *end != 0 || value < 0) {
		fprintf(stderr, "forks: not a number: %s\n", text);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	int option, gated = 0;
	char line[16];
	long total;

	while ((option = getopt(argc, argv, "d:w:o:j:T:g")) != -1) {
		switch (option) {
		case 'd': depth = number(optarg); break;
		case 'w': pause_us = number(optarg); break;
		case 'o': path = optarg; break;
		case 'j': workers = number(optarg); break;
		case 'T': threads = number(optarg); break;
		case 'g': gated = 1; break;
		default: return 2;
		}
	}
	if (optind < argc)
		count = number(argv[optind]);
	total = threads > 0 ? threads : workers + (workers > 0 ? workers : 1) * count * depth;
	if (total < 1 || depth < 1) {
		fprintf(stderr, "forks: nothing to do: forks N, or forks -T N\n");
		return 2;
	}
	pairs = mmap(NULL, (size_t)total * sizeof *pairs, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (pairs == MAP_FAILED)
		fail("mmap");
	if (gated) {
		printf("ready %d\n", getpid());
		fflush(stdout);
		if (!fgets(line, sizeof line, stdin))
			return 1;
	}
	if (threads > 0)
		start_threads();
	else if (workers > 0)
		work();
	else
		fork_all(pairs);
	write_pairs(path, total);
	return 0;
}
