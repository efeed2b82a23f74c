/* base/metrics.c - counters and gauges in memory that forked processes share. */
#include "base/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "base/error.h"

typedef _Atomic int64_t cell;

static cell private_cells[METRIC_COUNT];
static cell *cells = private_cells;

struct fact {
	const char *name;
	const char *type;
	const char *help;
};

#define TYPE_COUNTER "counter"
#define TYPE_GAUGE   "gauge"

static const struct fact facts[METRIC_COUNT] = {
#define METRIC(name, type, shown, help) [METRIC_##name] = { shown, TYPE_##type, help },
#include "base/metrics.def"
#undef METRIC
};

int metrics_share(struct error *err)
{
	if (cells != private_cells)
		return 0;
	void *memory = mmap(NULL, sizeof(private_cells), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return error_set_errno(err, errno, "cannot map memory for metrics");
	cell *shared = memory;
	for (int i = 0; i < METRIC_COUNT; i++)
		atomic_init(&shared[i], atomic_load(&private_cells[i]));
	cells = shared;
	return 0;
}

void metric_add(enum metric metric, int64_t amount)
{
	atomic_fetch_add_explicit(&cells[metric], amount, memory_order_relaxed);
}

void metric_set(enum metric metric, int64_t value)
{
	atomic_store_explicit(&cells[metric], value, memory_order_relaxed);
}

int64_t metric_get(enum metric metric)
{
	return atomic_load_explicit(&cells[metric], memory_order_relaxed);
}

void metrics_write(struct buf *out)
{
	for (int i = 0; i < METRIC_COUNT; i++)
		buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n%s %" PRId64 "\n",
			 facts[i].name, facts[i].help, facts[i].name, facts[i].type,
			 facts[i].name, metric_get((enum metric)i));
}
