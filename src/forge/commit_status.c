/* forge/commit_status.c - commit statuses as JSON, read and written. */
#include "forge/commit_status.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "forge/call.h"

const char *commit_status_state(const char *name)
{
	switch (call_state_by_name(name)) {
	case CALL_PENDING:
	case CALL_RUNNING:
		return "pending";
	case CALL_SUCCESS:
	case CALL_SKIPPED:
		return "success";
	case CALL_FAILURE:
		return "failure";
	case CALL_STATE_UNKNOWN:
	case CALL_ERROR:
	case CALL_CANCELLED:
		break;
	}
	return "error";
}

static bool says(struct call_fields *fields, const char *member, const char *text)
{
	return strcmp(call_text(fields, member, CALL_OPTIONAL), text) == 0;
}

bool commit_status_is_shown(const struct commit_status *status,
			    struct call_fields *fields, const char *state)
{
	return says(fields, state, status->state) &&
	       says(fields, "description", status->description) &&
	       says(fields, "target_url", status->link);
}

void commit_status_write(struct buf *out, const struct commit_status *status)
{
	struct json json;
	json_begin(&json, out);
	json_object(&json);
	json_put_string(&json, "state", status->state);
	json_put_string(&json, "context", status->context);
	json_put_string(&json, "description", status->description);
	if (status->link[0] != '\0')
		json_put_string(&json, "target_url", status->link);
	json_object_end(&json);
}
