/* A header without a guard. */
struct ord_thing {
	int a;
};
