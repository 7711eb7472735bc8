#!/usr/bin/env perl
# The peer's side: MCE with two workers that print one line of 80 bytes per number to the manager's callback.
#
# Reads lines "METHOD TASKS" (METHOD: how many numbers make a chunk) and answers each when every line has come.
use strict;
use warnings;
use MCE;

my $text = 'x' x 80;
my $came = 0;
$| = 1;

my ($mce, $size);
while (my $line = <STDIN>) {
	my ($chunk, $tasks) = split ' ', $line;
	if (!defined $mce || $size != $chunk) {
		$mce->shutdown if defined $mce;
		$size = $chunk;
		$mce = MCE->new(
			max_workers => 2, chunk_size => $size,
			user_output => sub { $came++ if length($_[0]) == 80 },
			user_func => sub { MCE->print($text) for @{ $_[1] } },
		);
		$mce->spawn;
	}
	$came = 0;
	$mce->process([ 1 .. $tasks ]);
	die "$came of $tasks lines came\n" if $came != $tasks;
	print "done\n";
}
$mce->shutdown if defined $mce;
