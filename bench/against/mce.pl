#!/usr/bin/env perl
# The peer's side: MCE with two workers that add one to a number, results in order.
#
# Reads lines "METHOD TASKS" and answers each with a line when every result is there and checked. METHOD is a
# chunk size, or print: chunks of 64 with one line of 80 bytes per task through MCE->print to a callback. Inputs
# are a sequence, three times as fast as an array: each worker makes its numbers itself, none travels.
use strict;
use warnings;
use MCE;
use MCE::Candy;

my $text = "a task says what it does, in one line that is as long as lines in logs often are\n";
my $lines = 0;
my @results;

sub answer
{
	my ($mce, $numbers, $chunk_id) = @_;

	MCE->gather($chunk_id, map { $_ + 1 } @$numbers);
}

sub say_and_answer
{
	my ($mce, $numbers, $chunk_id) = @_;

	MCE->print($text) for @$numbers;
	MCE->gather($chunk_id, map { $_ + 1 } @$numbers);
}

sub pool
{
	my ($chunk, $function) = @_;

	return MCE->new(
		max_workers => 2,
		chunk_size => $chunk,
		user_output => sub { $lines += ($_[0] =~ tr/\n//) },
		user_func => $function,
	)->spawn;
}

my %pools = (64 => pool(64, \&answer), print => pool(64, \&say_and_answer));

$| = 1;
print "ready\n";
while (my $line = <STDIN>) {
	my ($method, $tasks) = split ' ', $line;
	my $mce = $pools{$method} or die "no method $method";

	@results = ();
	$lines = 0;
	$mce->run(0, { sequence => [0, $tasks - 1], gather => MCE::Candy::out_iter_array(\@results) });
	die "results are missing" if @results != $tasks;
	for my $i (0 .. $tasks - 1) {
		die "a result is wrong" if $results[$i] != $i + 1;
	}
	die "lines are missing" if $method eq 'print' && $lines != $tasks;
	print "done\n";
}
$_->shutdown for values %pools;
