__attribute__((visibility("default"))) int ord_good(void) { return 1; }
int helper(void) { return 1; }
