// SPDX-License-Identifier: Apache-2.0

package nfqueue_test

import (
	"net/netip"
	"testing"

	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/packet"
)

// TestQueueBesideGuard has an address and port as a service, and then a rule
// that marks for it: the packet comes from the queue instead of being kept at
// ingress, and the host gets it neither way. Without the rule all is as before.
func TestQueueBesideGuard(t *testing.T) {
	w := newWorld(t)
	w.needs("iptables")
	w.open(w.ports)
	guard, err := host.NewGuard([]string{"d0", "d1"})
	must(t, err)
	t.Cleanup(func() { guard.Close() })
	vip := host.Tuple{Proto: packet.ProtoUDP, Addr: at("10.9.1.2:80")}
	publish := func(virtual ...host.Tuple) {
		t.Helper()
		m, err := host.ReadMarking([]uint32{1, 2}, virtual)
		must(t, err)
		g := host.GuardSet{Virtual: virtual, Aside: m.Aside}
		must(t, guard.Set(g))
		w.set(g)
	}
	server, client := w.listen("udp4", "10.9.1.2:80"), w.dial("udp4", "10.9.1.2:80")
	kept := func() (n uint64) {
		list, err := guard.Counters()
		must(t, err)
		for _, c := range list {
			if c.Rule == "virtual" {
				n = c.Packets
			}
		}
		return n
	}

	publish(vip)
	say(t, client, "kept at ingress")
	w.settled()
	if n := kept(); n != 1 {
		t.Errorf("the guard kept %d packets, want 1", n)
	}
	w.run("iptables -t mangle -A PREROUTING -d 10.9.1.2 -p udp -m multiport --dports 80,443 -j MARK --set-mark 1")
	publish(vip)
	say(t, client, "from the queue")
	w.is(w.recv(), 0, 1, client, server, "from the queue")
	w.settled()
	w.run("iptables -t mangle -F")
	publish(vip)
	say(t, client, "kept again")
	w.settled()
	if n := kept(); n != 2 {
		t.Errorf("the guard kept %d packets, want 2", n)
	}
	publish()
	say(t, client, "the host's own affair")
	if s := w.hears(server); s != "the host's own affair" {
		t.Errorf("the host got %q", s)
	}
}

func at(addr string) netip.AddrPort { return netip.MustParseAddrPort(addr) }
