// SPDX-License-Identifier: Apache-2.0

package packet

// Parse reads the frame that the link lent: Buf, Off, End, Offload, VLAN and
// ToUs are given, all else is found. What it accepts can be rewritten without
// further looking: every header it found lies whole in the frame. It trims the
// padding that Ethernet puts behind a short packet.
//
// One thing it writes: an unfinished SCTP checksum is finished at once, since
// no later hand could tell the device that it is a CRC (see finishCRC).
func (p *Packet) Parse() Drop {
	p.L3, p.L4, p.Type = 0, 0, 0
	p.Flow, p.Hop = Flow{}, Addr{}
	p.Flags, p.Chunk, p.Frag, p.ID = 0, NoChunk, Whole, 0
	why := p.ethernet()
	if why == None {
		why = p.network()
	}
	if why != None {
		return why
	}
	if p.Offload.lies(p) {
		return BadLength
	}
	if p.Offload.Kind != GSONone {
		p.Offload.HdrLen = uint16(p.headers() - p.Off) // links are told more than the headers
	}
	return None
}

// network reads the packet that the frame carries.
func (p *Packet) network() Drop {
	h := ip{flow: &p.Flow}
	var why Drop
	switch p.Type {
	case TypeIPv4:
		why = h.read4(p.Buf[:p.End], p.L3)
		if why == None && !good4(p.Buf[p.L3:h.opts]) {
			why = BadHeader
		}
	case TypeIPv6:
		why = h.read6(p.Buf[:p.End], p.L3)
	case TypeARP:
		return None
	default:
		return NotOurs
	}
	if why == None && h.end > p.End {
		why = BadLength
	}
	if why != None {
		return why
	}
	p.End, p.L4 = h.end, h.l4
	p.Hop = p.Flow.Dst.Addr
	p.Frag, p.ID = h.frag, h.id
	if p.Frag == Later {
		return None
	}
	return p.transport()
}

// An ip is what an IP header says, of a packet or of one that is quoted. Both
// readers check what they read and nothing else: quotes are cut short.
type ip struct {
	flow *Flow  // where it goes; ports are not its business
	opts int    // where the fixed header and IPv4's options end
	l4   int    // where the payload begins
	end  int    // where the packet ends, as its length field has it
	frag Frag   // and id: as in Packet
	id   uint32 //
}

// transport reads the header behind the IP header.
func (p *Packet) transport() Drop {
	b := p.Buf[p.L4:p.End]
	switch p.Flow.Proto {
	case ProtoTCP:
		return p.tcp(b)
	case ProtoUDP:
		return p.udp(b)
	case ProtoSCTP:
		return p.sctp(b)
	case ProtoICMP, ProtoICMPv6:
		if len(b) < sizeICMP {
			return Truncated
		}
	}
	return None
}

// ports are the first four bytes of TCP, UDP and SCTP alike.
func (f *Flow) ports(b []byte) {
	f.Src.Port, f.Dst.Port = be.Uint16(b), be.Uint16(b[2:])
}

// Ported reports whether the protocol has ports that we know.
func (f *Flow) Ported() bool {
	return f.Proto == ProtoTCP || f.Proto == ProtoUDP || f.Proto == ProtoSCTP
}
