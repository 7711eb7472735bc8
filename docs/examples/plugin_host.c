/* A program that loads a plug-in and knows nothing of orderly.  Usage: plugin_host PLUGIN WORD... */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

typedef int (*count_fn)(const char *const words[], size_t n);

int
main(int argc, char **argv)
{
	void *plugin = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
	void *found = plugin != NULL ? dlsym(plugin, "plugin_count") : NULL;
	count_fn count;

	if (found == NULL) {
		fprintf(stderr, "plugin_host: %s\n", argc > 1 ? dlerror() : "name a plug-in");
		return 1;
	}
	memcpy(&count, &found, sizeof count);
	return count((const char *const *)argv + 2, (size_t)argc - 2) != 0;
}
