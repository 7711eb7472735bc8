/*
 * The core of the graph against a model that looks at everything after each step: random graphs, waves, locks,
 * barriers, failures, retries, waits, late dependencies, nodes that are wanted again, and stops. Prints the seed of what went wrong.
 *
 * ORDERLY_TEST_STEPS  how many steps, 150000 by default
 * ORDERLY_TEST_SEED   the first seed
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/schedule/schedule.h"

enum { NODES = 24, LOCKS = 3, EDGES = 400, WAITS = 16 };

enum seen { IDLE, WANTED, RUNNING, PAUSED, DONE, FAILED, CANCELED };

struct model_edge {
	uint32_t dependent, dep;
	int kind;
	uint32_t edge; /* of a wait: the core's number */
	int asked;
};

struct model {
	struct schedule core;
	int state[NODES];
	int yielded[NODES];
	int behind[NODES];
	int fresh[NODES];
	int was[NODES];   /* before it was wanted again; IDLE: never */
	int lazy[NODES];
	int again[NODES]; /* of RUNNING */
	int news[NODES];  /* of a run that nobody has seen, as it was followed by another */
	uint64_t priority[NODES];
	uint32_t root[NODES];
	struct node_options options[NODES];
	struct use uses[NODES][LOCKS];
	struct model_edge edges[EDGES];
	uint32_t n_edges, committed;
	uint32_t capacity[LOCKS];
	uint32_t slots, failures, first_failed, keep_going;
	int stopped;
	uint64_t random, seed;
	unsigned long steps, started, cycles, ends, agains, stays, renewed, left;
	int refused; /* the last commit */
};

static uint64_t
draw(struct model *m, uint64_t below)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return m->random % below;
}

static void
check_that(const struct model *m, int holds, const char *what, int line)
{
	if (holds)
		return;
	fprintf(stderr, "schedule: seed %" PRIu64 ", step %lu, line %d: %s does not hold\n", m->seed, m->steps, line,
		what);
	exit(1);
}

#define HOLDS(condition) check_that(m, (condition), #condition, __LINE__)

static int
unfinished(int state)
{
	return state == WANTED || state == RUNNING || state == PAUSED;
}

/* --- what the model says --- */

static int
counts(const struct model *m, const struct model_edge *edge)
{
	return edge->kind <= EDGE_SOFT && (m->state[edge->dependent] != RUNNING || m->again[edge->dependent]);
}

/* Whether the dependent has to wait for the dep, should that be unfinished. */
static int
holds_back(const struct model *m, const struct model_edge *edge)
{
	return edge->kind == EDGE_WAIT || counts(m, edge);
}

/* Whether b is reached from a over unfinished and fresh nodes. */
static int
reaches(const struct model *m, uint32_t a, uint32_t b)
{
	int reached[NODES] = { 0 }, more = 1;

	reached[a] = 1;
	while (more) {
		more = 0;
		for (uint32_t i = 0; i < m->n_edges; i++) {
			const struct model_edge *e = &m->edges[i];

			if (holds_back(m, e) && reached[e->dependent] && !reached[e->dep] &&
				(unfinished(m->state[e->dep]) || m->fresh[e->dep])) {
				reached[e->dep] = 1;
				more = 1;
			}
		}
	}
	return reached[b];
}

static int
has_cycle(const struct model *m)
{
	for (uint32_t i = 0; i < m->n_edges; i++) {
		const struct model_edge *e = &m->edges[i];

		if (holds_back(m, e) && (unfinished(m->state[e->dep]) || m->fresh[e->dep]) &&
			(unfinished(m->state[e->dependent]) || m->fresh[e->dependent]) &&
			reaches(m, e->dep, e->dependent))
			return 1;
	}
	return 0;
}

static int
has_wrong_wave(const struct model *m)
{
	for (uint32_t i = m->committed; i < m->n_edges; i++)
		if (m->options[m->edges[i].dep].wave > m->options[m->edges[i].dependent].wave)
			return 1;
	return 0;
}

static void
fix_priorities(struct model *m)
{
	for (int more = 1; more;) {
		more = 0;
		for (uint32_t i = 0; i < m->n_edges; i++) {
			const struct model_edge *e = &m->edges[i];
			uint64_t priority = m->priority[e->dependent] + m->options[e->dep].weight;

			if (holds_back(m, e) && unfinished(m->state[e->dependent]) &&
				unfinished(m->state[e->dep]) && m->priority[e->dep] < priority) {
				m->priority[e->dep] = priority;
				more = 1;
			}
		}
	}
}

static void
fix_behind(struct model *m)
{
	for (int more = 1; more;) {
		more = 0;
		for (uint32_t i = 0; i < m->n_edges; i++) {
			const struct model_edge *e = &m->edges[i];

			if (counts(m, e) && m->behind[e->dep] && unfinished(m->state[e->dep]) &&
				unfinished(m->state[e->dependent]) && !m->behind[e->dependent]) {
				m->behind[e->dependent] = 1;
				more = 1;
			}
		}
	}
}

/* Those that need a node have to look at it. */
static void
spread_news(struct model *m, uint32_t id)
{
	for (uint32_t i = 0; i < m->n_edges; i++) {
		const struct model_edge *e = &m->edges[i];

		if (e->kind == EDGE_HARD && e->dep == id && (m->state[e->dependent] == WANTED || m->again[e->dependent]))
			m->lazy[e->dependent] = 0;
	}
}

static int
fails(const struct model *m, uint32_t id, uint32_t dep)
{
	return (m->options[id].flags & NODE_ALWAYS) == 0 && (m->state[dep] == FAILED || m->state[dep] == CANCELED);
}

static int
is_held(const struct model *m, uint32_t id)
{
	for (uint32_t i = 0; i < m->n_edges; i++)
		if (m->edges[i].dependent == id && m->edges[i].kind <= EDGE_SOFT && unfinished(m->state[m->edges[i].dep]))
			return 1;
	return 0;
}

/* Who cannot run any more because of what has failed, and who need not because nothing has news. */
static void
fix_canceled(struct model *m)
{
	for (int more = 1; more;) {
		more = 0;
		for (uint32_t i = 0; i < m->n_edges; i++) {
			const struct model_edge *e = &m->edges[i];

			if (e->kind == EDGE_HARD && m->state[e->dependent] == WANTED && fails(m, e->dependent, e->dep)) {
				m->state[e->dependent] = CANCELED;
				m->lazy[e->dependent] = 0;
				if (m->was[e->dependent] != CANCELED)
					spread_news(m, e->dependent);
				more = 1;
			}
		}
		for (uint32_t i = 0; i < NODES && !more; i++)
			if (m->state[i] == WANTED && m->lazy[i] && !is_held(m, i)) {
				m->state[i] = m->was[i];
				m->lazy[i] = 0;
				m->failures += m->was[i] == FAILED;
				m->stays++;
				if (m->news[i])
					spread_news(m, i);
				more = 1;
			}
	}
}

/* The first of the core is the one that failed first; when that is wanted again, the lowest. */
static void
fix_first(struct model *m, uint32_t before)
{
	if (before == 0 && m->failures != 0)
		m->first_failed = m->core.first_failed;
	if (m->failures != 0)
		HOLDS(m->core.first_failed < NODES && m->state[m->core.first_failed] == FAILED);
}

static int
is_open(const struct model *m, uint32_t id)
{
	for (uint32_t i = 0; i < NODES; i++)
		if (unfinished(m->state[i]) && m->options[i].wave < m->options[id].wave)
			return 0;
	return 1;
}

/* Everything but slots and locks. */
static int
is_eligible(const struct model *m, uint32_t id)
{
	if (m->state[id] != WANTED || !is_open(m, id))
		return 0;
	for (uint32_t i = 0; i < m->n_edges; i++)
		if (m->edges[i].dependent == id && m->edges[i].kind <= EDGE_SOFT && unfinished(m->state[m->edges[i].dep]))
			return 0;
	if ((m->options[id].flags & NODE_BARRIER) == 0)
		return 1;
	for (uint32_t i = 0; i < NODES; i++)
		if (unfinished(m->state[i]) && !m->behind[i] && m->options[i].wave == m->options[id].wave)
			return 0;
	return 1;
}

static uint32_t
used(const struct model *m, uint32_t lock)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < NODES; i++)
		for (uint32_t j = 0; j < m->options[i].n_uses; j++)
			if (m->state[i] == RUNNING && m->uses[i][j].lock == lock)
				sum += m->uses[i][j].units;
	return sum;
}

static uint32_t
running(const struct model *m)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < NODES; i++)
		sum += m->state[i] == RUNNING && !m->yielded[i];
	return sum;
}

static int
needs(const struct model *m, uint32_t id, uint32_t lock)
{
	for (uint32_t i = 0; i < m->options[id].n_uses; i++)
		if (m->uses[id][i].lock == lock)
			return 1;
	return 0;
}

static int
is_before(const struct model *m, uint32_t a, uint32_t b)
{
	return m->priority[a] > m->priority[b] || (m->priority[a] == m->priority[b] && a < b);
}

/* A lock has too little left, or somebody who comes first waits for it. */
static int
is_locked_out(const struct model *m, uint32_t id)
{
	for (uint32_t i = 0; i < m->options[id].n_uses; i++) {
		const struct use *use = &m->uses[id][i];

		if (m->capacity[use->lock] - used(m, use->lock) < use->units)
			return 1;
		for (uint32_t other = 0; other < NODES; other++)
			if (other != id && is_eligible(m, other) && needs(m, other, use->lock) &&
				heap_before(&m->core.nodes[other].link, &m->core.nodes[id].link))
				return 1;
	}
	return 0;
}

/* --- compared --- */

static int
seen_state(int state)
{
	switch (state) {
	case NODE_IDLE: return IDLE;
	case NODE_RUNNING: return RUNNING;
	case NODE_PAUSED: return PAUSED;
	case NODE_DONE: return DONE;
	case NODE_FAILED: return FAILED;
	case NODE_CANCELED: return CANCELED;
	default: return WANTED;
	}
}

static int
has_no_failures(const struct model *m)
{
	for (uint32_t i = 0; i < NODES; i++)
		if ((m->options[i].flags & NODE_NO_FAILURES) != 0)
			return 1;
	return 0;
}

/* Who was canceled for NO_FAILURES is known to the core first. */
static void
take_settled(struct model *m)
{
	uint32_t id;

	while ((id = schedule_settled(&m->core)) != SCHEDULE_NONE) {
		if (m->state[id] == WANTED && m->core.nodes[id].state == NODE_CANCELED) {
			HOLDS((m->options[id].flags & NODE_NO_FAILURES) != 0 && m->failures != 0);
			HOLDS(is_eligible(m, id));
			HOLDS(m->core.nodes[id].root == m->core.first_failed);
			m->state[id] = CANCELED;
			if (m->was[id] != CANCELED)
				spread_news(m, id);
			fix_canceled(m);
		}
		if (m->state[id] == CANCELED)
			HOLDS(m->core.nodes[id].root < NODES);
		/* Who was canceled for any failure keeps the one that there was. */
		if (m->state[id] == CANCELED && !has_no_failures(m))
			HOLDS(m->state[m->core.nodes[id].root] == FAILED || unfinished(m->state[m->core.nodes[id].root]));
		HOLDS(m->state[id] == CANCELED || m->state[id] == IDLE || m->state[id] == m->was[id]);
		m->ends++;
	}
}

/* What was waited for has come. */
static void
end_waits(struct model *m)
{
	for (uint32_t i = 0; i < m->n_edges; i++)
		if (m->edges[i].kind == EDGE_WAIT && !unfinished(m->state[m->edges[i].dep])) {
			m->edges[i].kind = EDGE_OVER;
			schedule_wait_over(&m->core, m->edges[i].edge);
		}
}

static void
compare(struct model *m)
{
	uint32_t sum = 0, ready = 0;

	take_settled(m);
	end_waits(m);
	for (uint32_t i = 0; i < NODES; i++) {
		HOLDS(seen_state(m->core.nodes[i].state) == m->state[i]);
		sum += unfinished(m->state[i]) ? 1 : 0;
		ready += m->core.nodes[i].state == NODE_READY;
		if (unfinished(m->state[i]))
			HOLDS(((m->core.nodes[i].flags & NODE_BEHIND) != 0) == m->behind[i]);
		if (unfinished(m->state[i]))
			HOLDS(m->core.nodes[i].link.priority == m->priority[i]);
	}
	HOLDS(m->core.unfinished == sum);
	HOLDS(m->core.ready == ready);
	HOLDS(m->core.failures == m->failures);
	fix_first(m, m->failures);
	HOLDS(m->core.running == running(m));
	for (uint32_t i = 0; i < LOCKS; i++)
		HOLDS(m->core.locks[i].used == used(m, i) && used(m, i) <= m->capacity[i]);
}

/* --- steps --- */

static void
stop(struct model *m)
{
	m->stopped = 1;
	for (uint32_t i = 0; i < NODES; i++) {
		if (m->state[i] == WANTED || m->state[i] == PAUSED)
			m->state[i] = IDLE;
		m->again[i] = m->lazy[i] = 0;
	}
}

static uint32_t
pick(struct model *m, int state)
{
	uint32_t from = (uint32_t)draw(m, NODES);

	for (uint32_t i = 0; i < NODES; i++)
		if (m->state[(from + i) % NODES] == state)
			return (from + i) % NODES;
	return SCHEDULE_NONE;
}

static void
accept_fresh(struct model *m)
{
	for (uint32_t i = 0; i < NODES; i++) {
		if (!m->fresh[i])
			continue;
		m->fresh[i] = 0;
		if (m->stopped)
			continue;
		m->failures -= m->state[i] == FAILED;
		m->state[i] = WANTED;
		m->priority[i] = m->options[i].weight;
		m->behind[i] = (m->options[i].flags & NODE_BARRIER) != 0;
	}
	if (m->stopped)
		m->n_edges = m->committed;
	m->committed = m->n_edges;
	for (uint32_t i = 0; i < NODES; i++)
		if (m->state[i] == PAUSED && is_held(m, i))
			m->state[i] = WANTED;
	fix_behind(m);
	fix_priorities(m);
	fix_canceled(m);
}

static void
add_edges(struct model *m, uint32_t id)
{
	static const int kinds[] = { EDGE_HARD, EDGE_HARD, EDGE_HARD, EDGE_SOFT };
	uint32_t count = (uint32_t)draw(m, 4);

	for (uint32_t i = 0; i < count && m->n_edges + WAITS < EDGES; i++) {
		uint32_t dep = (uint32_t)draw(m, NODES);
		int kind = kinds[draw(m, 4)];

		/* Mostly upward, so that not every graph is a cycle. */
		if (draw(m, 30) != 0 && dep >= id)
			continue;
		if (m->state[dep] == IDLE && !m->fresh[dep]) {
			if (m->stopped)
				continue;
			HOLDS(schedule_want(&m->core, dep) == 0);
			m->fresh[dep] = 1;
			m->was[dep] = m->news[dep] = IDLE;
		}
		m->edges[m->n_edges++] = (struct model_edge){ .dependent = id, .dep = dep, .kind = kind };
		HOLDS(schedule_edge(&m->core, id, dep, kind) == 0);
	}
}

static void
commit(struct model *m)
{
	int bad, status;

	bad = !m->stopped && (has_cycle(m) || has_wrong_wave(m));
	status = schedule_commit(&m->core);
	m->refused = status != 0;
	HOLDS((status != 0) == bad);
	if (status == 0) {
		accept_fresh(m);
		return;
	}
	HOLDS(status == FAULT_CYCLE || status == FAULT_WAVE);
	m->cycles += status == FAULT_CYCLE;
	for (uint32_t i = 0; status == FAULT_CYCLE && i < m->core.fault.count; i++) {
		uint32_t from = m->core.fault.at[i], to = m->core.fault.at[(i + 1) % m->core.fault.count];
		int found = 0;

		for (uint32_t j = 0; j < m->n_edges; j++)
			found |= m->edges[j].dependent == from && m->edges[j].dep == to;
		HOLDS(found);
	}
	m->n_edges = m->committed;
	for (uint32_t i = 0; i < NODES; i++)
		if (m->fresh[i])
			m->fresh[i] = m->lazy[i] = 0;
}

static void
want(struct model *m)
{
	uint32_t id, count = 1 + (uint32_t)draw(m, 4);
	int late = draw(m, 4) == 0;

	for (uint32_t i = 0; i < count; i++) {
		id = pick(m, IDLE);
		if (id == SCHEDULE_NONE || m->fresh[id])
			continue;
		HOLDS(schedule_want(&m->core, id) == 0);
		m->fresh[id] = 1;
		m->was[id] = m->news[id] = IDLE;
		add_edges(m, id);
	}
	id = late ? pick(m, WANTED) : SCHEDULE_NONE;
	if (id != SCHEDULE_NONE)
		add_edges(m, id);
	commit(m);
}

/* Wanted again: an end becomes fresh, what runs is marked, what is wanted is not lazy any more. */
static int
touch(struct model *m, uint32_t id, int lazily)
{
	int state = m->state[id];

	if (m->fresh[id] || state == IDLE || unfinished(state)) {
		if (state == RUNNING && !m->again[id]) {
			m->again[id] = 1;
			m->lazy[id] = lazily;
		} else if (!lazily) {
			m->lazy[id] = 0;
		}
		return 0;
	}
	m->was[id] = state;
	m->news[id] = 0;
	m->fresh[id] = 1;
	m->lazy[id] = lazily && state != CANCELED;
	return 1;
}

static void
touch_all(struct model *m, uint32_t id, int lazily)
{
	if (!touch(m, id, lazily))
		return;
	for (uint32_t i = 0; i < m->n_edges; i++)
		if (m->edges[i].kind == EDGE_HARD && m->edges[i].dep == id)
			touch_all(m, m->edges[i].dependent, 1);
}

/* What it needs that is asked for, anew. */
static void
renew(struct model *m, uint32_t id)
{
	struct asked_dep deps[NODES];
	uint32_t n = 0, kept[NODES] = { 0 };
	int news = 0;

	for (uint32_t dep = 0; dep < NODES && m->n_edges + WAITS + NODES < EDGES; dep++) {
		if (draw(m, 8) != 0 || (draw(m, 40) != 0 && dep >= id))
			continue;
		if (m->state[dep] == IDLE && !m->fresh[dep]) {
			HOLDS(schedule_want(&m->core, dep) == 0);
			m->fresh[dep] = 1;
			m->was[dep] = m->news[dep] = IDLE;
		}
		deps[n++] = (struct asked_dep){ .dep = dep, .kind = draw(m, 3) == 0 ? EDGE_SOFT : EDGE_HARD };
	}
	for (uint32_t i = 0; i < m->n_edges; i++) {
		struct model_edge *e = &m->edges[i];
		int kind = EDGE_OVER;

		if (!e->asked || e->dependent != id)
			continue;
		for (uint32_t j = 0; j < n; j++)
			if (deps[j].dep == e->dep) {
				kind = deps[j].kind;
				kept[j] = 1;
			}
		news |= e->kind != kind;
		e->kind = kind;
	}
	for (uint32_t j = 0; j < n; j++) {
		news |= !kept[j];
		if (!kept[j])
			m->edges[m->n_edges++] = (struct model_edge){
				.dependent = id, .dep = deps[j].dep, .kind = deps[j].kind, .asked = 1
			};
	}
	HOLDS(schedule_needs(&m->core, id, deps, n) == 0);
	if (news)
		m->lazy[id] = 0;
	m->renewed += news != 0;
}

static void
leave(struct model *m, uint32_t id)
{
	int needed = 0;

	for (uint32_t i = 0; i < m->n_edges; i++)
		needed |= m->edges[i].dep == id && m->edges[i].kind != EDGE_OVER && m->state[m->edges[i].dependent] != IDLE;
	HOLDS(schedule_is_needed(&m->core, id) == needed);
	if (needed || m->state[id] == IDLE || m->state[id] == RUNNING)
		return;
	HOLDS(schedule_leave(&m->core, id) == 1);
	m->failures -= m->state[id] == FAILED;
	m->state[id] = IDLE;
	m->lazy[id] = 0;
	for (uint32_t i = 0; i < m->n_edges; i++)
		if (m->edges[i].dependent == id)
			m->edges[i].kind = EDGE_OVER;
	m->left++;
}

static void
again(struct model *m)
{
	uint32_t count = 1 + (uint32_t)draw(m, 3), n_edges = m->n_edges;
	static struct model_edge edges[EDGES];
	int before[NODES];

	if (m->stopped)
		return;
	memcpy(before, m->again, sizeof before);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t id = (uint32_t)draw(m, NODES);

		HOLDS(schedule_again(&m->core, id) == 0);
		touch_all(m, id, 0);
	}
	memcpy(edges, m->edges, sizeof edges);
	for (uint32_t i = 0; i < NODES; i++)
		if (draw(m, 3) == 0 && ((m->fresh[i] && m->was[i] != IDLE) || m->state[i] == WANTED ||
			(m->state[i] == RUNNING && m->again[i])))
			renew(m, i);
	commit(m);
	m->agains++;
	if (m->refused)
		memcpy(m->edges, edges, n_edges * sizeof *edges);
	for (uint32_t i = 0; m->refused && i < NODES; i++)
		if (m->state[i] == RUNNING && !before[i])
			m->again[i] = m->lazy[i] = 0;
}

static int
next(struct model *m)
{
	uint32_t id = schedule_next(&m->core);

	take_settled(m);
	if (id == SCHEDULE_NONE) {
		for (uint32_t i = 0; i < NODES; i++)
			if (!m->stopped && running(m) < m->slots && is_eligible(m, i))
				HOLDS(is_locked_out(m, i));
		return 0;
	}
	HOLDS(!m->stopped && running(m) < m->slots);
	HOLDS(is_eligible(m, id));
	HOLDS((m->options[id].flags & NODE_NO_FAILURES) == 0 || m->failures == 0);
	for (uint32_t i = 0; i < NODES; i++) /* nobody is passed at a lock */
		HOLDS(m->core.nodes[i].state != NODE_PARKED || !needs(m, id, m->core.nodes[i].next) ||
			!heap_before(&m->core.nodes[i].link, &m->core.nodes[id].link));
	for (uint32_t i = 0; i < m->options[id].n_uses; i++)
		HOLDS(m->capacity[m->uses[id][i].lock] - used(m, m->uses[id][i].lock) >= m->uses[id][i].units);
	for (uint32_t i = 0; i < NODES; i++)
		if (i != id && m->options[i].n_uses == 0 && is_eligible(m, i) &&
			((m->options[i].flags & NODE_NO_FAILURES) == 0 || m->failures == 0))
			HOLDS(m->options[id].n_uses != 0 || is_before(m, id, i));
	m->state[id] = RUNNING;
	m->started++;
	return 1;
}

/* A run that is to be followed by another is over: is it? */
static void
fix_lazy_end(struct model *m, uint32_t id, int state)
{
	int canceled = 0;

	for (uint32_t i = 0; i < m->n_edges; i++)
		canceled |= m->edges[i].kind == EDGE_HARD && m->edges[i].dependent == id && fails(m, id, m->edges[i].dep);
	if (!canceled && m->lazy[id] && !is_held(m, id)) {
		m->state[id] = state;
		m->lazy[id] = 0;
	}
}

static void
end(struct model *m, uint32_t id, int state)
{
	int news, is_end = 1;

	for (uint32_t i = 0; i < m->n_edges; i++)
		if (m->edges[i].kind == EDGE_WAIT && m->edges[i].dependent == id) {
			m->edges[i].kind = EDGE_OVER;
			schedule_wait_over(&m->core, m->edges[i].edge);
		}
	m->yielded[id] = 0;
	if (state == PAUSED) {
		m->state[id] = m->stopped ? IDLE : is_held(m, id) || m->again[id] ? WANTED : PAUSED;
		m->again[id] = m->lazy[id] = 0;
		fix_behind(m);
		schedule_hold(&m->core, id);
		fix_priorities(m);
		fix_canceled(m);
		return;
	}
	news = draw(m, 2) == 0;
	if (m->again[id]) {
		m->again[id] = 0;
		m->state[id] = WANTED;
		fix_lazy_end(m, id, state);
		is_end = m->state[id] != WANTED;
	} else {
		m->state[id] = state;
	}
	HOLDS(schedule_end(&m->core, id, state == DONE ? NODE_DONE : NODE_FAILED, news) == !is_end);
	m->news[id] |= news || state != DONE || m->was[id] != DONE;
	if (!is_end) {
		m->was[id] = state;
		fix_behind(m);
		fix_canceled(m);
		return;
	}
	if (state == FAILED && m->failures++ == 0)
		m->first_failed = id;
	if (m->news[id])
		spread_news(m, id);
	fix_canceled(m);
	if (m->keep_going != 0 && m->failures >= m->keep_going)
		stop(m);
}

static void
wait_for(struct model *m, uint32_t id)
{
	uint32_t target = (uint32_t)draw(m, NODES), edge;
	int status, bad, wave;

	if (!unfinished(m->state[target]) || m->n_edges == EDGES)
		return;
	wave = m->options[target].wave > m->options[id].wave;
	bad = reaches(m, target, id) ||
		(m->options[target].wave == m->options[id].wave && m->behind[target] && !m->behind[id]);
	status = schedule_wait(&m->core, id, target, &edge);
	HOLDS((status != 0) == (wave || bad));
	if (status != 0)
		return;
	m->edges[m->n_edges++] =
		(struct model_edge){ .dependent = id, .dep = target, .kind = EDGE_WAIT, .edge = edge };
	m->committed = m->n_edges;
	fix_priorities(m);
}

static void
step(struct model *m)
{
	uint32_t id;

	switch (draw(m, 14)) {
	case 13: leave(m, (uint32_t)draw(m, NODES)); break;
	case 0:
	case 1: want(m); break;
	case 12: again(m); break;
	case 2:
	case 3:
	case 4: next(m); break;
	case 5:
	case 6:
	case 7:
		id = pick(m, RUNNING);
		if (id != SCHEDULE_NONE)
			end(m, id, draw(m, 12) == 0 ? FAILED : DONE);
		break;
	case 8:
		id = pick(m, RUNNING);
		if (id != SCHEDULE_NONE && draw(m, 3) == 0)
			end(m, id, PAUSED);
		break;
	case 9:
		id = pick(m, PAUSED);
		if (id != SCHEDULE_NONE) {
			m->state[id] = WANTED;
			schedule_make_ready(&m->core, id);
		}
		break;
	case 10:
		id = pick(m, RUNNING);
		if (id == SCHEDULE_NONE)
			break;
		if (m->yielded[id])
			schedule_resume(&m->core, id);
		else
			schedule_yield(&m->core, id);
		m->yielded[id] = !m->yielded[id];
		break;
	default:
		id = pick(m, RUNNING);
		if (id != SCHEDULE_NONE)
			wait_for(m, id);
		if (draw(m, 200) == 0) {
			schedule_stop(&m->core);
			stop(m);
		}
		break;
	}
	m->steps++;
	compare(m);
}

/* --- a graph --- */

static void
make(struct model *m)
{
	schedule_init(&m->core, m->slots);
	m->core.keep_going = m->keep_going;
	for (uint32_t i = 0; i < LOCKS; i++) {
		m->capacity[i] = 1 + (uint32_t)draw(m, 3);
		schedule_add_lock(&m->core, m->capacity[i]);
	}
	for (uint32_t i = 0; i < NODES; i++) {
		struct node_options *o = &m->options[i];

		*o = (struct node_options){ .weight = draw(m, 6), .uses = m->uses[i] };
		o->wave = draw(m, 3) == 0 ? (int32_t)(i / 10) : 0;
		if (draw(m, 8) == 0)
			o->flags = NODE_BARRIER | (draw(m, 2) == 0 ? NODE_NO_FAILURES : 0);
		if (draw(m, 10) == 0)
			o->flags |= NODE_ALWAYS;
		for (uint32_t lock = 0; lock < LOCKS && draw(m, 2) == 0; lock++)
			m->uses[i][o->n_uses++] = (struct use){ lock, 1 + (uint32_t)draw(m, m->capacity[lock]) };
		HOLDS(schedule_add(&m->core, o) == i);
	}
}

/* Everything ends if all that runs ends, and nothing waits for what cannot come. */
static void
drain(struct model *m)
{
	for (int more = 1; more;) {
		uint32_t id;

		more = next(m);
		while ((id = pick(m, PAUSED)) != SCHEDULE_NONE) {
			m->state[id] = WANTED;
			schedule_make_ready(&m->core, id);
			more = 1;
		}
		if (!more && (id = pick(m, RUNNING)) != SCHEDULE_NONE) {
			end(m, id, DONE);
			more = 1;
		}
		m->steps++;
		compare(m);
	}
	HOLDS(m->core.unfinished == 0);
}

static void
play(struct model *m, uint64_t seed)
{
	unsigned long steps = m->steps;

	m->seed = seed;
	m->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	m->slots = 1 + (uint32_t)draw(m, 5);
	m->keep_going = draw(m, 5) == 0 ? 1 + (uint32_t)draw(m, 3) : 0;
	make(m);
	while (m->steps - steps < 150)
		step(m);
	drain(m);
	schedule_clear(&m->core);
	for (uint32_t i = 0; i < NODES; i++)
		m->state[i] = m->was[i] = m->again[i] = m->lazy[i] = IDLE;
	memset(m->edges, 0, sizeof m->edges);
	m->n_edges = m->committed = m->failures = 0;
	m->stopped = 0;
	for (int i = 0; i < 20; i++)
		step(m);
	drain(m);
	schedule_finish(&m->core);
}

static unsigned long
number_of(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoul(text, NULL, 10) : otherwise;
}

int
main(void)
{
	unsigned long steps = number_of("ORDERLY_TEST_STEPS", 150000), done = 0, started = 0, cycles = 0, ends = 0, agains = 0, stays = 0;
	unsigned long renewed = 0, left = 0;
	uint64_t seed = number_of("ORDERLY_TEST_SEED", 1);

	for (; done < steps; seed++) {
		static struct model m;

		memset(&m, 0, sizeof m);
		play(&m, seed);
		done += m.steps;
		started += m.started;
		cycles += m.cycles;
		ends += m.ends;
		agains += m.agains;
		stays += m.stays;
		renewed += m.renewed;
		left += m.left;
	}
	printf("%lu times other deps, %lu times left\n", renewed, left);
	printf("%lu steps, %lu starts, %lu cycles, %lu settled, %lu times again, %lu stayed, seeds below %" PRIu64 "\n", done, started, cycles, ends, agains, stays,
		seed);
	return started == 0 || cycles == 0 || ends == 0 || agains == 0 || stays == 0 || renewed == 0 || left == 0;
}
