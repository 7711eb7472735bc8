/* core */
int this_is_not_a_comment_at_all;
