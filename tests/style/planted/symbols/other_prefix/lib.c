__attribute__((visibility("default"))) int ord_good(void) { return 1; }
__attribute__((visibility("default"))) int helper(void) { return 1; }
