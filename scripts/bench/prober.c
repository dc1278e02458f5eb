// What bench-probe.sh and compare-probes.sh need beside the probes themselves:
//
//	prober late MS CMD…	run CMD with {} replaced by the address of a port that
//				begins to listen MS milliseconds later; print the
//				microseconds from then to the end of CMD
//	prober usage CMD…	run CMD; print its CPU milliseconds and its largest
//				resident size in KiB
//	prober count		count accepted connections until SIGTERM
//	prober hold|drop|full|none
//				a server that accepts, that accepts and closes, whose
//				queue is full so that it never answers, or nobody; until
//				SIGTERM
//
// The servers print their port first. Everything is on 127.0.0.1.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void on_term(int sig) {
	(void)sig;
	ended = 1;
}

static void die(const char *what) {
	perror(what);
	exit(2);
}

static double now_us(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

// bound returns a socket with a port of its own that does not listen yet.
static int bound(struct sockaddr_in *at) {
	socklen_t len = sizeof *at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memset(at, 0, sizeof *at);
	at->sin_family = AF_INET;
	at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)at, sizeof *at) < 0 || getsockname(fd, (struct sockaddr *)at, &len) < 0)
		die("bind");
	return fd;
}

// insert returns arg with every {} replaced by the port.
static char *insert(const char *arg, int port) {
	char *out = calloc(1, strlen(arg) * 4 + 8), *to = out;
	for (; *arg; arg++) {
		if (arg[0] == '{' && arg[1] == '}') {
			to += sprintf(to, "%d", port);
			arg++;
		} else {
			*to++ = *arg;
		}
	}
	return out;
}

static pid_t spawn(char **argv) {
	pid_t pid = fork();
	if (pid == 0) {
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (pid < 0)
		die("fork");
	return pid;
}

static int late(int ms, char **argv) {
	struct sockaddr_in at;
	struct timespec pause = {ms / 1000, (ms % 1000) * 1000000L};
	int fd = bound(&at), status;
	for (char **arg = argv; *arg; arg++)
		*arg = insert(*arg, ntohs(at.sin_port));
	pid_t pid = spawn(argv);
	nanosleep(&pause, NULL);
	if (listen(fd, 128) < 0)
		die("listen");
	double began = now_us();
	waitpid(pid, &status, 0);
	printf("%.0f\n", now_us() - began);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int usage(char **argv) {
	struct rusage r;
	int status;
	wait4(spawn(argv), &status, 0, &r);
	printf("%.0f %ld\n", r.ru_utime.tv_sec * 1e3 + r.ru_utime.tv_usec / 1e3 + r.ru_stime.tv_sec * 1e3 + r.ru_stime.tv_usec / 1e3, r.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

// serve runs until SIGTERM.
static int serve(const char *mode) {
	struct sockaddr_in at;
	struct sigaction act = {.sa_handler = on_term};
	int fd = bound(&at), full = !strcmp(mode, "full"), drop = !strcmp(mode, "drop");
	long n = 0;
	sigaction(SIGTERM, &act, NULL); // without SA_RESTART: accept ends
	if (strcmp(mode, "none") && listen(fd, full ? 0 : 512) < 0)
		die("listen");
	if (full && connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&at, sizeof at) < 0)
		die("connect");
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	while (!ended) {
		if (full || !strcmp(mode, "none")) {
			pause();
			continue;
		}
		int c = accept(fd, NULL, NULL);
		if (c < 0)
			continue;
		n++;
		if (drop || !strcmp(mode, "count"))
			close(c); // hold leaves it open
	}
	if (!strcmp(mode, "count"))
		printf("%ld\n", n);
	return 0;
}

int main(int argc, char **argv) {
	if (argc > 3 && !strcmp(argv[1], "late"))
		return late(atoi(argv[2]), argv + 3);
	if (argc > 2 && !strcmp(argv[1], "usage"))
		return usage(argv + 2);
	if (argc == 2)
		return serve(argv[1]);
	fprintf(stderr, "usage: prober late MS CMD… | usage CMD… | count | hold | drop | full | none\n");
	return 2;
}
