/*
 * A graph's file, of any bytes: it is loaded or refused with a sentence that
 * has its name; what was loaded has names and text where it says so.  The same
 * bytes as a dotenv file.
 */
#include "base/buffer.h"
#include "fuzz.h"
#include "graph/file/dotenv.h"
#include "graph/file/file.h"
#include "graph/file/keys.h"

static void
look(const struct graph_file *file, const struct file_text *text)
{
	must(text->text != NULL, "text that is not there");
	must(text->place.file >= 1 && text->place.file <= file->n_sources, "text of no file");
	must(text->place.at <= file->sources[text->place.file - 1]->size, "text behind its file");
	input_touch(text->text, strlen(text->text) + 1);
}

static void
look_all(const struct graph_file *file)
{
	for (uint32_t i = 0; i < file->all.procs.n; i++) {
		const struct file_proc *proc = FILE_ITEM(struct file_proc, file->all.procs, i);

		look(file, &proc->name);
		if (proc->run.shell.place.file != 0)
			look(file, &proc->run.shell);
		for (uint32_t j = 0; j < proc->run.list.n; j++)
			look(file, &proc->run.list.items[j]);
		for (uint32_t j = 0; j < proc->locks.n; j++)
			look(file, &FILE_ITEM(struct file_lock, proc->locks, j)->name);
		for (uint32_t j = 0; j < proc->choices.n; j++)
			look(file, &FILE_ITEM(struct file_choice, proc->choices, j)->name);
		for (uint32_t j = 0; j < proc->env.n; j++)
			look(file, &proc->env.items[j].name);
		must(proc->skip_exit.value >= 0 && proc->skip_exit.value <= 255, "an exit code");
		must(proc->timeout.value >= 0, "a time");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct file_memory memory = { "f", (const char *)bytes, size };
	struct graph_file file;
	struct source source;
	struct blocks blocks = { 0 };
	struct file_pairs pairs = { 0 };
	struct error error = { 0 };
	int status = file_load_memory(&file, &memory);

	if (status == 0)
		look_all(&file);
	else
		must(strlen(file.error.text) > 2, "no sentence");
	must(size > 4096 || file.blocks.total < (size_t)64 << 20, "too much memory");
	file_finish(&file);
	if (source_take(&source, "f", (const char *)bytes, size, &error) != 0)
		return 0;
	status = dotenv_parse(&source, &blocks, &pairs, &error);
	for (uint32_t i = 0; i < pairs.n; i++)
		input_touch(pairs.items[i].value.text, strlen(pairs.items[i].value.text) + 1);
	must(status == 0 || error.text[0] == 'f', "no sentence about a dotenv file");
	blocks_finish(&blocks);
	source_finish(&source);
	return 0;
}
