int
main(void)
{
	if (ord_thing_new(&thing) != 0)
		puts("none\n");
}
