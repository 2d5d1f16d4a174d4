/* told: prints "FORKER CHILD" for every fork that fh tells it of.
 *
 *	cc -std=c99 -D_GNU_SOURCE -O2 -o told told.c
 *
 * It shows all that a listener needs: the signal is blocked before anybody can send it, the signals are taken one by
 * one (sigwaitinfo(2)) and held against what fh sends, and when the server is started anew it registers again. */
#include "fh.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

#define RETRY_MS 100

static const char usage[] =
	"Usage: told [-n COUNT] [-s N] [-p PID] [-x] [-t] [-q]\n"
	"\n"
	"  -n COUNT  end after so many forks; by default at SIGINT or SIGTERM\n"
	"  -s N      be told by SIGRTMIN+N; default 3\n"
	"  -p PID    only forks by this process and its descendants\n"
	"  -x        nobody else may be told meanwhile\n"
	"  -t        new threads too: PROCESS THREAD\n"
	"  -q        print only their number, at the end\n";

static struct fh fh = FH_CLOSED;
static int told_by;	/* the signal */
static pid_t scope;	/* 0: all */
static unsigned flags;
static unsigned long told, foreign;

static long number(const char *text, long least)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*text == 0 || *end != 0 || value < least) {
		fprintf(stderr, "told: not a number of at least %ld: %s\n%s", least, text, usage);
		exit(2);
	}
	return value;
}

/* Connects and registers; the kernel sends SIGIO when the connection ends. */
static int begin(void)
{
	int result = fh_connect(&fh, NULL);

	if (result < 0)
		return result;
	if (fcntl(fh.fd, F_SETOWN, getpid()) < 0 || fcntl(fh.fd, F_SETFL, O_ASYNC) < 0)
		return fh_failed(&fh, "told: fcntl", errno);
	return fh_register(&fh, 0, told_by, scope, flags);
}

/* The next signal of the set; `wait` is NULL for as long as it takes. -1: none came. */
static int next(const sigset_t *set, siginfo_t *info, const struct timespec *wait)
{
	int sig;

	do
		sig = wait ? sigtimedwait(set, info, wait) : sigwaitinfo(set, info);
	while (sig < 0 && errno == EINTR);
	return sig;
}

static void take(const siginfo_t *info, bool quiet)
{
	if (info->si_code != SI_ASYNCIO) {
		foreign++; /* somebody's kill(2) or sigqueue(3) */
		return;
	}
	told++;
	if (!quiet)
		printf("%ld %d\n", (long)info->si_pid, info->si_value.sival_int);
}

/* Is told until there were `most` forks (0: no end), or a signal ends it. 0, or what made it impossible. */
static int listen_until(unsigned long most, bool quiet, const sigset_t *set)
{
	static const struct timespec at_once, retry = { 0, RETRY_MS * 1000000L };

	while (most == 0 || told < most) {
		bool lost = !fh_connected(&fh);
		siginfo_t info;
		int sig, result;

		if (lost && fh.fd >= 0) {
			fputs("told: the server has ended; waiting for the next one\n", stderr);
			fh_close(&fh);
		}
		if (lost && (result = begin()) == 0)
			fputs("told: registered again; forks in between were not told\n", stderr);
		else if (lost && fh.fd >= 0)
			return result; /* a server is there, and refuses */
		/* Nothing is written while signals wait, everything before we do. */
		while ((sig = next(set, &info, &at_once)) == told_by) {
			take(&info, quiet);
			if (told == most)
				return 0;
		}
		if (sig < 0) {
			fflush(stdout);
			sig = next(set, &info, fh.fd < 0 ? &retry : NULL);
			if (sig == told_by)
				take(&info, quiet);
		}
		if (sig == SIGINT || sig == SIGTERM)
			return 0;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct timespec at_once;
	unsigned long most = 0;
	bool quiet = false;
	int option, result, sig, offset = 3;
	siginfo_t info;
	sigset_t set;

	while ((option = getopt(argc, argv, "n:s:p:xtq")) != -1) {
		switch (option) {
		case 'n': most = (unsigned long)number(optarg, 1); break;
		case 's': offset = (int)number(optarg, 0); break;
		case 'p': scope = (pid_t)number(optarg, 1); break;
		case 'x': flags |= FH_EXCLUSIVE; break;
		case 't': flags |= FH_THREADS; break;
		case 'q': quiet = true; break;
		default: fputs(usage, stderr); return 2;
		}
	}
	if (optind < argc || offset > SIGRTMAX - SIGRTMIN) {
		fputs(usage, stderr);
		return 2;
	}
	told_by = SIGRTMIN + offset;
	sigemptyset(&set);
	sigaddset(&set, told_by);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);

	result = begin();
	if (result == 0) {
		fprintf(stderr, "told: registered %ld for signal %d\n", (long)getpid(), told_by);
		result = listen_until(most, quiet, &set);
	}
	if (result < 0) {
		fprintf(stderr, "told: %s\n", fh.message);
		return 1;
	}
	if (fh_connected(&fh) && fh_unregister(&fh, 0) < 0)
		fprintf(stderr, "told: %s\n", fh.message);
	fh_close(&fh);
	/* What was queued before the registration ended still counts. */
	while ((most == 0 || told < most) && (sig = next(&set, &info, &at_once)) > 0)
		if (sig == told_by)
			take(&info, quiet);
	if (quiet)
		printf("%lu\n", told);
	if (foreign > 0)
		fprintf(stderr, "told: ignored %lu signals that were not fh's\n", foreign);
	return fflush(stdout) == 0 ? 0 : 1;
}
