/* doc/yaml_reader.c - a stream of YAML documents: where they start and end, directives,
 * and a tree of each. */
#include "doc/yaml_reader.h"

#include "base/arena.h"
#include "base/error.h"
#include "doc/scan.h"
#include "doc/yaml_parse.h"

/* A line that starts with three of these, white space behind: it ends a document. */
static bool at_marker(const struct yaml_parser *parser, const char *line, char c)
{
	return parser->text_end - line >= 3 && line[0] == c && line[1] == c &&
	       line[2] == c && (parser->text_end - line == 3 || yaml_is_blank(line[3]));
}

/* The start of the next marker's line, behind the line of `at`; or the end. */
static const char *find_marker(const struct yaml_parser *parser, const char *at)
{
	for (;;) {
		size_t left = (size_t)(parser->text_end - at);
		const char *newline = memchr(at, '\n', left);
		if (newline == NULL)
			return parser->text_end;
		at = newline + 1;
		while (at < parser->text_end && *at == '\n')
			at++;
		if (at == parser->text_end || (*at != '-' && *at != '.'))
			continue;
		if (at_marker(parser, at, '-') || at_marker(parser, at, '.'))
			return at;
	}
}

/* --- directives --- */

static size_t word_length(const struct yaml_parser *parser)
{
	size_t length = 0;
	while (!yaml_is_blank(yaml_peek_at(parser, length)))
		length++;
	return length;
}

static const char *read_word(struct yaml_parser *parser, size_t *length)
{
	yaml_pass_white(parser);
	const char *word = parser->at;
	*length = word_length(parser);
	parser->at += *length;
	return word;
}

static int end_directive(struct yaml_parser *parser)
{
	uint32_t line = parser->line;
	struct place place = yaml_place(parser);
	yaml_pass_space(parser);
	if (parser->line != line || parser->at >= parser->end)
		return 0;
	return yaml_refuse(parser, place, "remove it", "text behind a directive");
}

static int read_version(struct yaml_parser *parser)
{
	struct place place = yaml_place(parser);
	size_t length;
	const char *version = read_word(parser, &length);
	if (parser->versioned)
		return yaml_refuse(parser, place, "remove one of the two",
				   "a second %YAML directive");
	parser->versioned = true;
	bool known = length >= 3 && version[0] == '1' && version[1] == '.';
	for (size_t i = 2; known && i < length; i++)
		known = version[i] >= '0' && version[i] <= '9';
	if (known)
		return end_directive(parser);
	return yaml_refuse(parser, place, "remove the directive",
			   "a %YAML version that is not 1.1 or 1.2");
}

static bool is_handle(const char *handle, size_t length)
{
	if (length == 0 || handle[0] != '!' || handle[length - 1] != '!')
		return false;
	for (size_t i = 1; i + 1 < length; i++)
		if (strchr("0123456789abcdefghijklmnopqrstuvwxyz"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ-",
			   handle[i]) == NULL)
			return false;
	return true;
}

static int read_tag_directive(struct yaml_parser *parser)
{
	struct place place = yaml_place(parser);
	size_t handle_length;
	size_t length;
	const char *handle = read_word(parser, &handle_length);
	const char *prefix = read_word(parser, &length);
	if (!is_handle(handle, handle_length) || length == 0)
		return yaml_refuse(parser, place, "write '%TAG !name! prefix'",
				   "a %TAG directive that is not complete");
	if (map_has(&parser->handles, handle, handle_length))
		return yaml_refuse(parser, place, "remove one of the two",
				   "a second %TAG directive for one handle");
	const char *kept = arena_copy(parser->arena, handle, handle_length);
	char *value = arena_copy(parser->arena, prefix, length);
	if (kept == NULL || value == NULL ||
	    map_put(&parser->handles, kept, handle_length, value) != 0)
		return problem_memory(parser->problem, place);
	return end_directive(parser);
}

/* Reserved directives are passed over, as 6.8.1 has it. */
static int read_directive(struct yaml_parser *parser)
{
	size_t length;
	const char *name = read_word(parser, &length);
	if (length == 5 && memcmp(name, "%YAML", 5) == 0)
		return read_version(parser);
	if (length == 4 && memcmp(name, "%TAG", 4) == 0)
		return read_tag_directive(parser);
	const char *newline =
		memchr(parser->at, '\n', (size_t)(parser->end - parser->at));
	parser->at = newline == NULL ? parser->end : newline;
	yaml_pass_space(parser);
	return 0;
}

/* --- documents --- */

static int start_document(struct yaml_parser *parser)
{
	tree_start(&parser->tree);
	map_release(&parser->anchors);
	parser->anchor_count = 0;
	parser->alias_nodes = 0;
	uint64_t count = parser->docs.count + 1;
	if (count > parser->limits->values[LIMIT_YAML_DOCS])
		return problem_limit(parser->problem, parser->limits, LIMIT_YAML_DOCS,
				     count, yaml_place(parser));
	return 0;
}

/* --- what Kubernetes' reader of streams (k8s.io/apimachinery, YAMLReader) would drop
 * or refuse: it cuts at lines that start with "---" before YAML is read, and reads the
 * first document of each piece --- */

/* A line that starts with "---" is a marker with nothing behind it. */
static int check_marker_lines(struct yaml_parser *parser)
{
	const char *line = parser->text;
	uint32_t number = 1;
	while (line < parser->text_end) {
		size_t left = (size_t)(parser->text_end - line);
		const char *newline = memchr(line, '\n', left);
		const char *end = newline == NULL ? parser->text_end : newline;
		const char *at = line + 3;
		if (end - line >= 3 && memcmp(line, "---", 3) == 0) {
			while (at < end && (yaml_is_white(*at) || *at == '\r'))
				at++;
			bool clean = at == end || (*at == '#' && at > line + 3);
			if (!clean)
				return yaml_refuse(parser, (struct place){ number, 4 },
						   "start the document on the next "
						   "line",
						   "text behind '---', which "
						   "Kubernetes does not "
						   "read");
		}
		line = end + 1;
		number++;
	}
	return 0;
}

static int check_kubernetes(struct yaml_parser *parser, bool explicit)
{
	if (parser->format != DOC_KUBERNETES)
		return 0;
	if (yaml_peek(parser) == '%')
		return yaml_refuse(parser, yaml_place(parser), "remove it",
				   "a directive, which Kubernetes does not read");
	if (explicit || parser->docs.count == 0)
		return 0;
	return yaml_refuse(parser, yaml_place(parser), "write '---' before it",
			   "a document behind '...' without '---', which Kubernetes "
			   "drops");
}

static int read_document(struct yaml_parser *parser)
{
	int status = start_document(parser);
	if (status == 0)
		status = yaml_block_node(parser, -1, YAML_INLINE, &parser->tree.root);
	if (status != 0)
		return status;
	yaml_pass_space(parser);
	if (parser->at < parser->end)
		return yaml_refuse_rest(parser);
	const struct node **slot =
		ARENA_PUSH(parser->arena, &parser->docs.roots, &parser->docs.count,
			   &parser->root_capacity);
	const struct node *root = tree_root(&parser->tree);
	if (slot == NULL || root == NULL)
		return problem_memory(parser->problem, yaml_place(parser));
	*slot = root;
	return 0;
}

static int read_directives(struct yaml_parser *parser, bool allowed)
{
	map_release(&parser->handles);
	parser->versioned = false;
	bool any = false;
	while (yaml_peek(parser) == '%' && yaml_column(parser) == 0) {
		struct place place = yaml_place(parser);
		if (!allowed)
			return yaml_refuse(parser, place,
					   "end the document before it with '...'",
					   "a directive within a document");
		int status = read_directive(parser);
		if (status != 0)
			return status;
		any = true;
	}
	if (any && !at_marker(parser, parser->at, '-'))
		return yaml_refuse(parser, yaml_place(parser),
				   "write '---' before the document",
				   "directives without a document");
	return 0;
}

/* "...", behind which directives may stand. */
static int read_end_marker(struct yaml_parser *parser)
{
	uint32_t line = parser->line;
	parser->at += 3;
	parser->end = parser->text_end;
	yaml_pass_space(parser);
	if (parser->line != line || parser->at >= parser->end)
		return 0;
	return yaml_refuse(parser, yaml_place(parser), "start on the next line",
			   "text behind the end of the document");
}

static int read_stream(struct yaml_parser *parser)
{
	bool ended = true; /* by "...", or nothing was there yet */
	for (;;) {
		parser->end = parser->text_end;
		yaml_pass_space(parser);
		if (parser->at >= parser->end)
			return 0;
		if (at_marker(parser, parser->at, '.') && yaml_column(parser) == 0) {
			int status = read_end_marker(parser);
			if (status != 0)
				return status;
			ended = true;
			continue;
		}
		bool explicit =
			at_marker(parser, parser->at, '-') && yaml_column(parser) == 0;
		int status = check_kubernetes(parser, explicit);
		if (status == 0)
			status = read_directives(parser, ended);
		if (status != 0)
			return status;
		explicit =
			at_marker(parser, parser->at, '-') && yaml_column(parser) == 0;
		parser->end = find_marker(parser, parser->at);
		parser->at += explicit ? 3 : 0;
		status = read_document(parser);
		if (status != 0)
			return status;
		ended = false;
	}
}

static void enter(struct yaml_parser *parser, char *text, size_t length)
{
	parser->text = text;
	parser->text_end = text + length;
	parser->at = text;
	parser->end = parser->text_end;
	parser->line_start = text;
	parser->line = 1;
	buf_init(&parser->scratch, 4 * length + 64);
	buf_init(&parser->mended, 4 * length + 64);
	while (yaml_peek_at(parser, (size_t)parser->indent) == ' ')
		parser->indent++;
	parser->at += parser->indent;
	yaml_pass_white(parser);
	parser->first = parser->at;
	parser->at = text;
}

/* A text that was looked at. */
static int read_text(struct docs *out, struct arena *arena, enum doc_format format,
		     const char *text, size_t length, bool ascii,
		     const struct limits *limits, struct doc_problem *problem)
{
	char *kept = tree_keep_text(arena, text, length);
	if (kept == NULL)
		return problem_memory(problem, (struct place){ 1, 1 });
	struct yaml_parser parser = { .arena = arena,
				      .limits = limits,
				      .problem = problem,
				      .format = format,
				      .ascii = ascii,
				      .tree = { .arena = arena,
						.limits = limits,
						.depth_limit = LIMIT_YAML_DEPTH,
						.node_limit = LIMIT_YAML_NODES,
						.merges = true,
						.merge_at_end =
							format == DOC_KUBERNETES,
						.problem = problem,
						.source = kept,
						.source_end = kept + length } };
	int status = 0;
	enter(&parser, kept, length);
	if (format == DOC_KUBERNETES)
		status = check_marker_lines(&parser);
	if (status == 0)
		status = read_stream(&parser);
	tree_release(&parser.tree);
	map_release(&parser.anchors);
	map_release(&parser.handles);
	buf_release(&parser.scratch);
	buf_release(&parser.mended);
	if (status == 0)
		*out = parser.docs;
	return status;
}

int yaml_read(struct docs *out, struct arena *arena, enum doc_format format,
	      const char *text, size_t length, const struct limits *limits,
	      struct doc_problem *problem)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	bool ascii = false;
	if (length >= 3 && memcmp(text, byte_order_mark, 3) == 0) {
		text += 3;
		length -= 3;
	}
	int status = scan_yaml(text, length, limits, &ascii, problem);
	if (status != 0)
		return status;
	return read_text(out, arena, format, text, length, ascii, limits, problem);
}
