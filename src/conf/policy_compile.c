/* conf/policy_compile.c - the two ways to compile OpenPGP keys that a policy names. */
#include "conf/policy_parse.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "trust/openpgp_certificate.h"
#include "trust/openpgp_compiled.h"

#define COMPILED_BYTES ((size_t)16 << 20)

int policy_compile_here(void *data, struct buf *out, const void *bytes, size_t length,
			struct error *err)
{
	(void)data;
	return openpgp_compile_file(out, bytes, length, err);
}

int policy_compile_by_program(void *data, struct buf *out, const void *bytes,
			      size_t length, struct error *err)
{
	return openpgp_compiled(out, data, bytes, length, err);
}

int policy_compile_into(struct arena *arena, policy_compile *compile, void *data,
			const void *bytes, size_t length, struct policy_file *out,
			struct error *err)
{
	struct buf text = BUF_INIT(COMPILED_BYTES);
	int code = compile(data, &text, bytes, length, err);
	if (code == 0) {
		*out = (struct policy_file){ "",
					     arena_copy(arena, text.data, text.length),
					     text.length };
		if (out->bytes == NULL)
			code = error_set(err, ERROR_MEMORY, "out of memory for a key");
	}
	buf_release(&text);
	return code;
}
