/* Tasks with a log record each; see spoken.h. */
#include "spoken.h"

#include <string.h>

#include "measure.h"

static const char text[] =
	"a task says what it does, in one line that is as long as lines in logs often are";

static int
say_and_answer(struct ord_task *task, void *user)
{
	if (ord_log(ORD_INFO, "%s", text) != 0)
		return ord_task_fail(task, "cannot log");
	return ours_answer(task, user);
}

static void
count(const struct ord_message *message, void *user)
{
	struct spoken *spoken = user;
	size_t size;
	const char *said = ord_message_text(message, &size);

	if (size != sizeof text - 1 || memcmp(said, text, size) != 0)
		fail("a message is wrong");
	spoken->messages++;
}

void
spoken_start(struct spoken *spoken, struct ord_pool_options *options)
{
	options->function = say_and_answer;
	options->on_message = count;
	options->on_message_user = spoken;
	spoken->messages = 0;
	ours_start(&spoken->ours, options);
}

void
spoken_turn(void *user, uint64_t tasks)
{
	struct spoken *spoken = user;

	ours_run(&spoken->ours, tasks);
	if (spoken->messages != spoken->ours.delivered)
		fail("messages are missing");
}

void
spoken_stop(struct spoken *spoken)
{
	ours_stop(&spoken->ours);
}
