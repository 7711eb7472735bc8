/* A file that is here to be looked at by the scripts. */
void
f(void)
{
	gets(1);
}
