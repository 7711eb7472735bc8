/* A file that is here to be looked at by the scripts. */
int
sixty(void)
{
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
	g();
}
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
/* filler */
