/*
 * The client of datagram echo servers, and the least that such a server can be.
 *
 *	datagrams [options] MODE HOST PORT
 *	datagrams serve HOST
 *
 *	rr	datagrams on conversations that stay, one on its way in each
 *	new	a conversation for each datagram, from a port of its own
 *	serve	recvfrom(2), sendto(2), and nothing else
 *
 *	-c N	conversations at once (1)	-s N	size in bytes (64)
 *	-b N	datagrams that leave together, in each (1)
 *	-t SEC	how long to measure (2)		-w SEC	warm-up, not counted (0.2)
 *
 * Every answer is held against what was sent; what does not come in a second is lost, and
 * sent again. One line of key=value goes to standard output. cpu_us is the busy time of
 * the whole machine, from /proc/stat, for each datagram. Exit 1 when an answer was wrong.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "measure.h"

enum { MAX_SIZE = 65507, MAX_BURST = 64, LATE = 1000 };

struct talk {
	int fd;
	uint64_t id;	/* of the first of a burst */
	int heard;	/* of it */
	int64_t start;
};

static struct {
	int talks, size, burst, fresh;
	double seconds, warmup;
	struct sockaddr_in peer;
} opt = { .talks = 1, .size = 64, .burst = 1, .seconds = 2, .warmup = 0.2 };

static long done, wrong, lost;
static uint64_t next_id;
static int poller;

static void serve(const char *host)
{
	static char buf[MAX_SIZE];
	struct sockaddr_in at = { .sin_family = AF_INET }, from;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || inet_pton(AF_INET, host, &at.sin_addr) != 1 || bind(fd, (void *)&at, sizeof at))
		die("bind");
	for (;;) {
		socklen_t len = sizeof from;
		ssize_t n = recvfrom(fd, buf, sizeof buf, 0, (void *)&from, &len);

		if (n >= 0)
			sendto(fd, buf, n, 0, (void *)&from, len);
	}
}

/* fill makes the bytes that only this datagram has. */
static void fill(char *buf, uint64_t id)
{
	for (int i = 0; i < opt.size; i++)
		buf[i] = (char)(id >> 8 * (i % 8)) + (char)(i / 8);
}

static void say(struct talk *t)
{
	static char buf[MAX_BURST][MAX_SIZE];
	struct mmsghdr headers[MAX_BURST];
	struct iovec iov[MAX_BURST];

	t->id = next_id;
	next_id += opt.burst;
	t->heard = 0;
	t->start = now();
	memset(headers, 0, opt.burst * sizeof *headers);
	for (int i = 0; i < opt.burst; i++) {
		fill(buf[i], t->id + i);
		iov[i] = (struct iovec){ buf[i], opt.size };
		headers[i].msg_hdr.msg_iov = &iov[i];
		headers[i].msg_hdr.msg_iovlen = 1;
	}
	if (sendmmsg(t->fd, headers, opt.burst, 0) != opt.burst && errno != ECONNREFUSED)
		die("sendmmsg");
}

static void begin(struct talk *t)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = t };

	t->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (t->fd < 0 || connect(t->fd, (void *)&opt.peer, sizeof opt.peer))
		die("connect");
	if (opt.talks > 1 && epoll_ctl(poller, EPOLL_CTL_ADD, t->fd, &e))
		die("epoll_ctl");
	struct timeval patience = { .tv_sec = 1 };
	setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	say(t);
}

/* hear takes one answer, and says the next burst after the last one. */
static void hear(struct talk *t)
{
	static char got[MAX_SIZE + 1], want[MAX_SIZE];
	ssize_t n = recv(t->fd, got, sizeof got, opt.talks > 1 ? MSG_DONTWAIT : 0);

	if (n < 0 && opt.talks > 1)
		return;
	if (n < 0) {
		lost++;
	} else {
		fill(want, t->id + t->heard);
		if (n != opt.size || memcmp(got, want, n))
			wrong++;
		sample(now() - t->start);
		done++;
		if (++t->heard < opt.burst)
			return;
	}
	if (opt.fresh) {
		close(t->fd);
		begin(t);
	} else {
		say(t);
	}
}

static void late(struct talk *talks)
{
	for (int i = 0; i < opt.talks; i++)
		if (now() - talks[i].start > LATE * 1000000LL) {
			lost++;
			say(&talks[i]);
		}
}

static void turn(struct talk *talks, int64_t until)
{
	struct epoll_event events[64];
	int64_t looked = now();

	while (now() < until) {
		if (opt.talks == 1) {
			hear(talks);
			continue;
		}
		int n = epoll_wait(poller, events, 64, 100);

		for (int i = 0; i < n; i++)
			hear(events[i].data.ptr);
		if (now() - looked > 100000000LL) {
			late(talks);
			looked = now();
		}
	}
}

int main(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "b:c:s:t:w:")) != -1)
		switch (c) {
		case 'b': opt.burst = atoi(optarg); break;
		case 'c': opt.talks = atoi(optarg); break;
		case 's': opt.size = atoi(optarg); break;
		case 't': opt.seconds = atof(optarg); break;
		case 'w': opt.warmup = atof(optarg); break;
		default: return 2;
		}
	if (argc - optind == 2 && !strcmp(argv[optind], "serve"))
		serve(argv[optind + 1]);
	if (argc - optind != 3 || opt.talks < 1 || opt.burst < 1 || opt.burst > MAX_BURST || opt.size < 8 || opt.size > MAX_SIZE) {
		fprintf(stderr, "usage: datagrams [options] rr|new HOST PORT, or datagrams serve HOST\n");
		return 2;
	}
	opt.fresh = !strcmp(argv[optind], "new");
	opt.peer.sin_family = AF_INET;
	opt.peer.sin_port = htons(atoi(argv[optind + 2]));
	if (inet_pton(AF_INET, argv[optind + 1], &opt.peer.sin_addr) != 1)
		die("address");
	poller = epoll_create1(EPOLL_CLOEXEC);
	struct talk *talks = calloc(opt.talks, sizeof *talks);

	for (int i = 0; i < opt.talks; i++)
		begin(&talks[i]);
	turn(talks, now() + (int64_t)(opt.warmup * 1e9));
	done = lost = 0;
	nsamples = 0;
	int64_t from = now();
	double cpu = busy();

	turn(talks, from + (int64_t)(opt.seconds * 1e9));
	double took = (now() - from) / 1e9;

	qsort(samples, nsamples, sizeof *samples, by_value);
	printf("rate=%.1f p50_us=%.1f p99_us=%.1f cpu_us=%.2f failed=%ld\n", done / took, quantile(0.5), quantile(0.99),
		done ? (busy() - cpu) * 1e6 / done : 0, lost + wrong);
	return wrong > 0 || done == 0;
}
