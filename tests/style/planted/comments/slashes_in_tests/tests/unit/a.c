int x;
// no
