#!/usr/bin/perl
# Stands in for gitlab-runner in the manager's image where no runner binary can be had: reads the same configuration, serves /metrics where
# listen_address says, and ends on SIGQUIT as a runner without jobs does. It takes no job: `pod-executor try` makes the calls.
use strict;
use warnings;
use IO::Socket::INET;

$| = 1;
my ($verb, %option) = @ARGV;
($verb // '') eq 'run' or die "stand-in: only 'run' is there\n";
open my $file, '<', $option{'--config'} or die "$option{'--config'}: $!\n";
my $config = join '', <$file>;
my ($port) = $config =~ /^listen_address = ":(\d+)"/m or die "stand-in: no listen_address\n";
my @tokens = $config =~ /^\s*token = "([^"]*)"/mg or die "stand-in: no token\n";
!grep({ /^file:/ || !length } @tokens) or die "stand-in: a token was not put in\n";
printf "stand-in: %d runner(s), waiting on port %d in %s\n", scalar @tokens, $port, $option{'--working-directory'};

$SIG{QUIT} = sub { print "stand-in: SIGQUIT, no job runs, ending\n"; exit 0 };
my $server = IO::Socket::INET->new(LocalPort => $port, Listen => 16, ReuseAddr => 1) or die "port $port: $!\n";
while (1) {
    my $client = $server->accept or next;
    my $request = <$client> // '';
    while (defined(my $header = <$client>)) { last if $header =~ /^\r?\n$/ }
    my ($status, $body) = $request =~ m{^GET /metrics } ? ('200 OK', "gitlab_runner_jobs 0\n") : ('404 Not Found', '');
    print $client "HTTP/1.1 $status\r\nContent-Type: text/plain\r\nContent-Length: ${\ length $body}\r\nConnection: close\r\n\r\n$body";
    close $client;
}
