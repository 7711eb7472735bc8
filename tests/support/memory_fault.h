/* Makes allocations of the library fail, by wrapping memory_new, memory_resize and memory_copy at link time. */
#ifndef SUPPORT_MEMORY_FAULT_H
#define SUPPORT_MEMORY_FAULT_H

/* Lets the n-th allocation from now on, and only it, fail: 1 is the next one, 0 none. */
void memory_fault_at(unsigned long n);

/* Behind memory_fault_at: 1: every allocation behind that one fails, too. */
void memory_fault_lasts(int lasts);

/* Whether that allocation has come; when it has not, the call under test needs fewer than n. */
int memory_fault_came(void);

#endif
