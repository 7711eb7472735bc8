/* Whether a test leaves processes behind. */
#ifndef SUPPORT_CHILDREN_H
#define SUPPORT_CHILDREN_H

/* From now on orphans below this process become its children. Call it before the first process is made. */
void children_adopt(void);

/* Waits until this process has no child, reaping what ends; 1 if so within the time, 0 if one is left. */
int children_gone(int timeout_ms);

#endif
