/* accounts OUT ACTION...: makes children of known cost, one after the other, and writes to OUT a
 * line of a job file for each membership, with what wait4(2) said of the child beside it.
 *
 *   exit=N   exits with N at once            kill=N   gets signal N
 *   burn=MS  computes that long, exits with 0  touch=N  writes to N fresh pages
 *   sleep=MS sleeps                          name=T   is called T
 *   again=N  exits with N, under the pid of the child before it
 *
 * The children are in job 1; every second one is in job 2 too. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void burn(long ms)
{
	volatile unsigned long sum = 0;
	struct rusage used;

	do {
		for (unsigned long i = 0; i < 100000; i++)
			sum += i;
		getrusage(RUSAGE_SELF, &used);
	} while (used.ru_utime.tv_sec * 1000 + used.ru_utime.tv_usec / 1000 < ms);
}

static void touch(long pages)
{
	long size = sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, pages * size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail("mmap");
	/* Or one fault would bring many pages. */
	madvise(memory, pages * size, MADV_NOHUGEPAGE);
	for (long i = 0; i < pages; i++)
		memory[i * size] = 1;
}

static void act(const char *action, const char *value)
{
	long number = strtol(value, NULL, 10);

	if (!strncmp(action, "kill=", 5)) {
		raise((int)number);
	} else if (!strncmp(action, "burn=", 5)) {
		burn(number);
	} else if (!strncmp(action, "touch=", 6)) {
		touch(number);
	} else if (!strncmp(action, "sleep=", 6)) {
		struct timespec time = { number / 1000, number % 1000 * 1000000 };

		nanosleep(&time, NULL);
	} else if (!strncmp(action, "name=", 5)) {
		prctl(PR_SET_NAME, value);
	} else {
		_exit((int)number);
	}
	_exit(0);
}

/* The next pid that the namespace gives out is the one after this. */
static void set_last_pid(pid_t last)
{
	int file = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);

	if (file < 0 || dprintf(file, "%d", last) < 0)
		fail("ns_last_pid");
	close(file);
}

static void print_time(FILE *out, const char *name, const struct timespec *time)
{
	char text[32];
	struct tm utc;

	strftime(text, sizeof text, "%FT%T", gmtime_r(&time->tv_sec, &utc));
	fprintf(out, ",\"%s\":\"%s.%09ldZ\"", name, text, time->tv_nsec);
}

static void print(FILE *out, int job, pid_t pid, int nth, const struct timespec times[2],
		  int status, const struct rusage *used)
{
	fprintf(out, "{\"job\":%d,\"name\":\"job %d\",\"pid\":%d,\"id\":\"%d\"", job, job, pid, nth);
	print_time(out, "started", &times[0]);
	print_time(out, "ended", &times[1]);
	fprintf(out, ",\"status\":%d,\"minor\":%ld,\"user_us\":%ld}\n", status, used->ru_minflt,
		used->ru_utime.tv_sec * 1000000 + used->ru_utime.tv_usec);
}

int main(int argc, char **argv)
{
	FILE *out = argc > 2 ? fopen(argv[1], "we") : NULL;
	pid_t pid = 0;

	if (!out) {
		fprintf(stderr, "Usage: accounts OUT ACTION...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		const char *value = strchr(argv[i], '=');
		struct timespec times[2];
		struct rusage used;
		int status;

		if (!value)
			return 2;
		if (!strncmp(argv[i], "again=", 6))
			set_last_pid(pid - 1);
		clock_gettime(CLOCK_REALTIME, &times[0]);
		pid = fork();
		if (pid < 0)
			fail("fork");
		if (pid == 0)
			act(argv[i], value + 1);
		if (wait4(pid, &status, 0, &used) != pid)
			fail("wait4");
		clock_gettime(CLOCK_REALTIME, &times[1]);
		print(out, 1, pid, i, times, status, &used);
		if (i % 2)
			print(out, 2, pid, i, times, status, &used);
	}
	return fclose(out) ? 1 : 0;
}
