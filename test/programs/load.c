/* load [--seed N] [--truth FILE] --phase KIND[,KEY=VALUE...] ...
 *
 * Starts processes and knows what it started. Phases run one after the other; a line on standard
 * output tells of each: "phase=0 kind=vfork tasks=60000 seconds=2.9". FILE gets one line per task,
 * written when all is over:
 *   phase kind pid ppid start end status index argv
 * separated by tabs; start and end are nanoseconds of CLOCK_MONOTONIC as the parent saw them, status
 * is what wait(2) gave, argv "-" or the words of the command.
 *
 * KIND   vfork   vfork and _exit
 *        fork    fork and _exit
 *        spawn   posix_spawn of program=PATH with a marker as argument (and life and status after it)
 *        tree    trees of forks: depth=D levels (default 3), width=W children each (default 2)
 *        thread  pthread_create and join; pid is the thread's id, ppid the process
 * KEY    count=N         how many tasks (trees for tree); default 1
 *        for=SECONDS     as many as possible for that long instead; not written to FILE
 *        cpus=N          so many processes, each on a CPU of its own, do the phase together
 *        rate=PER_S      Poisson arrivals; without it, back to back: each is waited for
 *        pace=PER_S      back to back, but no more than so many, those of all cpus together
 *        gap=LOW-HIGH    evenly distributed pauses between arrivals, microseconds
 *        life=US         how long each sleeps before it exits
 *        program=PATH    default /bin/true */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PHASES 64
#define NS 1000000000LL
/* Tasks between two looks at the clock. */
#define BURST 20

enum kind { VFORK, FORK, SPAWN, TREE, THREAD, KINDS };
static const char *const kind_names[KINDS] = { "vfork", "fork", "spawn", "tree", "thread" };

struct phase {
	enum kind kind;
	long count, cpus, life, low, high, depth, width;
	double rate, pace, seconds;
	const char *program;
};

struct record {
	long long start, end;
	int phase, pid, ppid, status, index;
};

/* Shared with the processes that help: trees and cpus=N write their own records. */
struct shared {
	long used, room;
	struct record records[];
};

static struct phase phases[PHASES];
static int phase_count;
static struct shared *shared;
static unsigned long long seed = 1;
static int main_pid;
extern char **environ;

static void fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS + now.tv_nsec;
}

/* xorshift64*, the same arrivals for the same seed everywhere. */
static double uniform(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (double)((seed * 2685821657736338717ULL) >> 11) / 9007199254740992.0;
}

static void sleep_us(long us)
{
	struct timespec life = { us / 1000000, us % 1000000 * 1000 };

	if (us > 0)
		nanosleep(&life, NULL);
}

static struct record *begin(int phase, long index)
{
	long at = __atomic_fetch_add(&shared->used, 1, __ATOMIC_RELAXED);
	struct record *record;

	if (at >= shared->room) {
		fprintf(stderr, "load: more tasks than room for them\n");
		exit(1);
	}
	record = &shared->records[at];
	record->phase = phase;
	record->index = (int)index;
	record->start = now_ns();
	return record;
}

static int status_of(long index)
{
	return (int)(index & 3);
}

static void marker_of(char *text, size_t size, int phase, long index)
{
	snprintf(text, size, "fh-%d-%d-%ld", main_pid, phase, index);
}

static pid_t spawn(int phase, long index)
{
	const struct phase *p = &phases[phase];
	char marker[64], life[32], status[16];
	char *argv[] = { (char *)p->program, marker, NULL, NULL, NULL };
	posix_spawnattr_t attributes;
	sigset_t none;
	pid_t pid;
	int error;

	marker_of(marker, sizeof marker, phase, index);
	if (p->life >= 0) {
		snprintf(life, sizeof life, "%ld", p->life);
		snprintf(status, sizeof status, "%d", status_of(index));
		argv[2] = life;
		argv[3] = status;
	}
	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	error = posix_spawn(&pid, p->program, NULL, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	if (error) {
		errno = error;
		fail(p->program);
	}
	return pid;
}

static pid_t start(int phase, long index)
{
	const struct phase *p = &phases[phase];
	int status = status_of(index);
	pid_t pid;

	if (p->kind == SPAWN)
		return spawn(phase, index);
	pid = p->kind == VFORK ? vfork() : fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		sleep_us(p->life);
		_exit(status);
	}
	return pid;
}

static void finish(struct record *record, pid_t pid, int status)
{
	record->end = now_ns();
	record->pid = pid;
	record->ppid = getpid();
	record->status = status;
}

/* Waits until it is time for the task after `done` others. */
static void keep_pace(const struct phase *p, long long begun, long done)
{
	long long due = begun + (long long)((double)done / p->pace * (double)p->cpus * NS);
	struct timespec at = { due / NS, due % NS };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void back_to_back(int phase, long first, long count)
{
	const struct phase *p = &phases[phase];
	long long begun = now_ns();

	for (long i = first; i < first + count; i++) {
		struct record *record;
		pid_t pid;
		int status = 0;

		if (p->pace > 0 && (i - first) % BURST == 0)
			keep_pace(p, begun, i - first);
		record = begin(phase, i);
		pid = start(phase, i);
		if (waitpid(pid, &status, 0) < 0)
			fail("waitpid");
		finish(record, pid, status);
	}
}

/* Reaps what has ended; the records still open are few, so they are looked through. */
static void reap(struct record **open, long *opened, int options)
{
	int status;
	pid_t pid;

	while (*opened > 0 && (pid = waitpid(-1, &status, options)) > 0) {
		for (long i = 0; i < *opened; i++) {
			if (open[i]->pid != pid)
				continue;
			finish(open[i], pid, status);
			open[i] = open[--*opened];
			break;
		}
	}
}

static void arrivals(int phase)
{
	const struct phase *p = &phases[phase];
	struct record **open = calloc((size_t)p->count, sizeof *open);
	long long next = now_ns();
	long opened = 0;
	sigset_t child, before;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	for (long i = 0; i < p->count; i++) {
		long long left;
		struct record *record;

		next += p->rate > 0 ? (long long)(-log(1 - uniform()) / p->rate * NS)
				    : (p->low + (long long)(uniform() * (double)(p->high - p->low))) * 1000;
		while ((left = next - now_ns()) > 0) {
			struct timespec wait = { left / NS, left % NS };

			sigtimedwait(&child, NULL, &wait);
			reap(open, &opened, WNOHANG);
		}
		record = begin(phase, i);
		record->pid = start(phase, i);
		open[opened++] = record;
	}
	reap(open, &opened, 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	free(open);
}

static void grow(int phase, long index, long depth)
{
	const struct phase *p = &phases[phase];
	struct record *records[64];
	pid_t pids[64];

	for (long i = 0; i < p->width; i++) {
		records[i] = begin(phase, index);
		pids[i] = fork();
		if (pids[i] < 0)
			fail("fork");
		if (pids[i] == 0) {
			if (depth > 1)
				grow(phase, index, depth - 1);
			sleep_us(p->life);
			_exit(status_of(index));
		}
	}
	for (long i = 0; i < p->width; i++) {
		int status = 0;

		if (waitpid(pids[i], &status, 0) < 0)
			fail("waitpid");
		finish(records[i], pids[i], status);
	}
}

struct thread {
	long life;
	int tid;
};

static void *thread_main(void *argument)
{
	struct thread *thread = argument;

	thread->tid = (int)syscall(SYS_gettid);
	sleep_us(thread->life);
	return NULL;
}

static void threads(int phase, long first, long count)
{
	for (long i = first; i < first + count; i++) {
		struct record *record = begin(phase, i);
		struct thread thread = { phases[phase].life, 0 };
		pthread_t id;

		errno = pthread_create(&id, NULL, thread_main, &thread);
		if (errno)
			fail("pthread_create");
		pthread_join(id, NULL);
		finish(record, thread.tid, 0);
	}
}

/* One of the processes of a phase; tells how many tasks it started. */
static long work(int phase, long first, long count)
{
	const struct phase *p = &phases[phase];
	long long until = now_ns() + (long long)(p->seconds * NS);
	long done = 0;

	if (p->seconds > 0) {
		for (; now_ns() < until; done++) {
			pid_t pid = start(phase, done);

			if (waitpid(pid, NULL, 0) < 0)
				fail("waitpid");
		}
		return done;
	}
	if (p->kind == THREAD)
		threads(phase, first, count);
	else if (p->kind == TREE)
		for (long i = first; i < first + count; i++)
			grow(phase, i, p->depth);
	else if (p->rate > 0 || p->high > 0)
		arrivals(phase);
	else
		back_to_back(phase, first, count);
	return count;
}

static void pin(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(0, sizeof set, &set);
}

static long share_out(int phase)
{
	const struct phase *p = &phases[phase];
	long each = p->count / p->cpus, total = 0;
	long *done = mmap(NULL, sizeof(long) * (size_t)p->cpus, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[64];

	if (done == MAP_FAILED)
		fail("mmap");
	for (long i = 0; i < p->cpus; i++) {
		long first = i * each, count = i == p->cpus - 1 ? p->count - first : each;

		pids[i] = fork();
		if (pids[i] < 0)
			fail("fork");
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pin(i);
			done[i] = work(phase, first, count);
			_exit(0);
		}
	}
	for (long i = 0; i < p->cpus; i++) {
		int status = 0;

		waitpid(pids[i], &status, 0);
		if (status)
			exit(1);
		total += done[i];
		printf("worker=%d phase=%d cpu=%ld tasks=%ld\n", pids[i], phase, i, done[i]);
	}
	return total;
}

static long tasks_of(const struct phase *p)
{
	long level = 1, sum = 0;

	if (p->seconds > 0)
		return 0;
	if (p->kind != TREE)
		return p->count;
	for (long d = 0; d < p->depth; d++)
		sum += level *= p->width;
	return p->count * sum;
}

static void make_room(void)
{
	long room = 1;
	size_t size;

	for (int i = 0; i < phase_count; i++)
		room += tasks_of(&phases[i]);
	size = sizeof *shared + (size_t)room * sizeof(struct record);
	/* Populated at once, so that no page fault disturbs the measurement. */
	shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (shared == MAP_FAILED)
		fail("mmap");
	shared->room = room;
}

static void write_record(FILE *out, const struct record *r)
{
	const struct phase *p = &phases[r->phase];
	char marker[64];

	fprintf(out, "%d\t%s\t%d\t%d\t%lld\t%lld\t%d\t%d\t", r->phase, kind_names[p->kind], r->pid,
		r->ppid, r->start, r->end, r->status, r->index);
	if (p->kind != SPAWN) {
		fputs("-\n", out);
		return;
	}
	marker_of(marker, sizeof marker, r->phase, r->index);
	fprintf(out, "%s %s", p->program, marker);
	if (p->life >= 0)
		fprintf(out, " %ld %d", p->life, status_of(r->index));
	fputc('\n', out);
}

static void write_truth(const char *path)
{
	FILE *out = fopen(path, "we");

	if (!out)
		fail(path);
	for (long i = 0; i < shared->used; i++)
		write_record(out, &shared->records[i]);
	if (fclose(out))
		fail(path);
}

static int set(struct phase *p, const char *key, const char *value)
{
	if (!strcmp(key, "count"))
		p->count = atol(value);
	else if (!strcmp(key, "for"))
		p->seconds = atof(value);
	else if (!strcmp(key, "cpus"))
		p->cpus = atol(value);
	else if (!strcmp(key, "rate"))
		p->rate = atof(value);
	else if (!strcmp(key, "pace"))
		p->pace = atof(value);
	else if (!strcmp(key, "gap"))
		return sscanf(value, "%ld-%ld", &p->low, &p->high) == 2;
	else if (!strcmp(key, "life"))
		p->life = atol(value);
	else if (!strcmp(key, "program"))
		p->program = value;
	else if (!strcmp(key, "depth"))
		p->depth = atol(value);
	else if (!strcmp(key, "width"))
		p->width = atol(value);
	else
		return 0;
	return 1;
}

static int parse_phase(char *text)
{
	struct phase *p = &phases[phase_count++];
	char *name = strsep(&text, ","), *pair;

	*p = (struct phase){ .kind = KINDS, .count = 1, .cpus = 1, .life = -1, .depth = 3, .width = 2,
			     .program = "/bin/true" };
	for (int i = 0; i < KINDS; i++)
		if (!strcmp(name, kind_names[i]))
			p->kind = (enum kind)i;
	while ((pair = strsep(&text, ","))) {
		char *key = strsep(&pair, "=");

		if (!pair || !set(p, key, pair))
			return 0;
	}
	if (p->seconds > 0 && (p->kind == TREE || p->kind == THREAD))
		return 0;
	return p->kind != KINDS && p->count > 0 && p->cpus > 0 && p->cpus <= 64 && p->width > 0 &&
	       p->width <= 64 && p->depth > 0;
}

static void run_phases(void)
{
	for (int i = 0; i < phase_count; i++) {
		const struct phase *p = &phases[i];
		long long start_ns = now_ns();
		long tasks = p->cpus > 1 ? share_out(i) : work(i, 0, p->count);

		printf("phase=%d kind=%s tasks=%ld seconds=%.6f\n", i, kind_names[p->kind],
		       p->kind == TREE ? tasks_of(p) : tasks, (double)(now_ns() - start_ns) / NS);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	const char *truth = NULL;
	int usage = argc < 2;

	for (int i = 1; i < argc && !usage; i += 2) {
		if (i + 1 == argc)
			usage = 1;
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 10) * 2654435761ULL + 1;
		else if (!strcmp(argv[i], "--truth"))
			truth = argv[i + 1];
		else
			usage = strcmp(argv[i], "--phase") || phase_count == PHASES || !parse_phase(argv[i + 1]);
	}
	if (usage || !phase_count) {
		fprintf(stderr, "Usage: load [--seed N] [--truth FILE] --phase KIND[,KEY=VALUE...] ...\n");
		return 2;
	}
	main_pid = getpid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	printf("load=%d\n", main_pid);
	fflush(stdout);
	make_room();
	run_phases();
	if (truth)
		write_truth(truth);
	return 0;
}
