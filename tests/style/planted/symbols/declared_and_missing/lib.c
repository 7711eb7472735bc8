__attribute__((visibility("default"))) int ord_good(void) { return 1; }
