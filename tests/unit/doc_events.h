/* tests/unit/doc_events.h - compares trees with the events that the YAML test suite
 * expects ("test.event"). */
#ifndef TESTS_UNIT_DOC_EVENTS_H
#define TESTS_UNIT_DOC_EVENTS_H

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "doc/doc.h"

struct events {
	char *at;
	struct map anchors; /* name -> the node of ours that stands there */
};

/* The next line, NUL-terminated; NULL at the end. */
static inline char *events_line(struct events *events)
{
	char *line = events->at;
	char *newline = strchr(line, '\n');
	if (newline == NULL)
		return NULL;
	*newline = '\0';
	events->at = newline + 1;
	return line;
}

/* Whether an event's text, with \n, \t, \b, \r and \\, is this one. */
static inline bool events_text(const char *expected, const char *text, size_t length)
{
	static const char names[] = "ntbr\\";
	static const char meanings[] = "\n\t\b\r\\";
	const char *end = text + length;
	for (; *expected != '\0'; expected++, text++) {
		char c = *expected;
		if (c == '\\' && expected[1] != '\0') {
			const char *name = strchr(names, *++expected);
			c = name == NULL ? '?' : meanings[name - names];
		}
		if (text >= end || *text != c)
			return false;
	}
	return text == end;
}

/* Passes "&name", "<tag>", "{}", "[]"; remembers the anchor. */
static inline char *events_properties(struct events *events, char *at,
				      const struct node *node)
{
	for (;;) {
		at += strspn(at, " ");
		if (*at == '\0' || strchr("&<{[", *at) == NULL)
			return at;
		char *end = at + strcspn(at, " ");
		if (*at == '<')
			end = strchr(at, '>') + 1;
		if (*at == '&')
			map_put(&events->anchors, at + 1, (size_t)(end - at) - 1,
				(void *)(uintptr_t)node);
		at = end;
	}
}

/* An alias is a copy of its node, which has the same children. */
static inline bool events_alias(struct events *events, const char *name,
				const struct node *node)
{
	const struct node *meant = map_get(&events->anchors, name, strlen(name));
	if (node_count(meant) > 0)
		return node_item(meant, 0) == node_item(node, 0);
	return meant != NULL && node_kind(meant) == node_kind(node) &&
	       strcmp(node_text(meant, NULL), node_text(node, NULL)) == 0;
}

static inline bool events_node(struct events *events, const struct node *node)
{
	char *line = events_line(events);
	if (line == NULL || node == NULL)
		return false;
	if (strncmp(line, "=ALI *", 6) == 0)
		return events_alias(events, line + 6, node);
	char *rest = events_properties(events, line + 4, node);
	if (strncmp(line, "=VAL", 4) == 0) {
		size_t length;
		const char *text = node_text(node, &length);
		bool plain = *rest == ':';
		return node_count(node) == 0 && events_text(rest + 1, text, length) &&
		       (plain || node_kind(node) == NODE_STRING ||
			node_tag(node) != NULL);
	}
	bool mapping = strncmp(line, "+MAP", 4) == 0;
	if (node_kind(node) != (mapping ? NODE_MAPPING : NODE_SEQUENCE))
		return false;
	for (size_t i = 0; i < node_count(node); i++) {
		if (mapping && !events_node(events, node_key(node, i)))
			return false;
		if (!events_node(events, node_item(node, i)))
			return false;
	}
	line = events_line(events);
	return line != NULL && line[0] == '-';
}

/* `text` is written to. */
static inline bool events_match(char *text, const struct docs *docs)
{
	struct events events = { .at = text };
	bool match = events_line(&events) != NULL; /* +STR */
	for (size_t i = 0; match && i < docs->count; i++) {
		char *line = events_line(&events);
		match = line != NULL && strncmp(line, "+DOC", 4) == 0 &&
			events_node(&events, docs->roots[i]);
		line = events_line(&events);
		match = match && line != NULL && strncmp(line, "-DOC", 4) == 0;
		map_release(&events.anchors);
	}
	char *line = events_line(&events);
	return match && line != NULL && strcmp(line, "-STR") == 0;
}

#endif
