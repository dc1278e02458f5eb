/*
 * A long stream through an echo server, there and back on one connection:
 *
 *	stream [-t SEC] HOST PORT
 *
 * It costs the machine little: the bytes are sent from a file in memory, and of
 * what returns one chunk in some is compared and the others are dropped in the
 * kernel. One line of key=value goes to standard output: rate is in MiB/s,
 * cpu_us the busy time of the whole machine for each MiB. Exit 1 when a byte
 * was wrong or missing.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "measure.h"

/* The pattern repeats every PERIOD; the file is one read longer than that. */
enum { PERIOD = 1 << 20, CHUNK = 1 << 18, VERIFY_EVERY = 16 };

static char *pattern;
static int pattern_fd, stream_fd;
static int64_t stream_end, stream_sent;
static long failed;

static void make_pattern(void)
{
	uint64_t x = 0x9e3779b97f4a7c15ULL;

	pattern_fd = memfd_create("pattern", MFD_CLOEXEC);
	if (pattern_fd < 0 || ftruncate(pattern_fd, PERIOD + CHUNK) < 0)
		die("memfd");
	pattern = mmap(NULL, PERIOD + CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED, pattern_fd, 0);
	if (pattern == MAP_FAILED)
		die("mmap");
	for (int i = 0; i < PERIOD; i += 8) {
		memcpy(pattern + i, &x, 8);
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
	}
	memcpy(pattern + PERIOD, pattern, CHUNK);
}

static void *stream_out(void *arg)
{
	(void)arg;
	while (now() < stream_end) {
		off_t at = stream_sent % PERIOD;
		ssize_t n = sendfile(stream_fd, pattern_fd, &at, CHUNK);
		if (n < 0)
			die("sendfile");
		stream_sent += n;
	}
	shutdown(stream_fd, SHUT_WR);
	return NULL;
}

/* stream_in reads the echo to its end: one chunk in some is read and compared,
 * the others are dropped in the kernel, so that the server is what is measured. */
static int64_t stream_in(void)
{
	static char buf[CHUNK];
	int64_t got = 0;
	ssize_t n;

	for (long i = 0;; i++) {
		int look = i % VERIFY_EVERY == 0;
		n = recv(stream_fd, buf, sizeof buf, look ? 0 : MSG_TRUNC);
		if (n <= 0)
			break;
		if (look && memcmp(buf, pattern + got % PERIOD, (size_t)n) != 0)
			fprintf(stderr, "stream: wrong bytes after %lld\n", (long long)got), failed++;
		got += n;
	}
	if (n < 0)
		perror("stream: receive"), failed++;
	return got;
}

static int run(const struct sockaddr_in *peer, double seconds)
{
	pthread_t out;

	make_pattern();
	stream_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (stream_fd < 0 || connect(stream_fd, (const struct sockaddr *)peer, sizeof *peer) < 0)
		die("connect");
	int64_t start = now();
	double cpu = busy();
	stream_end = start + (int64_t)(seconds * 1e9);
	if (pthread_create(&out, NULL, stream_out, NULL) != 0)
		die("thread");
	int64_t got = stream_in();
	double took = (double)(now() - start) / 1e9, gib = (double)got / (1 << 30);
	cpu = busy() - cpu;
	pthread_join(out, NULL);
	if (got != stream_sent)
		fprintf(stderr, "stream: sent %lld bytes, got %lld back\n", (long long)stream_sent, (long long)got), failed++;
	printf("mib=%.0f failed=%ld seconds=%.2f rate=%.0f cpu_us=%.0f\n", gib * 1024, failed, took, gib * 1024 / took,
		gib > 0 ? cpu * 1e6 / (gib * 1024) : 0);
	return failed > 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in peer = { .sin_family = AF_INET };
	double seconds = 2;

	for (int o; (o = getopt(argc, argv, "t:")) != -1;)
		seconds = o == 't' ? atof(optarg) : -1;
	if (seconds <= 0 || argc - optind != 2 || inet_pton(AF_INET, argv[optind], &peer.sin_addr) != 1) {
		fprintf(stderr, "usage: stream [-t seconds] HOST PORT\n");
		return 2;
	}
	peer.sin_port = htons((unsigned short)atoi(argv[optind + 1]));
	return run(&peer, seconds);
}
