/*
 * orderly-stack prints the stack of the first thread of another process; the
 * library runs it when a worker has crashed and waits for that.
 *
 * Out of process, because a process that has crashed cannot be trusted to walk
 * its own stack, and a library that reads debug information is nothing that a
 * worker, or `orderly`, should carry.  What the other process has in its memory is input, and
 * this one has few seconds to live.
 */
#define _GNU_SOURCE /* unsetenv */
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define TEXT_MAX (16u * 1024u) /* what the library takes */
#define FRAMES_MAX 128
#define SECONDS_MAX 120 /* its starter kills it much earlier, if that lives */

/* The frames of the handler that waits for this program are left out: they lie above the signal. */
struct trace {
	Dwfl *dwfl;
	int frames;  /* seen */
	int printed; /* since the signal */
	size_t size; /* of text */
	char text[TEXT_MAX];
};

static const char *
file_name(const char *path)
{
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;

	return slash != NULL ? slash + 1 : path;
}

/* Where a frame is, as far as it is known. */
struct spot {
	const char *function, *file, *module;
	int line;
};

/* "#2 parse at src/parse.c:120", or the module where no line is known.  Whole lines only. */
static void
print_spot(struct trace *trace, const struct spot *spot)
{
	const char *function = spot->function != NULL ? spot->function : "?";
	char *to = trace->text + trace->size;
	size_t room = sizeof trace->text - trace->size;
	int size;

	if (spot->file != NULL)
		size = snprintf(to, room, "#%d %s at %s:%d\n", trace->printed, function, spot->file,
			spot->line);
	else
		size = snprintf(to, room, "#%d %s in %s\n", trace->printed, function,
			spot->module != NULL ? file_name(spot->module) : "nothing that is mapped");
	trace->printed++;
	if (size > 0 && (size_t)size < room)
		trace->size += (size_t)size;
}

/* A function that was inlined: it is a frame of its own, and what called it goes on where it was called. */
static void
leave_inlined(struct trace *trace, struct spot *spot, Dwarf_Die *unit, Dwarf_Die *inlined)
{
	Dwarf_Word file = 0, line = 0;
	Dwarf_Attribute attribute;
	Dwarf_Files *files;
	size_t n_files;
	struct spot here = *spot;

	here.function = dwarf_diename(inlined);
	print_spot(trace, &here);
	spot->file = NULL;
	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &file) == 0 &&
		dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line) == 0 &&
		dwarf_getsrcfiles(unit, &files, &n_files) == 0 && file < n_files)
		spot->file = dwarf_filesrc(files, file, NULL, NULL);
	spot->line = (int)line;
}

/* From the innermost scope out, up to the function that they were inlined into. */
static void
leave_all_inlined(struct trace *trace, struct spot *spot, Dwfl_Module *module, Dwarf_Addr address)
{
	Dwarf_Addr bias;
	Dwarf_Die *unit = dwfl_module_addrdie(module, address, &bias), *scopes = NULL;
	int n = unit != NULL ? dwarf_getscopes(unit, address - bias, &scopes) : 0;

	for (int i = 0; i < n && dwarf_tag(&scopes[i]) != DW_TAG_subprogram; i++)
		if (dwarf_tag(&scopes[i]) == DW_TAG_inlined_subroutine)
			leave_inlined(trace, spot, unit, &scopes[i]);
	free(scopes);
}

static void
add_frame(struct trace *trace, Dwarf_Addr address)
{
	Dwfl_Module *module = dwfl_addrmodule(trace->dwfl, address);
	struct spot spot = { .function = NULL };
	Dwfl_Line *line;

	if (module != NULL) {
		spot.function = dwfl_module_addrname(module, address);
		dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, &spot.module, NULL);
		line = dwfl_module_getsrc(module, address);
		if (line != NULL)
			spot.file = dwfl_lineinfo(line, NULL, &spot.line, NULL, NULL, NULL);
		leave_all_inlined(trace, &spot, module, address);
	}
	print_spot(trace, &spot);
}

static int
on_frame(Dwfl_Frame *frame, void *user)
{
	struct trace *trace = user;
	bool interrupted;
	Dwarf_Addr address;

	if (!dwfl_frame_pc(frame, &address, &interrupted))
		return DWARF_CB_ABORT;
	if (interrupted && trace->frames != 0) {
		trace->printed = 0;
		trace->size = 0;
	}
	/* A return address may be the first of another line, or function. */
	add_frame(trace, address - !interrupted);
	return ++trace->frames < FRAMES_MAX ? DWARF_CB_OK : DWARF_CB_ABORT;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_linux_proc_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
};

static int
walk(struct trace *trace, pid_t pid)
{
	trace->dwfl = dwfl_begin(&callbacks);
	if (trace->dwfl == NULL || dwfl_linux_proc_report(trace->dwfl, pid) != 0 ||
		dwfl_report_end(trace->dwfl, NULL, NULL) != 0 ||
		dwfl_linux_proc_attach(trace->dwfl, pid, false) != 0)
		return -1;
	/* It ends with an error where the stack makes no sense any more; what came before counts. */
	dwfl_getthread_frames(trace->dwfl, pid, on_frame, trace);
	return trace->frames != 0 ? 0 : -1;
}

int
main(int argc, char **argv)
{
	static struct trace trace;
	long pid = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	int status;

	if (pid <= 0) {
		fprintf(stderr, "usage: orderly-stack PID\n");
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(SECONDS_MAX);
	/* A server of debug information may be slow, and would be asked in the middle of a crash. */
	unsetenv("DEBUGINFOD_URLS");
	status = walk(&trace, (pid_t)pid);
	fwrite(trace.text, 1, trace.size, stdout);
	if (status != 0)
		fprintf(stderr, "orderly-stack: process %ld: %s\n", pid, dwfl_errmsg(-1));
	dwfl_end(trace.dwfl);
	return status != 0;
}
