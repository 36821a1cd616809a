// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"encoding/binary"

	"github.com/ulvs/ulvs/packet"
)

const moreFragments = 0x2000

// cut makes an IPv4 packet that is longer than the MTU fit, as its sender
// allows: a super-frame of a stream is cut into smaller segments by the kernel,
// any other packet into fragments here (RFC 791 §3.2).
func (w *worker) cut(p *packet.Packet, mtu int) packet.Drop {
	if p.Offload.Kind == packet.GSOUDP {
		return w.split(p, mtu)
	}
	if p.Offload.Kind != packet.GSONone {
		headers := p.SegLen() - int(p.Offload.Seg)
		if mtu <= headers {
			return packet.TooBig
		}
		p.Offload.Seg = uint16(mtu - headers)
		w.out.Send(p)
		return packet.None
	}
	if p.SegLen() <= mtu {
		w.out.Send(p)
		return packet.None
	}
	p.Finish()
	header := int(p.Buf[p.L3]&0xf) * 4
	step := (mtu - header) &^ 7
	if step < 8 {
		return packet.TooBig
	}
	body := p.Buf[p.L3+header : p.End]
	for at := 0; at < len(body); at += step {
		f := w.out.Make()
		if f == nil {
			return packet.None // counted there; the receiver forgets the rest
		}
		last := at+step >= len(body)
		w.piece(f, p, header, body[at:min(at+step, len(body))], at, last)
		w.out.Send(f)
	}
	return packet.None
}

// split takes a super-frame of datagrams apart: unlike the segments of a stream
// they cannot become smaller ones, so each is cut into fragments by itself.
func (w *worker) split(p *packet.Packet, mtu int) packet.Drop {
	headers := p.SegLen() - int(p.Offload.Seg)
	body := p.Buf[p.L3+headers : p.End]
	for at := 0; at < len(body); at += int(p.Offload.Seg) {
		d := w.out.Make()
		if d == nil {
			return packet.None // counted there
		}
		n := copy(d.Buf[d.Off:], p.Buf[p.Off:p.L3+headers])
		n += copy(d.Buf[d.Off+n:], body[at:min(at+int(p.Offload.Seg), len(body))])
		d.End, d.Port = d.Off+n, p.Port
		d.Alone(p, at/int(p.Offload.Seg))
		if why := w.cut(d, mtu); why != packet.None {
			return why
		}
	}
	return packet.None
}

// cut6 cuts up an outer IPv6 packet, which nobody but its sender, the director,
// may do.
func (w *worker) cut6(p *packet.Packet, mtu int) packet.Drop {
	w.pieces++
	for i := 0; ; i++ {
		f := w.out.Make()
		if f == nil || !f.Fragment6(p, mtu, i, w.pieces) {
			return packet.None // all are cut, or no frame was free, which is counted there
		}
		w.out.Send(f)
	}
}

// piece builds the fragment of p whose body stands at that offset.
func (w *worker) piece(f, p *packet.Packet, header int, body []byte, at int, last bool) {
	head := p.Buf[p.Off : p.L3+header]
	n := copy(f.Buf[f.Off:], head)
	n += copy(f.Buf[f.Off+n:], body)
	f.End, f.L3, f.Port, f.Hop = f.Off+n, f.Off+p.L3-p.Off, p.Port, p.Hop
	ip := f.Buf[f.L3:f.End]
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	offset := binary.BigEndian.Uint16(ip[6:]) + uint16(at/8)
	if !last {
		offset |= moreFragments
	}
	binary.BigEndian.PutUint16(ip[6:], offset)
	binary.BigEndian.PutUint16(ip[10:], 0)
	binary.BigEndian.PutUint16(ip[10:], ^uint16(packet.Sum(ip[:header], 0)))
}
