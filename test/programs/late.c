/* late N MS: N children, one after the other, each of which costs something known and stays a zombie for MS
 * milliseconds (0: until a line comes on standard input), and what wait4(2) says of it then.
 *
 * Child I runs this program again, as "late-I". It computes for 30 * I ms, touches 100 * I pages, writes 64 KiB * I to
 * a file and has them sent to the disk; every second one starts a thread that computes as long. First comes a line
 * "euid UID", then for each child "zombie PID" when it has ended, and in the end
 * "NAME PID CPU_US MINFLT MAJFLT VOLUNTARY INVOLUNTARY OUBLOCK".
 *
 * late parent: the same for a single child that writes nothing, but waits for one that writes 1 MiB.
 *
 * late leader: prints "zombie PID" when its first thread has ended; another lives until a line comes. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void compute(long ms)
{
	struct timespec now, start;
	volatile unsigned long sum = 0;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
	do {
		for (int i = 0; i < 10000; i++)
			sum += (unsigned long)i;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < ms);
}

static void *compute_in_thread(void *ms)
{
	compute(*(long *)ms);
	return NULL;
}

static int write_file(const char *from, long parts)
{
	char path[] = "/tmp/fh-late-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0)
		return 99;
	unlink(path);
	for (long part = 0; part < parts; part++)
		if (write(fd, from, 4096) != 4096)
			return 99;
	return fsync(fd) == 0 ? 0 : 99;
}

static int wait_for_writer(void)
{
	static char part[4096];
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(write_file(part, 256));
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 99;
}

static int work(long i)
{
	char name[32];
	size_t pages = 100 * (size_t)i, size = (size_t)sysconf(_SC_PAGESIZE);
	long ms = 30 * i;
	pthread_t thread;
	char *memory;

	if (i == 0)
		return wait_for_writer();
	snprintf(name, sizeof name, "late-%ld", i);
	prctl(PR_SET_NAME, name);
	if (i % 2 == 0 && pthread_create(&thread, NULL, compute_in_thread, &ms) != 0)
		return 99;
	compute(ms);
	if (i % 2 == 0)
		pthread_join(thread, NULL);
	memory = mmap(NULL, pages * size + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 99;
	madvise(memory, pages * size + size, MADV_NOHUGEPAGE);
	for (size_t page = 0; page < pages; page++)
		memory[page * size] = 1;
	return write_file(memory, 16 * i);
}

static void wait_for_line(void)
{
	char line[16];

	if (fgets(line, sizeof line, stdin) == NULL)
		_exit(1);
}

static void *outlive(void *unused)
{
	char path[64], state = 0;

	(void)unused;
	snprintf(path, sizeof path, "/proc/%d/stat", getpid());
	while (state != 'Z') {
		FILE *file = fopen(path, "r");

		if (file == NULL || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			_exit(1);
		fclose(file);
	}
	printf("zombie %d\n", getpid());
	fflush(stdout);
	wait_for_line();
	_exit(0);
}

static int start(long i)
{
	char number[32];
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	snprintf(number, sizeof number, "%ld", i);
	execl("/proc/self/exe", "late", "work", number, (char *)NULL);
	_exit(99);
}

/* Lets child I end, and wait4(2) tell of it after `ms` milliseconds or a line. */
static int outlast(long i, long ms)
{
	struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };
	struct rusage used;
	siginfo_t info;
	pid_t pid = start(i);

	if (pid < 0 || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0 || info.si_status != 0)
		return 1;
	printf("zombie %d\n", pid);
	fflush(stdout);
	if (ms == 0)
		wait_for_line();
	else
		nanosleep(&pause, NULL);
	if (wait4(pid, NULL, 0, &used) != pid)
		return 1;
	printf("late-%ld %d %ld %ld %ld %ld %ld %ld\n", i, pid,
	       (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000L + used.ru_utime.tv_usec + used.ru_stime.tv_usec,
	       used.ru_minflt, used.ru_majflt, used.ru_nvcsw, used.ru_nivcsw, used.ru_oublock);
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc == 2 && strcmp(argv[1], "leader") == 0) {
		if (pthread_create(&thread, NULL, outlive, NULL) != 0)
			return 1;
		pthread_exit(NULL);
	}
	if (argc == 3 && strcmp(argv[1], "work") == 0)
		return work(atol(argv[2]));
	if (argc != 3 && (argc != 2 || strcmp(argv[1], "parent") != 0)) {
		fprintf(stderr, "usage: late N MS\n       late parent\n       late leader\n");
		return 2;
	}
	printf("euid %d\n", (int)geteuid());
	if (argc == 2)
		return outlast(0, 0);
	for (long i = 1; i <= atol(argv[1]); i++)
		if (outlast(i, atol(argv[2])) != 0)
			return 1;
	return 0;
}
