// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"github.com/ulvs/ulvs/neigh"
	"github.com/ulvs/ulvs/packet"
)

// hearARP learns from what neighbours say, and answers for the addresses that
// nobody but us holds. The host hears it too.
func (w *worker) hearARP(p *packet.Packet) packet.Drop {
	a, ok := p.ARP()
	if !ok {
		return packet.NotOurs
	}
	from := neigh.Key{Port: p.Port, Hop: a.SenderIP()}
	w.watchRival(from, a.SenderMAC())
	w.heard(from, a.SenderMAC())
	if a.IsRequest() && w.announces(p.Port, a.TargetIP()) {
		if r := w.out.Make(); r != nil {
			packet.ARPReply(r, p, w.cfg.ports[p.Port].mac)
			r.Port = p.Port
			w.out.Send(r)
		}
	}
	return packet.NotOurs
}

// hearND is hearARP for IPv6.
func (w *worker) hearND(p *packet.Packet) packet.Drop {
	n, ok := p.ND()
	if !ok {
		return packet.NotOurs
	}
	if who, mac, told := n.Tells(); told {
		w.watchRival(neigh.Key{Port: p.Port, Hop: who}, mac)
		w.heard(neigh.Key{Port: p.Port, Hop: who}, mac)
	}
	if n.IsSolicit() && w.announces(p.Port, n.Target()) {
		if r := w.out.Make(); r != nil {
			packet.NeighbourAdvert(r, p, w.cfg.ports[p.Port].mac)
			r.Port = p.Port
			w.out.Send(r)
		}
	}
	return packet.NotOurs
}
