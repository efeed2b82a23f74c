/* tests/fuzz/fuzz_config.c - any bytes as gitgate.yaml: refused with a place, or loaded
 * to values that load again from their own text. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "conf/config.h"
#include "model/policy.h"

#define TEXT_BYTES (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The configuration as read from a file in memory. */
static int load(struct config **out, const void *data, size_t size, struct error *err)
{
	char name[64];
	int fd = memfd_create("gitgate.yaml", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	int code = config_load(out, name, err);
	close(fd);
	return code;
}

static char *text_of(const struct config *config)
{
	struct buf out = BUF_INIT(TEXT_BYTES);
	config_write_text(config, &out);
	char *text = buf_detach(&out, NULL);
	if (text == NULL)
		abort();
	return text;
}

static void check_json(const struct config *config)
{
	struct buf out = BUF_INIT(TEXT_BYTES);
	struct json json;
	json_begin(&json, &out);
	config_write_json(config, &json);
	if (out.failed != 0)
		abort();
	buf_release(&out);
}

static void check_floor(const struct config *config)
{
	struct policy *floor = NULL;
	struct error err = ERROR_INIT;
	if (policy_from_pack(&floor, config->floor, config->floor_length, "shop",
			     &err) != 0 ||
	    policy_finish(floor, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	policy_free(floor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = NULL;
	struct error err = ERROR_INIT;
	int code = load(&config, data, size, &err);
	if (code != 0) {
		if (err.code != code || err.text[0] == '\0' || config != NULL)
			abort();
		return 0;
	}
	check_json(config);
	check_floor(config);
	char *first = text_of(config);
	config_free(config);
	if (load(&config, first, strlen(first), &err) != 0) {
		fprintf(stderr, "%s\n%s", err.text, first);
		abort();
	}
	char *second = text_of(config);
	config_free(config);
	/* The first line names the file. */
	if (strcmp(strchr(first, '\n'), strchr(second, '\n')) != 0)
		abort();
	free(first);
	free(second);
	return 0;
}
