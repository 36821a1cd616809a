# SPDX-License-Identifier: Apache-2.0
# What the kernel's IPVS says to the tutorial's chapters on marks and
# persistence: records tutorial.txt anew. It runs in a user-mode Linux that has
# ip_vs, iptables and veth as modules, with the program ulvs for its web server:
#   bash tutorial.sh ULVS <tutorial.txt >new.txt
ulvs=$1 names=$(mktemp -d)
ln -s "$(command -v iptables-legacy)" "$names/iptables" # that kernel has no nft_compat
printf 'silent\nshow-error\n' >"$names/.curlrc"
host() { # NAME: a network of that name
	ip netns add "$1"
	ip -n "$1" link set lo up
	ip netns exec "$1" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv6.conf.all.disable_ipv6=1
}
port() { # HOST PORT SWITCH ADDRESS
	ip link add "$1-$2" type veth peer name "$2" netns "$1"
	ip link set "$1-$2" master "$3" up
	ip -n "$1" addr add "$4" dev "$2"
	ip -n "$1" link set "$2" up
}
for s in front lan; do ip link add $s type bridge && ip link set $s up; done
for h in client router lvs rs1 rs2; do host $h; done
port client eth0 front 172.25.254.9/24
port router eth0 front 172.25.254.1/24
port router eth1 lan 192.168.0.1/24
port lvs eth0 lan 192.168.0.100/24
port rs1 eth0 lan 192.168.0.10/24
port rs2 eth0 lan 192.168.0.20/24
ip netns exec router sysctl -qw net.ipv4.ip_forward=1
ip -n client route add default via 172.25.254.1
for h in lvs rs1 rs2; do ip -n $h route add default via 192.168.0.1; done
ip -n lvs addr add 192.168.0.200/32 dev eth0
for n in 1 2; do
	ip netns exec rs$n sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
	ip -n rs$n addr add 192.168.0.200/32 dev lo
	ip netns exec rs$n "$ulvs" lab-server "RS$n server - 192.168.0.${n}0" 2>/dev/null &
	until ip netns exec client curl -s "http://192.168.0.${n}0" >/dev/null; do sleep 0.1; done
done
while IFS= read -r line; do
	case $line in
	'#'*) echo "$line" ;;
	client'$ '* | lvs'$ '*)
		echo "$line"
		HOME=$names PATH=$names:$PATH ip netns exec "${line%%\$*}" sh -c "${line#*\$ }" 2>&1
		code=$?
		[ $code = 0 ] || echo "exit $code"
		;;
	esac
done
