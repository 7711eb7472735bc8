/*
 * Staleness as a table: what was recorded, what is there now, and the sentences of all reasons in their order.
 *
 * Both sides are lists of things separated by "; ":
 *   part NAME=VALUE   dep NAME VERSION   in, found or out PATH and then sN size, tN time in ms, iN inode, lN looked at,
 *   hN hash, h- no hash, dir, other, missing
 *   record only: none, version N, failed, unfinished
 *   now only: force, full, no_skip, always, mtime, hash, exist, wall N, age N (of the newest out, in ms)
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/history/stale.h"
#include "memory_fault.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))
enum { MAX = 8 };

struct side {
	struct part parts[MAX];
	struct file inputs[MAX], found[MAX], outputs[MAX];
	struct dep deps[MAX];
	uint64_t ages[MAX];
	uint32_t n_parts, n_inputs, n_found, n_outputs, n_deps, n_ages;
	uint64_t version;
	int none, attempt;
	struct now now;
	char text[1024];
	unsigned asked; /* hashes */
};

static void
read_file(struct side *side, struct file *file, char *words)
{
	char *rest = words, *word = strtok_r(words, " ", &rest);

	*file = (struct file){ .path = word, .kind = FILE_REGULAR, .hashed = 1, .size = 10, .inode = 1, .mtime_ns = 1500,
		.looked_ns = 90500, .hash = { 1, 1 } };
	while ((word = strtok_r(NULL, " ", &rest)) != NULL) {
		long long number = atoll(word + 1);

		if (strcmp(word, "dir") == 0)
			file->kind = FILE_DIRECTORY;
		else if (strcmp(word, "other") == 0)
			file->kind = FILE_OTHER;
		else if (strcmp(word, "missing") == 0)
			file->kind = FILE_MISSING;
		else if (strcmp(word, "h-") == 0)
			file->hashed = 0;
		else if (*word == 's')
			file->size = (uint64_t)number;
		else if (*word == 'i')
			file->inode = (uint64_t)number;
		else if (*word == 't')
			file->mtime_ns = number;
		else if (*word == 'l')
			file->looked_ns = number;
		else if (*word == 'h')
			file->hash = (struct digest){ (uint64_t)number, (uint64_t)number << 32 };
		else
			cr_assert_fail("word %s", word);
	}
	file->mtime_ns *= 1000000;
	file->looked_ns *= 1000000;
	(void)side;
}

static int
read_flag(struct side *side, const char *word, const char *rest)
{
	static const char *const forces[] = { "", "force", "full", "no_skip", "always" };

	for (uint32_t force = 1; force < COUNT(forces); force++) {
		if (strcmp(word, forces[force]) == 0) {
			side->now.force = force;
			return 1;
		}
	}
	if (strcmp(word, "none") == 0)
		side->none = 1;
	else if (strcmp(word, "failed") == 0)
		side->attempt = ATTEMPT_FAILED;
	else if (strcmp(word, "unfinished") == 0)
		side->attempt = ATTEMPT_UNFINISHED;
	else if (strcmp(word, "version") == 0)
		side->version = (uint64_t)atoll(rest);
	else if (strcmp(word, "mtime") == 0)
		side->now.fingerprint = FINGERPRINT_MTIME;
	else if (strcmp(word, "hash") == 0)
		side->now.fingerprint = FINGERPRINT_HASH;
	else if (strcmp(word, "exist") == 0)
		side->now.outputs_exist = 1;
	else if (strcmp(word, "wall") == 0)
		side->now.wall_ns = atoll(rest) * 1000000;
	else if (strcmp(word, "age") == 0)
		side->ages[side->n_outputs - 1] = (uint64_t)atoll(rest) * 1000000, side->n_ages = 1;
	else
		return 0;
	return 1;
}

static void
read_side(struct side *side, const char *text)
{
	char *at = side->text;

	memset(side, 0, sizeof *side);
	side->version = 1;
	snprintf(side->text, sizeof side->text, "%s", text);
	while (at != NULL && *at != '\0') {
		char *thing = at, *end = strstr(at, "; "), *space, *rest;

		at = end != NULL ? end + 2 : NULL;
		if (end != NULL)
			*end = '\0';
		space = strchr(thing, ' ');
		rest = space != NULL ? space + 1 : thing + strlen(thing);
		if (space != NULL)
			*space = '\0';
		if (strcmp(thing, "in") == 0) {
			read_file(side, &side->inputs[side->n_inputs++], rest);
		} else if (strcmp(thing, "found") == 0) {
			read_file(side, &side->found[side->n_found++], rest);
		} else if (strcmp(thing, "out") == 0) {
			read_file(side, &side->outputs[side->n_outputs++], rest);
		} else if (strcmp(thing, "part") == 0) {
			side->parts[side->n_parts].name = rest;
			side->parts[side->n_parts++].value = strchr(rest, '=') + 1;
			*strchr(rest, '=') = '\0';
		} else if (strcmp(thing, "dep") == 0) {
			side->deps[side->n_deps].version = strtoull(strchr(rest, ' ') + 1, NULL, 10);
			side->deps[side->n_deps++].name = rest;
			*strchr(rest, ' ') = '\0';
		} else {
			cr_assert(read_flag(side, thing, rest), "thing %s", thing);
		}
	}
}

static int
ask_hash(void *user, const struct file *file, struct digest *hash)
{
	struct side *side = user;

	side->asked++;
	*hash = file->hash;
	return file->hashed ? 0 : -1;
}

static struct record
record_of(struct side *side)
{
	return (struct record){ .parts = side->parts, .inputs = side->inputs, .found = side->found, .deps = side->deps,
		.outputs = side->outputs, .n_parts = side->n_parts, .n_inputs = side->n_inputs, .n_found = side->n_found,
		.n_deps = side->n_deps, .n_outputs = side->n_outputs, .version = side->version,
		.attempt = (uint32_t)side->attempt };
}

static void
now_of(struct side *side)
{
	struct now *now = &side->now;

	now->parts = side->parts;
	now->inputs = side->inputs;
	now->found = side->found;
	now->outputs = side->outputs;
	now->deps = side->deps;
	now->max_ages_ns = side->n_ages != 0 ? side->ages : NULL;
	now->n_parts = side->n_parts;
	now->n_inputs = side->n_inputs;
	now->n_deps = side->n_deps;
	now->hash = ask_hash;
	now->user = side;
}

struct row {
	const char *was, *is;
	const char *reasons; /* joined by "; ", "": up to date */
	unsigned asked, refreshed;
};

#define COARSE "in a t90000 l95000" /* a whole second */

static const struct row rows[] = {
	/* Nothing differs. */
	{ "in a", "in a", "", 0, 0 },
	{ "dep core 3", "dep core 3", "", 0, 0 },
	{ "part command=cc; in a; dep core 3; out o", "part command=cc; in a; dep core 3; out o", "", 0, 0 },
	{ "in a; in b; in c", "in a; in b; in c", "", 0, 0 },
	/* 1: forced. */
	{ "in a", "in a; force", "it was asked for by force", 0, 0 },
	{ "in a", "in a; full", "a full run was asked for", 0, 0 },
	{ "in a", "in a; no_skip", "it is never skipped (no_skip)", 0, 0 },
	{ "in a", "in a; always", "it always runs (always)", 0, 0 },
	{ "none", "in a; always", "it always runs (always); there is no record of a success", 0, 0 },
	/* 2: no record. */
	{ "none", "in a", "there is no record of a success", 0, 0 },
	{ "version 0", "in a; part x=1", "there is no record of a success", 0, 0 },
	/* 3: the last attempt. */
	{ "in a; failed", "in a", "the last attempt failed", 0, 0 },
	{ "in a; unfinished", "in a", "the last attempt did not come to its end", 0, 0 },
	{ "version 0; unfinished", "in a", "there is no record of a success; the last attempt did not come to its end", 0, 0 },
	{ "in a; unfinished", "in a s11", "the last attempt did not come to its end; input a changed (size 10 -> 11)", 0, 0 },
	/* 4: the definition. */
	{ "in a; part command=cc -O2", "in a; part command=cc -O3", "command changed (\"cc -O2\" -> \"cc -O3\")", 0, 0 },
	{ "in a; part env CFLAGS=-g", "in a", "env CFLAGS is gone (it was \"-g\")", 0, 0 },
	{ "in a", "in a; part env CFLAGS=-g", "env CFLAGS is new (\"-g\")", 0, 0 },
	{ "in a; part cwd=.; part param opt=-O2", "in a; part cwd=sub; part param opt=-O3",
		"cwd changed (\".\" -> \"sub\"); param opt changed (\"-O2\" -> \"-O3\")", 0, 0 },
	{ "in a; part a=1; part c=3", "in a; part b=2; part c=3", "a is gone (it was \"1\"); b is new (\"2\")", 0, 0 },
	{ "in a; part b=1", "in a; part a=1; part b=1; part c=1", "a is new (\"1\"); c is new (\"1\")", 0, 0 },
	{ "in a; part arg x=", "in a; part arg x=1", "arg x changed (\"\" -> \"1\")", 0, 0 },
	{ "in a; part command=0123456789012345678901234567890123456789 -O2 x", "in a; part command=0123456789012345678901234567890123456789 -O3 x",
		"command changed (\"...123456789 -O2 x\" -> \"...123456789 -O3 x\")", 0, 0 },
	{ "in a; part interpreter=sh", "in a; part interpreter=bash", "interpreter changed (\"sh\" -> \"bash\")", 0, 0 },
	{ "in a; part x=\xc3\xa9\n\x01", "in a; part x=\xff", "x changed (\"\xc3\xa9\\n\\x01\" -> \"\\xff\")", 0, 0 },
	{ "in a; part x=1", "in a; part x=1", "", 0, 0 },
	/* 5: nothing to compare. */
	{ "", "", "it has neither inputs nor deps to compare", 0, 0 },
	{ "out o", "out o", "it has neither inputs nor deps to compare", 0, 0 },
	{ "part command=a", "part command=a", "it has neither inputs nor deps to compare", 0, 0 },
	{ "found h", "found h", "", 0, 0 },
	{ "out o", "out o; age 5000; wall 3000", "", 0, 0 },
	/* 6: the set of inputs. */
	{ "in a", "in a; in b", "input b is new", 0, 0 },
	{ "in a; in b", "in b", "input a is gone", 0, 0 },
	{ "in a; in b", "in a", "input b is gone", 0, 0 },
	{ "in b", "in a; in b; in c", "input a is new; input c is new", 0, 0 },
	{ "in a; in c", "in b; in c", "input a is gone; input b is new", 0, 0 },
	{ "in a", "in a missing", "input a is gone", 0, 0 },
	{ "in a missing", "in a", "input a is new", 0, 0 },
	{ "in a missing; dep x 1", "in a missing; dep x 1", "", 0, 0 },
	{ "in a missing; dep x 1", "dep x 1", "", 0, 0 },
	{ "in a; found h", "in a; found h missing", "input h is gone", 0, 0 },
	{ "in a; in b", "in b s11; dep x 1", "input a is gone; input b changed (size 10 -> 11); dep x is new (version 1)", 0, 0 },
	{ "in a", "", "it has neither inputs nor deps to compare; input a is gone", 0, 0 },
	/* 7: an input. */
	{ "in a", "in a t1600", "", 1, 1 },
	{ "in a", "in a t1400", "", 1, 1 },
	{ "in a", "in a i2", "", 1, 1 },
	{ "in a", "in a t1600 h2", "input a changed (hash 00000000.. -> 00000002..)", 1, 0 },
	{ "in a", "in a t1400 h2", "input a changed (hash 00000000.. -> 00000002..)", 1, 0 },
	{ "in a", "in a i2 h2", "input a changed (hash 00000000.. -> 00000002..)", 1, 0 },
	{ "in a", "in a s11 h2", "input a changed (size 10 -> 11)", 0, 0 },
	{ "in a", "in a t1600 h-", "input a changed or may have: its content cannot be compared", 1, 0 },
	{ "in a h-", "in a t1600", "input a changed or may have: its content cannot be compared", 0, 0 },
	{ "in a", "in a dir", "input a changed (a file -> a directory)", 0, 0 },
	{ "in a dir", "in a dir t7 i7", "", 0, 0 },
	{ "in a other", "in a dir", "input a changed (a special file -> a directory)", 0, 0 },
	{ "in a; found h", "in a; found h s1", "input h changed (size 10 -> 1)", 0, 0 },
	{ "in a; in b", "in a s1; in b s2", "input a changed (size 10 -> 1); input b changed (size 10 -> 2)", 0, 0 },
	{ "in x\ny\xff", "in x\ny\xff s1", "input x\\ny\\xff changed (size 10 -> 1)", 0, 0 },
	/* 7: other fingerprints. */
	{ "in a", "in a t1600; mtime", "input a changed (its time or inode)", 0, 0 },
	{ "in a", "in a i2; mtime", "input a changed (its time or inode)", 0, 0 },
	{ "in a h-", "in a h2; mtime", "", 0, 0 },
	{ "in a", "in a; hash", "", 1, 0 },
	{ "in a", "in a h2; hash", "input a changed (hash 00000000.. -> 00000002..)", 1, 0 },
	{ "in a", "in a t1600; hash", "", 1, 1 },
	{ "in a", "in a s11; hash", "input a changed (size 10 -> 11)", 0, 0 },
	{ "in a h-", "in a; hash", "input a changed or may have: its content cannot be compared", 0, 0 },
	/* 7: a stat that proves nothing. */
	{ "in a t90490", "in a t90490", "", 1, 1 },
	{ "in a t90490", "in a t90490 h2", "input a changed (hash 00000000.. -> 00000002..)", 1, 0 },
	{ "in a t90480", "in a t90480", "", 1, 1 },
	{ "in a t90479", "in a t90479", "", 0, 0 },
	{ "in a t90600", "in a t90600", "", 1, 1 },
	{ "in a t89000", "in a t89000", "", 1, 1 },
	{ "in a t88000", "in a t88000", "", 0, 0 },
	{ COARSE, COARSE, "", 0, 0 },
	{ "in a t90490 h-", "in a t90490; mtime", "input a changed or may have: its content cannot be compared", 0, 0 },
	{ "in a t90490", "in a t90490; mtime", "", 1, 1 },
	/* 8: deps. */
	{ "dep core 11", "dep core 12", "dep core has a new version (12)", 0, 0 },
	{ "dep core 12", "dep core 11", "dep core has a new version (11)", 0, 0 },
	{ "dep core 12", "dep core 9223372036854775808", "dep core would run before it", 0, 0 },
	{ "dep core 3", "dep core 3; dep net 4", "dep net is new (version 4)", 0, 0 },
	{ "dep core 3; dep net 4", "dep net 4", "dep core is no dep any more", 0, 0 },
	{ "dep core 3", "dep core 0", "dep core has not succeeded yet", 0, 0 },
	{ "dep core 0", "dep core 0", "dep core has not succeeded yet", 0, 0 },
	{ "dep a 1; dep b 1", "dep a 2; dep b 2", "dep a has a new version (2); dep b has a new version (2)", 0, 0 },
	/* 9, 10, 11: outputs. */
	{ "in a; out o", "in a; out o missing", "output o is missing", 0, 0 },
	{ "in a; out o missing", "in a; out o missing", "", 0, 0 },
	{ "in a; out o missing", "in a; out o", "output o was changed by someone else (nothing -> a file)", 0, 0 },
	{ "in a; out o", "in a; out o dir", "output o was changed by someone else (a file -> a directory)", 0, 0 },
	{ "in a; out o", "in a; out o dir; exist", "output o was changed by someone else (a file -> a directory)", 0, 0 },
	{ "in a; out o", "in a; out o s4", "output o was changed by someone else (size 10 -> 4)", 0, 0 },
	{ "in a; out o", "in a; out o t99 h3", "output o was changed by someone else (hash 00000000.. -> 00000003..)", 1, 0 },
	{ "in a; out o", "in a; out o t99", "", 1, 1 },
	{ "in a; out o", "in a; out o s4 t99; exist", "", 0, 0 },
	{ "in a; out o", "in a; out o missing; exist", "output o is missing", 0, 0 },
	{ "in a; out o", "in a; out o t1; age 1000; wall 1001", "", 1, 1 },
	{ "in a; out o t1001", "in a; out o t1001; age 1000; wall 2002", "output o is older than 1 s (1.0 s)", 0, 0 },
	{ "in a; out o t1", "in a; out o t1; age 604800000; wall 864000002", "output o is older than 7 d (10 d)", 0, 0 },
	{ "in a; out o t5001", "in a; out o t5001; age 1; wall 17", "", 0, 0 },
	{ "in a; out o", "in a; out o missing; age 1; wall 9999", "output o is missing", 0, 0 },
	{ "in a; out o; out p", "in a; out o missing; out p s1", "output o is missing; output p was changed by someone else (size 10 -> 1)", 0, 0 },
	/* All at once, in their order. */
	{ "part c=1; in a; in b; dep d 1; out o t1; out p; failed; out q",
		"always; part c=2; in b s1; dep d 2; out o t1; age 1; out p missing; out q s2; wall 5002",
		"it always runs (always); the last attempt failed; c changed (\"1\" -> \"2\"); input a is gone; "
		"input b changed (size 10 -> 1); dep d has a new version (2); output p is missing; "
		"output q was changed by someone else (size 10 -> 2); output o is older than 1 ms (5.0 s)", 0, 0 },
};

static void
join(const struct reasons *reasons, char *text, size_t size)
{
	size_t used = 0;

	*text = '\0';
	for (uint32_t i = 0; i < reasons->n; i++) {
		cr_assert(i == 0 || reasons->items[i].kind >= reasons->items[i - 1].kind);
		used += (size_t)snprintf(text + used, size - used, "%s", i != 0 ? "; " : "");
		used += reason_text(&reasons->items[i], text + used, size - used);
	}
}

Test(stale, table)
{
	char text[2048];

	cr_assert_geq(COUNT(rows), 60);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct side was, is;
		struct reasons reasons = { 0 };
		struct record record;

		read_side(&was, rows[i].was);
		read_side(&is, rows[i].is);
		record = record_of(&was);
		now_of(&is);
		cr_assert_eq(stale_judge(was.none ? NULL : &record, &is.now, &reasons), 0);
		join(&reasons, text, sizeof text);
		cr_expect_str_eq(text, rows[i].reasons, "row %zu: %s | %s:\n  %s\nnot\n  %s", i, rows[i].was, rows[i].is, text,
			rows[i].reasons);
		cr_expect_eq(is.asked, rows[i].asked, "row %zu: %s | %s: %u hashes", i, rows[i].was, rows[i].is, is.asked);
		cr_expect_eq(reasons.refreshed, rows[i].refreshed, "row %zu: %s | %s: %u refreshed", i, rows[i].was, rows[i].is,
			reasons.refreshed);
		reasons_finish(&reasons);
	}
}

/* What was refreshed needs no second look, and a later change is seen against the new stat. */
Test(stale, refreshed)
{
	struct side was, is;
	struct reasons reasons = { 0 };
	struct record record;

	read_side(&was, "in a");
	read_side(&is, "in a t5555 i7 l99999");
	record = record_of(&was);
	now_of(&is);
	cr_assert_eq(stale_judge(&record, &is.now, &reasons), 0);
	cr_assert_eq(is.asked, 1);
	cr_assert_eq(record.inputs[0].inode, 7);
	cr_assert_eq(record.inputs[0].mtime_ns, INT64_C(5555000000));
	cr_assert_eq(record.inputs[0].looked_ns, INT64_C(99999000000));
	cr_assert_eq(stale_judge(&record, &is.now, &reasons), 0);
	cr_assert_eq(is.asked, 1);
	cr_assert_eq(reasons.n, 0);
	is.inputs[0].mtime_ns = 1500000000;
	is.inputs[0].hash.low = 5;
	cr_assert_eq(stale_judge(&record, &is.now, &reasons), 0);
	cr_assert_eq(reasons.n, 1);
	reasons_finish(&reasons);
}

struct cutoff {
	const char *was, *is;
	int same_result, same;
};

static const struct cutoff cutoffs[] = {
	{ "out o", "out o", 1, 1 },
	{ "out o", "out o t77 i8", 1, 1 },
	{ "out o", "out o", 0, 0 },
	{ "out o", "out o h2", 1, 0 },
	{ "out o", "out o s2", 1, 0 },
	{ "out o h-", "out o", 1, 0 },
	{ "out o", "out o h-", 1, 0 },
	{ "out o", "out p", 1, 0 },
	{ "out o", "out o dir", 1, 0 },
	{ "out o dir", "out o dir", 1, 1 },
	{ "out o; out p", "out o; out p h2", 1, 0 },
	{ "out o", "out o; out p", 1, 0 },
	{ "out o missing", "out o missing", 1, 1 },
	{ "out o missing", "out o", 1, 0 },
	{ "", "", 1, 1 },
	{ "version 0", "", 1, 0 },
};

Test(stale, early_cutoff)
{
	for (size_t i = 0; i < COUNT(cutoffs); i++) {
		struct digest result = { !cutoffs[i].same_result, 0 };
		struct side was, is;
		struct record record;

		read_side(&was, cutoffs[i].was);
		read_side(&is, cutoffs[i].is);
		record = record_of(&was);
		cr_expect_eq(stale_same_outcome(&record, is.outputs, is.n_outputs, &result), cutoffs[i].same, "%s | %s",
			cutoffs[i].was, cutoffs[i].is);
	}
	cr_assert_eq(stale_same_outcome(NULL, NULL, 0, &(struct digest){ 0, 0 }), 0);
}

/* Against the sum that is meant, for the first ten; then the mean stays between its durations and follows a change. */
Test(stale, durations)
{
	struct record record = { 0 };
	double sum = 0, weight = 0;

	for (uint64_t i = 1; i <= 10; i++) {
		sum = sum * 0.8 + (double)(i * 1000000);
		weight = weight * 0.8 + 1;
		stale_add_duration(&record, i * 1000000);
		cr_assert_float_eq((double)record.mean_ns, sum / weight, 20);
	}
	for (int i = 0; i < 30; i++)
		stale_add_duration(&record, 500);
	cr_assert_lt(record.mean_ns, 20000);
	cr_assert_geq(record.mean_ns, 500);
}

/* Sentences are cut, never overrun. */
Test(stale, sentences_are_cut)
{
	struct reason reason = { REASON_DEFINITION, DETAIL_TEXT, .name = "command", .old_text = "\xff\xff\xff", .new_text = "x" };
	char text[64];

	for (size_t size = 1; size < sizeof text; size++) {
		memset(text, 'Z', sizeof text);
		cr_assert_eq(reason_text(&reason, text, size), strlen(text));
		cr_assert_lt(strlen(text), size);
		cr_assert_eq(text[size], 'Z');
	}
	cr_assert_eq(reason_text(&reason, NULL, 0), 0);
}

Test(stale, without_memory)
{
	struct side was, is;
	struct record record;

	for (unsigned long n = 1;; n++) {
		struct reasons reasons = { 0 };
		int status, came;

		read_side(&was, "part a=1; in a; in b; in c; dep d 1; dep e 1; out o");
		read_side(&is, "part b=1; in a s1; in c s1; in d; dep d 2; dep e 2; out o missing");
		record = record_of(&was);
		now_of(&is);
		memory_fault_at(n);
		status = stale_judge(&record, &is.now, &reasons);
		came = memory_fault_came();
		memory_fault_at(0);
		cr_assert_eq(status, came ? -1 : 0);
		if (status == 0)
			cr_assert_eq(reasons.n, 9);
		reasons_finish(&reasons);
		if (status == 0)
			break;
	}
}
