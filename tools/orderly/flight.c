/* A table with chains; sequences are dense, so the chains are short.  Entries are used again, with their memory. */
#include "flight.h"

#include <stdlib.h>

static struct flight **
bucket_of(struct flights *flights, uint64_t sequence)
{
	return &flights->buckets[sequence % FLIGHT_BUCKETS];
}

struct flight *
flights_add(struct flights *flights, uint64_t sequence)
{
	struct flight *flight = flights->unused, **bucket = bucket_of(flights, sequence);

	if (flight != NULL)
		flights->unused = flight->next;
	else
		flight = text_allocate(1, sizeof *flight);
	text_clear(&flight->tag);
	text_clear(&flight->line);
	flight->written = 0;
	flight->done = false;
	flight->sequence = sequence;
	flight->next = *bucket;
	*bucket = flight;
	return flight;
}

struct flight *
flights_find(const struct flights *flights, uint64_t sequence)
{
	struct flight *flight = flights->buckets[sequence % FLIGHT_BUCKETS];

	while (flight != NULL && flight->sequence != sequence)
		flight = flight->next;
	return flight;
}

void
flights_remove(struct flights *flights, struct flight *flight)
{
	struct flight **at = bucket_of(flights, flight->sequence);

	while (*at != flight)
		at = &(*at)->next;
	*at = flight->next;
	held_drop(&flight->held);
	flight->next = flights->unused;
	flights->unused = flight;
}

static void
free_chain(struct flight *flight)
{
	struct flight *next;

	for (; flight != NULL; flight = next) {
		next = flight->next;
		text_finish(&flight->tag);
		text_finish(&flight->line);
		held_finish(&flight->held);
		free(flight);
	}
}

void
flights_finish(struct flights *flights)
{
	size_t i;

	for (i = 0; i < FLIGHT_BUCKETS; i++)
		free_chain(flights->buckets[i]);
	free_chain(flights->unused);
	*flights = (struct flights){ .unused = NULL };
}
