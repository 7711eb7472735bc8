/*
 * What this file is for, in words.
 */
int y;
