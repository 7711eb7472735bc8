/* The example of the documents, field by field. */
#include <criterion/criterion.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/file/file.h"

static struct graph_file file;

static void
load(void)
{
	const char *source = getenv("ORDERLY_SOURCE");
	char path[4096];

	snprintf(path, sizeof path, "%s/docs/examples/orderly.yaml", source != NULL ? source : ".");
	cr_assert_eq(file_load(&file, path), 0, "%s", file.error.text);
}

static void
unload(void)
{
	file_finish(&file);
}

static const struct file_proc *
proc(const char *name)
{
	for (uint32_t i = 0; i < file.all.procs.n; i++) {
		const struct file_proc *one = FILE_ITEM(struct file_proc, file.all.procs, i);

		if (strcmp(one->name.text, name) == 0)
			return one;
	}
	cr_assert(0, "no proc %s", name);
	return NULL;
}

#define TEXT(field, wanted) cr_assert_str_eq((field).text, wanted)
#define NUMBER(field, wanted) cr_assert((field).place.file != 0 && (field).value == (wanted))
#define UNSET(field) cr_assert_eq((field).place.file, 0)
#define N(list, wanted) cr_assert_eq((list).n, (uint32_t)(wanted))
#define DEP(p, i) FILE_ITEM(struct file_dep, (p)->deps, i)
#define CHOICE(p, i) FILE_ITEM(struct file_choice, (p)->choices, i)

Test(file_example, top, .init = load, .fini = unload)
{
	const struct file_part *all = &file.all;
	const struct file_options *options = &all->options;

	NUMBER(all->version, 1);
	NUMBER(options->parallel, 0);
	TEXT(options->db, "build/.orderly.db");
	TEXT(options->separator, "::");
	NUMBER(options->keep_going, 0);
	NUMBER(options->fingerprint, FILE_MTIME_HASH);
	NUMBER(options->allow_missing_deps, 0);
	NUMBER(options->log_on_failure, FILE_SNIPPET);
	NUMBER(options->watch.debounce, 300);
	NUMBER(options->watch.on_busy, FILE_QUEUE);
	N(options->ignore, 2);
	TEXT(options->ignore.items[1], "**/*.swp");
	UNSET(options->fail_fast);
	N(all->params, 2);
	TEXT(all->params.items[0].name, "opt");
	TEXT(all->params.items[0].value, "-O2");
	TEXT(all->params.items[1].value, "reg.example");
	N(all->env, 1);
	TEXT(all->env.items[0].value, "C");
	N(all->dotenv, 1);
	cr_assert_str_eq(strrchr(all->dotenv.items[0].text, '/'), "/.env");
	N(all->locks, 2);
	TEXT(FILE_ITEM(struct file_lock, all->locks, 0)->name, "net");
	NUMBER(FILE_ITEM(struct file_lock, all->locks, 0)->units, 4);
	NUMBER(FILE_ITEM(struct file_lock, all->locks, 1)->units, 1);
	N(all->procs, 10);
}

Test(file_example, simple_procs, .init = load, .fini = unload)
{
	const struct file_proc *p = proc("setup");

	TEXT(p->run.shell, "mkdir -p build gen");
	N(p->rdeps, 1);
	TEXT(FILE_ITEM(struct file_rdep, p->rdeps, 0)->target, "app::[x]");
	NUMBER(p->no_skip, 0);
	UNSET(p->timeout);
	p = proc("generate-config");
	NUMBER(p->wave, 0);
	N(p->deps, 1);
	TEXT(DEP(p, 0)->dep, "setup");
	N(p->inputs, 1);
	TEXT(FILE_ITEM(struct file_input, p->inputs, 0)->path, "config.in");
	TEXT(FILE_ITEM(struct file_output, p->outputs, 0)->path, "gen/config.h");
	TEXT(p->run.shell, "sed \"s/@OPT@/$ORDERLY_PARAM_opt/\" config.in > gen/config.h\n");
	p = proc("lint::all");
	TEXT(p->run.shell, "cppcheck --quiet src");
	N(p->log_ignore, 2);
	TEXT(FILE_ITEM(struct file_log_ignore, p->log_ignore, 0)->match, "deprecated");
	NUMBER(FILE_ITEM(struct file_log_ignore, p->log_ignore, 0)->when, FILE_SUCCEEDED);
	TEXT(FILE_ITEM(struct file_log_ignore, p->log_ignore, 1)->match, "Checking .*");
	UNSET(FILE_ITEM(struct file_log_ignore, p->log_ignore, 1)->when);
	p = proc("report");
	NUMBER(p->wave, 1);
	TEXT(DEP(p, 0)->dep, "deploy::prod");
	NUMBER(DEP(p, 0)->soft, 1);
	NUMBER(p->always, 1);
	TEXT(p->run.shell, "./tools/report \"$ORDERLY_CHANGED_DEPS\"");
}

Test(file_example, build_and_test, .init = load, .fini = unload)
{
	const struct file_proc *p = proc("build::[target]");

	N(p->choices, 1);
	TEXT(CHOICE(p, 0)->name, "target");
	N(CHOICE(p, 0)->values, 3);
	TEXT(CHOICE(p, 0)->values.items[2], "cli");
	N(p->inputs, 2);
	TEXT(FILE_ITEM(struct file_input, p->inputs, 0)->path, "src/[target]/**/*.c");
	N(p->inputs_ignore, 1);
	TEXT(p->inputs_ignore.items[0], "src/[target]/gen/**");
	TEXT(p->depfile, "build/[target].d");
	TEXT(FILE_ITEM(struct file_output, p->outputs, 0)->path, "build/lib[target].a");
	TEXT(p->env.items[0].name, "CFLAGS");
	TEXT(p->env.items[0].value, "[param.opt]");
	TEXT(p->cwd, ".");
	TEXT(p->run.shell, "./tools/build-lib [target]");
	p = proc("test::[target]::[san]");
	N(p->choices, 2);
	TEXT(CHOICE(p, 1)->name, "san");
	TEXT(CHOICE(p, 1)->command.shell, "./tools/list-sanitizers");
	N(p->deps, 2);
	TEXT(DEP(p, 0)->dep, "build::[target]");
	TEXT(DEP(p, 1)->command.shell, "./tools/extra-deps [target]");
	NUMBER(p->timeout, 120000);
	NUMBER(p->stop.signal, SIGTERM);
	NUMBER(p->stop.grace, 5000);
	NUMBER(p->retries.count, 2);
	NUMBER(p->retries.delay, 1000);
	NUMBER(p->retries.backoff, 200);
	N(p->retries.on, 2);
	TEXT(p->retries.on.items[0], "timeout");
	TEXT(p->retries.on.items[1], "exit 75");
	N(p->locks, 1);
	TEXT(FILE_ITEM(struct file_lock, p->locks, 0)->name, "net");
	UNSET(FILE_ITEM(struct file_lock, p->locks, 0)->units);
}

Test(file_example, app_and_deploy, .init = load, .fini = unload)
{
	const struct file_proc *p = proc("app::[env]");

	TEXT(DEP(p, 0)->dep, "build::*");
	TEXT(FILE_ITEM(struct file_output, p->outputs, 0)->path, "build/app-[env]");
	NUMBER(FILE_ITEM(struct file_output, p->outputs, 0)->max_age, INT64_C(7) * 86400000);
	p = proc("migrate::[env]");
	TEXT(FILE_ITEM(struct file_rdep, p->rdeps, 0)->when_scheduled, "deploy::[env]");
	p = proc("audit::[env]");
	TEXT(FILE_ITEM(struct file_rdep, p->rdeps, 0)->when_target_scheduled, "deploy::[env]");
	p = proc("deploy::[env]");
	N(p->deps, 3);
	TEXT(DEP(p, 1)->dep, "lint::all");
	NUMBER(DEP(p, 2)->special, FILE_NO_FAILURES);
	NUMBER(p->wave, 1);
	N(p->locks, 2);
	TEXT(FILE_ITEM(struct file_lock, p->locks, 0)->name, "deploy-lock");
	TEXT(FILE_ITEM(struct file_lock, p->locks, 1)->name, "net");
	NUMBER(FILE_ITEM(struct file_lock, p->locks, 1)->units, 2);
	NUMBER(p->no_skip, 1);
	NUMBER(p->output, FILE_STREAM);
	NUMBER(p->skip_exit, 80);
	NUMBER(p->nochange_exit, 81);
	TEXT(p->run.shell, "./tools/deploy [env] --to \"[param.registry]\"");
	NUMBER(p->result.from, 0);
	NUMBER(p->result.format, FILE_JSON);
}
