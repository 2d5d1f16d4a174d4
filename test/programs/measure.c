/* measure [--repeat N] [--null] OUT COMMAND [ARG...]
 *
 * Runs a command and writes what it used to OUT, as JSON: {"runs":[{...}]}, times in microseconds,
 * peak memory in bytes, status as wait(2) gives it. SIGINT and SIGTERM are passed on to the command.
 * --repeat runs it N times, one after the other; --null sends its output to /dev/null. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;
static volatile pid_t command;

static void pass_on(int sig)
{
	stopped = 1;
	if (command > 0)
		kill(command, sig);
}

static long long monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static long long us_of(struct timeval t)
{
	return t.tv_sec * 1000000LL + t.tv_usec;
}

static void become(char **argv, int null, const sigset_t *mask)
{
	/* A measured command must not outlive the one who reads the measurement. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (null) {
		int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(fd, 1);
	}
	execvp(argv[0], argv);
	fprintf(stderr, "Cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static int run(char **argv, int null, FILE *out, const char *separator)
{
	struct rusage usage;
	sigset_t both, before;
	int status = 0;
	pid_t pid;
	long long start = monotonic_us(), wall;

	sigemptyset(&both);
	sigaddset(&both, SIGINT);
	sigaddset(&both, SIGTERM);
	sigprocmask(SIG_BLOCK, &both, &before);
	pid = fork();
	if (pid < 0)
		return -1;
	if (pid == 0)
		become(argv, null, &before);
	command = pid;
	sigprocmask(SIG_SETMASK, &before, NULL);
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			return -1;
	command = 0;
	wall = monotonic_us() - start;
	fprintf(out,
		"%s{\"wall_us\":%lld,\"user_us\":%lld,\"system_us\":%lld,\"max_rss\":%lld,"
		"\"voluntary\":%ld,\"involuntary\":%ld,\"status\":%d}",
		separator, wall, us_of(usage.ru_utime), us_of(usage.ru_stime),
		(long long)usage.ru_maxrss * 1024, usage.ru_nvcsw, usage.ru_nivcsw, status);
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = pass_on };
	long repeat = 1;
	int null = 0, at = 1, failed = 0;
	FILE *out;

	for (; at < argc && !strncmp(argv[at], "--", 2); at++) {
		if (!strcmp(argv[at], "--null"))
			null = 1;
		else if (!strcmp(argv[at], "--repeat") && at + 1 < argc)
			repeat = atol(argv[++at]);
		else
			break;
	}
	if (argc - at < 2) {
		fprintf(stderr, "Usage: measure [--repeat N] [--null] OUT COMMAND [ARG...]\n");
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	out = fopen(argv[at], "we");
	if (!out) {
		fprintf(stderr, "Cannot write %s: %s\n", argv[at], strerror(errno));
		return 1;
	}
	fprintf(out, "{\"runs\":[");
	for (long i = 0; i < repeat && !stopped && !failed; i++)
		failed = run(argv + at + 1, null, out, i ? "," : "") < 0;
	fprintf(out, "]}\n");
	fclose(out);
	return failed;
}
