/* tiny [MARKER [MICROSECONDS [STATUS]]]: sleeps and exits; linked statically it lives as short as an
 * exec'd program can. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long us = argc > 2 ? atol(argv[2]) : 0;
	struct timespec life = { us / 1000000, us % 1000000 * 1000 };

	if (us > 0)
		nanosleep(&life, NULL);
	_exit(argc > 3 ? atoi(argv[3]) : 0);
}
