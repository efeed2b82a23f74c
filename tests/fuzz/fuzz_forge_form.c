/* tests/fuzz/fuzz_forge_form.c - any bytes as a form: never longer than it was, and
 * what it decodes to encodes to the same again. */
#include "base/buf.h"
#include "forge/form.h"
#include "forge_fuzz.h"

static void encode(const char *text, size_t length, struct buf *out)
{
	buf_add_string(out, "payload=");
	for (size_t i = 0; i < length; i++)
		buf_addf(out, "%%%02X", (unsigned char)text[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = BUF_INIT(size);
	struct buf form = BUF_INIT(3 * size + 16);
	struct buf again = BUF_INIT(3 * size + 16);
	struct error err = ERROR_INIT;
	int code = form_payload(data, size, &text, &err);
	forge_promise(code == 0 ? text.length + 8 <= size : text.length == 0);
	if (code == 0) {
		encode(text.data, text.length, &form);
		forge_promise(form_payload(form.data, form.length, &again, NULL) == 0);
		forge_promise(again.length == text.length &&
			      memcmp(again.data, text.data, text.length) == 0);
	}
	buf_release(&again);
	buf_release(&form);
	buf_release(&text);
	return forge_fuzz(FORGE_GITHUB, true, data, size);
}
