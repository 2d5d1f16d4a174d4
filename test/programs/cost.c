/* cost N: N children, one after the other, each of which costs something known, and what wait4(2) says of it.
 *
 * Child I is called "cost-I". It computes for 20 * I ms, touches 100 * I pages, writes 64 KiB * I to a file and has
 * them sent to the disk, starts a thread that computes as long (every second one), and exits with I % 3. A line
 * "NAME USER_US SYSTEM_US MINFLT MAJFLT VOLUNTARY INVOLUNTARY MAXRSS_KIB STATUS" is printed for each. */
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

static void work(long i)
{
	char name[32], path[] = "/tmp/fh-cost-XXXXXX";
	size_t pages = 100 * (size_t)i, size = (size_t)sysconf(_SC_PAGESIZE);
	long ms = 20 * i;
	pthread_t thread;
	char *memory;
	int fd;

	snprintf(name, sizeof name, "cost-%ld", i);
	prctl(PR_SET_NAME, name);
	if (i % 2 && pthread_create(&thread, NULL, compute_in_thread, &ms) != 0)
		_exit(99);
	compute(ms);
	if (i % 2)
		pthread_join(thread, NULL);
	memory = mmap(NULL, pages * size + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		_exit(99);
	madvise(memory, pages * size + size, MADV_NOHUGEPAGE);
	for (size_t page = 0; page < pages; page++)
		memory[page * size] = 1;
	fd = mkstemp(path);
	if (fd < 0)
		_exit(99);
	unlink(path);
	for (long part = 0; part < 16 * i; part++)
		if (write(fd, memory, 4096) != 4096)
			_exit(99);
	fsync(fd);
	_exit((int)(i % 3));
}

int main(int argc, char **argv)
{
	long count = argc == 2 ? atol(argv[1]) : 0;

	if (count < 1) {
		fprintf(stderr, "usage: cost N\n");
		return 2;
	}
	for (long i = 1; i <= count; i++) {
		struct rusage used;
		int status;
		pid_t pid = fork();

		if (pid == 0)
			work(i);
		if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
			return 1;
		printf("cost-%ld %ld %ld %ld %ld %ld %ld %ld %d\n", i, used.ru_utime.tv_sec * 1000000L + used.ru_utime.tv_usec,
		       used.ru_stime.tv_sec * 1000000L + used.ru_stime.tv_usec, used.ru_minflt, used.ru_majflt, used.ru_nvcsw,
		       used.ru_nivcsw, used.ru_maxrss, status);
	}
	return 0;
}
