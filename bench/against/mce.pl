#!/usr/bin/env perl
# The peer's side: MCE with two workers that add one to a number, results in order.
#
# Reads lines "METHOD TASKS" and answers each with a line when every result is there and checked. METHOD is a
# chunk size, or print: chunks of 64 with one line of 80 bytes per task through MCE->print to a callback.
use strict;
use warnings;
use MCE;
use MCE::Candy;

my $text = "a task says what it does, in one line that is as long as lines in logs often are\n";
my $lines = 0;
my @results;
my @numbers;

sub pool
{
	my ($chunk, $prints) = @_;

	return MCE->new(
		max_workers => 2,
		chunk_size => $chunk,
		gather => MCE::Candy::out_iter_array(\@results),
		user_output => sub { $lines += ($_[0] =~ tr/\n//) },
		user_func => sub {
			my ($mce, $chunk_of_numbers, $chunk_id) = @_;
			my @answers;

			for my $number (@$chunk_of_numbers) {
				MCE->print($text) if $prints;
				push @answers, $number + 1;
			}
			MCE->gather($chunk_id, @answers);
		},
	)->spawn;
}

my %pools = (1 => pool(1, 0), 64 => pool(64, 0), print => pool(64, 1));

$| = 1;
print "ready\n";
while (my $line = <STDIN>) {
	my ($method, $tasks) = split ' ', $line;
	my $mce = $pools{$method} or die "no method $method";

	@numbers = (0 .. $tasks - 1) if @numbers != $tasks;
	@results = ();
	$lines = 0;
	$mce->process({ gather => MCE::Candy::out_iter_array(\@results) }, \@numbers);
	die "results are missing" if @results != $tasks;
	for my $i (0 .. $tasks - 1) {
		die "a result is wrong" if $results[$i] != $i + 1;
	}
	die "lines are missing" if $method eq 'print' && $lines != $tasks;
	print "done\n";
}
$_->shutdown for values %pools;
