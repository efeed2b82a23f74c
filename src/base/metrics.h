/* base/metrics.h - counters and gauges in memory shared by all processes of one
 * service.
 *
 * metrics_share() is called once, before the first fork; without it they are private to
 * the process. Lock-free. */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <stdint.h>

struct buf;
struct error;

enum metric {
#define METRIC(name, type, shown, help) METRIC_##name,
#include "base/metrics.def"
#undef METRIC
	METRIC_COUNT
};

int metrics_share(struct error *err);
void metric_add(enum metric metric, int64_t amount);
void metric_set(enum metric metric, int64_t value);
int64_t metric_get(enum metric metric);
/* Prometheus text format 0.0.4. */
void metrics_write(struct buf *out);

#endif
