#include <orderly/thing.h>
int
ord_thing(const struct ord_options *options, struct ord_pair *pair)
{
	return options != NULL && pair != NULL;
}
void
ord_other(void)
{
}
