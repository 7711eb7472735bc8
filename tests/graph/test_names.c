/*
 * Names, descriptions, choices, deps and rdeps, as a table. No proc of it does anything, so that nothing but the order
 * in which they end is seen.
 *
 * A graph is written as descriptions, separated by `;`: a name, then words: `<x` depends on x, `~x` softly, `>x` rdep,
 * `!x` when_scheduled, `?x` when_target_scheduled, `{arg:v,w}` choices, `(arg)` an arg, `@2` wave, `#` now.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include <orderly/graph.h>

enum { LIST = 8 };

struct row {
	const char *graph;
	const char *start; /* names, each with ord_graph_start; then all is waited for */
	const char *ends;  /* who ended, in order; or "!word" of the sentence of the first call that failed */
	const char *separator;
};

#define BUILD "build::[t] {t:core,net,cli}"
#define TEST "test::[t]::[san] {t:core,net} {san:asan,ubsan}"

static const struct row rows[] = {
	/* plain names */
	{ "a", "a", "a", NULL },
	{ "a", "b", "!there is no proc of this name", NULL },
	{ "a", "a a", "a", NULL },
	{ "a; a", "", "!a: there is a proc of this name", NULL },
	{ "a::[x]; a::[x]", "", "!there is a proc of this name", NULL },
	{ "a::[x]; a::[y]", "a::1", "!both a::[x] and a::[y] match", NULL },
	{ "a[", "", "!word in brackets", NULL },
	{ "a]", "", "!word in brackets", NULL },
	{ "a[]", "", "!word in brackets", NULL },
	{ "[a][b]", "", "!begins and ends with the separator", NULL },
	{ "[a]-[b]", "", "!begins and ends with the separator", NULL },
	{ "a #", "", "a", NULL },
	{ "a::[x] #", "", "!cannot be wanted now", NULL },
	/* literal text first, in the middle, last */
	{ "build::[x]", "build::1", "build::1", NULL },
	{ "[x]::build", "1::build", "1::build", NULL },
	{ "a::[x]::mid::[y]", "a::1::mid::2", "a::1::mid::2", NULL },
	{ "a::[x]::mid::[y]", "a::1::2", "!there is no proc", NULL },
	{ "[x]::mid::[y]::end", "1::mid::2::end", "1::mid::2::end", NULL },
	{ "[x]", "anything", "anything", NULL },
	{ "build::[x]", "build::", "!there is no proc", NULL },
	{ "build::[x]", "build", "!there is no proc", NULL },
	{ "build::[x]", "rebuild::1", "!there is no proc", NULL },
	{ "t::[x]::[y]", "t::1::", "!there is no proc", NULL },
	{ "t::[x]::[y]", "t::::2", "!there is no proc", NULL },
	/* the last one takes what is left */
	{ "deploy::[env] <app::[env]; app::[e]", "deploy::a::b", "app::a::b deploy::a::b", NULL },
	{ "t::[x]::[y] <x::[x] <y::[y]; x::[v]; y::[v]", "t::1::2::3", "x::1 y::2::3 t::1::2::3", NULL },
	/* a placeholder that stands twice */
	{ "p::[x]::[x] <d::[x]; d::[v]", "p::1::1", "d::1 p::1::1", NULL },
	{ "p::[x]::[x]", "p::1::2", "!there is no proc", NULL },
	/* hyphens, other separators, bytes that mean something elsewhere */
	{ "my-app::[the-env] <lib-x::[the-env]; lib-x::[e]", "my-app::pre-prod", "lib-x::pre-prod my-app::pre-prod", NULL },
	{ "app-[env]", "app-pre-prod", "app-pre-prod", NULL },
	{ "b/[x]/[y] <c/[y]/[x]; c/[x]/[y]", "b/1/2", "c/2/1 b/1/2", "/" },
	{ "b/[x]", "b/1::2", "b/1::2", "/" },
	{ "b::[x]/[y]", "b::1::2/3", "b::1::2/3", "/" },
	{ "b::[x]", "b/1", "!there is no proc", "/" },
	{ "[a].[b] <x.[a]; x.[v]", "1.2", "!both [a].[b] and x.[v] match", "." },
	{ "m--[a]--[b]", "m--1-2--3", "m--1-2--3", "--" },
	{ "a.c::[x]", "abc::1", "!there is no proc", NULL },
	{ "a.c::[x]", "a.c::1", "a.c::1", NULL },
	{ "a+(b|c)$^::[x] <d\\e::[x]; d\\e::[x]", "a+(b|c)$^::.+", "d\\e::.+ a+(b|c)$^::.+", NULL },
	{ "a::[x] <b::[x]; b::[x]", "a::%s%n", "b::%s%n a::%s%n", NULL },
	/* which description */
	{ "a::[x]; a::b", "a::b", "a::b", NULL },
	{ "a::[x]; a::b", "a::c", "a::c", NULL },
	{ "a::[x]; a::[x]::[y]", "a::1", "a::1", NULL },
	{ "a::[x]; a::[x]::[y]", "a::1::2", "!both", NULL },
	{ "a::[x]; [x]::b", "a::b", "!both", NULL },
	{ "a::[x]; [x]::b", "a::c c::b", "a::c c::b", NULL },
	{ "aa::[x]; a::[x]; aaa::[x]; [x]", "aa::1", "!both", NULL },
	{ "aa::[x]; a::[x]; aaa::[x]", "aa::1 aaa::1 a::1", "aa::1 aaa::1 a::1", NULL },
	/* choices */
	{ BUILD, "build::core", "build::core", NULL },
	{ BUILD, "build::gui", "!'gui' is none of the choices of 't'", NULL },
	{ BUILD, "build::*", "build::core build::net build::cli", NULL },
	{ BUILD, "build::c*", "build::core build::cli", NULL },
	{ BUILD, "build::*t", "build::net", NULL },
	{ BUILD, "build::???", "build::net build::cli", NULL },
	{ BUILD, "build::?et", "build::net", NULL },
	{ BUILD, "build::x*", "!no choice of 't' matches", NULL },
	{ BUILD, "build::**", "build::core build::net build::cli", NULL },
	{ "b::[t]", "b::*", "!has no choices", NULL },
	{ "b::[t] {u:1}", "", "!no such placeholder or arg", NULL },
	{ "b::[t] {t:1} {t:2}", "", "!they are there twice", NULL },
	{ TEST, "test::*::*", "test::core::asan test::core::ubsan test::net::asan test::net::ubsan", NULL },
	{ TEST, "test::core::*", "test::core::asan test::core::ubsan", NULL },
	{ TEST, "test::*::asan", "test::core::asan test::net::asan", NULL },
	{ TEST, "test::n*::u*", "test::net::ubsan", NULL },
	{ TEST, "test::*", "!no proc matches", NULL },
	{ TEST, "test::core::tsan", "!'tsan' is none", NULL },
	{ "p::[a]::[b] {a:1,2}", "p::*::x", "p::1::x p::2::x", NULL },
	{ "p::[a]::[b] {a:1,2}", "p::1::*", "!'b' of p::[a]::[b] has no choices", NULL },
	{ "p::[a]::[a] {a:1,2}", "p::*::*", "p::1::1 p::2::2", NULL },
	{ "lint::all; lint::some; link", "lint::*", "lint::all lint::some", NULL },
	{ "lint::all; lint::some; link", "*", "lint::all lint::some link", NULL },
	{ "lint::all", "x*", "!no proc matches", NULL },
	{ "a*; ab", "a*", "a*", NULL },
	/* types */
	{ "n::[x] (x:int)", "n::12", "n::12", NULL },
	{ "n::[x] (x:int)", "n::one", "!'one' is not an int", NULL },
	{ "n::[x] (x:float)", "n::1.5", "n::1.5", NULL },
	{ "n::[x] (x:float)", "n::1,5", "!not a float", NULL },
	{ "n::[x] (x:bool)", "n::Yes", "n::Yes", NULL },
	{ "n::[x] (x:bool)", "n::perhaps", "!not a bool", NULL },
	{ "n (x:number)", "", "!its type is not one of", NULL },
	{ "n (x:int=no)", "", "!its default is not of its type", NULL },
	{ "n (=3)", "", "!it has no name", NULL },
	{ "n (x=1) (x=2)", "", "!it is there twice", NULL },
	{ "n (param.x=1)", "", "!begins with 'param.'", NULL },
	/* args in deps */
	{ "n (level=3) <d::[level]; d::[v]", "n", "d::3 n", NULL },
	{ "n::[x] (level=3) <d::[level]::[x]; d::[v]::[w]", "n::1", "d::3::1 n::1", NULL },
	{ "n::[x] (x=9) <d::[x]; d::[v]", "n::1", "d::1 n::1", NULL },
	{ "n (level) <d::[level]; d::[v]", "n", "!'level' in d::[level] has no value", NULL },
	{ "n <d::[y]; d::[v]", "", "!no arg of the proc", NULL },
	{ "n <d::[", "", "!word in brackets", NULL },
	{ "n <d::[param.p]; d::[v]", "n", "d::-O2 n", NULL },
	{ "n <d::[param.q]; d::[v]", "n", "!'param.q' in d::[param.q] has no value", NULL },
	/* deps */
	{ "a <b <c; b <c; c", "a", "c b a", NULL },
	{ "a <b", "a", "!a needs b: there is no proc", NULL },
	{ "a <b; b <c", "a", "!b needs c", NULL },
	{ "all <build::*; " BUILD, "all", "build::core build::net build::cli all", NULL },
	{ "all <build::x*; " BUILD, "all", "!all needs build::x*: no choice", NULL },
	{ "app::[e] {e:dev,prod} <build::* ; " BUILD, "app::*",
		"build::core build::net build::cli app::dev app::prod", NULL },
	{ "a::[x] <b::[x]; b::[x] {x:1,2}", "a::3", "!a::3 needs b::3: '3' is none", NULL },
	{ "a ~b; b", "a", "b a", NULL },
	{ "a <a", "a", "!a -> a", NULL },
	{ "a <b; b <a", "a", "!a -> b -> a", NULL },
	{ "a <b; b <c; c <b", "a", "!b -> c -> b", NULL },
	{ "a::[x] <b::[x]; b::[x] <a::[x]", "a::1", "!a::1 -> b::1 -> a::1", NULL },
	{ "a ~b; b ~a", "a", "!a -> b -> a", NULL },
	{ "a <b; b @1", "a", "!a (wave 0) needs b of a higher wave (1)", NULL },
	{ "a @1; b", "a b", "b a", NULL },
	{ "a @-1 <b; b @-2", "a", "b a", NULL },
	/* rdeps: the declarer is pulled in */
	{ "setup >app; app", "app", "setup app", NULL },
	{ "setup >app; app", "setup", "setup", NULL },
	{ "setup >app; app; other", "other", "other", NULL },
	{ "setup >app::[x]; app::[x]", "app::1 app::2", "setup app::1 app::2", NULL },
	{ "setup >[x]::end; app::[x]", "app::1", "app::1", NULL },
	{ "setup::[x] >app::[x]; app::[x]", "app::1", "setup::1 app::1", NULL },
	{ "setup::[x] >app::[y]::[x]; app::[a]::[b]", "app::1::2", "setup::2 app::1::2", NULL },
	{ "setup::[x] >app; app", "", "!each placeholder of the proc's name", NULL },
	{ "setup::[x] {x:1} >app::[x]; app::[x]", "app::2", "!app::2 needs setup::2: '2' is none", NULL },
	{ "a >b; b >c; c", "c", "a b c", NULL },
	{ "a >c; b >c; c", "c", "a b c", NULL },
	{ "a >c <x; c; x", "c", "x a c", NULL },
	{ "a >a", "a", "!a -> a", NULL },
	{ "a >b <b; b", "b", "!b -> a -> b", NULL },
	{ "a >[x]; b", "b", "!a -> a", NULL },
	{ "a @1 >b; b", "b", "!b (wave 0) needs a of a higher wave (1)", NULL },
	/* rdeps that pull the target in */
	{ "migrate !deploy; deploy", "migrate", "migrate deploy", NULL },
	{ "migrate !deploy; deploy", "deploy", "deploy", NULL },
	{ "migrate !deploy; deploy", "migrate deploy", "migrate deploy", NULL },
	{ "migrate !deploy; deploy", "deploy migrate", "migrate deploy", NULL },
	{ "migrate::[e] !deploy::[e]; deploy::[e]", "migrate::prod", "migrate::prod deploy::prod", NULL },
	{ "migrate !deploy::*; deploy::[e] {e:dev,prod}", "migrate", "migrate deploy::dev deploy::prod", NULL },
	{ "migrate !deploy", "migrate", "!migrate needs deploy: there is no proc", NULL },
	{ "migrate !deploy; deploy <app; app", "migrate", "migrate app deploy", NULL },
	{ "migrate !deploy; deploy; app <migrate", "app", "migrate deploy app", NULL },
	{ "migrate !deploy <deploy; deploy", "migrate", "!cycle", NULL },
	{ "migrate !deploy::[x]; deploy::[e]", "", "!no arg of the proc", NULL },
	/* rdeps that hold when the target is wanted */
	{ "audit ?deploy; deploy", "deploy", "audit deploy", NULL },
	{ "audit ?deploy; deploy", "audit", "audit", NULL },
	{ "audit ?deploy; deploy", "audit deploy", "audit deploy", NULL },
	{ "audit ?deploy; deploy", "deploy audit", "audit deploy", NULL },
	{ "audit::[e] ?deploy::[e]; deploy::[e]", "deploy::prod", "audit::prod deploy::prod", NULL },
	{ "audit::[e] ?deploy::[e]; deploy::[e]", "audit::prod", "audit::prod", NULL },
	/* all of them together */
	{ "m !d; a ?d; s >d; d", "m", "m a s d", NULL },
	{ "m !d; a ?d; s >d; d", "d", "a s d", NULL },
	{ "m !d; a ?d; s >a; d", "d m", "m s a d", NULL }, /* groups take no time: what was made first */
	{ "m !d; a ?m; d", "m", "a m d", NULL },
};

/* --- a graph from its text --- */

struct lists {
	const char *deps[LIST], *rdeps[LIST], *when[LIST], *target[LIST], *args[LIST], *values[LIST][LIST];
	const char *soft[LIST];
	struct ord_choice choice[LIST];
	struct ord_dep dep[LIST];
	const struct ord_choice *choices[LIST];
	const struct ord_dep *specials[LIST];
};

static void
append(const char **list, const char *text)
{
	while (*list != NULL)
		list++;
	*list = text;
}

static void
read_choice(struct lists *lists, char *text)
{
	size_t at = 0;
	char *rest = NULL, *value;

	while (lists->choices[at] != NULL)
		at++;
	lists->choice[at] = ORD_CHOICE(.arg = strtok_r(text, ":", &rest), .values = lists->values[at]);
	lists->choices[at] = &lists->choice[at];
	while ((value = strtok_r(NULL, ",}", &rest)) != NULL)
		append(lists->values[at], value);
}

static void
read_soft(struct lists *lists, const char *name)
{
	size_t at = 0;

	while (lists->specials[at] != NULL)
		at++;
	lists->dep[at] = ORD_DEP(.name = name, .soft = 1);
	lists->specials[at] = &lists->dep[at];
}

static void
read_word(struct ord_proc_options *proc, struct lists *lists, char *word)
{
	switch (*word) {
	case '<': append(lists->deps, word + 1); break;
	case '~': read_soft(lists, word + 1); break;
	case '>': append(lists->rdeps, word + 1); break;
	case '!': append(lists->when, word + 1); break;
	case '?': append(lists->target, word + 1); break;
	case '{': read_choice(lists, word + 1); break;
	case '(':
		word[strlen(word) - 1] = '\0';
		append(lists->args, word + 1);
		break;
	case '@': sscanf(word + 1, "%d", &proc->wave); break;
	case '#': proc->now = 1; break;
	default: cr_assert_fail("%s", word);
	}
}

static int
add(struct ord_graph *graph, char *text)
{
	struct lists lists = { 0 };
	struct ord_proc_options proc = ORD_PROC(.deps = lists.deps, .rdeps = lists.rdeps,
		.rdeps_when_scheduled = lists.when, .rdeps_when_target_scheduled = lists.target, .args = lists.args,
		.choices = lists.choices, .special_deps = lists.specials);
	char *rest = NULL, *word;

	proc.name = strtok_r(text, " ", &rest);
	while ((word = strtok_r(NULL, " ", &rest)) != NULL)
		read_word(&proc, &lists, word);
	return ord_graph_add(graph, &proc);
}

static int
add_all(struct ord_graph *graph, const char *text)
{
	char copy[400], *rest = NULL, *one;
	int status = 0;

	snprintf(copy, sizeof copy, "%s", text);
	for (one = strtok_r(copy, ";", &rest); one != NULL && status == 0; one = strtok_r(NULL, ";", &rest))
		status = add(graph, one);
	return status;
}

static int
start_all(struct ord_graph *graph, const char *text)
{
	char copy[400], *rest = NULL, *one;
	int status = 0;

	snprintf(copy, sizeof copy, "%s", text);
	for (one = strtok_r(copy, " ", &rest); one != NULL && status == 0; one = strtok_r(NULL, " ", &rest))
		status = ord_graph_start(graph, one);
	return status;
}

/* --- what became of it --- */

static void
note_end(int kind, const struct ord_proc *proc, void *user)
{
	char *ends = user;

	if (kind != ORD_PROC_EVENT_ENDED)
		return;
	snprintf(ends + strlen(ends), 400 - strlen(ends), "%s%s", *ends != '\0' ? " " : "", ord_proc_name(proc));
}

static int
is_as_told(const struct row *row)
{
	struct ord_graph *graph;
	char ends[400] = "";
	int status, right;

	cr_assert_eq(ord_graph_new(&graph, &ORD_GRAPH_OPTIONS(.separator = row->separator, .on_event = note_end,
						   .on_event_user = ends, .parallel = 1)), 0);
	cr_assert_eq(ord_graph_set_param(graph, "p", "-O2"), 0);
	status = add_all(graph, row->graph);
	if (status == 0)
		status = start_all(graph, row->start);
	if (status == 0)
		status = ord_graph_wait_all(graph);
	if (*row->ends == '!')
		right = status == ORD_EINVAL && strstr(ord_graph_error(graph), row->ends + 1) != NULL;
	else
		right = status == 0 && strcmp(ends, row->ends) == 0;
	if (!right)
		cr_log_error("{ %s }, %s: %s: %s, ended: %s", row->graph, row->start, ord_status_name(status),
			ord_graph_error(graph), ends);
	ord_graph_destroy(&graph);
	return right;
}

Test(names, table)
{
	size_t count = sizeof rows / sizeof *rows;
	int wrong = 0;

	for (size_t i = 0; i < count; i++)
		wrong += !is_as_told(&rows[i]);
	cr_assert_eq(wrong, 0);
	cr_assert_geq(count, 120);
}
