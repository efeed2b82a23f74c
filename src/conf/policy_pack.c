/* conf/policy_pack.c - the texts of a floor as one block of bytes, and back. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "conf/policy_builder.h"
#include "model/policy.h"

static void add_u32(struct buf *out, uint32_t value)
{
	unsigned char bytes[4] = { (unsigned char)(value >> 24),
				   (unsigned char)(value >> 16),
				   (unsigned char)(value >> 8), (unsigned char)value };
	buf_add(out, bytes, sizeof(bytes));
}

static int add_field(struct buf *out, const char *name, const void *bytes,
		     size_t length, struct error *err)
{
	if (length > UINT32_MAX)
		return error_set(err, ERROR_LIMIT, "'%s' is too large to hand over",
				 name);
	add_u32(out, (uint32_t)length);
	buf_add(out, bytes, length);
	return 0;
}

int policy_files_pack(struct buf *out, const struct policy_file *files, size_t count,
		      size_t server_count, struct error *err)
{
	if (count > UINT32_MAX || server_count > count)
		return error_set(err, ERROR_INTERNAL, "a floor has no proper count");
	size_t start = out->length;
	int code = 0;
	add_u32(out, (uint32_t)count);
	add_u32(out, (uint32_t)server_count);
	for (size_t i = 0; code == 0 && i < count; i++) {
		code = add_field(out, files[i].name, files[i].name,
				 strlen(files[i].name), err);
		if (code == 0)
			code = add_field(out, files[i].name, files[i].bytes,
					 files[i].length, err);
	}
	if (code == 0)
		code = buf_status(out, "the floor", err);
	if (code != 0)
		buf_truncate(out, start);
	return code;
}

struct unpacking {
	const unsigned char *at;
	size_t left;
};

static int take_u32(struct unpacking *from, uint32_t *out)
{
	if (from->left < 4)
		return ERROR_MESSAGE;
	*out = (uint32_t)from->at[0] << 24 | (uint32_t)from->at[1] << 16 |
	       (uint32_t)from->at[2] << 8 | from->at[3];
	from->at += 4;
	from->left -= 4;
	return 0;
}

static int take_field(struct unpacking *from, const char **bytes, size_t *length)
{
	uint32_t size = 0;
	if (take_u32(from, &size) != 0 || size > from->left)
		return ERROR_MESSAGE;
	*bytes = (const char *)from->at;
	*length = size;
	from->at += size;
	from->left -= size;
	return 0;
}

struct pack {
	struct policy_file *files;
	size_t count;
	size_t server_count;
};

static int unpack(struct pack *pack, struct arena *arena, const void *block,
		  size_t length, struct error *err)
{
	struct unpacking from = { block, length };
	uint32_t count = 0;
	uint32_t server_count = 0;
	bool fine = take_u32(&from, &count) == 0 &&
		    take_u32(&from, &server_count) == 0 && server_count <= count &&
		    count <= from.left / 8;
	if (!fine)
		return error_set(err, ERROR_MESSAGE, "the floor's head is damaged");
	pack->files = arena_array(arena, (size_t)count + 1, sizeof(*pack->files));
	if (pack->files == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory for the floor");
	for (size_t i = 0; i < count; i++) {
		struct policy_file *file = &pack->files[i];
		const char *name = NULL;
		size_t name_length = 0;
		if (take_field(&from, &name, &name_length) != 0 ||
		    memchr(name, '\0', name_length) != NULL ||
		    take_field(&from, &file->bytes, &file->length) != 0)
			return error_set(err, ERROR_MESSAGE,
					 "file %zu of the floor is damaged", i);
		file->name = arena_copy(arena, name, name_length);
		if (file->name == NULL)
			return error_set(err, ERROR_MEMORY,
					 "out of memory for the floor");
	}
	if (from.left != 0)
		return error_set(err, ERROR_MESSAGE, "bytes follow the floor");
	pack->count = count;
	pack->server_count = server_count;
	return 0;
}

static int load_from_pack(void *data, const char *name, struct policy_file *out,
			  struct error *err)
{
	const struct pack *pack = data;
	for (size_t i = pack->server_count; i < pack->count; i++)
		if (strcmp(pack->files[i].name, name) == 0) {
			*out = pack->files[i];
			return 0;
		}
	return error_set(err, ERROR_NOT_FOUND,
			 "'%s' was not handed over with the floor", name);
}

int policy_compiled_name(const void *bytes, size_t length,
			 char name[POLICY_COMPILED_NAME_BYTES], struct error *err)
{
	struct digest digest;
	char hex[DIGEST_HEX_BYTES];
	if (digest_of(bytes, length, &digest) != 0)
		return error_set(err, ERROR_MEMORY, "out of memory for a key");
	digest_hex(&digest, hex);
	snprintf(name, POLICY_COMPILED_NAME_BYTES, "%s%s", POLICY_COMPILED_PREFIX, hex);
	return 0;
}

/* What was compiled stands among the files. */
static int compile_from_pack(void *data, const void *bytes, size_t length,
			     struct policy_file *out, struct error *err)
{
	char name[POLICY_COMPILED_NAME_BYTES];
	int code = policy_compiled_name(bytes, length, name, err);
	return code == 0 ? load_from_pack(data, name, out, err) : code;
}

int policy_from_pack(struct policy **out, const void *block, size_t length,
		     const char *repository, struct error *err)
{
	struct pack pack = { 0 };
	struct policy_loader loader = { load_from_pack, &pack, compile_from_pack,
					NULL };
	struct policy *policy = NULL;
	int code = policy_new(&policy, err);
	if (code == 0)
		code = unpack(&pack, policy->arena, block, length, err);
	for (size_t i = 0; code == 0 && i < pack.server_count; i++)
		code = policy_add_server(policy, &pack.files[i], &loader, repository,
					 err);
	if (code == 0)
		*out = policy;
	else
		policy_free(policy);
	return code;
}
