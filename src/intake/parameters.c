/* intake/parameters.c - the parameters of a list, as a query. */
#include "intake/state.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define ROWS_MAX 200

struct reading {
	const struct route *route;
	struct msg_query *query;
	unsigned int seen;
	struct error *err;
};

static int unknown(const struct reading *reading, const char *name)
{
	const char *names[PARAMETERS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < PARAMETERS_MAX; i++)
		if (reading->route->may & parameter_names[i].bit)
			names[count++] = parameter_names[i].name;
	const char *nearest = text_nearest(name, names, count);
	if (nearest)
		return error_set(reading->err, ERROR_USAGE,
				 "'%s' has no parameter '%s'; did you mean '%s'?",
				 reading->route->what, name, nearest);
	return error_set(reading->err, ERROR_USAGE, "'%s' has no parameter '%s'",
			 reading->route->what, name);
}

static int read_number(const struct reading *reading, const char *name,
		       const char *value, uint64_t maximum, uint64_t *out)
{
	uint64_t number = 0;

	if (text_parse_u64(value, &number) != 0 || number == 0 || number > maximum)
		return error_set(reading->err, ERROR_USAGE,
				 "parameter '%s' must be a number from 1 to %llu", name,
				 (unsigned long long)maximum);
	*out = number;
	return 0;
}

/* 0: from the first event that is kept. */
static int read_after(const struct reading *reading, const char *name,
		      const char *value, uint64_t *out)
{
	if (text_parse_u64(value, out) == 0)
		return 0;
	return error_set(reading->err, ERROR_USAGE,
			 "parameter '%s' must be the id of an event", name);
}

static int read_text(const struct reading *reading, const char *name, const char *value,
		     const char **out)
{
	if (!*value)
		return error_set(reading->err, ERROR_USAGE, "parameter '%s' is empty",
				 name);
	if (!text_is_utf8(value, strlen(value)))
		return error_set(reading->err, ERROR_ENCODING,
				 "parameter '%s' is not UTF-8", name);
	*out = value;
	return 0;
}

static int read_one(const struct reading *reading, enum parameter parameter,
		    const char *name, const char *value)
{
	struct msg_query *query = reading->query;

	switch (parameter) {
	case PARAMETER_REPOSITORY:
		return read_text(reading, name, value, &query->repository);
	case PARAMETER_TARGET:
		return read_text(reading, name, value, &query->target);
	case PARAMETER_REF:
		return read_text(reading, name, value, &query->ref);
	case PARAMETER_STATE:
		return read_text(reading, name, value, &query->state);
	case PARAMETER_BEFORE:
		return read_number(reading, name, value, INT64_MAX, &query->before);
	case PARAMETER_LIMIT:
		return read_number(reading, name, value, ROWS_MAX, &query->limit);
	case PARAMETER_ID:
		return read_number(reading, name, value, INT64_MAX, &query->id);
	case PARAMETER_SOURCE:
		return read_text(reading, name, value, &query->source);
	case PARAMETER_NUMBER:
		return read_number(reading, name, value, INT64_MAX, &query->number);
	case PARAMETER_AFTER:
		return read_after(reading, name, value, &query->id);
	}
	return ERROR_INTERNAL;
}

static enum MHD_Result take(void *data, enum MHD_ValueKind kind, const char *name,
			    const char *value)
{
	struct reading *reading = data;
	int rc = 0;

	(void)kind;
	for (size_t i = 0; i < PARAMETERS_MAX; i++) {
		unsigned int bit = parameter_names[i].bit;
		if (!(reading->route->may & bit) ||
		    strcmp(parameter_names[i].name, name) != 0)
			continue;
		if (reading->seen & bit)
			rc = error_set(reading->err, ERROR_USAGE,
				       "parameter '%s' stands there twice", name);
		else
			rc = read_one(reading, (enum parameter)bit, name,
				      value ? value : "");
		reading->seen |= bit;
		return rc == 0 ? MHD_YES : MHD_NO;
	}
	unknown(reading, name);
	return MHD_NO;
}

int query_read(const struct request *request, struct msg_query *query,
	       struct error *err)
{
	struct reading reading = { request->route, query, 0, err };

	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, take,
				  &reading);
	if (err->code)
		return err->code;
	for (size_t i = 0; i < PARAMETERS_MAX; i++)
		if (request->route->must & ~reading.seen & parameter_names[i].bit)
			return error_set(err, ERROR_USAGE,
					 "'%s' needs the parameter '%s'",
					 request->route->what, parameter_names[i].name);
	query->what = request->route->what;
	query->uid = request->peer->uid;
	return 0;
}
