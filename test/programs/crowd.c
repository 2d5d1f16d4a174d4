/* crowd [-p] [-f FORKS] [-x EXECS] [-a BYTES] SOCKET CONNECTIONS FILE: a user with many connections, none of which reads.
 *
 * Connection I sends line I of FILE, counted from 0 and round again; without a newline where FILE ends without one.
 * A '#' in it becomes I. When all is sent, "sent N" is printed; N is less than CONNECTIONS where the others were
 * refused. Then come the forks and execs, "done" is printed, and all stays open until standard input ends.
 *
 *   -p        each connection is made by a child of its own, which blocks all signals
 *   -f FORKS  children that exit at once, one after the other
 *   -x EXECS  children that run this program with one argument and exit at once
 *   -a BYTES  length of that argument, mostly of the letter a */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_MAX_BYTES 70000

static char *lines[4096];
static size_t line_count;
static char text[LINE_MAX_BYTES * 2];

static void fail(const char *what)
{
	fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void read_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t room;

	if (file == NULL)
		fail(path);
	for (; line_count < 4096; line_count++) {
		lines[line_count] = NULL;
		if (getline(&lines[line_count], &room, file) < 0)
			break;
	}
	fclose(file);
}

/* A connection that has sent its line; -1 when it was refused. */
static int connected(const char *path, long number)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t length = 0, sent = 0;

	if (fd < 0)
		fail("socket");
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		goto refused;
	for (const char *from = lines[number % line_count]; *from != '\0' && length < LINE_MAX_BYTES; from++) {
		if (*from == '#')
			length += sprintf(text + length, "%ld", number);
		else
			text[length++] = *from;
	}
	while (sent < length) {
		ssize_t count = send(fd, text + sent, length - sent, MSG_NOSIGNAL);

		if (count <= 0)
			goto refused;
		sent += count;
	}
	return fd;
refused:
	close(fd);
	return -1;
}

static void wait_for_end(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

/* The child that has the connection is there until its standard input ends. */
static int connected_child(const char *path, long number, int *tell)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		sigset_t all;
		char is_connected;

		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
		is_connected = connected(path, number) >= 0;
		if (write(tell[1], &is_connected, 1) == 1)
			wait_for_end();
		_exit(0);
	}
	char answer = 0;
	if (read(tell[0], &answer, 1) != 1)
		fail("read");
	return answer ? 0 : -1;
}

static void start(char *self, char *argument)
{
	char *const command[] = { self, argument, NULL };
	pid_t pid = argument == NULL ? fork() : vfork();

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		if (argument != NULL)
			execv(self, command);
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int main(int argc, char **argv)
{
	long forks = 0, execs = 0, bytes = 1, sent = 0;
	int option, apart = 0, tell[2];
	char self[4096] = "";
	struct rlimit limit;

	if (argc == 2)
		return 0; /* this is what -x runs */
	while ((option = getopt(argc, argv, "pf:x:a:")) != -1) {
		if (option == 'p')
			apart = 1;
		else if (option == 'f')
			forks = atol(optarg);
		else if (option == 'x')
			execs = atol(optarg);
		else if (option == 'a')
			bytes = atol(optarg);
		else
			return 2;
	}
	if (argc - optind != 3 || readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 || pipe(tell) < 0)
		return 2;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	read_lines(argv[optind + 2]);
	for (long n = 0; n < atol(argv[optind + 1]); n++)
		if ((apart ? connected_child(argv[optind], n, tell) : connected(argv[optind], n)) >= 0)
			sent++;
	printf("sent %ld\n", sent);
	fflush(stdout);
	while (forks-- > 0)
		start(self, NULL);
	char *argument = malloc(bytes + 32);
	for (long n = 0; n < execs; n++) {
		memset(argument, 'a', bytes);
		sprintf(argument + bytes, "%ld", n);
		for (long at = n % 7; at < bytes; at += 5 + n % 11)
			argument[at] = 'b';
		start(self, argument);
	}
	printf("done\n");
	fflush(stdout);
	wait_for_end();
	return 0;
}
