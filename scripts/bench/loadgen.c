/*
 * A load generator for echo servers that costs little beside what it measures:
 * one thread, one epoll, one request in flight per client, every reply verified
 * against bytes that only its own connection was sent.
 *
 *	loadgen [options] MODE HOST PORT
 *
 *	crr	a new connection for each request
 *	rr	many requests on each client's one connection
 *	hold	-n connections opened, answered once, and kept; a line is printed,
 *		then standard input is read until it ends, each answers once more
 *
 *	-c N	clients at once (1; for hold, those being opened)
 *	-t SEC	how long to measure (2)		-n N	or how many requests
 *	-w SEC	warm-up, not counted (0.2)	-s N	request size in bytes (64)
 *	-r N	start N connections a second (crr), whatever the clients do
 *	-p	begin with a PROXY header (crr)
 *	-e rst	close with a reset, so that no port waits (default)
 *	-e fin	shut down, read to the end, close; sources rotate over 127/8
 *
 * One line of key=value goes to standard output. cpu_us is the busy time of the
 * whole machine, from /proc/stat, for each request. Exit 1 when anything failed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "measure.h"

enum { MAX_SIZE = 1 << 16, PATIENCE = 10, MANY_FAILURES = 1000, PER_SOURCE = 20000 };

struct client {
	int fd;		/* -1: no connection */
	int sent, got;	/* bytes of the request sent, of the reply received */
	int ending;	/* everything arrived; only the end of file is awaited */
	int held;	/* answered, and kept open (hold) */
	uint64_t id;	/* seeds the bytes of the request */
	int64_t start;	/* when the connection, or in rr the request, began */
};

static struct {
	int clients, size, fin, persist, hold, proxy;
	long count;
	double seconds, warmup, rate;
	struct sockaddr_in peer;
} opt = { .clients = 1, .size = 64, .seconds = 2, .warmup = 0.2 };

static int poller;
static struct client *clients, **idle;	/* all; those without a connection */
static int nidle;
static uint64_t next_id;		/* requests begun */
static long done, failed, open_now;	/* requests ended well, badly, under way */
static int measuring, stopping;
/* payload writes the bytes of request id: no two requests have the same. */
static const char *payload(uint64_t id)
{
	static char buf[MAX_SIZE];
	uint64_t x = (id + 1) * 0x9e3779b97f4a7c15ULL;

	for (int i = 0; i < opt.size; i += 8) {
		memcpy(buf + i, &x, (size_t)(opt.size - i < 8 ? opt.size - i : 8));
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
	}
	return buf;
}

/* gone closes c's connection, after a failure or a success. */
static void gone(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	open_now--;
	idle[nidle++] = c;
}

static void fail(struct client *c, const char *what, int err)
{
	failed++;
	if (failed <= 5)
		fprintf(stderr, "loadgen: request %llu: %s: %s\n", (unsigned long long)c->id, what,
			err ? strerror(err) : "wrong answer");
	if (failed >= MANY_FAILURES) {
		fprintf(stderr, "loadgen: too many failures\n");
		exit(1);
	}
	gone(c);
}

/* source binds fd to an address of its own turn, for there are only so many ports. */
static void source(int fd, uint64_t turn)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int one = 1;

	a.sin_addr.s_addr = htonl(0x7f000002U + (uint32_t)(turn % 60000));
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0)
		die("bind");
}

/* dial connects, without waiting for it. */
static int dial(uint64_t id)
{
	struct linger reset = { .l_onoff = 1 };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	if (opt.fin)
		source(fd, id);
	else if (opt.hold)
		source(fd, id / PER_SOURCE);
	if (!opt.fin && !opt.persist && !opt.hold)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	if (opt.persist)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(fd, (struct sockaddr *)&opt.peer, sizeof opt.peer) < 0 && errno != EINPROGRESS) {
		int err = errno;
		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/* push sends what is left of c's request; 0 when it could not send all yet. */
static int push(struct client *c)
{
	static const char header[] = "PROXY TCP4 192.0.2.1 198.51.100.1 4711 80\r\n";

	if (opt.proxy && c->sent == 0 && send(c->fd, header, sizeof header - 1, MSG_NOSIGNAL | MSG_MORE) < 0)
		return errno == EAGAIN || errno == ENOTCONN ? 0 : -1;
	ssize_t n = send(c->fd, payload(c->id) + c->sent, (size_t)(opt.size - c->sent), MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINPROGRESS && errno != ENOTCONN)
		return -1;
	if (n > 0)
		c->sent += (int)n;
	return c->sent == opt.size;
}

/* begin opens c's next connection and sends its request. */
static void begin(struct client *c)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.ptr = c };
	int all;

	memset(c, 0, sizeof *c);
	c->id = next_id++;
	c->start = now();
	open_now++;
	c->fd = dial(c->id);
	all = c->fd < 0 ? -1 : push(c);
	if (all < 0) {
		fail(c, "connect", errno);
		return;
	}
	if (!all)
		ev.events |= EPOLLOUT;
	if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &ev) < 0)
		die("epoll_ctl");
}

/* enough tells whether no more requests should begin. */
static int enough(void)
{
	return stopping || (opt.count && (long)next_id >= opt.count);
}

/* again sends another request on a connection that stays (rr, hold). */
static void again(struct client *c)
{
	c->id = next_id++;
	c->start = now();
	c->sent = c->got = c->held = 0;
	if (push(c) < 0)
		fail(c, "send", errno);
}

/* answered is the end of a request that went well. */
static void answered(struct client *c)
{
	if (measuring)
		sample(now() - c->start);
	done++;
	if (opt.hold) {
		c->held = 1;
		open_now--;
	} else if (opt.persist && !enough()) {
		again(c);
	} else if (opt.fin && !opt.persist) {
		c->ending = 1;
		shutdown(c->fd, SHUT_WR);
	} else {
		gone(c);
	}
}

/* verify compares what came with what was sent. */
static int verify(struct client *c, const char *buf, ssize_t n)
{
	if (n > opt.size - c->got || memcmp(buf, payload(c->id) + c->got, (size_t)n) != 0)
		return 0;
	c->got += (int)n;
	return 1;
}

static void readable(struct client *c)
{
	static char buf[MAX_SIZE];
	ssize_t n = recv(c->fd, buf, sizeof buf, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0)
		fail(c, "receive", errno);
	else if (n == 0 && c->ending)
		gone(c);
	else if (n == 0)
		fail(c, "closed early", ECONNABORTED);
	else if (c->held || c->ending || !verify(c, buf, n))
		fail(c, "receive", 0);
	else if (c->got == opt.size)
		answered(c);
}

static void event(struct client *c, uint32_t events)
{
	if (c->fd < 0)
		return;
	if (c->sent < opt.size && (events & EPOLLOUT) && push(c) < 0) {
		fail(c, "send", errno);
		return;
	}
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		readable(c);
}

/* overdue fails the requests that nobody answers. */
static void overdue(int n)
{
	int64_t limit = now() - PATIENCE * 1000000000LL;

	for (int i = 0; i < n; i++)
		if (clients[i].fd >= 0 && !clients[i].held && clients[i].start < limit)
			fail(&clients[i], "no answer in time", ETIMEDOUT);
}

/* poll_once handles what is ready, waiting for at most ms. */
static void poll_once(int n, int ms)
{
	static int64_t checked;
	struct epoll_event ev[256];
	int got = epoll_wait(poller, ev, 256, ms);

	for (int i = 0; i < got; i++)
		event(ev[i].data.ptr, ev[i].events);
	if (now() - checked > 1000000000) {
		checked = now();
		overdue(n);
	}
}

/* until runs the clients to a time, or until the count is reached. */
static void until(int64_t end)
{
	static int64_t due;
	int64_t t;

	while (!enough() && (t = now()) < end) {
		while (opt.rate == 0 && nidle > 0 && !enough())
			begin(idle[--nidle]);
		if (opt.rate > 0 && t >= due) {
			if (nidle > 0)
				begin(idle[--nidle]);
			due = (due ? due : t) + (int64_t)(1e9 / opt.rate);
		}
		poll_once(opt.clients, opt.rate > 0 ? 1 : 100);
	}
}

static void room_for(int n)
{
	struct rlimit r;

	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	if ((rlim_t)n + 20 > r.rlim_cur) {
		fprintf(stderr, "loadgen: %d connections need more than the %lu descriptors allowed here\n", n, (unsigned long)r.rlim_cur);
		exit(2);
	}
	clients = calloc((size_t)n, sizeof *clients);
	idle = calloc((size_t)n, sizeof *idle);
	if (!clients || !idle)
		die("calloc");
	for (nidle = 0; nidle < n; nidle++) {
		clients[nidle].fd = -1;
		idle[nidle] = &clients[nidle];
	}
}

static int finish(double took, double cpu)
{
	qsort(samples, nsamples, sizeof *samples, by_value);
	printf("requests=%zu failed=%ld seconds=%.2f rate=%.0f p50_us=%.1f p90_us=%.1f p99_us=%.1f max_us=%.1f cpu_us=%.1f\n",
		nsamples, failed, took, (double)nsamples / took, quantile(0.5), quantile(0.9), quantile(0.99), quantile(1),
		nsamples ? cpu * 1e6 / (double)nsamples : 0);
	return failed > 0 || nsamples == 0;
}

static int run_requests(void)
{
	room_for(opt.clients);
	if (opt.count)
		opt.seconds = 3600, opt.warmup = 0;
	until(now() + (int64_t)(opt.warmup * 1e9));
	int64_t start = now();
	double cpu = busy();
	measuring = 1;
	until(start + (int64_t)(opt.seconds * 1e9));
	while (opt.count && open_now > 0) /* the last of them */
		poll_once(opt.clients, 100);
	double took = (double)(now() - start) / 1e9;
	cpu = busy() - cpu;
	stopping = 1;
	measuring = 0;
	while (open_now > 0)
		poll_once(opt.clients, 100);
	return finish(took, cpu);
}

static int run_hold(void)
{
	int n = (int)opt.count, begun = 0;
	char buf[64];
	int64_t start = now();

	measuring = 1;
	room_for(n);
	nidle = 0; /* each is begun once, here, and not tried again */
	while (begun < n || open_now > 0) {
		while (begun < n && open_now < opt.clients)
			begin(&clients[begun++]);
		poll_once(n, 100);
	}
	qsort(samples, nsamples, sizeof *samples, by_value);
	printf("held=%ld failed=%ld seconds=%.2f p50_us=%.1f p99_us=%.1f max_us=%.1f\n", done, failed,
		(double)(now() - start) / 1e9, quantile(0.5), quantile(0.99), quantile(1));
	fflush(stdout);
	while (read(0, buf, sizeof buf) > 0)
		;
	done = 0;
	for (int i = 0; i < n; i++)
		if (clients[i].fd >= 0) {
			open_now++;
			again(&clients[i]);
		}
	while (open_now > 0)
		poll_once(n, 100);
	printf("answered_again=%ld failed=%ld\n", done, failed);
	return failed > 0 || done != n;
}

static void usage(void)
{
	fprintf(stderr, "usage: loadgen [-c clients] [-t seconds | -n requests] [-w seconds] [-s size] [-r rate] [-p] [-e rst|fin] crr|rr|hold HOST PORT\n");
	exit(2);
}

static void options(int argc, char **argv)
{
	for (int o; (o = getopt(argc, argv, "c:t:n:w:s:r:e:p")) != -1;)
		switch (o) {
		case 'c': opt.clients = atoi(optarg); break;
		case 't': opt.seconds = atof(optarg); break;
		case 'n': opt.count = atol(optarg); break;
		case 'w': opt.warmup = atof(optarg); break;
		case 's': opt.size = atoi(optarg); break;
		case 'r': opt.rate = atof(optarg); break;
		case 'e': opt.fin = strcmp(optarg, "fin") == 0; break;
		case 'p': opt.proxy = 1; break;
		default: usage();
		}
	if (argc - optind != 3 || opt.clients < 1 || opt.size < 1 || opt.size > MAX_SIZE)
		usage();
	opt.peer.sin_family = AF_INET;
	opt.peer.sin_port = htons((unsigned short)atoi(argv[optind + 2]));
	if (inet_pton(AF_INET, argv[optind + 1], &opt.peer.sin_addr) != 1)
		usage();
}

int main(int argc, char **argv)
{
	options(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	poller = epoll_create1(EPOLL_CLOEXEC);
	const char *mode = argv[optind];
	opt.persist = strcmp(mode, "rr") == 0;
	opt.hold = strcmp(mode, "hold") == 0;
	if (opt.hold)
		return opt.count > 0 ? run_hold() : (usage(), 2);
	if (!opt.persist && strcmp(mode, "crr") != 0)
		usage();
	return run_requests();
}
