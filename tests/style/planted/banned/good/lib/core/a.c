/* A file that is here to be looked at by the scripts. */
/* exit(1), then abort(); malloc(3) */
int ord_task_exit(int code);
static const char *text = "printf(\"%d\") /* free(x) ";
static const char quote = '"';
void
f(struct thing *thing)
{
	vsnprintf(text, 1, "x", args);
	snprintf(text, 1, "x");
	ord_task_exit(2);
	thing->free(thing);
	thing.signal(1);
	memory_free(thing);
	fgets(text, 1, file);
	pthread_atfork_exit(1);
	void (*abort)(void);
}
