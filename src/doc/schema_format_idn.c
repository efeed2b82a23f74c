/* doc/schema_format_idn.c - internationalized hostnames by libidn2. */
#include "doc/schema_format_idn.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define LIBRARY      "libidn2.so.0"
#define NAME_BYTES   2048 /* longer ones have an encoded form over 253 bytes */
#define LABELS_BYTES 253

/* Of idn2.h; the library's interface number is 0. */
enum lookup_flags {
	LOOKUP_NFC = 1,
	LOOKUP_NON_TRANSITIONAL = 8,
	LOOKUP_STD3 = 32,
	LOOKUP_NO_MAPPING = 64,
};
#define IDN2_OK     0
#define IDN2_MALLOC (-100)

struct library {
	int (*lookup)(const uint8_t *text, uint8_t **out, int flags);
	int (*to_unicode)(const char *text, char **out, int flags);
	void (*release)(void *memory);
};

/* An address of a function, without a cast that C forbids. */
static void find(void *handle, const char *name, void *function)
{
	void *address = dlsym(handle, name);
	memcpy(function, &address, sizeof(address));
}

/* Loaded once; the handle is kept to the end of the process. */
static const struct library *library(struct error *err)
{
	static struct library loaded;
	static atomic_bool ready;
	if (atomic_load(&ready))
		return &loaded;
	struct library found = { 0 };
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (handle != NULL) {
		find(handle, "idn2_lookup_u8", &found.lookup);
		find(handle, "idn2_to_unicode_8z8z", &found.to_unicode);
		find(handle, "idn2_free", &found.release);
	}
	if (found.lookup == NULL || found.to_unicode == NULL || found.release == NULL) {
		error_set(err, ERROR_UNSUPPORTED,
			  "internationalized names need '" LIBRARY "', which cannot be "
			  "loaded; install "
			  "libidn2");
		return NULL;
	}
	loaded = found;
	atomic_store(&ready, true);
	return &loaded;
}

int idn_load(struct error *err)
{
	return library(err) == NULL ? ERROR_UNSUPPORTED : 0;
}

/* RFC 3490, section 3.1: what counts as a dot. */
static void replace_dots(char *name)
{
	static const char *const dots[] = { "\u3002", "\uff0e", "\uff61" };
	for (size_t i = 0; i < sizeof(dots) / sizeof(dots[0]); i++)
		for (char *at = name; (at = strstr(at, dots[i])) != NULL;) {
			*at++ = '.';
			memmove(at, at + 2, strlen(at + 2) + 1);
		}
}

/* The encoded form in *out, or NULL when there is none. */
static int encode(const struct library *idn, const char *name, int flags, char **out)
{
	uint8_t *encoded = NULL;
	int status = idn->lookup((const uint8_t *)name, &encoded, flags);
	*out = status == IDN2_OK ? (char *)encoded : NULL;
	return status == IDN2_MALLOC ? ERROR_MEMORY : 0;
}

/* --- RFC 5892, appendix A.3 to A.9: characters that are allowed only beside others,
 * which libidn2 does not ask for when it looks names up --- */

struct label {
	uint32_t characters[LABELS_BYTES + 1]; /* 0 behind the last */
	size_t count;
};

struct range {
	uint32_t first;
	uint32_t last;
};

static bool is_in(uint32_t character, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return false;
}

static bool has_any(const struct label *label, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < label->count; i++)
		if (is_in(label->characters[i], ranges, count))
			return true;
	return false;
}

#define IN(character, ranges)                                                          \
	is_in(character, ranges, sizeof(ranges) / sizeof((ranges)[0]))
#define HAS(label, ranges) has_any(label, ranges, sizeof(ranges) / sizeof((ranges)[0]))

static bool fits_context(const struct label *label, size_t index)
{
	static const struct range greek[] = { { 0x370, 0x3e1 },
					      { 0x3f0, 0x3ff },
					      { 0x1f00, 0x1fff } };
	static const struct range hebrew[] = { { 0x591, 0x5f4 }, { 0xfb1d, 0xfb4f } };
	static const struct range japanese[] = {
		{ 0x3005, 0x3007 }, { 0x3041, 0x3096 },  { 0x309d, 0x309f },
		{ 0x30a1, 0x30fa }, { 0x30fd, 0x30ff },  { 0x31f0, 0x31ff },
		{ 0x3400, 0x4dbf }, { 0x4e00, 0x9fff },  { 0xf900, 0xfaff },
		{ 0xff66, 0xff9f }, { 0x20000, 0x3ffff }
	};
	static const struct range arabic[] = { { 0x660, 0x669 } };
	static const struct range extended_arabic[] = { { 0x6f0, 0x6f9 } };
	uint32_t before = index == 0 ? 0 : label->characters[index - 1];
	uint32_t after = label->characters[index + 1];
	switch (label->characters[index]) {
	case 0xb7: /* MIDDLE DOT */
		return before == 'l' && after == 'l';
	case 0x375: /* GREEK KERAIA */
		return IN(after, greek);
	case 0x5f3: /* HEBREW GERESH */
	case 0x5f4: /* HEBREW GERSHAYIM */
		return IN(before, hebrew);
	case 0x30fb: /* KATAKANA MIDDLE DOT */
		return HAS(label, japanese);
	}
	return !IN(label->characters[index], arabic) || !HAS(label, extended_arabic);
}

static bool fit_contexts(const char *name)
{
	size_t left = strlen(name);
	while (left > 0) {
		struct label label = { .count = 0 };
		uint32_t character = 0;
		for (size_t size; left > 0 && character != '.'; left -= size) {
			size = text_utf8_next(name, left, &character);
			if (size == 0 || label.count == LABELS_BYTES)
				return false;
			name += size;
			if (character != '.')
				label.characters[label.count++] = character;
		}
		for (size_t i = 0; i < label.count; i++)
			if (!fits_context(&label, i))
				return false;
	}
	return true;
}

/* Whether an encoded name means what encodes to it again: RFC 5891, section 5.4. */
static int is_canonical(const struct library *idn, const char *encoded)
{
	char *decoded = NULL;
	char *again = NULL;
	int status = idn->to_unicode(encoded, &decoded, 0);
	if (status != IDN2_OK)
		return status == IDN2_MALLOC ? ERROR_MEMORY : 0;
	int code = encode(idn, decoded, LOOKUP_NO_MAPPING, &again);
	int good = code == 0 && again != NULL && strcmp(again, encoded) == 0 &&
		   fit_contexts(decoded);
	idn->release(decoded);
	idn->release(again);
	return code != 0 ? code : good;
}

static int check(const char *text, size_t length, int flags, struct error *err)
{
	char name[NAME_BYTES + 1];
	char *encoded = NULL;
	const struct library *idn = library(err);
	if (idn == NULL)
		return ERROR_UNSUPPORTED;
	if (length == 0 || length > NAME_BYTES)
		return 0;
	memcpy(name, text, length);
	name[length] = '\0';
	replace_dots(name);
	length = strlen(name);
	if (name[0] == '.' || name[length - 1] == '.')
		return 0;
	int good = encode(idn, name, flags | LOOKUP_STD3, &encoded);
	if (good == 0 && encoded != NULL && strlen(encoded) <= LABELS_BYTES)
		good = is_canonical(idn, encoded);
	idn->release(encoded);
	if (good < 0)
		return error_set(err, good, "out of memory for a hostname");
	return good;
}

int idn_is_name(const char *text, size_t length, struct error *err)
{
	return check(text, length, LOOKUP_NO_MAPPING, err);
}

int idn_is_mappable(const char *text, size_t length, struct error *err)
{
	return check(text, length, LOOKUP_NFC | LOOKUP_NON_TRANSITIONAL, err);
}
