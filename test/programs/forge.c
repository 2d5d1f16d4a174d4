/* forge PORT PID: sends the netlink socket with the port id PORT what looks like the proc connector
 * telling that process 1 forked PID, as a program and not the kernel does: with a port id of its own.
 * Prints "port=N bytes=N" when it was delivered. */
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A number far ahead: whoever believes it would take the numbers up to it for lost. */
#define SEQUENCE 0x7fffff00

static void fill(struct cn_msg *message, int pid)
{
	struct proc_event *event = (struct proc_event *)message->data;

	message->id.idx = CN_IDX_PROC;
	message->id.val = CN_VAL_PROC;
	message->seq = SEQUENCE;
	message->len = sizeof *event;
	event->what = PROC_EVENT_FORK;
	event->cpu = 0;
	event->timestamp_ns = 1;
	event->event_data.fork.parent_pid = event->event_data.fork.parent_tgid = 1;
	event->event_data.fork.child_pid = event->event_data.fork.child_tgid = pid;
}

int main(int argc, char **argv)
{
	union {
		struct nlmsghdr header;
		char bytes[NLMSG_SPACE(sizeof(struct cn_msg) + sizeof(struct proc_event))];
	} packet;
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);
	ssize_t sent;

	if (argc != 3) {
		fprintf(stderr, "Usage: forge PORT PID\n");
		return 2;
	}
	memset(&packet, 0, sizeof packet);
	packet.header.nlmsg_len = NLMSG_LENGTH(sizeof(struct cn_msg) + sizeof(struct proc_event));
	packet.header.nlmsg_type = NLMSG_DONE;
	packet.header.nlmsg_seq = SEQUENCE;
	fill(NLMSG_DATA(&packet.header), atoi(argv[2]));
	to.nl_pid = (unsigned)strtoul(argv[1], NULL, 10);
	sent = sendto(fd, &packet, packet.header.nlmsg_len, 0, (struct sockaddr *)&to, sizeof to);
	if (sent < 0) {
		fprintf(stderr, "forge: sendto: %s\n", strerror(errno));
		return 1;
	}
	printf("port=%u bytes=%zd\n", to.nl_pid, sent);
	return 0;
}
