/*
 * What the load generators measure with: a monotonic clock, the machine's busy
 * time, and latencies.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint32_t *samples; /* latencies in tenths of a microsecond */
static size_t nsamples, room;

static inline int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static inline void die(const char *what)
{
	perror(what);
	exit(2);
}

/* busy is the machine's busy time so far, in seconds. */
static inline double busy(void)
{
	unsigned long long user, nice, sys, idle, wait, irq, soft;
	FILE *f = fopen("/proc/stat", "r");

	if (!f || fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &sys, &idle, &wait, &irq, &soft) != 7)
		die("/proc/stat");
	fclose(f);
	return (double)(user + nice + sys + irq + soft) / (double)sysconf(_SC_CLK_TCK);
}

static inline void sample(int64_t ns)
{
	if (nsamples == room) {
		room = room ? room * 2 : 1 << 16;
		samples = realloc(samples, room * sizeof *samples);
		if (!samples)
			die("realloc");
	}
	samples[nsamples++] = ns > 400000000000LL ? 4000000000U : (uint32_t)(ns / 100);
}

static inline int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* quantile is in microseconds; the samples are sorted. */
static inline double quantile(double q)
{
	return nsamples ? samples[(size_t)(q * (double)(nsamples - 1))] / 10.0 : 0;
}
