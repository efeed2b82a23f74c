/* store/prune.c - forgets what ended long ago. Ids and generations of what was
 * forgotten do not come back. */
#include "store/store.h"

#include "base/error.h"
#include "store/sql.h"

/* Deployments that were live stay for each target: as many as the option
 * directory.keep allows releases. */
#define LIVE_KEPT "1000"

/* In the order of references: who refers goes first. A change ended when it was judged
 * and no deployment that stays came of it. */
static const char *const steps[] = {
	"DELETE FROM deployments WHERE open = 0 AND ended_at < :limit "
	"AND id NOT IN (SELECT deployment FROM targets) "
	"AND (state <> 'deployed' OR generation < (SELECT min(generation) FROM "
	"(SELECT live.generation FROM deployments AS live "
	"WHERE live.target = deployments.target AND live.state = 'deployed' "
	"ORDER BY live.generation DESC LIMIT " LIVE_KEPT ")))",

	"DELETE FROM deliveries WHERE state IN ('done', 'ignored', 'unreadable') "
	"AND received_at < :limit",

	/* The comment of an open one is found again by its row. */
	"DELETE FROM outbox WHERE done_at <> 0 AND done_at < :limit "
	"AND NOT (kind = 'comment' AND EXISTS (SELECT 1 FROM merge_requests "
	"WHERE merge_requests.repository = outbox.repository "
	"AND merge_requests.number = outbox.number "
	"AND merge_requests.state = 'open'))",

	"DELETE FROM merge_requests WHERE (state IN ('closed', 'merged') "
	"AND wanted <= seen AND updated_at < :limit AND looked_at < :limit) "
	"OR (state = 'unknown' AND due_at < :limit)",

	"DELETE FROM tokens WHERE (revoked_at <> 0 AND revoked_at < :limit) "
	"OR (expires_at <> 0 AND expires_at < :limit)",

	"DELETE FROM verdicts WHERE judged_at < :limit "
	"AND (change IS NULL OR NOT EXISTS (SELECT 1 FROM changes "
	"WHERE changes.id = verdicts.change AND (changes.updated_at >= :limit "
	"OR changes.verdict = verdicts.id AND (EXISTS (SELECT 1 FROM deployments "
	"WHERE deployments.change = changes.id) "
	"OR changes.id IN (SELECT targets.change FROM targets "
	"WHERE targets.change IS NOT NULL)))))",

	"DELETE FROM changes WHERE verdict <> 0 AND updated_at < :limit "
	"AND NOT EXISTS (SELECT 1 FROM verdicts WHERE verdicts.change = changes.id) "
	"AND NOT EXISTS (SELECT 1 FROM deployments "
	"WHERE deployments.change = changes.id) "
	"AND id NOT IN (SELECT change FROM targets WHERE change IS NOT NULL)",

	"DELETE FROM facts WHERE stored_at < :limit",
};

int store_prune(struct store *store, int64_t older_than, struct error *err)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int rc = sql_do(store, steps[i],
				SQL_VALUES(SQL_INTEGER("limit", older_than)), err);
		if (rc < 0)
			return i == 0 ? rc : store_spoil(store, rc);
	}
	return 0;
}
