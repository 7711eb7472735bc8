/*
 * Unquoted shell text is not YAML: a colon, an asterisk, a bracket mean
 * something.  libyaml says where it stumbled, which is often behind the mistake;
 * the beginning of the line tells the key whose value was meant.
 */
#include "graph/file/remedy.h"

#include <string.h>

#define QUOTE "\nput it in quotes, or use `%s: |` and a line of its own"

/* The line of a problem. */
struct line {
	size_t start, end; /* of its text, without what ends it */
	size_t key, key_end;
	size_t value;  /* where the value begins; end: there is none */
	char name[72]; /* of the key; "": there is none */
};

static struct line
line_of(const struct source *source, size_t at)
{
	const char *text = source->text;
	struct line line = { .start = at, .end = at };
	size_t i;

	while (line.start > 0 && text[line.start - 1] != '\n')
		line.start--;
	while (line.end < source->size && text[line.end] != '\n' && text[line.end] != '\r')
		line.end++;
	for (i = line.start; i < line.end &&
		(text[i] == ' ' || text[i] == '\t' || (text[i] == '-' && text[i + 1] == ' '));)
		i++;
	line.key = i;
	line.value = i;
	for (; i < line.end; i++)
		if (text[i] == ':' &&
			(i + 1 == line.end || text[i + 1] == ' ' || text[i + 1] == '\t'))
			break;
	if (i == line.end || i == line.key || strchr("[{&*@`%|>", text[line.key]) != NULL)
		return line;
	line.key_end = i;
	memcpy(line.name, SHOWN(text + line.key, i - line.key), sizeof line.name);
	for (i++; i < line.end && (text[i] == ' ' || text[i] == '\t');)
		i++;
	line.value = i;
	return line;
}

/* Who is to blame, for a sentence: the key of the line, or "this text". */
struct subject {
	char name[80];
};

static struct subject
subject_of(const struct line *line)
{
	struct subject subject = { "this text" };

	if (line->name[0] != '\0') {
		size_t size = strlen(line->name);

		subject.name[0] = '`';
		memcpy(subject.name + 1, line->name, size);
		memcpy(subject.name + 1 + size, "`", 2);
	}
	return subject;
}

static const char *
key_for_hint(const struct line *line)
{
	return line->name[0] != '\0' ? line->name : "run";
}

/* Whether text[from, to) has an open bracket of a value that begins with one. */
static int
is_open(const char *text, size_t from, size_t to)
{
	int depth = 0;

	for (; from < to; from++)
		depth += (text[from] == '[' || text[from] == '{') -
			(text[from] == ']' || text[from] == '}');
	return depth > 0;
}

/* Behind a closing bracket or quote is more. */
static int
explain_more(const struct source *source, const struct line *line, size_t at, struct error *error)
{
	return source_error(source, at, error,
		"%s begins with %c, and behind its end is more text\nput all of it in quotes, or use `%s: |` and a line of its own",
		subject_of(line).name, source->text[line->value], key_for_hint(line));
}

static int
has_more(const struct source *source, const struct line *line, size_t at)
{
	return line->value < at && line->value < line->end && line->name[0] != '\0' &&
		memchr("[{\"'", source->text[line->value], 4) != NULL &&
		!is_open(source->text, line->value, at);
}

/* `run: echo "a: b"`, or a key deeper than it may be. */
static int
explain_colon(const struct source *source, const struct complaint *complaint, struct error *error)
{
	struct line line = line_of(source, complaint->at);

	if (line.name[0] != '\0' && line.key_end < complaint->at)
		return source_error(source, complaint->at, error,
			"`%s` contains ': ', which begins a value in YAML" QUOTE, line.name,
			line.name);
	return source_error(source, line.key, error,
		"%s is deeper than the lines before, but they have a value already\nmove it to the left, below its neighbours; text that goes on here needs quotes or `|`",
		subject_of(&line).name);
}

/* A character that text must not begin with. */
static int
explain_start(const struct source *source, const struct complaint *complaint, struct error *error)
{
	size_t at = strstr(complaint->context, "alias") != NULL ||
			strstr(complaint->context, "anchor") != NULL ||
			strstr(complaint->context, "tag") != NULL
		? complaint->context_at
		: complaint->at;
	struct line line = line_of(source, at);
	char c = source->text[at];

	if (c == '\t')
		return source_error(
			source, at, error, "a tab where YAML wants spaces\nindent with spaces");
	if (has_more(source, &line, at))
		return explain_more(source, &line, at, error);
	if (line.value != at || line.name[0] == '\0')
		return source_error(source, at, error,
			"this text begins with '%c', which means something else in YAML\nput it in quotes",
			c);
	return source_error(source, at, error,
		"`%s` begins with '%c', which means something else in YAML" QUOTE, line.name, c,
		line.name);
}

/* `deps: [build::[env]]`. */
static int
explain_flow_colon(
	const struct source *source, const struct complaint *complaint, struct error *error)
{
	const char *text = source->text + complaint->context_at;
	size_t most = strcspn(text, ",\n"), size = 0;

	/* The last bracket is the list's. */
	while (size < most && (text[size] != ']' || is_open(text, 0, size)))
		size++;
	return source_error(source, complaint->context_at, error,
		"`%s` has a ':' that YAML takes for the end of a key, within [ ] or { }\nquote it, or use one `- item` per line",
		SHOWN(text, size));
}

/* Whether the line before has a comment behind text. */
static int
comment_before(const struct source *source, const struct line *line)
{
	struct line before;

	if (line->start == 0)
		return 0;
	before = line_of(source, line->start - 1);
	for (size_t i = before.value; i + 1 < before.end; i++)
		if (i > before.value && source->text[i] == ' ' && source->text[i + 1] == '#')
			return 1;
	return 0;
}

/* Behind a closing bracket or quote, or an indentation that fits nothing. */
static int
explain_key(const struct source *source, const struct complaint *complaint, struct error *error)
{
	struct line line = line_of(source, complaint->at);

	if (has_more(source, &line, complaint->at))
		return explain_more(source, &line, complaint->at, error);
	if (comment_before(source, &line))
		return source_error(source, complaint->at, error,
			"the text before ends with the comment in the line above, so this does not belong to it\nput all of the text in quotes, or use `|`");
	return source_error(source, complaint->at, error,
		"this does not fit the lines before it\nall keys of a map, and all `-` of a list, stand in one column");
}

static int
explain_no_colon(
	const struct source *source, const struct complaint *complaint, struct error *error)
{
	size_t at = complaint->context_at;

	return source_error(source, at, error,
		"`%s` is no key: there is no ': ' behind it\nif it belongs to the text above, use `|` there, or quotes; if it is a list's, begin with `- `",
		SHOWN(source->text + at, strcspn(source->text + at, "\r\n")));
}

static int
explain_open(const struct source *source, const struct complaint *complaint, struct error *error)
{
	return source_error(source, complaint->context_at, error,
		"what begins here with %c is not closed\nif it is part of the text, quote all of it",
		source->text[complaint->context_at]);
}

static int
explain_bracket(const struct source *source, const struct complaint *complaint, struct error *error)
{
	if (line_of(source, complaint->at).start != line_of(source, complaint->context_at).start)
		return explain_open(source, complaint, error);
	return source_error(source, complaint->at, error,
		"here a comma or the closing bracket is missing\nif the brackets are part of the text, quote all of it");
}

static int
explain_node(const struct source *source, const struct complaint *complaint, struct error *error)
{
	return source_error(source, complaint->at, error,
		"here a value or a closing bracket is missing\nif a bracket before it is part of the text, quote all of it");
}

static int
explain_escape(const struct source *source, const struct complaint *complaint, struct error *error)
{
	size_t at = complaint->at;

	return source_error(source, at, error,
		"in double quotes this is no escape that YAML knows\nuse single quotes, or write each backslash twice");
}

static int
explain_item(const struct source *source, const struct complaint *complaint, struct error *error)
{
	return source_error(source, complaint->at, error,
		"a list begins here, behind its key\nput each `- ` on a line of its own; quote it if it is text");
}

static int
explain_block(const struct source *source, const struct complaint *complaint, struct error *error)
{
	struct line line = line_of(source, complaint->context_at);

	return source_error(source, complaint->at, error,
		"%s begins with %c, so its text begins in the next line\nput it there, or quote it",
		subject_of(&line).name, source->text[complaint->context_at]);
}

static int
explain_tab(const struct source *source, const struct complaint *complaint, struct error *error)
{
	return source_error(
		source, complaint->at, error, "a tab where YAML wants spaces\nindent with spaces");
}

static int
explain_question(
	const struct source *source, const struct complaint *complaint, struct error *error)
{
	struct line line = line_of(source, complaint->at);

	return source_error(source, complaint->at, error,
		"%s begins with '? ', which begins a key in YAML" QUOTE, subject_of(&line).name,
		key_for_hint(&line));
}

static int
explain_tag(const struct source *source, const struct complaint *complaint, struct error *error)
{
	return source_error(source, complaint->context_at, error,
		"tags have no meaning here\ntake it out, or quote the text if the ! belongs to it");
}

static int
explain_long_key(
	const struct source *source, const struct complaint *complaint, struct error *error)
{
	return source_error(source, complaint->at, error,
		"this does not belong to what stands before it\na file has one map: keys at the left margin, each with its value behind ': '");
}

/* In this order: words of libyaml's problem, words of its context. */
static const struct row {
	const char *problem;
	const char *context;
	int (*explain)(const struct source *source, const struct complaint *complaint,
		struct error *error);
} rows[] = {
	{ "mapping values are not allowed", "", explain_colon },
	{ "cannot start any token", "", explain_start },
	{ "expected alphabetic or numeric", "", explain_start },
	{ "found unexpected ':'", "", explain_flow_colon },
	{ "", "quoted scalar", NULL },
	{ "found a tab character", "", explain_tab },
	{ "expected ',' or ", "", explain_bracket },
	{ "expected node content", "", explain_node },
	{ "did not find expected key", "", explain_key },
	{ "expected '-' indicator", "", explain_key },
	{ "could not find expected ':'", "", explain_no_colon },
	{ "block sequence entries", "", explain_item },
	{ "mapping keys are not allowed", "", explain_question },
	{ "", "block scalar", explain_block },
	{ "", " tag", explain_tag },
	{ "", "directive", explain_start },
	{ "tag handle", "", explain_tag },
	{ "expected <document start>", "", explain_long_key },
};

int
remedy_explain(const struct source *source, const struct complaint *complaint, struct error *error)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strstr(complaint->problem, rows[i].problem) == NULL ||
			strstr(complaint->context, rows[i].context) == NULL)
			continue;
		if (rows[i].explain != NULL)
			return rows[i].explain(source, complaint, error);
		return strstr(complaint->problem, "unexpected") != NULL
			? explain_open(source, complaint, error)
			: explain_escape(source, complaint, error);
	}
	return source_error(
		source, complaint->at, error, "%s %s", complaint->problem, complaint->context);
}
