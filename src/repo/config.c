/* repo/config.c - reads one configuration file as git does, without following what it
 * includes.
 *
 * Source: git-config(1), "Syntax". libgit2's reader follows includes and cannot be told
 * not to. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/path.h"
#include "repo/handle.h"

#define NAME_BYTES_MAX 1024

struct config_reader {
	const char *name; /* of the file */
	const char *at;
	const char *end;
	unsigned int line;
	struct buf section; /* "gitgate" or "gitgate.refs/heads/main", normal form */
	struct buf key;     /* the whole name of the present variable */
	struct buf value;
};

static int malformed(const struct config_reader *reader, struct error *err)
{
	return error_set(err, ERROR_REPO_CONFIG, "'%s' is malformed at line %u",
			 reader->name, reader->line);
}

static int peek(const struct config_reader *reader)
{
	if (reader->at == reader->end)
		return -1;
	if (reader->at[0] == '\r' && reader->end - reader->at > 1 &&
	    reader->at[1] == '\n')
		return '\n';
	return (unsigned char)*reader->at;
}

static int take(struct config_reader *reader)
{
	int byte = peek(reader);
	if (byte < 0)
		return byte;
	reader->at += byte == '\n' && *reader->at == '\r' ? 2 : 1;
	if (byte == '\n')
		reader->line++;
	return byte;
}

static void skip_line(struct config_reader *reader)
{
	int byte;
	do
		byte = take(reader);
	while (byte >= 0 && byte != '\n');
}

static void skip_blanks(struct config_reader *reader)
{
	while (peek(reader) == ' ' || peek(reader) == '\t')
		take(reader);
}

/* The quoted second half of a section's name; case matters. */
static int read_subsection(struct config_reader *reader, struct error *err)
{
	skip_blanks(reader);
	if (take(reader) != '"')
		return malformed(reader, err);
	buf_add_byte(&reader->section, '.');
	for (int byte = take(reader); byte != '"'; byte = take(reader)) {
		if (byte == '\\')
			byte = take(reader);
		if (byte < 0 || byte == '\n')
			return malformed(reader, err);
		buf_add_byte(&reader->section, (unsigned char)byte);
	}
	return take(reader) == ']' ? 0 : malformed(reader, err);
}

static int read_section(struct config_reader *reader, struct error *err)
{
	buf_reset(&reader->section);
	for (;;) {
		int byte = take(reader);
		if (byte == ']')
			return reader->section.length != 0 ? 0 : malformed(reader, err);
		if (byte == ' ' || byte == '\t')
			return read_subsection(reader, err);
		if (byte < 0 || (!isalnum(byte) && byte != '-' && byte != '.'))
			return malformed(reader, err);
		buf_add_byte(&reader->section, (unsigned char)tolower(byte));
	}
}

static int unescape(int byte)
{
	switch (byte) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'b':
		return '\b';
	case '\\':
	case '"':
		return byte;
	}
	return -1;
}

/* To the end of the line: quotes, escapes and comments as git reads them; blanks at the
 * end are dropped unless quoted. */
static int read_value(struct config_reader *reader, struct error *err)
{
	bool quoted = false;
	size_t kept = 0; /* length without blanks at the end */
	skip_blanks(reader);
	for (;;) {
		int byte = take(reader);
		if (byte < 0 || byte == '\n') {
			buf_truncate(&reader->value, kept);
			return quoted ? malformed(reader, err) : 0;
		}
		if (!quoted && (byte == '#' || byte == ';')) {
			skip_line(reader);
			buf_truncate(&reader->value, kept);
			return 0;
		}
		if (byte == '"') {
			quoted = !quoted;
			kept = reader->value.length;
			continue;
		}
		bool blank = !quoted && (byte == ' ' || byte == '\t');
		if (byte == '\\') {
			byte = take(reader);
			if (byte == '\n')
				continue;
			byte = unescape(byte);
			if (byte < 0)
				return malformed(reader, err);
		}
		buf_add_byte(&reader->value, (unsigned char)byte);
		if (!blank)
			kept = reader->value.length;
	}
}

/* A variable without "=" is true. */
static int read_variable(struct config_reader *reader, struct error *err)
{
	if (!isalpha(peek(reader)) || reader->section.length == 0)
		return malformed(reader, err);
	buf_reset(&reader->key);
	buf_reset(&reader->value);
	buf_add(&reader->key, reader->section.data, reader->section.length);
	buf_add_byte(&reader->key, '.');
	while (isalnum(peek(reader)) || peek(reader) == '-')
		buf_add_byte(&reader->key, (unsigned char)tolower(take(reader)));
	skip_blanks(reader);
	int byte = peek(reader);
	if (byte == '=') {
		take(reader);
		return read_value(reader, err);
	}
	if (byte >= 0 && byte != '\n' && byte != '#' && byte != ';')
		return malformed(reader, err);
	skip_line(reader);
	buf_add_string(&reader->value, "true");
	return 0;
}

/* 1: a variable was read; 0: the end. */
static int next_variable(struct config_reader *reader, struct error *err)
{
	for (;;) {
		int byte = peek(reader);
		int rc = 0;
		if (byte < 0)
			return 0;
		if (isspace(byte)) {
			take(reader);
		} else if (byte == '#' || byte == ';') {
			skip_line(reader);
		} else if (byte == '[') {
			take(reader);
			rc = read_section(reader, err);
		} else {
			rc = read_variable(reader, err);
			if (rc == 0)
				rc = buf_status(&reader->key, "variable name", err);
			if (rc == 0)
				rc = buf_status(&reader->value, "value", err);
			return rc != 0 ? rc : 1;
		}
		if (rc == 0)
			rc = buf_status(&reader->section, "section name", err);
		if (rc != 0)
			return rc;
	}
}

/* Section and last word of a key have no case, what stands between has. */
static int normal_key(struct buf *out, const char *key, struct error *err)
{
	const char *first = strchr(key, '.');
	const char *last = strrchr(key, '.');
	if (first == NULL)
		return error_set(err, ERROR_USAGE, "'%s' is not 'section.name'", key);
	for (const char *at = key; *at != '\0'; at++) {
		bool exact = at > first && at < last;
		int byte = (unsigned char)*at;
		buf_add_byte(out, (unsigned char)(exact ? byte : tolower(byte)));
	}
	return buf_status(out, "key", err);
}

static int each_match(struct config_reader *reader, const struct buf *wanted,
		      int (*each)(void *data, const char *value), void *data,
		      struct error *err)
{
	int rc;
	while ((rc = next_variable(reader, err)) == 1) {
		if (strcmp(reader->key.data, wanted->data) != 0)
			continue;
		rc = each(data, reader->value.data);
		if (rc != 0)
			return rc;
	}
	return rc;
}

/* A repository without a configuration file has no values. */
static int read_file(struct buf *content, const char *path, struct error *err)
{
	struct error why = ERROR_INIT;
	int rc = buf_read_file(content, path, &why);
	if (rc != 0 && rc != ERROR_NOT_FOUND)
		return error_set(err, rc, "%s", why.text);
	if (memchr(content->data, '\0', content->length) != NULL)
		return error_set(err, ERROR_REPO_CONFIG, "'%s' holds a NUL byte", path);
	return 0;
}

int config_file_each(const char *path, size_t maximum, const char *key,
		     int (*each)(void *data, const char *value), void *data,
		     struct error *err)
{
	static const char mark[] = "\xef\xbb\xbf";
	struct buf content = BUF_INIT(maximum);
	struct buf wanted = BUF_INIT(NAME_BYTES_MAX);
	struct config_reader reader = { .name = path,
					.line = 1,
					.section = BUF_INIT(NAME_BYTES_MAX),
					.key = BUF_INIT(2 * NAME_BYTES_MAX),
					.value = BUF_INIT(maximum) };
	int rc = normal_key(&wanted, key, err);
	if (rc == 0)
		rc = read_file(&content, path, err);
	if (rc == 0) {
		reader.at = content.data;
		reader.end = content.data + content.length;
		if (content.length >= 3 && memcmp(content.data, mark, 3) == 0)
			reader.at += 3;
		rc = each_match(&reader, &wanted, each, data, err);
	}
	buf_release(&reader.value);
	buf_release(&reader.key);
	buf_release(&reader.section);
	buf_release(&wanted);
	buf_release(&content);
	return rc;
}

int repo_config_each(struct repo *repo, const char *key,
		     int (*each)(void *data, const char *value), void *data,
		     struct error *err)
{
	char *path = path_join(repo->path, "config");
	if (path == NULL)
		return error_set(err, ERROR_MEMORY, "out of memory");
	int rc = config_file_each(path, repo->limits.values[LIMIT_CONFIG_BYTES], key,
				  each, data, err);
	free(path);
	return rc;
}
