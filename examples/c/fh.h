/* fh.h: have fh tell a process of every fork by a real-time signal.
 *
 * The whole client: copy this file into your program. C99 and POSIX.1-2008 (so -D_GNU_SOURCE, -std=gnu99 or
 * anything later), no library but libc. docs/protocol.md has all that the socket can do beyond this.
 *
 *	struct fh fh = FH_CLOSED;
 *	sigset_t set;
 *	siginfo_t info;
 *
 *	sigemptyset(&set);
 *	sigaddset(&set, SIGRTMIN + 3);
 *	sigprocmask(SIG_BLOCK, &set, NULL);		  -- first: unblocked and unhandled it ends the process
 *	if (fh_connect(&fh, NULL) < 0 || fh_register(&fh, 0, SIGRTMIN + 3, 0, 0) < 0)
 *		errx(1, "%s", fh.message);
 *	while (sigwaitinfo(&set, &info) > 0)
 *		if (info.si_code == SI_ASYNCIO)
 *			printf("%d forked %d\n", info.si_pid, info.si_value.sival_int);
 *
 * Every call returns 0 or a negative error number, and then leaves a sentence in fh.message, fit for a terminal.
 * A call that fails while the server answers leaves the connection open; any other failure closes it (fd is -1).
 * One struct fh is for one thread at a time.
 *
 * A registration ends with the process it is for, with fh_unregister(), and with the server; not with the
 * connection. Who keeps the connection open learns from its end (fd becomes readable, fh_connected() is 0) that
 * the server has ended, and connects and registers again. */
#ifndef FH_H
#define FH_H

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#define FH_EXCLUSIVE 1u /* nobody else is told meanwhile: only for root and the server's user, else -EPERM */
#define FH_THREADS 2u	/* new threads too: si_pid is the process, si_value the thread id */

#define FH_ANSWER_MAX 8192 /* a longer answer is -EMSGSIZE; those to register and unregister are far shorter */
#define FH_SECONDS 10	   /* a server that takes no request or gives no answer for so long is -ETIMEDOUT */

struct fh {
	int fd;		   /* to poll for the end of the server; -1 while there is no connection */
	char message[512]; /* what went wrong last, UTF-8, without control characters */
};

#define FH_CLOSED { -1, "" }

/* Ends the connection; registrations stay. */
static inline void fh_close(struct fh *fh)
{
	if (fh->fd >= 0)
		close(fh->fd);
	fh->fd = -1;
}

/* Notes that `what` failed with `error`, and ends the connection: what state it is in is not known. */
static inline int fh_failed(struct fh *fh, const char *what, int error)
{
	if (error == EAGAIN || error == EWOULDBLOCK)
		error = ETIMEDOUT; /* what SO_RCVTIMEO and SO_SNDTIMEO mean by it */
	snprintf(fh->message, sizeof fh->message, "%.400s: %s", what, strerror(error));
	fh_close(fh);
	return -error;
}

/* Connects to `path`; NULL: to $FH_SOCKET, else to $XDG_RUNTIME_DIR/fh.sock where that is and this is not root,
   else to /run/fh/fh.sock. */
static inline int fh_connect(struct fh *fh, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval patience = { FH_SECONDS, 0 };
	const char *name = path ? path : getenv("FH_SOCKET"), *folder;
	char own[sizeof address.sun_path];
	int length;

	fh_close(fh);
	if (!name || !*name) {
		folder = geteuid() == 0 ? NULL : getenv("XDG_RUNTIME_DIR");
		length = snprintf(own, sizeof own, "%s/fh.sock", folder ? folder : "");
		/* Without a server of one's own, that of the host may let this user in. */
		name = folder && *folder && length < (int)sizeof own && access(own, F_OK) == 0 ? own : "/run/fh/fh.sock";
	}
	if (strlen(name) >= sizeof address.sun_path)
		return fh_failed(fh, name, ENAMETOOLONG);
	strcpy(address.sun_path, name);
	fh->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fh->fd < 0)
		return fh_failed(fh, "fh: socket", errno);
	setsockopt(fh->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fh->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	while (connect(fh->fd, (const struct sockaddr *)&address, sizeof address) < 0)
		if (errno != EINTR)
			return fh_failed(fh, address.sun_path, errno);
	return 0;
}

/* 1 while the server is there, 0 when it has ended or there was no connection. Does not wait. */
static inline int fh_connected(const struct fh *fh)
{
	struct pollfd end = { fh->fd, POLLIN, 0 };
	char byte;

	if (fh->fd < 0)
		return 0;
	if (poll(&end, 1, 0) <= 0)
		return 1;
	return !(end.revents & (POLLHUP | POLLERR | POLLNVAL)) && recv(fh->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}

/* The end of the JSON string that begins at `at`: its closing quote, or the end of the text. */
static inline const char *fh_quote(const char *at)
{
	for (at++; *at && *at != '"'; at++)
		if (*at == '\\' && at[1])
			at++;
	return at;
}

/* The value of a member of the outermost object of `json`, NULL if it has none of that name. */
static inline const char *fh_member(const char *json, const char *name)
{
	size_t length = strlen(name);
	int depth = 0;

	for (const char *at = json; *at; at++) {
		if (*at == '{' || *at == '[')
			depth++;
		else if (*at == '}' || *at == ']')
			depth--;
		if (*at != '"')
			continue;
		const char *begin = at + 1, *value;
		at = fh_quote(at);
		if (*at == 0)
			return NULL;
		value = at + 1 + strspn(at + 1, " \t\r");
		if (depth == 1 && *value == ':' && (size_t)(at - begin) == length && !memcmp(begin, name, length))
			return value + 1 + strspn(value + 1, " \t\r");
	}
	return NULL;
}

/* Decodes the JSON string at `at` into fh->message. Half of a surrogate pair becomes '?', a control character a
 * space; what does not fit is cut off between two characters. */
static inline void fh_decode(struct fh *fh, const char *at)
{
	const char *end = fh_quote(at);
	unsigned char *out = (unsigned char *)fh->message;
	size_t length = 0;

	for (at++; at < end && length + 4 < sizeof fh->message; at++) {
		char digits[5] = "";
		unsigned code;

		if (*at != '\\') {
			out[length++] = (unsigned char)*at;
		} else if (*++at != 'u') {
			out[length++] = strchr("bfnrt", *at) ? ' ' : (unsigned char)*at;
		} else {
			memcpy(digits, at + 1, end - at > 4 ? 4 : (size_t)(end - at - 1));
			at += strlen(digits);
			code = (unsigned)strtoul(digits, NULL, 16);
			if (code >> 11 == 0x1b)
				code = '?';
			if (code >= 0x800)
				out[length++] = (unsigned char)(0xe0 | code >> 12);
			if (code >= 0x80)
				out[length++] = (unsigned char)(code < 0x800 ? 0xc0 | code >> 6 : 0x80 | (code >> 6 & 0x3f));
			out[length++] = (unsigned char)(code < 0x80 ? code : 0x80 | (code & 0x3f));
		}
	}
	if (at < end) { /* the last character may be incomplete */
		while (length > 0 && (out[length - 1] & 0xc0) == 0x80)
			length--;
		if (length > 0 && out[length - 1] >= 0xc0)
			length--;
	}
	for (size_t i = 0; i < length; i++) {
		if (out[i] == 0xc2 && i + 1 < length && out[i + 1] < 0xa0) /* U+0080 to U+009F */
			out[i] = out[i + 1] = ' ';
		if (out[i] < 0x20 || out[i] == 0x7f)
			out[i] = ' ';
	}
	out[length] = 0;
}

/* Sends one request and reads its answer, however many pieces it comes in. */
static inline int fh_call(struct fh *fh, const char *request)
{
	char answer[FH_ANSWER_MAX];
	const char *value;
	size_t length = 0, left = strlen(request);
	ssize_t done;
	long error;

	if (fh->fd < 0)
		return fh_failed(fh, "fh: request", ENOTCONN);
	while (left > 0) {
		done = send(fh->fd, request, left, MSG_NOSIGNAL);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && (errno == EPIPE || errno == ECONNRESET))
			break; /* the server may have said why before it hung up */
		if (done < 0)
			return fh_failed(fh, "fh: request", errno);
		request += done;
		left -= (size_t)done;
	}
	do {
		done = recv(fh->fd, answer + length, sizeof answer - length, 0);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return fh_failed(fh, "fh: answer", done < 0 ? errno : ECONNRESET);
		length += (size_t)done;
		if (length == sizeof answer)
			return fh_failed(fh, "fh: answer", EMSGSIZE);
	} while (length == 0 || answer[length - 1] != '\n');
	answer[length - 1] = 0;
	value = fh_member(answer, "ok");
	if (value && !strncmp(value, "true", 4))
		return 0;
	error = value && (value = fh_member(answer, "errno")) ? strtol(value, NULL, 10) : 0;
	if (error <= 0 || error > 4095 || left > 0)
		fh_close(fh);
	if (error <= 0 || error > 4095)
		return fh_failed(fh, "fh: the answer is none of fh's", EPROTO);
	value = fh_member(answer, "message");
	fh->message[0] = 0;
	if (value && *value == '"')
		fh_decode(fh, value);
	if (fh->message[0] == 0)
		snprintf(fh->message, sizeof fh->message, "fh: %s", strerror((int)error));
	return (int)-error;
}

/* Has process `pid` told of forks by signal `sig`; pid 0 is the caller. `scope` is 0 for all forks, or a process:
 * its forks and those of its descendants. `flags` are FH_EXCLUSIVE, FH_THREADS. The same process again: replaces.
 *
 * -EINVAL: not a real-time signal; -ESRCH: no such process; -EPERM: somebody else's process, or exclusive without
 * the right to it; -EUSERS: an exclusive one is in the way, or no slot is left; -EOPNOTSUPP: the server's source
 * does not see threads. */
static inline int fh_register(struct fh *fh, pid_t pid, int sig, pid_t scope, unsigned flags)
{
	char request[256], who[32] = "", where[64] = "";

	if (pid != 0)
		snprintf(who, sizeof who, "\"pid\":%ld,", (long)pid);
	if (scope != 0)
		snprintf(where, sizeof where, ",\"scope\":{\"descendants_of\":%ld}", (long)scope);
	/* A number, for SIGRTMIN is 35 in musl, and the server would take the name for 34. */
	snprintf(request, sizeof request, "{\"op\":\"register\",%s\"sig\":%d%s%s%s}\n", who, sig, where,
		 flags & FH_EXCLUSIVE ? ",\"exclusive\":true" : "", flags & FH_THREADS ? ",\"threads\":true" : "");
	return fh_call(fh, request);
}

/* Ends the registration of `pid`, 0: of the caller. 0 also when there was none; -EPERM: somebody else's. Signals
 * that are queued already still come. */
static inline int fh_unregister(struct fh *fh, pid_t pid)
{
	char request[64];

	if (pid != 0)
		snprintf(request, sizeof request, "{\"op\":\"unregister\",\"pid\":%ld}\n", (long)pid);
	else
		snprintf(request, sizeof request, "{\"op\":\"unregister\"}\n");
	return fh_call(fh, request);
}

#endif
