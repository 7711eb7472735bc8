/*
 * The schema: JSON with each key of the table; where Python's jsonschema is
 * there it takes the example and refuses what the loader refuses.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "graph/file/keys.h"
#include "graph/file/schema.h"
#include "graph/file/yaml.h"
#include "memory_fault.h"

static const char check[] =
	"import json, re, sys\n"
	"try:\n"
	"    import jsonschema, yaml\n"
	"except ImportError:\n"
	"    sys.exit(0)\n"
	"class Loader(yaml.SafeLoader): pass\n" /* of YAML 1.2, for which `on` is no bool */
	"boolean = 'tag:yaml.org,2002:bool'\n"
	"Loader.yaml_implicit_resolvers = {c: [r for r in rows if r[0] != boolean]\n"
	"    for c, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()}\n"
	"Loader.add_implicit_resolver(boolean, re.compile('^(true|false)$'), list('tf'))\n"
	"read = lambda text: yaml.load(text, Loader)\n"
	"schema = json.load(open(sys.argv[1]))\n"
	"jsonschema.Draft7Validator.check_schema(schema)\n"
	"v = jsonschema.Draft7Validator(schema)\n"
	"v.validate(read(open(sys.argv[2])))\n"
	"for good in ('{}', 'procs: {a: {run: [x, 1], retries: 3, deps: b, timeout: 1h 30m}}',\n"
	"        'options: {parallel: 4, log_on_failure: \"tail:4\"}', 'locks: {a: 4, b: {units: 3}}'):\n"
	"    v.validate(read(good))\n"
	"for bad in ('proc: {}', 'procs: {a: {rnu: x}}', 'procs: {a: {timeout: 4}}', 'version: 2',\n"
	"        'procs: {a: {output: loud}}', 'options: {parallel: 0}', 'procs: {a: make}',\n"
	"        'procs: {a: {deps: [{dep: b, command: c}]}}', 'procs: {a: {outputs: [{max_age: 7d}]}}',\n"
	"        'procs: {a: {retries: {delay: 1s}}}', 'options: {log_on_failure: \"tail:0\"}'):\n"
	"    assert not v.is_valid(read(bad)), bad\n";

/* The map of properties that the schema has for a section, or NULL. */
static const struct tree *
find(const struct tree *tree, const struct section *section)
{
	if (tree->kind == TREE_MAP && tree->key != NULL && strcmp(tree->key, "properties") == 0 &&
		tree->n == section->n) {
		const struct tree *item = tree->first;

		for (uint32_t i = 0; item != NULL && strcmp(item->key, section->keys[i].name) == 0;
			i++)
			item = item->next;
		if (item == NULL)
			return tree;
	}
	if (tree->kind == TREE_TEXT)
		return NULL;
	for (const struct tree *item = tree->first; item != NULL; item = item->next) {
		const struct tree *found = find(item, section);

		if (found != NULL)
			return found;
	}
	return NULL;
}

static void
all_in(const struct tree *tree, const struct section *section)
{
	cr_assert_not_null(find(tree, section), "%s", section->name);
	for (uint32_t i = 0; i < section->n; i++)
		if (section->keys[i].section != NULL)
			all_in(tree, section->keys[i].section);
}

Test(file_schema, has_every_key)
{
	struct buffer text = { 0 };
	struct source source;
	struct blocks blocks = { 0 };
	struct error error = { 0 };
	struct tree *tree;

	cr_assert_eq(schema_write(&text), 0);
	cr_assert_eq(
		source_take(&source, "schema", text.bytes, text.size, &error), 0, "%s", error.text);
	cr_assert_eq(tree_read(&source, &blocks, &tree, &error), 0, "%s", error.text);
	all_in(tree, &keys_file);
	blocks_finish(&blocks);
	source_finish(&source);
	buffer_finish(&text);
}

Test(file_schema, without_memory)
{
	struct buffer text = { 0 };

	memory_fault_at(3);
	cr_assert_eq(schema_write(&text), -1);
	memory_fault_at(0);
	buffer_finish(&text);
}

Test(file_schema, takes_the_example)
{
	const char *from = getenv("ORDERLY_SOURCE");
	char directory[] = "/tmp/orderly-schema-XXXXXX", path[64], command[4096];
	struct buffer text = { 0 };
	FILE *to;

	if (system("command -v python3 >/dev/null") != 0)
		return;
	cr_assert_not_null(mkdtemp(directory));
	cr_assert_eq(chdir(directory), 0);
	cr_assert_eq(schema_write(&text), 0);
	snprintf(path, sizeof path, "%s/schema", directory);
	to = fopen(path, "w");
	cr_assert_eq(fwrite(text.bytes, 1, text.size, to), text.size);
	fclose(to);
	to = fopen("check.py", "w");
	fputs(check, to);
	fclose(to);
	snprintf(command, sizeof command, "python3 check.py %s %s/docs/examples/orderly.yaml", path,
		from != NULL ? from : ".");
	cr_assert_eq(system(command), 0);
	snprintf(command, sizeof command, "rm -r %s", directory);
	cr_assert_eq(system(command), 0);
	buffer_finish(&text);
}
