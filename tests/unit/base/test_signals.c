/* Signals have the names that people know. */
#include <criterion/criterion.h>

#include <signal.h>

#include "base/signals.h"

Test(signals, names)
{
	char text[SIGNAL_TEXT_MAX];

	cr_assert_str_eq(signal_text(SIGSEGV, text), "SIGSEGV");
	cr_assert_str_eq(signal_text(SIGKILL, text), "SIGKILL");
	cr_assert_str_eq(signal_text(SIGRTMIN + 6, text), "signal 40");
	cr_assert_str_eq(signal_text(-2147483647 - 1, text), "signal -2147483648");
}
