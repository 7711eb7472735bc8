/* What the files of the store "dir:" share: a list is a directory, and its folders say in what state a job is. */
#ifndef JOBS_DIR_H
#define JOBS_DIR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "jobs/life.h"
#include "jobs/store.h"

#define DIR_FILE_MAX 190 /* bytes of a job's file, so that what stands before it fits, too */
#define DIR_WID_MAX 40
#define DIR_PATH 640
#define DIR_WHOLE 4800 /* bytes of a path with the list's */
#define DIR_ID_MAX 32

/* The first four are the protocol's; the others lie in .orderly, where only we look. */
enum folder {
	DIR_WAITING,
	DIR_RUNNING, /* <wid>.<file> */
	DIR_DONE,
	DIR_FAILED, /* <seconds>.<file> */
	DIR_HOME,
	DIR_HIDDEN, /* jobs that wait for labels or other jobs: foreign takers would take them */
	DIR_CANCELED,
	DIR_AGAIN,   /* what is to run behind the attempt that runs */
	DIR_NEXT,    /* the records that these have */
	DIR_RECORDS, /* what is known of a job */
	DIR_MOVING,  /* <id>.<operation>.<file>: somebody's, who writes its record */
	DIR_TAKERS,  /* <wid> */
	DIR_GONE,    /* <token>.<o or k>.<wid> */
	DIR_BURYING, /* <token of who buries>.<token>.<wid> */
	DIR_LOCKS,
	DIR_FRESH,  /* <token>.…: not yet there */
	DIR_ADDING, /* <token>: a directory of files that are certain to be added */
	DIR_N       /* none; as a folder: the root itself */
};

/* A file of a listing; names are offsets into its text. */
struct found {
	size_t name;   /* as it lies in its folder */
	uint32_t skip; /* bytes of it before the job's file */
	uint8_t folder;
	uint8_t foreign, blocked;
	int64_t order_ns; /* its mtime: when it was added */
	int64_t ms;       /* its ctime: since when it is there */
};

struct listing {
	struct found *all; /* all[n] */
	size_t n, capacity;
	struct buffer text;
};

/* A claim of self. */
struct claim {
	int64_t id;
	char *file; /* owned */
	int64_t began_ms;
	ino_t inode;
	uint32_t attempt;
	int ended; /* in an exchange that failed behind it */
	int lost;  /* found then */
};

/* What a store has of its list. */
struct directory {
	int root;
	char *path; /* for people; owned */
	const char *ext;
	char wid[DIR_WID_MAX + 1];
	char token[20];
	uint32_t moves; /* the id given out last; the first is by chance */
	int network;
	int64_t ahead_ms; /* of this clock: the server's */
	int knows_clock;
	int64_t beaten_ms; /* when its file was seen to be self's, by both clocks */
	uint64_t beaten_ns;
	uint64_t taken;
	int64_t stamp_ns;       /* of the file added last */
	struct listing waiting; /* what self may take, in the order of taking */
	size_t next;
	uint64_t listed_ns, cost_ns;
	int doubt,
		listed_now;  /* the next listing, this one is to be a new one also of the network */
	int missed;          /* nothing of the last listing could be claimed */
	uint64_t missed_ns;  /* when that was a new one */
	int knows_renames;   /* 1, -1; 0: not known yet */
	struct listing seen; /* claims, and when self saw them first, if that is not known */
	uint32_t generation;
	int any_foreign, any_blocked;
	int64_t range;        /* -1: none */
	struct claim *claims; /* claims[n_claims] */
	size_t n_claims;
	int64_t claim_id;
	int unsettled; /* a claim could not be given back */
	uint64_t random;
	int inotify; /* or -1: nobody waits */
	int watched; /* it can say all */
	uint64_t polled_ns;
	uint32_t claims_since; /* the last wait */
	struct buffer
		stuck; /* moves that could neither be finished nor taken back: names, and from where */
	struct listing failed; /* sorted */
	int64_t failed_ns; /* when their folder was changed, if that tells of the next change; or 0 */
	struct buffer content; /* of the file that was read last */
};

#define DIRECTORY_OF(store) ((struct directory *)(store)->inside)

/* An attempt of the past. */
struct dir_run {
	const char *taker, *why;
	int64_t began_ms, ended_ms;
	uint32_t attempt;
	int state;
};

/* What is known of a job beside its file.  Texts lie in text, or are the caller's. */
struct record {
	int exists;
	uint32_t attempt; /* that ended, but for one that was done */
	uint32_t failures, kills;
	uint32_t dones; /* files in the folder of done ones that attempt counts */
	int state;      /* what the last of these left */
	int64_t failed_retries, killed_retries;
	const char *mover; /* id of who wrote it */
	const char *why, *requires;
	const char *fingerprint; /* NULL: none */
	size_t fingerprint_size;
	const char **after; /* after[n_after] */
	size_t n_after;
	struct dir_run *runs; /* runs[n_runs], newest first */
	size_t n_runs;
	struct buffer text;
};

/* files.c: paths below the root, and files. */
char *dir_path(char path[DIR_PATH], enum folder folder, const char *before, const char *file);
const char *dir_folder(enum folder folder);
/* With the list's path before it, for the caller. */
const char *dir_whole(const struct directory *directory, char whole[DIR_WHOLE], const char *path);
int dir_open_root(struct store *store, const char *place);
int dir_trouble(struct store *store, int errno_value, const char *what, const char *path);
/* The whole file into a buffer with a NUL behind; 0 or -1 with errno. */
int dir_read(
	const struct directory *directory, const char *path, struct buffer *to, struct stat *is);
/* A new file; stamp_ns: its mtime, or 0.  0 or -1 with errno; then it is not there. */
int dir_write(const struct directory *directory, const char *path, const void *bytes, size_t size,
	int64_t stamp_ns);
/* As rename, but what is there stays: EEXIST.  May be of two steps: dir_is_elsewhere. */
int dir_rename_new(const struct directory *directory, const char *from, const char *to);
/* The same in one step, where nobody else makes that name. */
int dir_rename_own(const struct directory *directory, const char *from, const char *to);
/* Do two files have the same bytes?  Without memory: what a loser is to do must not depend on that. */
int dir_is_same(const struct directory *directory, const char *one, const char *other);
/* Was a job with the bytes of a claim done behind that claim, by another? */
int dir_was_done(const struct directory *directory, const char *claim, const char *file);
int dir_exists(const struct directory *directory, const char *path);
/* An id that nobody else has. */
const char *dir_id(struct directory *directory, char id[DIR_ID_MAX]);
void dir_escape(struct buffer *to, const void *bytes, size_t size, int *failed);
/* In place; the size behind it. */
size_t dir_unescape(char *text);

/* late.c: what must not be what a view of the network remembers. */
#define DIR_LOOK_NS CLOCK_NS_PER_S /* between two looks where no events come */

/* The next listing of a folder is a new one. */
void dir_freshen(struct store *store, enum folder folder);
int dir_list_now(struct store *store, enum folder folder, struct listing *listing, int with_stat);
/* So long others' claims may stay unseen (.sync_ms); -1: somebody interrupts. */
int dir_pause(struct store *store);
/* So many of a listing were tried to be claimed, so many are self's now. */
void dir_note_misses(struct directory *directory, size_t tried, size_t got);
/* A new listing was just now of jobs that are all another's: there is nothing, for a while. */
int dir_misses(const struct directory *directory);
/* Does a file say since when it has its name? */
int dir_knows_renames(struct directory *directory);
/* The folder of claims; ms: since when each is there, or self has seen it, by the clock of the files. */
int dir_list_claims(struct store *store, struct listing *running, int64_t now);
/* One file under two names, as a rename leaves it that is a link and the end of the old name. */
int dir_is_link(struct directory *directory, const char *one, const char *other);
/* Is the file of a job where it was to go, too? */
int dir_is_elsewhere(struct store *store, const char *path, const char *file, int *elsewhere);

/* list.c: what is there. */
int dir_list(struct store *store, enum folder folder, struct listing *listing, int with_stat);
/* A name alone, and where it was; -1 without memory. */
int listing_add(struct listing *listing, enum folder folder, const char *name);
void listing_finish(struct listing *listing);
void listing_clear(struct listing *listing);
/* By the jobs' files, for the other one: the first with this file, or n. */
void listing_sort(struct listing *listing);
size_t listing_first(const struct listing *listing, const char *file);
const char *listing_name(const struct listing *listing, const struct found *found);
const char *listing_file(const struct listing *listing, const struct found *found);
/* Every job once, in the order of adding. */
int dir_list_all(struct store *store, struct listing *listing);
/* What self may take, anew. */
int dir_refresh(struct store *store);
int dir_is_empty(const struct directory *directory, enum folder folder);
int dir_file_of(const struct store *store, const char *name, char file[DIR_FILE_MAX + 1]);
int64_t dir_item_of(const struct directory *directory, const char *file);
/* Files of a job in the folder of done ones. */
uint32_t dir_count_done(const struct directory *directory, const char *file);
/* Why a hidden one is blocked: into *after, an index of record->after; or n_after. */
size_t dir_awaits(struct store *store, const struct record *record);

/* locate.c: one job. */
/* Where a job is; folder DIR_N: nowhere. */
int dir_locate(struct store *store, const char *file, struct listing *listing, struct found *found);
int dir_state_of(const struct store *store, const struct found *found, const struct record *record);

/* record.c */
int record_read(struct store *store, const char *file, struct record *record);
int record_write(struct store *store, const char *file, const struct record *record);
int record_keep_run(struct store *store, struct record *record, const struct dir_run *run);
void record_finish(struct record *record);

/* move.c: one job from one state to another. */
struct move {
	char operation;
	const char *why, *taker;
	int64_t began_ms;
};

#define DIR_OP_BACK 'b'
#define DIR_OP_FAIL 'f'
#define DIR_OP_KILL 'k'
#define DIR_OP_CANCEL 'c' /* one that waits */
#define DIR_OP_ABORT 'C'  /* one that runs */
#define DIR_OP_RETRY 'r'
#define DIR_OP_AGAIN 'a'

/* *lost: the file was not there (any more). */
int dir_move(struct store *store, const struct found *found, const struct listing *listing,
	const struct move *move, int64_t now, int *lost);
int dir_move_path(struct store *store, const char *from, const char *file, const struct move *move,
	int64_t now, int *lost);
/* Into the folder of failed ones, at the next second that is free; 0 or -1 with errno. */
int dir_put_failed(
	const struct directory *directory, const char *from, const char *file, int64_t now);
/* What self was moving when nothing could be written any more. */
void dir_settle_moves(struct store *store, int64_t now);
/* What somebody who died was moving. */
int dir_finish_moves(struct store *store, const char *token, int64_t now);
/* New versions of jobs that do not run any more. */
int dir_settle_again(struct store *store, int64_t now);

/* lease.c: a taker's file, read. */
#define DIR_LEASE_LINE "orderly taker 1\n"

struct lease {
	struct life life;
	char token[20];
	char *name, *labels; /* in text */
	int64_t since_ms, seen_ms, timeout_ms;
	uint64_t taken;
	struct buffer text;
};

/* 0, or -1 with errno: EINVAL, it is damaged. */
int lease_read(const struct directory *directory, const char *path, struct lease *lease);
void lease_finish(struct lease *lease);
/* Is there a taker of ours with this wid?  One whose file is damaged says nothing: it is none. */
int lease_is_there(const struct directory *directory, const char *wid);
int64_t lease_id(const char *token);
/* A value of a file's text, as it is written. */
void lease_text(char *text, const char *name, char *to, size_t size);
/* What self's file says; -1 without memory. */
int lease_describe(const struct store *store, struct buffer *to, int64_t now);
int dir_takers(struct store *store, int all, store_taker_fn fn, void *user);
/* The name of who has a job that runs, for people; "": nobody. */
void dir_taker_name(struct store *store, const struct listing *listing, const struct found *found,
	char *name, size_t size);

/* locks.c */
int dir_free_locks(struct store *store, const char *token);
int dir_lock(struct store *store, const char *name, char *owner, size_t size);
int dir_unlock(struct store *store, const char *name);

/* burials.c */
/* One who died; nothing happens if somebody else buries it, or it is another by now. */
int dir_bury_lease(struct store *store, const char *wid, const struct lease *lease, int64_t now);
/* Burials of takers that died in them. */
int dir_take_over_burials(struct store *store, int64_t now);
int dir_bury(struct store *store, int64_t taker, int64_t seen_ms, int64_t now);
/* Files of who died, or leaves, that nobody else knows of. */
void dir_remove_fresh(struct store *store, const char *token);

/* takers.c */
/* A name for self that no taker has or had. */
void dir_make_token(struct directory *directory);
int dir_enter(struct store *store, int64_t now);
int dir_leave(struct store *store, int64_t now);
int dir_beat(struct store *store, int64_t now);
/* Has self been silent for so long that others may have buried it, and have they? */
int dir_was_buried(struct store *store, int64_t now, int *buried);
/* *set: this host's clock, or that of the files, was set since it was looked at; what follows from it is to be judged anew. */
int dir_check_clock(struct store *store, int64_t now, int *set);

/* add.c */
int dir_add(struct store *store, const struct store_job *jobs, size_t count, uint64_t *added,
	int64_t now);
int dir_add_range(struct store *store, uint64_t count, int64_t now);
int dir_read_range(struct store *store);

/* finish.c: what is certain to be added is put where it waits.  Prefixes in a directory of it: */
#define DIR_PAYLOAD "p"
#define DIR_RECORD "r"
#define DIR_ITEM "i" /* of a range: one that is there stays as it is */
#define DIR_RANGE ".orderly/range"

int dir_finish_folder(struct store *store, const char *folder, int64_t now);
/* What a taker has added; NULL: all. */
int dir_finish_adding(struct store *store, const char *token, int64_t now);
/* A directory that is not certain.  How many jobs were in it. */
uint64_t dir_remove_folder(struct store *store, const char *name);

/* change.c */
/* Claims that are too old, of takers that say nothing of themselves, wait again. */
int dir_free_stale(struct store *store, int64_t now);
int dir_change(struct store *store, struct store_change *change, int64_t now);

/* claim.c: the way of most jobs, waiting, running, done. */
int dir_exchange(struct store *store, struct store_end *ends, size_t n_ends,
	const struct store_claim *claim, store_job_fn give, void *user, int64_t now);
int dir_held(struct store *store, const char *name, uint32_t attempt, store_job_fn fn, void *user);
/* The claim at this path has ended, in an exchange that failed behind it. */
void dir_note_end(struct directory *directory, const char *path);

/* store.c: nobody waits any more. */
void dir_unwatch(struct store *store);

/* show.c: what is there, for the caller. */
/* As a job; file: of its claim, or of what lies in its folder; with_content: its bytes, too. */
int dir_give(struct store *store, const struct listing *listing, const struct found *found,
	store_job_fn fn, void *user);
int dir_waiting(struct store *store, int64_t behind, store_job_fn fn, void *user);
int dir_outlook(struct store *store, struct store_outlook *outlook);
int dir_each(struct store *store, uint32_t states, store_job_fn fn, void *user);
int dir_counts(struct store *store, uint64_t counts[8]);
int dir_runs(struct store *store, const char *name, store_run_fn fn, void *user);

#endif
