/* lineage TRUTH LIFE_MS PHASE [PHASE...]: makes families whose truth is known, and writes it down.
 *
 * The phases run one after the other; us=US sets the time between the forks of those that follow. When
 * all is over TRUTH gets one line of KEY=VALUE words for each process, in the order in which they were
 * forked, the program itself first:
 *   phase role index pid ppid status reaper start end
 * ppid is the process that forked it; status is as wait(2) gives it; reaper is who had adopted it when
 * it ended, 0 when its parent still lived; start and end are nanoseconds of CLOCK_REALTIME as the
 * process saw them, a little within its life. A line "mark=N at=NS" is a moment at which nothing
 * happened 40 ms before and after.
 *
 * Each process lives LIFE_MS at least after it has done its part, 0 being as short as can be; so long
 * the program waits before it begins.
 *
 *   double-fork      middle leaves orphan behind
 *   daemon           launcher, session (setsid) and daemon as daemon(3) makes them, with two workers: one
 *                    executes this program as "fh-worker MS 7", one ends itself by SIGTERM
 *   subreaper        orphan of middle is adopted by inner, then by outer, which are subreapers
 *   setsid=N         a chain of N, each the leader of a new session, waits for the next
 *   tree=N           N levels of three children each
 *   generations=N    each forks the next and exits, every third after its child
 *   stages           marks 1 to 4; first lives at 1, 2 and 3, second at 1, third at 2 and 3, where it has
 *                    executed "fh-worker 120 6"
 *   paused           forker leaves stays and ends behind; prints "born", reads a line; ends ends, unseen
 *                    comes and goes, late begins; prints "changed", reads a line; stays and late end
 *   reuse=N          N children, at most 12 at a time
 *
 * Nothing outlives 200 seconds, and nothing is killed. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROOM 40000
#define LONGEST_S 200
#define TOGETHER 12
#define MARKS 8

struct record {
	const char *phase, *role;
	long long start, end;
	int index, pid, ppid, status, reaper;
};

/* Seen by all: each process fills in its own. */
static struct shared {
	int used, marks_used;
	long long marks[MARKS];
	struct record records[ROOM];
} *shared;

static struct record *me;
static const char *phase;
static long life_ms, fork_us;
static char self[4096];

static void fail(const char *what)
{
	fprintf(stderr, "lineage: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void nap_us(long us)
{
	struct timespec left = { us / 1000000, us % 1000000 * 1000 };

	while (us > 0 && nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static void nap(long ms)
{
	nap_us(ms * 1000);
}

/* Its end is known by the pipe, whoever becomes its parent. */
static int ends[2];

static pid_t beget(const char *role, int index)
{
	int at = __atomic_fetch_add(&shared->used, 1, __ATOMIC_RELAXED);
	int parent = getpid();
	struct record *record = &shared->records[at];
	pid_t pid;

	if (at >= ROOM) {
		fprintf(stderr, "lineage: more processes than room for them\n");
		_exit(1);
	}
	record->phase = phase;
	record->role = role;
	record->index = index;
	record->ppid = parent;
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid > 0) {
		record->pid = pid;
		return pid;
	}
	alarm(LONGEST_S);
	me = record;
	me->pid = getpid();
	me->start = now_ns();
	return 0;
}

static void note_end(int status)
{
	int parent = getppid();

	me->reaper = parent == me->ppid ? 0 : parent;
	me->status = status;
	me->end = now_ns();
}

static _Noreturn void finish(int code)
{
	nap(life_ms);
	note_end(code << 8);
	_exit(code);
}

static void await(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid");
}

/* Waits until somebody has adopted this process; `by` 0 is anybody. */
static void await_adoption(int by)
{
	for (;;) {
		int parent = getppid();

		if (by ? parent == by : parent != me->ppid)
			return;
		nap_us(200);
	}
}

static void double_fork(void)
{
	pid_t middle = beget("middle", 0);

	if (middle) {
		await(middle, NULL);
		return;
	}
	if (beget("orphan", 0) == 0) {
		await_adoption(0);
		finish(4);
	}
	finish(3);
}

static void work(void)
{
	char ms[32];
	char *argv[] = { "fh-worker", ms, "7", NULL };
	pid_t pid = beget("worker", 0);
	struct record *record = &shared->records[shared->used - 1];
	int status;

	if (pid == 0) {
		snprintf(ms, sizeof ms, "%ld", life_ms + 20);
		nap(life_ms);
		execv(self, argv);
		fail(self);
	}
	await(pid, &status);
	record->status = status;
	record->end = now_ns();
	pid = beget("worker", 1);
	if (pid == 0) {
		nap(life_ms);
		note_end(SIGTERM);
		raise(SIGTERM);
	}
	await(pid, NULL);
}

static void daemonize(void)
{
	pid_t launcher = beget("launcher", 0);

	if (launcher) {
		await(launcher, NULL);
		return;
	}
	if (beget("session", 0))
		finish(0);
	if (setsid() < 0)
		fail("setsid");
	if (beget("daemon", 0)) {
		/* Who would adopt it while it ends could not be written down. */
		await_adoption(0);
		finish(2);
	}
	await_adoption(0);
	work();
	finish(1);
}

static void adopt(void)
{
	pid_t outer = beget("outer", 0);

	if (outer) {
		await(outer, NULL);
		return;
	}
	outer = getpid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (beget("inner", 0) == 0) {
		pid_t middle;

		prctl(PR_SET_CHILD_SUBREAPER, 1);
		middle = beget("middle", 0);
		if (middle == 0) {
			if (beget("orphan", 0) == 0) {
				await_adoption(outer);
				finish(8);
			}
			finish(1);
		}
		await(middle, NULL);
		finish(2);
	}
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	finish(9);
}

static void lead_sessions(int count)
{
	for (int i = 0; i < count; i++) {
		pid_t pid = beget("leader", i);

		if (pid) {
			await(pid, NULL);
			if (i > 0)
				finish(i - 1);
			return;
		}
		if (setsid() < 0)
			fail("setsid");
	}
	finish(count - 1);
}

static void spread(int levels)
{
	pid_t pids[3];

	if (levels == 0)
		return;
	for (int i = 0; i < 3; i++) {
		pids[i] = beget("node", levels);
		if (pids[i] == 0) {
			spread(levels - 1);
			finish(10 * levels + i);
		}
	}
	for (int i = 0; i < 3; i++)
		await(pids[i], NULL);
}

/* Never 0: of a zombie that nobody reaps for long that is no news to everybody. */
static int code_of(int index)
{
	return index % 127 + 1;
}

static void generations(int count)
{
	for (int i = 0; i < count; i++) {
		pid_t pid = beget("generation", i);

		if (pid) {
			if (i > 0 && i % 3 == 0)
				await(pid, NULL);
			if (i > 0)
				finish(code_of(i - 1));
			return;
		}
		nap_us(fork_us);
	}
	finish(code_of(count - 1));
}

static void mark(void)
{
	nap(40);
	shared->marks[shared->marks_used++] = now_ns();
	nap(40);
}

/* Lives until the other end of a pipe is closed, and then as long as all do. */
static pid_t hold(const char *role, int index, int *door)
{
	int pipe_ends[2];
	char byte;
	pid_t pid;

	if (pipe2(pipe_ends, 0))
		fail("pipe");
	pid = beget(role, index);
	if (pid) {
		close(pipe_ends[0]);
		*door = pipe_ends[1];
		return pid;
	}
	close(pipe_ends[1]);
	while (read(pipe_ends[0], &byte, 1) < 0 && errno == EINTR)
		;
	close(pipe_ends[0]);
	return 0;
}

static void open_door(int door, pid_t pid)
{
	close(door);
	if (pid)
		await(pid, NULL);
}

static void stages(void)
{
	char *argv[] = { "fh-worker", "120", "6", NULL };
	int first_door, second_door, third_door, status;
	struct record *record;
	pid_t first, second, third;

	first = hold("first", 0, &first_door);
	if (first == 0)
		finish(1);
	second = hold("second", 0, &second_door);
	if (second == 0) {
		close(first_door);
		finish(2);
	}
	mark();
	open_door(second_door, second);
	record = &shared->records[shared->used];
	third = hold("third", 0, &third_door);
	if (third == 0) {
		close(first_door);
		execv(self, argv);
		fail(self);
	}
	mark();
	close(third_door);
	mark();
	open_door(first_door, first);
	await(third, &status);
	record->status = status;
	record->end = now_ns();
	mark();
}

static void say_and_wait(const char *word)
{
	char line[64];

	printf("%s\n", word);
	fflush(stdout);
	if (fgets(line, sizeof line, stdin) == NULL && ferror(stdin))
		fail("standard input");
}

/* The doors are the program's, so that it can tell the children of another when to go. */
static void paused(void)
{
	int stays[2], leaves[2], late;
	char byte;
	pid_t pid, forker;

	if (pipe2(stays, 0) || pipe2(leaves, 0))
		fail("pipe");
	forker = beget("forker", 0);
	if (forker == 0) {
		for (int i = 0; i < 2; i++) {
			if (beget(i ? "ends" : "stays", 0))
				continue;
			close(stays[1]);
			close(leaves[1]);
			while (read(i ? leaves[0] : stays[0], &byte, 1) < 0 && errno == EINTR)
				;
			finish(5 + !i);
		}
		finish(3);
	}
	await(forker, NULL);
	nap(40);
	say_and_wait("born");
	close(leaves[1]);
	pid = beget("unseen", 0);
	if (pid == 0)
		finish(1);
	await(pid, NULL);
	pid = hold("late", 0, &late);
	if (pid == 0) {
		close(stays[1]);
		finish(7);
	}
	nap(life_ms + 40);
	say_and_wait("changed");
	close(stays[1]);
	open_door(late, pid);
}

static void use_again(int count)
{
	int running = 0;

	for (int i = 0; i < count; i++) {
		while (running > 0 && waitpid(-1, NULL, running == TOGETHER ? 0 : WNOHANG) > 0)
			running--;
		if (beget("child", i) == 0)
			finish(code_of(i));
		running++;
		nap_us(fork_us);
	}
	while (running-- > 0)
		await(-1, NULL);
}

static int is(const char *text, const char *name, int *number)
{
	size_t length = strlen(name);

	if (strncmp(text, name, length) || (text[length] != 0 && text[length] != '='))
		return 0;
	*number = text[length] == '=' ? atoi(text + length + 1) : 0;
	phase = name;
	return 1;
}

static void run(const char *text)
{
	int number;

	if (is(text, "us", &number)) fork_us = number;
	else if (is(text, "double-fork", &number)) double_fork();
	else if (is(text, "daemon", &number)) daemonize();
	else if (is(text, "subreaper", &number)) adopt();
	else if (is(text, "setsid", &number)) lead_sessions(number);
	else if (is(text, "tree", &number)) spread(number);
	else if (is(text, "generations", &number)) generations(number);
	else if (is(text, "stages", &number)) stages();
	else if (is(text, "paused", &number)) paused();
	else if (is(text, "reuse", &number)) use_again(number);
	else {
		fprintf(stderr, "lineage: no phase %s\n", text);
		exit(2);
	}
}

static void run_to_its_end(const char *text)
{
	char byte;

	if (pipe2(ends, 0))
		fail("pipe");
	run(text);
	close(ends[1]);
	while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
		;
	close(ends[0]);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static void write_truth(const char *path)
{
	FILE *file = fopen(path, "w");

	if (file == NULL)
		fail(path);
	for (int i = 0; i < shared->used; i++) {
		struct record *r = &shared->records[i];

		fprintf(file, "phase=%s role=%s index=%d pid=%d ppid=%d status=%d reaper=%d start=%lld end=%lld\n",
			r->phase, r->role, r->index, r->pid, r->ppid, r->status, r->reaper, r->start, r->end);
	}
	for (int i = 0; i < shared->marks_used; i++)
		fprintf(file, "mark=%d at=%lld\n", i + 1, shared->marks[i]);
	if (fclose(file))
		fail(path);
}

int main(int argc, char **argv)
{
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

	if (length < 0)
		fail("/proc/self/exe");
	alarm(LONGEST_S);
	if (!strcmp(argv[0], "fh-worker")) {
		nap(argc > 1 ? atol(argv[1]) : 0);
		return argc > 2 ? atoi(argv[2]) : 0;
	}
	if (argc < 4) {
		fprintf(stderr, "Usage: lineage TRUTH LIFE_MS PHASE [PHASE...]\n");
		return 2;
	}
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		fail("mmap");
	life_ms = atol(argv[2]);
	me = &shared->records[shared->used++];
	me->phase = me->role = "program";
	me->pid = getpid();
	me->ppid = getppid();
	me->start = now_ns();
	nap(life_ms);
	for (int i = 3; i < argc; i++)
		run_to_its_end(argv[i]);
	me->end = now_ns();
	write_truth(argv[1]);
	return 0;
}
