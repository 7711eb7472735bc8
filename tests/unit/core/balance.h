/*
 * What is promised about places: how many work, who is given a slot again, who
 * is told to leave.  A part of promises.h.
 */
#ifndef CORE_BALANCE_H
#define CORE_BALANCE_H

/* Places that need not work, since there are enough without them. */
static uint32_t
spare_places(const struct model *model)
{
	uint32_t places = model->n_places - model_yielded(model);

	return places > model->target ? places - model->target : 0;
}

/* A place comes into use only if all others are. */
static void
judge_places(struct run *run)
{
	struct model *model = &run->model;

	must(run, run->core.n_places >= model->n_places && run->core.n_places <= model->most_places,
		"there are no more places than there may be");
	must(run, run->core.n_places == model->n_places || run->core.n_places <= model->widest,
		"a place comes into use only when it is needed");
	model->n_places = run->core.n_places;
}

/*
 * Whose wish has been granted since the last look.  A task that is to end does
 * not wait; of the others the first that was submitted has its turn.
 */
static void
judge_grants(struct run *run)
{
	struct model *model = &run->model;
	uint32_t first = MODEL_NONE, last = 0;

	judge_places(run);
	for (uint32_t i = 0; i < model->n_places; i++) {
		struct model_place *at = &model->places[i];

		if (!at->wish)
			continue;
		if (run->core.places[i].wish) {
			must(run, !model_task_of(model, i)->canceled,
				"a task that is to end does not wait for a slot");
			first = at->queue[0].task < first ? at->queue[0].task : first;
			continue;
		}
		if (!model_task_of(model, i)->canceled && at->queue[0].task > last)
			last = at->queue[0].task;
		at->owed = true;
		model_unyield(model, at);
	}
	must(run, first == MODEL_NONE || last <= first,
		"of those that want a slot again the first has its turn");
}

static bool
any(const struct model *model, bool owed)
{
	for (uint32_t i = 0; i < model->n_places; i++)
		if (owed ? model->places[i].owed : model->places[i].wish)
			return true;
	return false;
}

/* Who has a slot again is told before anything else is done, and nothing is begun while one wants it. */
static void
judge_wishes(struct run *run, const struct dispatch *dispatch)
{
	struct model *model = &run->model;
	enum dispatch_kind kind = dispatch->kind;

	if (kind == DISPATCH_GRANT) {
		must(run, dispatch->place < model->n_places && model->places[dispatch->place].owed,
			"only who has a slot again is told so");
		model->places[dispatch->place].owed = false;
		return;
	}
	must(run, !any(model, true), "who has a slot again is told so at once");
	if (!any(model, false))
		return;
	must(run, !model->stopped, "after the end nobody waits for a slot");
	must(run, kind != DISPATCH_SEND && kind != DISPATCH_COMMAND,
		"who wants a slot again comes before tasks that have not started");
	must(run, model_working(model) >= model->target, "a free slot is given to who wants one");
}

/* It has a worker that could have a task. */
static bool
kept(const struct model *model, uint32_t place)
{
	const struct model_place *at = &model->places[place];

	return at->worker == IS_READY && at->count == 0 && !model_had_its_share(model, at);
}

/* Nothing was found to do: of the places that could do something none is left that may. */
static void
judge_rest(struct run *run)
{
	struct model *model = &run->model;
	bool waiting = model_next_waiting(model) != MODEL_NONE;
	uint32_t able = 0, idle = 0;

	for (uint32_t i = 0; i < model->n_places && !model->stopped; i++) {
		able += (waiting && is_idle(run, i)) || (model->functions && may_spawn(run, i));
		idle += kept(model, i);
	}
	must(run, able <= spare_places(model), "something could be done");
	must(run,
		!model->functions ||
			idle + model_working(model) <= model->target + model->spares +
					model_ahead(model) + model_excess(model),
		"no more workers are kept than may be of use");
}

/* Only a worker that is not needed is told to leave. */
static void
judge_bye(struct run *run, uint32_t place)
{
	struct model *model = &run->model;
	uint32_t idle = 0, spare = spare_places(model);

	must(run,
		place < model->n_places && model->places[place].worker == IS_READY &&
			model->places[place].count == 0,
		"only an idle worker is told to leave");
	for (uint32_t i = 0; i < model->n_places; i++)
		idle += kept(model, i);
	must(run, (idle < spare ? idle : spare) > model->spares + model_ahead(model),
		"workers are kept for as many tasks as have yielded at once, and those that start ahead");
}

/* Workers that have had no task yet, or could have another. */
static uint32_t
fresh(const struct model *model)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < model->n_places; i++)
		n += (model->places[i].worker == IS_READY ||
			     model->places[i].worker == IS_STARTING) &&
			model->places[i].count == 0 &&
			!model_had_its_share(model, &model->places[i]);
	return n;
}

/*
 * As long as the target is the same and the same tasks have yielded, no more
 * places than may work are given anything; others finish what they have.
 */
static void
judge_use(struct run *run, uint32_t place, bool spawn)
{
	struct model *model = &run->model;
	struct model_place *at = &model->places[place];
	uint32_t used = 0;

	at->used = true;
	for (uint32_t i = 0; i < model->n_places; i++)
		used += model->places[i].used;
	/* Where workers are replaced, one after the other works. */
	must(run, model->recycle != 0 || used <= model->target,
		"no more places are used than may be");
	must(run, !spawn || fresh(model) < model->widest,
		"no more workers are started than can be of use");
	must(run,
		spawn || at->count != 0 ||
			model_working(model) < model->target + model_excess(model),
		"no more places work than may");
}

/* Copies count as well: a worker never sees more tasks than it may. */
static void
judge_share(struct run *run, const struct dispatch *dispatch)
{
	const struct model *model = &run->model;
	uint32_t given = model->places[dispatch->place].given + dispatch->n;

	if (dispatch->kind != DISPATCH_SEND)
		return;
	must(run, model->recycle == 0 || given <= model->recycle,
		"no worker is given more tasks than it may have");
	must(run, dispatch->last == (model->recycle != 0 && given == model->recycle),
		"it is told to leave with its last, and not before");
}

#endif
