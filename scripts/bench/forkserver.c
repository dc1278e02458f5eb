/*
 * The textbook concurrent server, the reference for the process-per-connection
 * model: accept, fork, echo with a 4 KiB buffer until end of file, exit; SIGCHLD
 * reaps. It is here to be measured against, and does nothing clever.
 *
 *	forkserver [PORT]	listens on 127.0.0.1, port 0 (chosen) by default,
 *				and prints the port
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void reap(int sig)
{
	int saved = errno;

	(void)sig;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

static int listen_on(int port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
	socklen_t len = sizeof addr;
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		die("socket");
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
		die("bind");
	if (listen(fd, SOMAXCONN) < 0)
		die("listen");
	getsockname(fd, (struct sockaddr *)&addr, &len);
	printf("%d\n", ntohs(addr.sin_port));
	fflush(stdout);
	return fd;
}

static void echo(int fd)
{
	char buf[4096];
	ssize_t n, done, sent;

	while ((n = read(fd, buf, sizeof buf)) > 0)
		for (done = 0; done < n; done += sent)
			if ((sent = write(fd, buf + done, (size_t)(n - done))) < 0)
				_exit(1);
	_exit(n < 0);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = reap, .sa_flags = SA_RESTART | SA_NOCLDSTOP };
	int listener = listen_on(argc > 1 ? atoi(argv[1]) : 0);

	sigaction(SIGCHLD, &sa, NULL);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			die("accept");
		}
		switch (fork()) {
		case -1:
			perror("fork");
			break;
		case 0:
			close(listener);
			echo(fd);
		}
		close(fd);
	}
}
