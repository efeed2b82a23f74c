/* job/lookup.h - asking a forge about merge requests, for the job report. */
#ifndef JOB_LOOKUP_H
#define JOB_LOOKUP_H

#include <stdint.h>

#include "model/messages.h"

struct channel;
struct error;
struct forge;

/* Asks, and sends what was found and looked_up. What came of asking is in `failed` (its
 * code 0: good) and *retry_at. 0, or the error of the channel. */
int lookup_answer(struct channel *channel, struct forge *forge,
		  const struct msg_lookup_item *item, struct error *failed,
		  int64_t *retry_at, struct error *err);
/* Sends looked_up alone: `cause` says why nothing was asked. */
int lookup_end(struct channel *channel, const struct msg_lookup_item *item,
	       const struct error *cause, int64_t retry_at, struct error *err);

#endif
