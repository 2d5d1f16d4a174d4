/* readers SOCKET COUNT REQUEST: COUNT subscribers of a server in one process, each of which reads all it is sent.
 *
 * REQUEST is the line that each sends; a %d in it stands for the subscriber's number, from 0. "ready" is printed when
 * all have been answered. The end of standard input ends it: then it reads what still comes for half a second, and
 * prints a line for each subscriber, "EVENTS LOST BYTES" (process events, the sum of "lost" of its gaps, bytes), and
 * "cpu US", the CPU time it has used itself.
 *
 * A number in the environment as READERS_SLOW makes that subscriber read nothing before the end. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STDIN_TAG 0xffffffffu
#define LINE_MAX_USED 512

struct reader {
	int fd, answered;
	long long events, lost, bytes;
	/* The beginning of the line that is being read: what it is about stands there. */
	char line[LINE_MAX_USED];
	size_t length;
};

static struct reader *readers;
static long count, answers;
static char buffer[1 << 20];

static void fail(const char *what)
{
	fprintf(stderr, "readers: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void finish_line(struct reader *one)
{
	static const char gap[] = "{\"event\":\"gap\"", answer[] = "{\"ok\":true", event[] = "{\"event\":\"";
	static const char source[] = "{\"event\":\"source\"", beat[] = "{\"event\":\"heartbeat\"";
	const char *lost;

	one->line[one->length < LINE_MAX_USED ? one->length : LINE_MAX_USED - 1] = 0;
	one->length = 0;
	if (strncmp(one->line, answer, sizeof answer - 1) == 0) {
		one->answered = 1;
		answers++;
	} else if (strncmp(one->line, gap, sizeof gap - 1) == 0) {
		lost = strstr(one->line, "\"lost\":");
		one->lost += lost ? atoll(lost + 7) : 0;
	} else if (strncmp(one->line, source, sizeof source - 1) == 0 || strncmp(one->line, beat, sizeof beat - 1) == 0) {
		return;
	} else if (strncmp(one->line, event, sizeof event - 1) == 0) {
		one->events++;
	} else {
		fprintf(stderr, "readers: not expected: %s\n", one->line);
		exit(1);
	}
}

static void take(struct reader *one, const char *bytes, size_t length)
{
	one->bytes += (long long)length;
	while (length > 0) {
		const char *end = memchr(bytes, '\n', length);
		size_t part = end ? (size_t)(end - bytes) : length;

		if (one->length < LINE_MAX_USED) {
			size_t room = LINE_MAX_USED - one->length, kept = part < room ? part : room;

			memcpy(one->line + one->length, bytes, kept);
			one->length += kept;
		}
		if (!end)
			return;
		finish_line(one);
		bytes += part + 1;
		length -= part + 1;
	}
}

/* 0 at the end of the stream */
static int read_some(struct reader *one)
{
	ssize_t got = recv(one->fd, buffer, sizeof buffer, MSG_DONTWAIT);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	take(one, buffer, (size_t)got);
	return got > 0;
}

static void connect_all(const char *path, const char *request)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char line[4096];

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		fail(path);
	}
	strcpy(address.sun_path, path);
	for (long i = 0; i < count; i++) {
		const char *mark = strstr(request, "%d");
		int length = mark ? snprintf(line, sizeof line, "%.*s%ld%s\n", (int)(mark - request), request, i, mark + 2)
				  : snprintf(line, sizeof line, "%s\n", request);

		readers[i].fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (readers[i].fd < 0 || connect(readers[i].fd, (struct sockaddr *)&address, sizeof address) < 0)
			fail(path);
		if (write(readers[i].fd, line, (size_t)length) != length)
			fail("write");
	}
}

int main(int argc, char **argv)
{
	const char *slow_text = getenv("READERS_SLOW");
	long slow = slow_text ? atol(slow_text) : -1;
	struct epoll_event events[64];
	struct rusage usage;
	int epoll, over = 0, announced = 0;

	if (argc != 4 || (count = atol(argv[2])) < 1) {
		fprintf(stderr, "usage: readers SOCKET COUNT REQUEST\n");
		return 2;
	}
	readers = calloc((size_t)count, sizeof *readers);
	epoll = epoll_create1(0);
	if (!readers || epoll < 0)
		fail("start");
	connect_all(argv[1], argv[3]);
	events[0].events = EPOLLIN;
	events[0].data.u32 = STDIN_TAG;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &events[0]) < 0)
		fail("standard input");
	for (long i = 0; i < count; i++) {
		events[0].data.u32 = (unsigned)i;
		/* One answer of the slow one is awaited, too. */
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, readers[i].fd, &events[0]) < 0)
			fail("epoll");
	}
	for (;;) {
		int ready = epoll_wait(epoll, events, 64, over ? 500 : -1);

		if (ready == 0 && over)
			break;
		for (int i = 0; i < ready; i++) {
			unsigned tag = events[i].data.u32;

			if (tag == STDIN_TAG) {
				char byte;

				if (read(0, &byte, 1) > 0)
					continue;
				over = 1;
				epoll_ctl(epoll, EPOLL_CTL_DEL, 0, NULL);
				if (slow >= 0 && slow < count) {
					struct epoll_event again = { .events = EPOLLIN, .data.u32 = (unsigned)slow };

					epoll_ctl(epoll, EPOLL_CTL_ADD, readers[slow].fd, &again);
				}
			} else if (!read_some(&readers[tag]) || (!over && (long)tag == slow && readers[tag].answered)) {
				epoll_ctl(epoll, EPOLL_CTL_DEL, readers[tag].fd, NULL);
			}
		}
		if (!announced && answers == count) {
			announced = 1;
			puts("ready");
			fflush(stdout);
		}
	}
	for (long i = 0; i < count; i++)
		printf("%lld %lld %lld\n", readers[i].events, readers[i].lost, readers[i].bytes);
	getrusage(RUSAGE_SELF, &usage);
	printf("cpu %lld\n", (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL + usage.ru_utime.tv_usec +
			     usage.ru_stime.tv_usec);
	return 0;
}
