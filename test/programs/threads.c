/* Programs whose number of threads is hard to tell for who looks when they run already.
 *
 * threads churn: eight threads begin and end all the time.
 * threads lead STATUS: the leader ends at once, another thread exits with STATUS when standard input ends.
 * threads swap: the leader ends at once, two threads take turns in beginning the next one.
 * threads idle: the leader ends at once, four threads sleep. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long status;

static void *nothing(void *arg)
{
	return arg;
}

static void *last(void *arg)
{
	while (getchar() != EOF)
		;
	_exit((int)status);
	return arg;
}

static void *begin_next(void *arg)
{
	pthread_t next;

	usleep(500);
	if (pthread_create(&next, NULL, begin_next, arg) != 0)
		_exit(99);
	pthread_detach(next);
	return NULL;
}

static void *sleeper(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static int lead(void *(*thread)(void *), int threads)
{
	pthread_t one;

	for (int i = 0; i < threads; i++)
		if (pthread_create(&one, NULL, thread, NULL) != 0)
			return 99;
	pthread_exit(NULL);
}

static void churn(void)
{
	pthread_t all[8];

	for (;;) {
		for (int i = 0; i < 8; i++)
			if (pthread_create(&all[i], NULL, nothing, NULL) != 0)
				exit(99);
		for (int i = 0; i < 8; i++)
			pthread_join(all[i], NULL);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "churn") == 0)
		churn();
	if (strcmp(what, "swap") == 0)
		return lead(begin_next, 2);
	if (strcmp(what, "idle") == 0)
		return lead(sleeper, 4);
	if (strcmp(what, "lead") == 0 && argc == 3) {
		status = strtol(argv[2], NULL, 10);
		return lead(last, 1);
	}
	fprintf(stderr, "usage: threads churn|swap|idle|lead STATUS\n");
	return 2;
}
