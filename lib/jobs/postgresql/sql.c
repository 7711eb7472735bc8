/*
 * What is said to the server.  Plans are made once and for all tables alike (see
 * set_session in connect.c), so each statement here has to be one that an index answers.
 *
 * A change of a job's state costs a new version of its row and of its places in
 * indices; so names are in a table of their own, and what waits, runs, is blocked
 * or went wrong is found by partial indices.
 */
#include <stdio.h>

#include "jobs/postgresql/postgres.h"

/* Milliseconds since 1970, by the server's clock. */
#define NOW "(date_part('epoch', now()) * 1000)::int8"
/* The same, asked for once in a statement instead of once in each row. */
#define NOW_ONCE "(SELECT " NOW ")"
#define STARTED "(date_part('epoch', pg_postmaster_start_time()) * 1000)::int8"

#define PAYLOAD \
	"CASE WHEN has_payload THEN (SELECT payload FROM content WHERE content.job = job.id) END"

/* A taker's session holds a lock of that number as long as it is connected. */
#define IS_CONNECTED \
	"taker.id IN (SELECT l.objid::int8 FROM pg_locks l WHERE l.locktype = 'advisory' AND" \
	" l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())" \
	" AND l.classid = $1::int8::oid AND l.objsubid = 2 AND l.granted)"
/* On this host its process is looked at, and nobody asks for its session. */
#define IS_NEAR "(boot = $2 AND space = $3)"
/*
 * Connected is as good as seen.  One that is not has half of its time-out from when somebody noticed that,
 * or the server came up, to connect again; so others look every half of it.
 */
#define SEEN \
	"CASE WHEN " IS_NEAR " THEN seen WHEN " IS_CONNECTED " OR lost = 0 THEN " NOW \
	" - timeout / 2 ELSE GREATEST(seen, lost, " STARTED ") - timeout / 2 END"

/* Of one that may have several holders they are in a table of their own. */
#define SHARED(condition) "EXISTS (SELECT 1 FROM holder h WHERE h.taker " condition ")"

#define LIFE "id, host, boot, space, pid, start"

#define ANY_WAITS "EXISTS (SELECT 1 FROM taker w WHERE w.state = 1 AND w.waits AND w.id <> $2)"

#define MAY_HAVE(labels) \
	"(w.requires IS NULL OR string_to_array(w.requires, E'\\n') <@ string_to_array(" labels \
	", E'\\n'))"
#define LIVES "EXISTS (SELECT 1 FROM taker t WHERE t.id = $1 AND t.state = 1)"

/*
 * Rows are found again by their place: locked ones stay there.  One that was claimed and put back behind this
 * statement's snapshot has a place that it does not see: it is not taken, and still there for the next.
 */
#define CLAIM_BEGIN \
	"UPDATE job SET state = 2, attempt = attempt + 1, taker = $1, step = $2, began = " NOW_ONCE \
	", ended = 0, why = NULL WHERE ctid = ANY (ARRAY (SELECT w.ctid FROM job w WHERE "
/* What a holder is told; the rest it knows. */
#define TAKEN_COLUMNS SQL_TAKEN_COLUMNS ", began"
#define CLAIM_END " FOR UPDATE SKIP LOCKED)) RETURNING " TAKEN_COLUMNS ", " PAYLOAD

/*
 * The common case in one step: self's, and not changed meanwhile, and nobody's dependency.  The sum keeps the
 * server from the index of what runs: what its taker had before is there, too, until it is vacuumed.
 */
#define DONE_BEGIN \
	"UPDATE job SET state = 3, ended = " NOW_ONCE \
	", why = NULL WHERE state + 0 = 2 AND taker = $2 AND NOT again AND "
#define DONE_END " AND NOT EXISTS (SELECT 1 FROM job b WHERE b.state = 6)"

static const char *const texts[N_PG] = {
	[PG_BEGIN] = "BEGIN",
	[PG_COMMIT] = "COMMIT",
	[PG_ROLLBACK] = "ROLLBACK",
	[PG_SHARE] = "SELECT pg_advisory_xact_lock_shared($1::int4, 0)",
	[PG_EXCLUDE] = "SELECT pg_advisory_xact_lock($1::int4, 0)",
	[PG_ADDERS] = "SELECT pg_advisory_xact_lock($1::int4, -1)",
	[PG_ASYNCHRONOUS] = "SELECT set_config('synchronous_commit', 'off', true)",
	/* Who says something lives, also if it was declared dead meanwhile. */
	[PG_MARK] =
		"UPDATE taker SET state = 1, step = $2, seen = " NOW " WHERE id = $1 RETURNING id",
	[PG_STEP] = "SELECT step FROM taker WHERE id = $1",
	[PG_LIST_OID] = "SELECT to_regclass($1::text)::oid::int8",
	[PG_END_OLD] = "SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype ="
		       " 'advisory' AND l.database = (SELECT d.oid FROM pg_database d WHERE"
		       " d.datname = current_database()) AND l.classid = ($1::int8 >> 32)::oid AND"
		       " l.objid = ($1::int8 & 4294967295)::oid AND l.objsubid = 1 AND"
		       " l.pid <> pg_backend_pid()",
	[PG_LOCK_SESSION] = "SELECT pg_advisory_lock($1::int8)",
	[PG_LOCK_TAKER] = "SELECT pg_advisory_lock_shared($1::int4, $2::int4)",
	[PG_IS_BACK] = "UPDATE taker SET lost = 0, seen = " NOW " WHERE id = $1",
	[PG_WAIT] = "UPDATE taker SET waits = true WHERE id = $1",
	[PG_UNWAIT] = "UPDATE taker SET waits = false WHERE id = $1",
	[PG_NOTIFY] = "SELECT pg_notify($1, '') WHERE " ANY_WAITS,
	/* Not by who goes on: only who holds nothing more can be the last.  The mark is for those who watch. */
	[PG_NOTIFY_IDLE] = "WITH m AS (UPDATE taker SET step = $3, seen = " NOW
			   " WHERE id = $2) SELECT pg_notify($1, '') WHERE " ANY_WAITS
			   " AND NOT EXISTS (SELECT 1 FROM job WHERE state = 2 AND taker = $2)"
			   " AND NOT " SHARED("= $2"),
	/* Of others: each transaction but the common one marks its taker; that one claims, or marks it, too. */
	[PG_NEWEST] =
		"SELECT hashtextextended(concat_ws(' ', (SELECT concat_ws(' ', count(*), sum(step),"
		" sum(id)) FROM job WHERE state = 2 AND taker IS DISTINCT FROM $1), (SELECT"
		" concat_ws(' ', count(*), sum(step), sum(state)) FROM taker WHERE id <> $1)), 0)",
	[PG_GET_RANGE] = "SELECT value FROM list WHERE name = 'range'",
	[PG_PUT_RANGE] = "INSERT INTO list (name, value) VALUES ('range', $1)",
	[PG_DROP_RANGE] = "DELETE FROM list WHERE name = 'range'",
	[PG_RANGE_JOBS] =
		"WITH n AS (INSERT INTO job_name (name, job) SELECT i::text, nextval('job_id') FROM"
		" generate_series(0, $1::int8 - 1) i RETURNING name, job) INSERT INTO job (id,"
		" name, item, state) SELECT job, name, name::int8, 1 FROM n ORDER BY job",
	[PG_TAKERS_NAMED] = "SELECT " LIFE ", " NOW " - (" SEEN "), timeout FROM taker"
			    " WHERE state = 1 AND name = $4",
	[PG_PUT_TAKER] =
		"INSERT INTO taker (name, labels, host, boot, space, pid, start, since, seen, timeout,"
		" step, state) VALUES ($1, $2, $3, $4, $5, $6, $7, " NOW ", " NOW
		", $8, $9, 1) RETURNING id",
	[PG_ADOPT_TAKER] = "UPDATE taker SET seen = " NOW
			   ", labels = $2, timeout = $3, step = $4 WHERE id = $1",
	[PG_PRUNE_TAKERS] =
		"DELETE FROM taker WHERE state <> 1 AND id <= (SELECT id FROM taker WHERE state <> 1"
		" ORDER BY id DESC LIMIT 1 OFFSET 1000)",
	[PG_TAKER_STATE] = "SELECT state, (SELECT w.id FROM job w WHERE w.open AND " MAY_HAVE(
		"$2") " ORDER BY w.id LIMIT 1) FROM taker WHERE id = $1",
	[PG_SET_TAKER] = "UPDATE taker SET state = $2, seen = " NOW
			 ", taken = taken + $3, waits = false WHERE id = $1",
	[PG_BEAT] = "UPDATE taker SET lost = 0, taken = taken + $2 WHERE id = $1 RETURNING id",
	[PG_COUNT_TAKEN] = "UPDATE taker SET taken = taken + $2 WHERE id = $1",
	[PG_LIVING] = "SELECT " LIFE ", name, labels, since, " SEEN
		      ", timeout, taken, state, 0::int8, " NOW ", NOT " IS_NEAR
		      " AND lost = 0 AND NOT (" IS_CONNECTED ")"
		      " FROM taker WHERE state = 1",
	[PG_LOST] = "UPDATE taker SET lost = " NOW " WHERE state = 1 AND lost = 0 AND NOT " IS_NEAR
		    " AND NOT (" IS_CONNECTED ")",
	[PG_TAKERS] =
		"SELECT " LIFE ", name, labels, since, CASE WHEN state = 1 AND " IS_CONNECTED
		" THEN " NOW
		" ELSE seen END, timeout, taken, state, (SELECT count(*) FROM job WHERE"
		" job.state = 2 AND job.taker = taker.id) + (SELECT count(*) FROM holder WHERE"
		" holder.taker = taker.id), " NOW ", false FROM taker ORDER BY id",
	[PG_LOCK_OWNER] = "SELECT lock.taker, taker.name FROM lock LEFT JOIN taker ON taker.id ="
			  " lock.taker WHERE lock.name = $1",
	[PG_PUT_LOCK] = "INSERT INTO lock (name, taker) VALUES ($1, $2)",
	[PG_DROP_LOCK] = "DELETE FROM lock WHERE name = $1 AND taker = $2 RETURNING taker",
	[PG_DROP_LOCKS] = "DELETE FROM lock WHERE taker = $1",
	[PG_COUNT_WAITING] =
		"SELECT count(*) FROM (SELECT 1 FROM job WHERE state = 1 AND id >= $2 LIMIT $1) w",
	[PG_CLAIM_THESE] = CLAIM_BEGIN
	"(w.state = 1 OR w.open) AND w.id = ANY ($3::int8[]) AND " LIVES " ORDER BY w.id" CLAIM_END,
	/* What has several holders has the number of the last of them. */
	[PG_CLAIMED] =
		"SELECT " TAKEN_COLUMNS ", " PAYLOAD
		" FROM job WHERE step = $2 AND state = 2 AND taker = $1 UNION ALL SELECT job.id,"
		" item, name, h.attempt, kills, requires, max_takers, h.began, " PAYLOAD
		" FROM holder h JOIN job ON job.id = h.job WHERE h.taker = $1 AND h.step = $2",
	[PG_OUTLOOK] = "SELECT EXISTS (SELECT 1 FROM job w WHERE w.state = 1 AND " MAY_HAVE(
		"$2") ") OR"
		      " EXISTS (SELECT 1 FROM job w WHERE w.open AND " MAY_HAVE(
			      "$2") "),"
				    " EXISTS (SELECT 1 FROM job WHERE state = 1),"
				    " EXISTS (SELECT 1 FROM job WHERE state = 2 AND taker = $1) OR " SHARED(
					    "= $1") ","
						    " EXISTS (SELECT 1 FROM job WHERE state = 2 AND taker < $1) OR"
						    " EXISTS (SELECT 1 FROM job WHERE state = 2 AND taker > $1) OR " SHARED(
							    "<> $1") ","
								     " EXISTS (SELECT 1 FROM job WHERE state = 6),"
								     " EXISTS (SELECT 1 FROM job WHERE state IN (4, 5))",
	[PG_COUNTS] = "SELECT state, count(*) FROM job GROUP BY state",
	[PG_EACH] =
		"SELECT j.id, j.item, j.name, j.state, j.attempt, j.failures, j.kills,"
		" j.failed_retries, j.killed_retries, j.requires, j.began, j.ended, j.why,"
		" j.has_payload, j.max_takers, j.tends, c.payload, t.name, a.name, a.state,"
		" c.fingerprint, (SELECT string_agg(n.name, E'\\n' ORDER BY n.id) FROM dep JOIN job n ON n.id ="
		" dep.needs WHERE dep.job = j.id), (SELECT value FROM list WHERE list.name = 'range')"
		" FROM job j LEFT JOIN taker t ON t.id = COALESCE(j.taker, (SELECT h.taker FROM holder h"
		" WHERE h.job = j.id ORDER BY h.attempt DESC LIMIT 1)) LEFT JOIN job a ON a.id ="
		" j.awaits AND j.state = 6 LEFT JOIN content c ON c.job = j.id WHERE j.id > $1"
		" AND (1 << j.state) & $2::int8 <> 0 ORDER BY j.id LIMIT 100",
	[PG_WAITING] = "SELECT " SQL_JOB_COLUMNS ", " PAYLOAD " FROM (SELECT * FROM job w WHERE"
		       " w.state = 1 AND w.id > $1 AND " MAY_HAVE("$2") " ORDER BY w.id LIMIT 100)"
									" job ORDER BY id",
	[PG_OPEN] =
		"SELECT " SQL_JOB_COLUMNS ", " PAYLOAD " FROM (SELECT * FROM job w WHERE"
		" w.open AND w.id > $1 AND " MAY_HAVE("$2") " ORDER BY w.id LIMIT 100) job ORDER"
							    " BY id",
	[PG_HELD] = "SELECT " SQL_JOB_COLUMNS ", " PAYLOAD " FROM job WHERE id = (SELECT job FROM"
		    " job_name WHERE name = $1) AND state = 2 AND taker = $2 AND (attempt = $3 OR"
		    " $3 = 0)",
	[PG_HELD_SHARE] =
		"SELECT job.id, item, name, state, h.attempt, failures, kills, failed_retries,"
		" killed_retries, requires, h.began, ended, why, has_payload, max_takers, tends, " PAYLOAD
		" FROM job JOIN holder h ON h.job = job.id WHERE job.id = (SELECT job FROM"
		" job_name WHERE name = $1) AND h.taker = $2 AND (h.attempt = $3 OR $3 = 0) ORDER BY"
		" h.attempt LIMIT 1",
	[PG_GET_ENDING] = "SELECT " SQL_ENDING_COLUMNS " FROM job WHERE id = $1",
	[PG_GET_HOLDER] = "SELECT taker, began FROM holder WHERE job = $1 AND attempt = $2",
	[PG_DROP_HOLDER] = "DELETE FROM holder WHERE job = $1 AND attempt = $2",
	[PG_HOLDERS] = "SELECT count(*) FROM holder WHERE job = $1",
	[PG_HOLDERS_AMONG] =
		"SELECT h.attempt FROM holder h JOIN taker t ON t.id = h.taker WHERE h.job = $1 AND ($2"
		" = 0 OR t.id = $2) AND ($3::text IS NULL OR t.name = $3) ORDER BY h.attempt",
	[PG_SHARED_BY] = "SELECT DISTINCT job FROM holder WHERE taker = $1",
	[PG_SET_OPEN] = "UPDATE job SET open = (state = 2 AND tends = 0 AND NOT again AND (SELECT"
			" count(*) FROM holder WHERE job = $1) < max_takers) WHERE id = $1",
	[PG_END_SHARE] =
		"UPDATE job SET state = $2, failures = $3, kills = $4, ended = CASE WHEN $5::bool THEN 0"
		" ELSE " NOW " END, why = CASE WHEN tends = 0 THEN $6 ELSE COALESCE($6, why) END,"
		" tends = $7, again = again AND $2 = 2, taker = CASE WHEN $2 = 2 THEN NULL ELSE"
		" $8::int4 END WHERE id = $1",
	[PG_DONE] = DONE_BEGIN "id = $1 AND attempt = $3" DONE_END,
	[PG_DONE_MANY] = DONE_BEGIN "id = ANY ($1::int8[]) AND attempt = $3" DONE_END,
	/* Looks through the array for each row; a join is no way, it compares all with all. */
	[PG_DONE_MIXED] = DONE_BEGIN "id = ANY ($1::int8[]) AND attempt ="
				     " ($3::int4[])[array_position($1::int8[], id)]" DONE_END,
	[PG_ANY_BLOCKED] = "SELECT 1 FROM job WHERE state = 6 LIMIT 1",
	[PG_END] = "UPDATE job SET state = $2, failures = $3, kills = $4, ended = CASE WHEN $2 = 1"
		   " THEN 0 ELSE " NOW " END, why = $5, again = false WHERE id = $1",
	[PG_RUNNING_OF] = "SELECT id FROM job WHERE state = 2 AND taker = $1",
	[PG_PUT_RUN] = "INSERT INTO run (job, attempt, taker, state, began, ended, why) VALUES ($1,"
		       " $2, $3, $4, $5, " NOW ", $6)",
	[PG_PRUNE_RUNS] = "DELETE FROM run WHERE job = $1 AND id <= (SELECT id FROM run WHERE job ="
			  " $1 ORDER BY id DESC LIMIT 1 OFFSET $2)",
	[PG_RUNS] =
		"SELECT r.attempt, taker.name, r.state, r.began, r.ended, r.why FROM (SELECT attempt,"
		" taker, 2 AS state, began, 0::int8 AS ended, NULL::text AS why FROM holder WHERE job ="
		" $1 UNION ALL SELECT attempt, taker, state, began, ended, why FROM run WHERE job = $1)"
		" r LEFT JOIN taker ON taker.id = r.taker ORDER BY r.attempt DESC",
	[PG_HAS_RUN] = "SELECT 1 FROM run WHERE job = $1 AND attempt = $2 AND taker = $3 AND"
		       " state = $4 LIMIT 1",
	[PG_FIND] =
		"SELECT job.id, job.state, job.attempt, taker.name, job.began, job.ended, job.why,"
		" job.max_takers FROM job LEFT JOIN taker ON taker.id = job.taker WHERE job.id ="
		" (SELECT job FROM job_name WHERE name = $1)",
	[PG_PUT_JOB] =
		"WITH n AS (INSERT INTO job_name (name, job) VALUES ($1, nextval('job_id')) ON"
		" CONFLICT (name) DO NOTHING RETURNING job), c AS (INSERT INTO content (job,"
		" payload, fingerprint) SELECT job, $5::bytea, $6::bytea FROM n WHERE $5::bytea IS NOT"
		" NULL OR $6::bytea IS NOT NULL) INSERT INTO job (id, name, state, requires,"
		" failed_retries, killed_retries, has_payload, max_takers, attempt, kills, item, why,"
		" ended) SELECT job, $1, $7, $2, $3, $4, $5::bytea IS NOT NULL, $8, $9, $10, $11, $12,"
		" CASE WHEN $7 = 1 THEN 0 ELSE " NOW " END FROM n RETURNING id",
	[PG_PUT_PAST] =
		"UPDATE job SET began = $2, ended = CASE WHEN $3::int8 = 0 THEN ended ELSE $3::int8 END, failures"
		" = $4, taker = (SELECT max(id) FROM taker WHERE name = $5) WHERE id = $1",
	[PG_PUT_PAST_TAKER] =
		"INSERT INTO taker (name, labels, host, boot, space, pid, start, since, seen, timeout,"
		" state) SELECT $1::text, '', '', '', 0, 0, 0, " NOW ", " NOW
		", 0, 3 WHERE NOT EXISTS"
		" (SELECT 1 FROM taker WHERE name = $1::text)",
	[PG_CHANGE_JOB] =
		"UPDATE job SET state = CASE WHEN state = 2 THEN 2 ELSE $3 END, again = (state = 2),"
		" failures = 0, kills = 0, has_payload = $2::bool, open = false, ended = CASE WHEN"
		" state = 2 OR $3 = 1 THEN 0 ELSE " NOW " END WHERE id = $1",
	[PG_CONTENT] = "SELECT payload, fingerprint FROM content WHERE job = $1",
	[PG_DROP_CONTENT] = "DELETE FROM content WHERE job = $1",
	[PG_PUT_CONTENT] = "INSERT INTO content (job, payload, fingerprint) VALUES ($1, $2, $3) ON"
			   " CONFLICT (job) DO UPDATE SET payload = $2, fingerprint = $3",
	[PG_PUT_DEP] = "WITH n AS (SELECT job AS needs FROM job_name WHERE name = $2 AND job < $1),"
		       " i AS (INSERT INTO dep (job, needs) SELECT $1, needs FROM n ON CONFLICT DO"
		       " NOTHING) SELECT needs FROM n",
	[PG_AWAITING] = "SELECT id FROM job WHERE state = 6 AND awaits = $1",
	[PG_NEXT_AWAITED] =
		"SELECT dep.needs FROM dep JOIN job ON job.id = dep.needs WHERE dep.job ="
		" $1 AND dep.needs > $2 AND job.state <> 3 ORDER BY dep.needs LIMIT 1",
	[PG_SET_AWAITED] = "UPDATE job SET state = CASE WHEN $2::int8 IS NULL THEN 1 ELSE 6 END,"
			   " awaits = $2 WHERE id = $1",
	[PG_BLOCK_BEHIND] =
		"UPDATE job SET state = 6, awaits = $1 WHERE state = 1 AND id IN (SELECT"
		" job FROM dep WHERE needs = $1)",
	[PG_JOBS_BEHIND] =
		"SELECT job.id, job.state, job.name, taker.name, job.max_takers FROM job"
		" LEFT JOIN taker ON taker.id = job.taker WHERE job.id > $1 ORDER BY job.id LIMIT 1000",
	[PG_RETRY] = "UPDATE job SET state = 1, ended = 0, failures = 0, kills = 0, tends = 0,"
		     " open = false WHERE id = $1",
	[PG_CANCEL] = "UPDATE job SET state = 7, ended = " NOW
		      ", tends = 0, open = false WHERE id = ANY ($1::int8[])",
	/* Those stay that are not done, and that another waits for. */
	[PG_CLEAR] =
		"WITH gone AS (DELETE FROM job WHERE id = ANY ($1::int8[]) AND (state = 3 OR NOT"
		" EXISTS (SELECT 1 FROM dep JOIN job b ON b.id = dep.job WHERE dep.needs = job.id"
		" AND b.state = 6)) RETURNING id, name), a AS (DELETE FROM job_name USING gone"
		" WHERE job_name.name = gone.name), b AS (DELETE FROM content USING gone WHERE"
		" content.job = gone.id), c AS (DELETE FROM run USING gone WHERE run.job = gone.id),"
		" d AS (DELETE FROM dep USING gone WHERE dep.job = gone.id), e AS (DELETE FROM dep"
		" USING gone WHERE dep.needs = gone.id) SELECT count(*) FROM gone",
	[PG_IS_EMPTY] = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM job)",
};

const char *
postgres_text_of(enum pg which)
{
	return texts[which];
}

void
postgres_claim_text(char *text, size_t size, uint32_t limit)
{
	snprintf(text, size,
		CLAIM_BEGIN "w.state = 1 AND w.id >= $3 AND " MAY_HAVE(
			"$4") " AND " LIVES " ORDER BY w.id LIMIT %u" CLAIM_END,
		(unsigned)limit);
}

/* To change them: append what leads from each version to the next, and raise VERSION in open.c. */
const char postgres_tables[] =
	"CREATE TABLE list (name text PRIMARY KEY, value int8);"
	"CREATE TABLE taker (id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,"
	" labels text NOT NULL, host text NOT NULL, boot text NOT NULL, space int8 NOT NULL,"
	" pid int4 NOT NULL, start int8 NOT NULL, since int8 NOT NULL, seen int8 NOT NULL,"
	" lost int8 NOT NULL DEFAULT 0, timeout int8 NOT NULL, taken int8 NOT NULL DEFAULT 0,"
	" state int4 NOT NULL, waits bool NOT NULL DEFAULT false, step int8 NOT NULL DEFAULT 0)"
	" WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);"
	"CREATE INDEX taker_living ON taker (name) WHERE state = 1;"
	"CREATE SEQUENCE job_id;"
	"CREATE TABLE job_name (name text COLLATE \"C\" PRIMARY KEY, job int8 NOT NULL);"
	/*
	 * First what has a fixed width and is never NULL, it is found without looking at the others.  Half of each
	 * page is left for the versions that a claim and an end write: they come there, and in place of older ones.
	 */
	"CREATE TABLE job (id int8 PRIMARY KEY, step int8 NOT NULL DEFAULT 0,"
	" began int8 NOT NULL DEFAULT 0, ended int8 NOT NULL DEFAULT 0, state int4 NOT NULL,"
	" attempt int4 NOT NULL DEFAULT 0, failures int4 NOT NULL DEFAULT 0,"
	" kills int4 NOT NULL DEFAULT 0, max_takers int4 NOT NULL DEFAULT 1,"
	" tends int4 NOT NULL DEFAULT 0, again bool NOT NULL DEFAULT false,"
	" has_payload bool NOT NULL DEFAULT false, open bool NOT NULL DEFAULT false, taker int4,"
	" item int8, awaits int8, failed_retries int8, killed_retries int8, name text NOT NULL,"
	" requires text, why text)"
	" WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);"
	"CREATE INDEX job_open ON job (id) WHERE open;"
	"CREATE TABLE holder (job int8, attempt int4, taker int4 NOT NULL, began int8 NOT NULL,"
	" step int8, PRIMARY KEY (job, attempt));"
	"CREATE INDEX holder_of ON holder (taker);"
	/*
	 * A claim of one that may have several holders: hardly ever, so all others pay nothing for it.  Behind the
	 * update: a trigger before it would lock each row once more.
	 */
	"CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
	" INSERT INTO holder VALUES (NEW.id, NEW.attempt, NEW.taker, NEW.began, NEW.step);"
	" UPDATE job SET taker = NULL, open = tends = 0 AND NOT again AND (SELECT count(*) FROM"
	" holder h WHERE h.job = NEW.id) < max_takers WHERE id = NEW.id;"
	" IF EXISTS (SELECT 1 FROM taker w WHERE w.state = 1 AND w.waits) THEN"
	" PERFORM pg_notify(TG_TABLE_SCHEMA, ''); END IF;"
	" RETURN NULL; END $$;"
	"CREATE TRIGGER hold AFTER UPDATE ON job FOR EACH ROW WHEN (NEW.max_takers > 1 AND"
	" NEW.attempt > OLD.attempt) EXECUTE FUNCTION hold();"
	"CREATE INDEX job_waiting ON job (id) WHERE state = 1;"
	"CREATE INDEX job_running ON job (taker) WHERE state = 2;"
	"CREATE INDEX job_blocked ON job (awaits) WHERE state = 6;"
	"CREATE INDEX job_bad ON job (id) WHERE state IN (4, 5);"
	"CREATE TABLE content (job int8 PRIMARY KEY, payload bytea, fingerprint bytea);"
	"CREATE TABLE dep (job int8, needs int8, PRIMARY KEY (job, needs));"
	"CREATE INDEX dep_of ON dep (needs);"
	"CREATE TABLE run (id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, job int8 NOT NULL,"
	" attempt int4 NOT NULL, taker int4, state int4 NOT NULL, began int8 NOT NULL,"
	" ended int8 NOT NULL, why text);"
	"CREATE INDEX run_of ON run (job, id);"
	"CREATE TABLE lock (name text PRIMARY KEY, taker int4 NOT NULL);";
