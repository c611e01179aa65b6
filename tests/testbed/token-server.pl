#!/usr/bin/perl
# token-server.pl ADDRESS:PORT KEY CERTIFICATE ISSUER SERVICE USER PASSWORD: hands out bearer tokens for a registry, as GitLab does:
# GET with a login in the Basic form; POST is unknown. /oauth is the other sort: POST with the login in a form, as OAuth2 has it.
# Prints one line for each request: method, path, user agent, status.
use strict;
use warnings;
use IO::Socket::INET;
use IPC::Open2;
use MIME::Base64 qw(encode_base64 decode_base64);

my ($listen, $key, $certificate, $issuer, $service, $user, $password) = @ARGV;
$| = 1;
$SIG{CHLD} = 'IGNORE';
my $server = IO::Socket::INET->new(LocalAddr => $listen, Listen => 16, ReuseAddr => 1) or die "$listen: $!\n";
open my $file, '<', $certificate or die "$certificate: $!\n";
my $x5c = join '', grep { !/-----/ } map { s/\s//gr } <$file>;

while (my $client = $server->accept) {
    my $pid = fork;
    if (defined $pid && $pid == 0) { $SIG{CHLD} = 'DEFAULT'; serve($client); exit 0; }
    close $client;
}

sub serve {
    my ($client) = @_;
    my ($method, $target) = split ' ', (<$client> // '');
    my %head;
    while (defined(my $line = <$client>)) {
        $line =~ s/\r?\n//;
        last if $line eq '';
        my ($name, $value) = split /:\s*/, $line, 2;
        $head{lc $name} = $value;
    }
    my $body = '';
    read $client, $body, $head{'content-length'} if $head{'content-length'};
    my ($path, $query) = split /\?/, $target, 2;
    my ($status, $answer) = answer($method, $path, $query // '', $body, $head{authorization} // '');
    print "$method $path ", ($head{'user-agent'} // '-') =~ s/\s.*//r, " $status\n";
    print $client "HTTP/1.1 $status\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ", length $answer, "\r\n\r\n$answer";
}

sub answer {
    my ($method, $path, $query, $body, $authorization) = @_;
    my $oauth = $path eq '/oauth';
    return ('404 Not Found', '{}') if $method eq 'POST' && !$oauth;
    return ('405 Method Not Allowed', '{}') if $method ne 'POST' && $oauth;
    my @fields = map { my ($n, $v) = split /=/, $_, 2; [unescape($n), unescape($v // '')] } split /&/, $oauth ? $body : $query;
    my %field = map { @$_ } @fields;
    my $login = $oauth ? ($field{username} // '') . ':' . ($field{password} // '')
        : $authorization =~ /^Basic (.*)/ ? decode_base64($1) : '';
    return ('401 Unauthorized', '{}') if $login ne "$user:$password";
    my @access;
    for my $scope (map { split / /, $_->[1] } grep { $_->[0] eq 'scope' } @fields) {
        my ($type, $name, $actions) = $scope =~ /^([^:]+):(.*):([^:]+)$/ or next;
        push @access, sprintf '{"type":"%s","name":"%s","actions":[%s]}', $type, $name, join ',', map { "\"$_\"" } split /,/, $actions;
    }
    return ('200 OK', sprintf '{"token":"%s","expires_in":300}', token(join ',', @access));
}

sub token {
    my ($access) = @_;
    my $now = time;
    my $signed = url64(qq({"typ":"JWT","alg":"RS256","x5c":["$x5c"]})) . '.' . url64(
        sprintf '{"iss":"%s","sub":"%s","aud":"%s","exp":%d,"nbf":%d,"iat":%d,"jti":"%d-%d","access":[%s]}',
        $issuer, $user, $service, $now + 300, $now - 10, $now, $now, $$, $access);
    my $pid = open2(my $out, my $in, 'openssl', 'dgst', '-sha256', '-sign', $key);
    print $in $signed;
    close $in;
    binmode $out;
    local $/;
    return $signed . '.' . url64(scalar <$out>);
}

sub url64 { encode_base64($_[0], '') =~ tr{+/}{-_}r =~ s/=+$//r }

sub unescape { $_[0] =~ tr/+/ /r =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger }
