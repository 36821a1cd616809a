#!/bin/bash
# traffic.sh >traffic.txt
#
# Like record.sh, but with connections to list: a client, this machine as the
# director, and a real server, each in a network namespace. Root, Linux with
# IPVS and its schedulers, iptables, python3.
set -u
export LC_ALL=C
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
for ns in c d r; do ip netns add $ns; ip -n $ns link set lo up; done
at() { ip netns exec "$@"; }
wire() { # namespace, its address of IPv4 and IPv6, the director's
	ip -n d link add "to$1" type veth peer name eth0 netns "$1"
	for side in "d to$1 $4 $5" "$1 eth0 $2 $3"; do
		set -- "$1" $side
		ip -n "$2" link set "$3" up
		ip -n "$2" addr add "$4" dev "$3"
		ip -n "$2" addr add "$5" dev "$3" nodad
	done
}
wire c 10.1.0.2/24 fd01::2/64 10.1.0.1/24 fd01::1/64
wire r 10.2.0.2/24 fd02::2/64 10.2.0.1/24 fd02::1/64
for ns in c r; do
	ip -n $ns route add default via "10.$([ $ns = c ] && echo 1 || echo 2).0.1"
	ip -n $ns route add default via "fd0$([ $ns = c ] && echo 1 || echo 2)::1"
done
ip -n r addr add 10.2.0.3/24 dev eth0
ip -n d addr add 192.168.50.1/32 dev lo
ip -n d addr add fd00::1/128 dev lo nodad
at d sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
cat >"$tmp/server.py" <<'PY'
import select, socket, time
ears, kept = [], []
for port in (80, 8080, 443):
    for family, any in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        s = socket.socket(family); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind((any, port)); s.listen(); ears.append(s)
for port in (53, 5060):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("0.0.0.0", port)); ears.append(s)
while True:
    for s in select.select(ears, [], [])[0]:
        if s.type == socket.SOCK_DGRAM:
            s.recvfrom(2000)
        else:
            c, _ = s.accept(); kept.append(c); c.sendall(b"x" * 3000)
PY
cat >"$tmp/client.py" <<'PY'
import socket, time
kept = []
def tcp(host, port, bye=False):
    s = socket.create_connection((host, port)); s.recv(4000); kept.append(s)
    if bye: s.shutdown(socket.SHUT_WR)
def udp(host, port, text):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(text, (host, port)); kept.append(s)
for i in range(3): tcp("192.168.50.1", 80)
tcp("192.168.50.1", 80, bye=True)
tcp("fd00::1", 80)
tcp("192.168.50.1", 8080); tcp("192.168.50.1", 443)
udp("192.168.50.1", 53, b"?"); udp("192.168.50.1", 53, b"?")
for id in (b"0123456789abcdef@10.1.0.2", b"b"):
    udp("192.168.50.1", 5060, b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP c\r\nCall-ID: " + id + b"\r\nCSeq: 1 OPTIONS\r\n\r\n")
s = socket.socket(); s.setblocking(False); s.connect_ex(("192.168.50.1", 81)); kept.append(s)
print("done", flush=True)
time.sleep(600)
PY
while read -r line; do at d $line; done <<'RULES'
ipvsadm -C
ipvsadm -A -t 192.168.50.1:80 -s rr
ipvsadm -a -t 192.168.50.1:80 -r 10.2.0.2:8080 -m -x 50 -y 20
ipvsadm -a -t 192.168.50.1:80 -r 10.2.0.3:80 -m -w 3
ipvsadm -A -t 192.168.50.1:81 -s rr
ipvsadm -a -t 192.168.50.1:81 -r 10.2.0.99:81 -m
ipvsadm -A -t [fd00::1]:80 -s rr -p 360 -M 64
ipvsadm -a -t [fd00::1]:80 -r [fd02::2]:8080 -m
ipvsadm -A -f 7 -s rr -p 3000
ipvsadm -a -f 7 -r 10.2.0.2 -m
ipvsadm -A -u 192.168.50.1:53 -s rr
ipvsadm -a -u 192.168.50.1:53 -r 10.2.0.2:53 -m
ipvsadm -A -u 192.168.50.1:5060 -s rr -p 60 --pe sip
ipvsadm -a -u 192.168.50.1:5060 -r 10.2.0.2:5060 -m
iptables-legacy -t mangle -A PREROUTING -d 192.168.50.1 -p tcp -m multiport --dports 8080,443 -j MARK --set-mark 7
RULES
at r python3 "$tmp/server.py" & server=$!
sleep 2
at c python3 "$tmp/client.py" >"$tmp/done" 2>&1 & client=$!
for i in $(seq 100); do grep -q done "$tmp/done" && break; sleep 0.2; done
cat "$tmp/done" >&2
sleep 4
echo "# Recorded by traffic.sh: $(ipvsadm -v | cut -d' ' -f1,2), Linux $(uname -r) $(uname -m)$(
	grep -q 'User Mode Linux' /proc/cpuinfo && echo ' (user-mode Linux)')."
echo '# $ command, 1 standard output. Before each table stands what it was made of: the'
echo '# same command printed the same after the table as well.'
show() { printf '\n$ %s\n' "$*" && sed 's/^/1/'; }
while IFS='|' read -r witness line; do
	until
		at d $witness >"$tmp/before" && at d $line >"$tmp/out" && at d $witness >"$tmp/after" &&
			cmp -s "$tmp/before" "$tmp/after"
	do :; done
	show $witness <"$tmp/before"
	show $line <"$tmp/out"
done <<'LINES'
ipvsadm -Ln --rate --exact|ipvsadm -Ln --rate
ipvsadm -Ln --stats --exact|ipvsadm -Ln --stats
ipvsadm -Ln --thresholds|ipvsadm -Sn
ipvsadm -Ln --thresholds|ipvsadm -Ln
ipvsadm -Ln --persistent-conn|ipvsadm -Ln
cat /proc/net/ip_vs_conn|ipvsadm -Lnc
cat /proc/net/ip_vs_conn|ipvsadm -Lc
cat /proc/net/ip_vs_conn|ipvsadm -L -c -n --persistent-conn
LINES
kill $client $server
