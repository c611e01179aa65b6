#!/usr/bin/perl
# grpc-bridge.pl DOCKER_SOCKET ADDRESS:PORT: the BuildKit inside a Docker daemon on a plain TCP port, for clients that cannot do the
# upgrade of POST /grpc themselves. Two processes for each connection, one for each direction: nothing is decided here.
use strict;
use warnings;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Socket qw(IPPROTO_TCP TCP_NODELAY SHUT_WR);

my ($socket, $listen) = @ARGV;
$SIG{CHLD} = 'IGNORE';
my $server = IO::Socket::INET->new(LocalAddr => $listen, Listen => 64, ReuseAddr => 1) or die "$listen: $!\n";

while (1) {
    my $client = $server->accept or next;
    my $pid = fork;
    if (defined $pid && $pid == 0) { close $server; serve($client); exit 0; }
    close $client;
}

sub serve {
    my ($client) = @_;
    $client->setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    my $daemon = IO::Socket::UNIX->new(Peer => $socket) or die "$socket: $!\n";
    syswrite $daemon, "POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    # the daemon's first HTTP/2 frame follows its answer at once: not one byte too many
    my $head = '';
    while ($head !~ /\r\n\r\n\z/) { sysread($daemon, $head, 1, length $head) or die "$socket: closed before it answered\n"; }
    $head =~ /\AHTTP\/1\.1 101 / or die "$socket: $head";
    my $pid = fork // die "fork: $!\n";
    $pid == 0 ? pump($client, $daemon) : pump($daemon, $client);
}

sub pump {
    my ($from, $to) = @_;
    my $data;
    while (sysread $from, $data, 262144) {
        my $done = 0;
        while ($done < length $data) {
            my $count = syswrite $to, $data, length($data) - $done, $done;
            return unless defined $count;
            $done += $count;
        }
    }
    shutdown $to, SHUT_WR;
}
