/* bomb FILE COUNT RATE: forks and forks, from all its processes, and ignores SIGTERM.
 *
 * COUNT processes are made in all, RATE of them a second at most; whatever could have been made in
 * the meantime is made up for by who is left. Every third fork ends the process that did it, so that
 * they come and go. FILE, 8 bytes, has how many were made so far. Nothing outlives 30 seconds. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define LONGEST_S 30

static void fail(const char *what)
{
	fprintf(stderr, "bomb: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static const struct timespec nap = { 0, 100000000 };
	_Atomic uint64_t *made;
	double start, rate;
	uint64_t count;
	int file;

	if (argc != 4) {
		fprintf(stderr, "usage: bomb FILE COUNT RATE\n");
		return 2;
	}
	count = strtoull(argv[2], NULL, 10);
	rate = atof(argv[3]);
	file = open(argv[1], O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file < 0 || ftruncate(file, sizeof *made) < 0)
		fail(argv[1]);
	made = mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (made == MAP_FAILED)
		fail("mmap");
	signal(SIGTERM, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	puts("ready");
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	start = seconds();
	for (;;) {
		double now = seconds() - start;
		uint64_t number;
		pid_t pid;

		if (now > LONGEST_S)
			_exit(0);
		if ((double)atomic_load(made) > now * rate || atomic_load(made) >= count) {
			nanosleep(&nap, NULL);
			continue;
		}
		number = atomic_fetch_add(made, 1);
		pid = fork();
		if (pid > 0 && number % 3 == 2)
			_exit(0);
	}
}
