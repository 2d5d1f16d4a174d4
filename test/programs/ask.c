/* ask SOCKET: what comes on standard input goes to the socket, what the socket sends to standard output. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Whether something was copied. */
static int copy(int from, int to)
{
	static char bytes[65536];
	ssize_t count = read(from, bytes, sizeof(bytes));

	for (ssize_t at = 0, written; at < count; at += written) {
		written = write(to, bytes + at, count - at);
		if (written <= 0)
			return 0;
	}
	return count > 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct pollfd set[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = fd, .events = POLLIN } };

	if (argc != 2)
		return 2;
	strncpy(address.sun_path, argv[1], sizeof(address.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		fprintf(stderr, "ask: %s\n", strerror(errno));
		return 1;
	}
	while (poll(set, 2, -1) > 0) {
		if (set[0].revents != 0 && !copy(STDIN_FILENO, fd))
			return 0;
		if (set[1].revents != 0 && !copy(fd, STDOUT_FILENO))
			return 0;
	}
	return 1;
}
