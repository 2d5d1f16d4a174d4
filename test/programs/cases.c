/* cases NAME [ARG...]: makes one awkward thing happen to a process and prints the truth of it.
 *
 * Every line on standard output is made of KEY=VALUE words; each case ends within a second unless its
 * arguments ask for longer. "pid" is always the process the case is about, "ppid" its first parent.
 *
 *   thread N             N threads come and go: pid tids=A,B...
 *   leader-exits-first   the leader leaves, another thread ends the process 200 ms later: pid tid status
 *   exec-from-thread     a thread that is not the leader executes sleep 0.3: pid tid
 *   clone-parent         a child made with CLONE_PARENT: pid ppid creator
 *   orphan               outlives its parent by 200 ms: pid ppid, then pid reaper
 *   subreaper            the same below a subreaper
 *   vfork-exec           vfork, sleep 0.3: pid ppid status
 *   coredump             abort with RLIMIT_CORE 0, in a child: pid ppid status
 *   exit N, signal N     ends itself so: pid ppid
 *   setuid, setgid       a child becomes 65534: pid ppid uid or gid
 *   setsid               a child leads a new session: pid ppid sid
 *   comm                 a child gives itself a hostile name: pid ppid comm in hexadecimal
 *   renamed-parent       gives itself another name after 60 ms, then forks: pid ppid comm
 *   ptrace               a child asks to be traced, then is let go: pid ppid tracer
 *   ptrace-attach        the same, begun by the tracer
 *   many-forks N         N children, one after the other: ppid, count, pids=A,B... when N <= 1000
 *   generations N        each forks the next and exits: pid ppid generation, one line each
 *   sleepers N MS        N children sleep: pid ppid, one line each, then ready=N
 *   argv                 executes itself with hostile arguments: pid ppid argc argv=HEX,HEX...
 *   exec-twice           a child executes itself, then /bin/true: pid ppid execs
 *   fork-wait MS         a child sleeps and exits with 7: pid ppid, then pid status
 *   reuse MS             two children, one after the other, with the same pid, sleep and exit with 1
 *                        and 2 (clone3 set_tid, CAP_CHECKPOINT_RESTORE): pid ppid lives */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINE 65536
#define MOST_THREADS 4096

static char self[4096];

/* A line is one write: lines of several processes do not mix, and a fork copies no buffer. */
static void say(const char *format, ...)
{
	static char line[LINE];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof line - 1, format, arguments);
	va_end(arguments);
	if (length > (int)sizeof line - 2)
		length = sizeof line - 2;
	line[length++] = '\n';
	if (write(1, line, (size_t)length) < 0)
		_exit(1);
}

static void fail(const char *what)
{
	fprintf(stderr, "cases: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int tid_of_self(void)
{
	return (int)syscall(SYS_gettid);
}

static void nap(long ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static pid_t fork_child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	return pid;
}

static int status_of(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid");
	return status;
}

static void hex(char *out, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		sprintf(out + 2 * i, "%02x", (unsigned char)bytes[i]);
	out[2 * length] = 0;
}

static void *thread_tid(void *slot)
{
	*(int *)slot = tid_of_self();
	return NULL;
}

static int case_thread(long count)
{
	static char list[LINE];
	int tid, length = 0;

	for (long i = 0; i < count && i < MOST_THREADS; i++) {
		pthread_t id;

		errno = pthread_create(&id, NULL, thread_tid, &tid);
		if (errno)
			fail("pthread_create");
		pthread_join(id, NULL);
		length += sprintf(list + length, "%s%d", i ? "," : "", tid);
	}
	say("pid=%d tids=%s", getpid(), list);
	return 0;
}

static void *thread_outlives(void *unused)
{
	(void)unused;
	say("pid=%d tid=%d status=%d", getpid(), tid_of_self(), 3 << 8);
	nap(200);
	_exit(3);
}

/* A program that lives long enough to be asked for its name, on a busy host too. */
static void become_sleep(void)
{
	char *argv[] = { "sleep", "0.3", NULL };

	execv("/bin/sleep", argv);
}

static void *thread_executes(void *unused)
{
	(void)unused;
	say("pid=%d tid=%d", getpid(), tid_of_self());
	become_sleep();
	fail("/bin/sleep");
	return NULL;
}

static _Noreturn void begin_thread(void *(*main_of_thread)(void *), int stay)
{
	pthread_t id;

	errno = pthread_create(&id, NULL, main_of_thread, NULL);
	if (errno)
		fail("pthread_create");
	while (stay)
		pause();
	pthread_exit(NULL);
}

static int case_clone_parent(void)
{
	pid_t creator = fork_child();

	if (creator == 0) {
		int pid = (int)syscall(SYS_clone, CLONE_PARENT, 0, 0, 0, 0);

		if (pid < 0)
			fail("clone");
		if (pid > 0) {
			say("pid=%d ppid=%d creator=%d", pid, getppid(), getpid());
			_exit(0);
		}
		nap(50);
		_exit(5);
	}
	while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR)
		;
	return 0;
}

/* The end of the orphan is known by the pipe, whoever becomes its parent. */
static int case_orphan(int subreaper)
{
	int ends[2];
	char byte;

	if (subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1))
		fail("PR_SET_CHILD_SUBREAPER");
	if (pipe(ends))
		fail("pipe");
	if (fork_child() == 0) {
		int parent = getpid();

		if (fork_child() == 0) {
			say("pid=%d ppid=%d", getpid(), parent);
			while (getppid() == parent)
				nap(1);
			say("pid=%d reaper=%d", getpid(), getppid());
			nap(200);
			_exit(4);
		}
		nap(20);
		_exit(0);
	}
	close(ends[1]);
	while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
		;
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	return 0;
}

static int case_vfork_exec(void)
{
	pid_t pid = vfork();

	if (pid < 0)
		fail("vfork");
	if (pid == 0) {
		become_sleep();
		_exit(127);
	}
	say("pid=%d ppid=%d status=%d", pid, getpid(), status_of(pid));
	return 0;
}

static void no_core(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
}

static int case_coredump(void)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		no_core();
		abort();
	}
	say("pid=%d ppid=%d status=%d", pid, getpid(), status_of(pid));
	return 0;
}

static int case_end(int status, int sig)
{
	no_core();
	say("pid=%d ppid=%d", getpid(), getppid());
	if (sig) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
	return status;
}

static int case_id(int group)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		if (group ? setresgid(65534, 65534, 65534) : setresuid(65534, 65534, 65534))
			fail(group ? "setresgid" : "setresuid");
		say("pid=%d ppid=%d %s=65534", getpid(), getppid(), group ? "gid" : "uid");
		nap(20);
		_exit(0);
	}
	return status_of(pid) ? 1 : 0;
}

static int case_setsid(void)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		if (setsid() < 0)
			fail("setsid");
		say("pid=%d ppid=%d sid=%d", getpid(), getppid(), getsid(0));
		_exit(0);
	}
	return status_of(pid) ? 1 : 0;
}

static int case_comm(void)
{
	static const char name[] = "a) R\n\033[31m\xff(";
	char text[2 * sizeof name];
	pid_t pid = fork_child();

	if (pid == 0) {
		if (prctl(PR_SET_NAME, name))
			fail("PR_SET_NAME");
		hex(text, name, strlen(name));
		say("pid=%d ppid=%d comm=%s", getpid(), getppid(), text);
		nap(20);
		_exit(0);
	}
	return status_of(pid) ? 1 : 0;
}

static int case_renamed_parent(void)
{
	pid_t pid;

	nap(60);
	if (prctl(PR_SET_NAME, "fh-renamed"))
		fail("PR_SET_NAME");
	pid = fork_child();
	if (pid == 0) {
		say("pid=%d ppid=%d comm=fh-renamed", getpid(), getppid());
		nap(10);
		_exit(0);
	}
	return status_of(pid) ? 1 : 0;
}

static int case_ptrace(int attach)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		if (!attach && ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			fail("PTRACE_TRACEME");
		if (attach)
			pause();
		raise(SIGSTOP);
		_exit(0);
	}
	if (attach && ptrace(PTRACE_ATTACH, pid, NULL, NULL))
		fail("PTRACE_ATTACH");
	waitpid(pid, NULL, 0);
	say("pid=%d ppid=%d tracer=%d", pid, getpid(), getpid());
	if (ptrace(PTRACE_DETACH, pid, NULL, NULL))
		fail("PTRACE_DETACH");
	if (attach)
		kill(pid, SIGKILL);
	status_of(pid);
	return 0;
}

static int case_many_forks(long count)
{
	static char list[LINE];
	int length = 0;

	for (long i = 0; i < count; i++) {
		pid_t pid = fork_child();

		if (pid == 0)
			_exit((int)(i & 3));
		status_of(pid);
		if (count <= 1000)
			length += sprintf(list + length, "%s%d", i ? "," : "", pid);
	}
	say("ppid=%d count=%ld pids=%s", getpid(), count, list);
	return 0;
}

static int case_generations(long count)
{
	int ends[2];
	char byte;

	if (pipe(ends))
		fail("pipe");
	for (long generation = 1; generation <= count; generation++) {
		int parent = getpid();
		pid_t pid = fork_child();

		if (pid > 0 && generation > 1)
			_exit(0);
		if (pid > 0) {
			close(ends[1]);
			status_of(pid);
			while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
				;
			return 0;
		}
		say("pid=%d ppid=%d generation=%ld", getpid(), parent, generation);
	}
	_exit(0);
}

static int case_sleepers(long count, long ms)
{
	int parent = getpid();

	for (long i = 0; i < count; i++) {
		pid_t pid = fork_child();

		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != parent)
				_exit(1);
			nap(ms);
			_exit(0);
		}
		say("pid=%d ppid=%d", pid, parent);
	}
	say("ready=%ld", count);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	return 0;
}

/* What the case "argv" becomes: argv[0] says so. */
static int tell_argv(int argc, char **argv)
{
	static char text[LINE / 2];
	size_t at = 0;

	for (int i = 0; i < argc; i++) {
		if (i)
			text[at++] = ',';
		hex(text + at, argv[i], strlen(argv[i]));
		at += 2 * strlen(argv[i]);
	}
	say("pid=%d ppid=%d argc=%d argv=%s", getpid(), getppid(), argc, text);
	nap(50);
	return 0;
}

static int case_argv(void)
{
	char *argv[] = { "hostile)", "line\nbreak", "\033[31mred", "\xff\xfe", "", "it's", "\"quoted\"",
			 "back\\slash", "tab\there", "", NULL };

	execv(self, argv);
	fail(self);
	return 1;
}

static int case_exec_twice(void)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		char *argv[] = { self, "become-true", NULL };

		execv(self, argv);
		fail(self);
	}
	status_of(pid);
	say("pid=%d ppid=%d execs=2", pid, getpid());
	return 0;
}

static int case_become_true(void)
{
	char *argv[] = { "true", NULL };

	nap(20);
	execv("/bin/true", argv);
	fail("/bin/true");
	return 1;
}

static int case_fork_wait(long ms)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		nap(ms);
		_exit(7);
	}
	say("pid=%d ppid=%d", pid, getpid());
	say("pid=%d status=%d", pid, status_of(pid));
	return 0;
}

/* struct clone_args of linux/sched.h up to set_tid_size: older libc headers lack it. */
struct clone3_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size;
};

static int case_reuse(long ms)
{
	pid_t pid = fork_child();
	struct clone3_args args = { .exit_signal = SIGCHLD, .set_tid_size = 1 };
	pid_t again;

	if (pid == 0) {
		nap(ms);
		_exit(1);
	}
	status_of(pid);
	args.set_tid = (uintptr_t)&pid;
	again = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (again == 0) {
		nap(ms);
		_exit(2);
	}
	if (again != pid)
		return 1;
	status_of(again);
	say("pid=%d ppid=%d lives=2", pid, getpid());
	return 0;
}

static int run(const char *name, long first, long second)
{
	if (!strcmp(name, "thread")) return case_thread(first);
	if (!strcmp(name, "leader-exits-first")) begin_thread(thread_outlives, 0);
	if (!strcmp(name, "exec-from-thread")) begin_thread(thread_executes, 1);
	if (!strcmp(name, "clone-parent")) return case_clone_parent();
	if (!strcmp(name, "orphan")) return case_orphan(0);
	if (!strcmp(name, "subreaper")) return case_orphan(1);
	if (!strcmp(name, "vfork-exec")) return case_vfork_exec();
	if (!strcmp(name, "coredump")) return case_coredump();
	if (!strcmp(name, "exit")) return case_end((int)first, 0);
	if (!strcmp(name, "signal")) return case_end(1, (int)first);
	if (!strcmp(name, "setuid")) return case_id(0);
	if (!strcmp(name, "setgid")) return case_id(1);
	if (!strcmp(name, "setsid")) return case_setsid();
	if (!strcmp(name, "comm")) return case_comm();
	if (!strcmp(name, "renamed-parent")) return case_renamed_parent();
	if (!strcmp(name, "ptrace")) return case_ptrace(0);
	if (!strcmp(name, "ptrace-attach")) return case_ptrace(1);
	if (!strcmp(name, "many-forks")) return case_many_forks(first);
	if (!strcmp(name, "generations")) return case_generations(first);
	if (!strcmp(name, "sleepers")) return case_sleepers(first, second);
	if (!strcmp(name, "argv")) return case_argv();
	if (!strcmp(name, "exec-twice")) return case_exec_twice();
	if (!strcmp(name, "become-true")) return case_become_true();
	if (!strcmp(name, "fork-wait")) return case_fork_wait(first);
	if (!strcmp(name, "reuse")) return case_reuse(first);
	fprintf(stderr, "cases: no case %s\n", name);
	return 2;
}

int main(int argc, char **argv)
{
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

	if (length < 0)
		fail("/proc/self/exe");
	if (!strcmp(argv[0], "hostile)"))
		return tell_argv(argc, argv);
	if (argc < 2) {
		fprintf(stderr, "Usage: cases NAME [ARG...]\n");
		return 2;
	}
	return run(argv[1], argc > 2 ? atol(argv[2]) : 1, argc > 3 ? atol(argv[3]) : 1000);
}
