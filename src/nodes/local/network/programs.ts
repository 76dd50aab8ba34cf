import { NETWORK_VARIABLE } from '../../../agent/network/network.ts';

/**
 * Programs of perl. Their first words are the numbers of unshare(2) and setns(2), for which perl has no names, and the
 * path of ip(8). They end at the first thing that fails, with the system's reason.
 */

/** Where an agent has its pool's switch, if it has a link to it: the first descriptor after that of `booted`. */
export const SWITCH_DESCRIPTOR = 4;
/** Of the pool's bridge, in the switch's own namespace. */
const BRIDGE = 'linarite';

/** `$^F`: whatever is opened outlives exec. 0x40000000 is CLONE_NEWNET. */
const COMMON = String.raw`
use strict;
$^F = 255;
my ($unshare, $setns, $ip) = splice @ARGV, 0, 3;
sub present { open(my $file, "<", "/proc/self/ns/net") or die "/proc/self/ns/net: $!\n"; $file }
sub enter { syscall($setns, $_[0], 0) == 0 or die "setns: $!\n" }
sub leave { syscall($unshare, 0x40000000) == 0 or die "unshare: $!\n" }
sub ip {
  open(my $pipe, "|-", $ip, "-batch", "-") or die "$ip: $!\n";
  print $pipe map { "$_\n" } @_;
  close $pipe or die "$ip ended with $?\n";
}
`;

/**
 * Makes a namespace and sockets that listen in it, and becomes the agent outside of it. Its further words: the name of
 * the other end of the link (empty: none), the node's address and the bits of its network, the sockets as
 * `name=address:port` by commas; then the agent's.
 */
export const ENTER_NAMESPACE = String.raw`${COMMON}
my ($port, $address, $bits, $listen) = splice @ARGV, 0, 4;
my @sockets = map { [/^(\w+)=(.*):(\d+)$/] } split /,/, $listen;
my $home = present;
leave;
my $own = present;
my @steps = ("link set lo up");
if ($port eq "") { push @steps, "addr add $address/32 dev lo" }
else {
  my $hardware = sprintf "02:4c:%02x:%02x:%02x:%02x", split /\./, $address;
  enter(${SWITCH_DESCRIPTOR});
  ip("link add $port type veth peer name eth0 address $hardware netns /proc/self/fd/" . fileno($own), "link set $port master ${BRIDGE} up");
  enter(fileno $own);
  push @steps, "addr add $address/$bits dev eth0", "link set eth0 up";
}
# All of 127.0.0.0/8 is there already.
my %there;
for (@sockets) { push @steps, "addr add $$_[1]/32 dev lo" unless $$_[1] =~ /^127\./ || $there{$$_[1]}++ }
ip(@steps);
my @descriptors = ("namespace=" . fileno $own);
for (@sockets) {
  my ($name, $at, $number) = @$_;
  socket($$_[3], 2, 1, 0) or die "socket: $!\n";
  bind($$_[3], pack("S n C4 x8", 2, $number, split /\./, $at)) or die "$at:$number: $!\n";
  listen($$_[3], 511) or die "listen: $!\n";
  push @descriptors, "$name=" . fileno $$_[3];
}
enter(fileno $home);
close $home;
$ENV{${NETWORK_VARIABLE}} = join ",", @descriptors;
exec { $ARGV[0] } @ARGV;
die "$ARGV[0]: $!\n";
`;

/** Makes a switch, says so, and stays until its standard input ends: by then somebody else has it open. */
export const MAKE_SWITCH = String.raw`${COMMON}
leave;
ip("link add ${BRIDGE} type bridge forward_delay 0", "link set ${BRIDGE} addrgenmode none", "link set ${BRIDGE} up");
$| = 1;
print "made\n";
<STDIN>;
`;
