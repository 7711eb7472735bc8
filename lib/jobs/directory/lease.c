/* Takers' files, read and shown: lines of a word and its value, then one for each heartbeat. */
#include "jobs/directory/dir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orderly/jobs.h>

#include "base/clock.h"

#define FIRST_LINE DIR_LEASE_LINE

void
lease_finish(struct lease *lease)
{
	buffer_finish(&lease->text);
}

/* The value behind "\nname " in a text, decoded into place; "" if there is none. */
static char *
value_of(char *text, const char *name)
{
	size_t size = strlen(name);

	for (char *line = strchr(text, '\n'); line != NULL; line = strchr(line + 1, '\n'))
		if (strncmp(line + 1, name, size) == 0 && line[1 + size] == ' ')
			return line + 2 + size;
	return text + strlen(text);
}

static int64_t
number_of(char *text, const char *name)
{
	return strtoll(value_of(text, name), NULL, 10);
}

void
lease_text(char *text, const char *name, char *to, size_t size)
{
	const char *value = value_of(text, name);
	size_t length = strcspn(value, "\n");

	snprintf(to, size, "%.*s", (int)(length < size ? length : size - 1), value);
}

static char *
cut(char *value)
{
	value[strcspn(value, "\n")] = '\0';
	dir_unescape(value);
	return value;
}

/* 0, or -1 with errno: EINVAL, it is damaged. */
int
lease_read(const struct directory *directory, const char *path, struct lease *lease)
{
	struct stat is;
	char *text, *last;

	*lease = (struct lease){ .text = { 0 } };
	if (dir_read(directory, path, &lease->text, &is) != 0)
		return -1;
	text = lease->text.bytes;
	if (strncmp(text, FIRST_LINE, sizeof FIRST_LINE - 1) != 0) {
		errno = EINVAL;
		return -1;
	}
	lease->seen_ms = (int64_t)is.st_mtim.tv_sec * 1000 + is.st_mtim.tv_nsec / 1000000 -
		directory->ahead_ms;
	lease_text(text, "token", lease->token, sizeof lease->token);
	lease_text(text, "host", lease->life.host, sizeof lease->life.host);
	lease_text(text, "boot", lease->life.boot, sizeof lease->life.boot);
	lease->life.space = (uint64_t)number_of(text, "space");
	lease->life.start = (uint64_t)number_of(text, "start");
	lease->life.pid = (int32_t)number_of(text, "pid");
	lease->since_ms = number_of(text, "since");
	lease->timeout_ms = number_of(text, "timeout");
	for (last = text; (last = strstr(last, "\nbeat ")) != NULL; last += 6)
		lease->taken = strtoull(last + 6, NULL, 10);
	lease->name = value_of(text, "name");
	lease->labels = value_of(text, "labels");
	cut(lease->name);
	cut(lease->labels);
	return 0;
}

int
lease_is_there(const struct directory *directory, const char *wid)
{
	char path[DIR_PATH];
	struct lease lease;
	int is_there = lease_read(directory, dir_path(path, DIR_TAKERS, NULL, wid), &lease) == 0 ||
		(errno != EINVAL && errno != ENOENT);

	lease_finish(&lease);
	return is_there;
}

int64_t
lease_id(const char *token)
{
	return (int64_t)(strtoull(token, NULL, 16) & INT64_MAX);
}

/* --- looking --- */

static uint64_t
count_claims(const struct listing *running, const char *wid)
{
	size_t size = strlen(wid);
	uint64_t n = 0;

	for (size_t i = 0; i < running->n; i++)
		n += running->all[i].skip == size + 1 &&
			strncmp(listing_name(running, &running->all[i]), wid, size) == 0;
	return n;
}

static int
show_folder(struct store *store, enum folder folder, const struct listing *running,
	store_taker_fn fn, void *user)
{
	const struct directory *directory = DIRECTORY_OF(store);
	struct listing listing = { 0 };
	int status = dir_list(store, folder, &listing, 0);

	for (size_t i = 0; status == 0 && i < listing.n; i++) {
		const char *name = listing_name(&listing, &listing.all[i]);
		const char *letter = strchr(name, '.');
		struct lease lease;
		char path[DIR_PATH];

		if (lease_read(directory, dir_path(path, folder, NULL, name), &lease) == 0) {
			struct store_taker taker = { .id = lease_id(lease.token),
				.name = lease.name,
				.labels = lease.labels,
				.life = lease.life,
				.since_ms = lease.since_ms,
				.seen_ms = lease.seen_ms,
				.timeout_ms = lease.timeout_ms,
				.taken = lease.taken,
				.state = ORD_TAKER_IDLE };

			if (folder != DIR_TAKERS)
				taker.state = letter != NULL && letter[1] == 'o' ? ORD_TAKER_OFFLINE
										 : ORD_TAKER_KILLED;
			else
				taker.held = count_claims(running, name);
			status = fn(user, &taker);
		}
		lease_finish(&lease);
	}
	listing_finish(&listing);
	return status;
}

/* Those that we know of their claims only. */
static int
show_foreign(struct store *store, const struct listing *running, store_taker_fn fn, void *user)
{
	int status = 0;

	for (size_t i = 0; status == 0 && i < running->n; i++) {
		const struct found *found = &running->all[i];
		char wid[260];
		struct store_taker taker = { .name = wid, .labels = "", .state = ORD_TAKER_IDLE };
		size_t before = 0;

		snprintf(wid, sizeof wid, "%.*s", (int)found->skip - 1,
			listing_name(running, found));
		if (lease_is_there(DIRECTORY_OF(store), wid))
			continue;
		while (before < i &&
			(running->all[before].skip != found->skip ||
				strncmp(listing_name(running, &running->all[before]), wid,
					found->skip - 1) != 0))
			before++;
		if (before < i)
			continue;
		taker.since_ms = taker.seen_ms = found->ms - DIRECTORY_OF(store)->ahead_ms;
		taker.taken = taker.held = count_claims(running, wid);
		status = fn(user, &taker);
	}
	return status;
}

int
dir_takers(struct store *store, int all, store_taker_fn fn, void *user)
{
	struct listing running = { 0 };
	int status = 0;

	if (!all && !store->read_only)
		status = dir_take_over_burials(store, (int64_t)(clock_wall_ns() / CLOCK_NS_PER_MS));
	if (status == 0 && all)
		status = dir_list(store, DIR_RUNNING, &running, 1);
	if (status == 0)
		status = show_folder(store, DIR_TAKERS, &running, fn, user);
	if (status == 0 && all)
		status = show_foreign(store, &running, fn, user);
	if (status == 0 && all)
		status = show_folder(store, DIR_GONE, &running, fn, user);
	listing_finish(&running);
	return status;
}

void
dir_taker_name(struct store *store, const struct listing *listing, const struct found *found,
	char *name, size_t size)
{
	char path[DIR_PATH], wid[260];
	struct lease lease;

	name[0] = '\0';
	if (found->folder != DIR_RUNNING)
		return;
	snprintf(wid, sizeof wid, "%.*s", (int)found->skip - 1, listing_name(listing, found));
	if (lease_read(DIRECTORY_OF(store), dir_path(path, DIR_TAKERS, NULL, wid), &lease) == 0)
		snprintf(name, size, "%s", lease.name);
	else
		snprintf(name, size, "%s", wid);
	lease_finish(&lease);
}
