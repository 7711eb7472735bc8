/* By inotify as long as the system allows, then by looking: eyes.h. */
#include "graph/watch/eyes.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/memory.h"
#include "graph/watch/places.h"
#include "graph/watch/polling.h"

#define POLL_MS 1000
#define POLL_SHARE 50 /* a look takes at most this part of the time */

struct eyes {
	struct places places; /* its fd is -1 if files are polled */
	struct sights sights;
	struct polling polling; /* also has the patterns, for the day when files must be polled */
	uint64_t interval_ns;
	uint64_t due_ns;
	uint64_t pace_ns; /* the interval, or longer where a look takes long */
	int taken;        /* eyes_take was called */
	int lost;         /* there may be changes that nobody was told of */
	char warning[400];
};

static int
is_polled(const struct eyes *eyes)
{
	return eyes->places.fd < 0;
}

static void
begin_polling(struct eyes *eyes, const char *why)
{
	if (eyes->interval_ns == 0)
		eyes->interval_ns = POLL_MS * CLOCK_NS_PER_MS;
	if (why != NULL)
		snprintf(eyes->warning, sizeof eyes->warning,
			"%s: files are looked at every %u ms instead of being watched; more are allowed by `sysctl fs.inotify.max_user_watches=1048576 fs.inotify.max_user_instances=1024`",
			why, (unsigned)(eyes->interval_ns / CLOCK_NS_PER_MS));
	eyes->pace_ns = eyes->interval_ns;
	eyes->due_ns = clock_now_ns() + eyes->pace_ns;
	eyes->lost = eyes->taken;
	places_close(&eyes->places);
	sights_finish(&eyes->sights);
}

int
eyes_open(struct eyes **out, uint32_t poll_ms)
{
	struct eyes *eyes = memory_new(1, sizeof *eyes);
	int status;

	*out = eyes;
	if (eyes == NULL)
		return ORD_ENOMEM;
	polling_init(&eyes->polling);
	eyes->due_ns = UINT64_MAX;
	eyes->interval_ns = poll_ms * CLOCK_NS_PER_MS;
	eyes->places.fd = -1;
	if (poll_ms != 0) {
		begin_polling(eyes, NULL);
		return ORD_OK;
	}
	status = places_open(&eyes->places, &eyes->sights);
	if (status == PLACES_LIMIT)
		begin_polling(eyes,
			"no more descriptors, or no more programs that watch files, are allowed");
	else if (status != ORD_OK)
		begin_polling(eyes, "the system does not let files be watched");
	return ORD_OK;
}

/* All that there is now is known; since when, and how long it takes. */
static int
look(struct eyes *eyes, uint32_t from, eyes_fn changed, void *user, struct error *error)
{
	uint64_t began_ns = clock_now_ns(), took_ns;
	int status = polling_look(&eyes->polling, from, changed, user, error);

	took_ns = clock_now_ns() - began_ns;
	eyes->pace_ns =
		took_ns * POLL_SHARE > eyes->interval_ns ? took_ns * POLL_SHARE : eyes->interval_ns;
	eyes->due_ns = clock_now_ns() + eyes->pace_ns;
	return status;
}

static int
give_up(struct eyes *eyes, struct error *error)
{
	begin_polling(eyes, "there are more directories than may be watched");
	return look(eyes, 0, NULL, NULL, error);
}

/* What was added last, with the news of it. */
static int
look_at(struct eyes *eyes, int status, struct sights_news *news, struct error *error)
{
	if (status == ORD_OK && is_polled(eyes))
		status = look(eyes, eyes->polling.n - 1, NULL, NULL, error);
	else if (status == ORD_OK)
		status = places_look(&eyes->places, news, error);
	sights_news_finish(news);
	return status == PLACES_LIMIT ? give_up(eyes, error) : status;
}

int
eyes_look(struct eyes *eyes, uint32_t who, const char *const *patterns, const char *const *ignore,
	struct error *error)
{
	struct sights_news news = { 0 };
	int status = ORD_OK;

	if (polling_add(&eyes->polling, who, patterns, ignore, 0) != ORD_OK)
		return error_memory(error);
	if (!is_polled(eyes))
		status = sights_add(&eyes->sights, who, patterns, ignore, &news, error);
	return look_at(eyes, status, &news, error);
}

int
eyes_find(struct eyes *eyes, uint32_t who, const char *const *regexes, const char *const *ignore,
	struct error *error)
{
	struct sights_news news = { 0 };
	int status = ORD_OK;

	if (polling_add(&eyes->polling, who, regexes, ignore, 1) != ORD_OK)
		return error_memory(error);
	if (!is_polled(eyes))
		status = sights_find(&eyes->sights, who, regexes, ignore, &news, error);
	return look_at(eyes, status, &news, error);
}

void
eyes_forget(struct eyes *eyes, uint32_t who)
{
	polling_forget(&eyes->polling, who);
	sights_forget(&eyes->sights, who);
}

int
eyes_fd(const struct eyes *eyes)
{
	return eyes->places.fd;
}

uint64_t
eyes_due_ns(const struct eyes *eyes)
{
	if (eyes->lost)
		return 0;
	return is_polled(eyes) ? eyes->due_ns : UINT64_MAX;
}

int
eyes_take(struct eyes *eyes, uint64_t now_ns, eyes_fn changed, void *user, struct error *error)
{
	int status = ORD_OK;

	eyes->taken = 1;
	if (!is_polled(eyes)) {
		status = places_take(&eyes->places, changed, user, error);
		if (status == PLACES_LIMIT)
			status = give_up(eyes, error);
	} else if (eyes->due_ns <= now_ns) {
		status = look(eyes, 0, changed, user, error);
	}
	if (eyes->lost)
		changed(user, EYES_ALL, NULL);
	eyes->lost = 0;
	return status;
}

const char *
eyes_warning(const struct eyes *eyes)
{
	return eyes->warning;
}

uint32_t
eyes_count(const struct eyes *eyes)
{
	return is_polled(eyes) ? polling_count(&eyes->polling) : eyes->places.watched;
}

void
eyes_close(struct eyes **out)
{
	struct eyes *eyes = *out;

	*out = NULL;
	if (eyes == NULL)
		return;
	places_close(&eyes->places);
	sights_finish(&eyes->sights);
	polling_finish(&eyes->polling);
	memory_free(eyes);
}
