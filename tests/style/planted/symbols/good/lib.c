__attribute__((visibility("default"))) int ord_good(void) { return 1; }
static int hidden(void) { return 1; }
static int local(void) { return hidden(); }
__attribute__((used)) static int also_hidden(void) { return local(); }
