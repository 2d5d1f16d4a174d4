/* sigwait [-l N]: receives real-time signals when it is told to, and prints what came with them.
 *
 * All real-time signals are blocked before "ready PID" is printed: from then on they queue up. Commands are
 * lines on standard input:
 *
 *   go     receives from now on, what is queued and what comes
 *   hold   receives nothing from now on; signals queue up again
 *   count  prints "count N": so many were received since the start
 *   quit   receives what is queued, prints "count N" and exits with 0; so does the end of the input
 *
 * A line "SIGNO CODE ERRNO PID INT" is printed for each signal, in the order in which the kernel gives them:
 * si_signo, si_code, si_errno, si_pid, si_value.sival_int. Lines are written whenever no signal waits.
 *
 *   -l N   the queue has room for N signals (RLIMIT_SIGPENDING); the kernel counts those that wait for all
 *          processes of the same real user */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static unsigned long received;
static sigset_t all;

static void fail(const char *what)
{
	fprintf(stderr, "sigwait: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void limit_queue(const char *text)
{
	char *end;
	unsigned long room = strtoul(text, &end, 10);
	struct rlimit limit = { room, room };

	if (*text == 0 || *end != 0) {
		fprintf(stderr, "sigwait: not a number: %s\n", text);
		exit(2);
	}
	if (setrlimit(RLIMIT_SIGPENDING, &limit) < 0)
		fail("setrlimit");
}

/* Takes every signal that is queued. The descriptor only tells that there is one: this is the siginfo proper. */
static void receive(void)
{
	static const struct timespec at_once;
	siginfo_t info;

	for (;;) {
		if (sigtimedwait(&all, &info, &at_once) < 0) {
			if (errno == EAGAIN)
				break;
			if (errno != EINTR)
				fail("sigtimedwait");
			continue;
		}
		received++;
		printf("%d %d %d %d %d\n", info.si_signo, info.si_code, info.si_errno, info.si_pid,
		       info.si_value.sival_int);
	}
	fflush(stdout);
}

static void say_count(void)
{
	printf("count %lu\n", received);
	fflush(stdout);
}

/* Does what a line says; 0 when it was the last. */
static int obey(const char *line, int *receiving)
{
	if (!strcmp(line, "quit"))
		return 0;
	if (!strcmp(line, "go"))
		*receiving = 1;
	else if (!strcmp(line, "hold"))
		*receiving = 0;
	else if (!strcmp(line, "count"))
		say_count();
	else
		fprintf(stderr, "sigwait: unknown command: %s\n", line);
	return 1;
}

/* Reads what standard input has and obeys every complete line; 0 at the end. */
static int read_commands(int *receiving)
{
	static char text[256];
	static size_t length;
	ssize_t done = read(0, text + length, sizeof text - 1 - length);
	char *line = text, *end;

	if (done < 0 && errno == EINTR)
		return 1;
	if (done <= 0)
		return 0;
	length += (size_t)done;
	text[length] = 0;
	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		if (!obey(line, receiving))
			return 0;
	}
	length -= (size_t)(line - text);
	memmove(text, line, length);
	return 1;
}

int main(int argc, char **argv)
{
	struct pollfd waits[2] = { { 0, POLLIN, 0 }, { -1, POLLIN, 0 } };
	int option, signals, receiving = 0;

	while ((option = getopt(argc, argv, "l:")) != -1) {
		if (option != 'l')
			return 2;
		limit_queue(optarg);
	}
	sigemptyset(&all);
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		sigaddset(&all, sig);
	sigprocmask(SIG_BLOCK, &all, NULL);
	signals = signalfd(-1, &all, SFD_CLOEXEC);
	if (signals < 0)
		fail("signalfd");
	printf("ready %d\n", getpid());
	fflush(stdout);

	for (;;) {
		waits[1].fd = receiving ? signals : -1;
		if (poll(waits, 2, -1) < 0 && errno != EINTR)
			fail("poll");
		if (receiving)
			receive();
		if (waits[0].revents && !read_commands(&receiving))
			break;
	}
	receive();
	say_count();
	return 0;
}
