// SPDX-License-Identifier: Apache-2.0

// Package afpacket is the link over Linux packet sockets.
package afpacket

import (
	"fmt"
	"net"
	"sync/atomic"
	"unsafe"

	"github.com/mdlayher/packet"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	pk "github.com/ulvs/ulvs/packet"
)

type Config struct {
	Slots   int
	NoForce bool
}

type Link struct {
	conn    *packet.Conn
	fd      int
	ring    []byte
	stride  int
	perBlk  int
	blkSize int
	slots   int
	next    int
	lent    int
	lane    []byte
	laneN   int
	fast, gso *tx
	lost    uint64
	wide    bool
	name    string
}

const (
	vnetLen = 10
	reserve = pk.Headroom
)

func Open(name string, c Config) (*Link, error) {
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		return nil, err
	}
	none, _ := bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: 0}})
	conn, err := packet.Listen(ifi, packet.Raw, unix.ETH_P_ALL, &packet.Config{Filter: none})
	if err != nil {
		return nil, err
	}
	l := &Link{conn: conn, name: name}
	raw, _ := conn.SyscallConn()
	raw.Control(func(fd uintptr) { l.fd, err = unix.Dup(int(fd)) })
	if err != nil {
		return nil, err
	}
	set := func(opt, v int) {
		if err == nil {
			if e := unix.SetsockoptInt(l.fd, unix.SOL_PACKET, opt, v); e != nil {
				err = fmt.Errorf("option %d: %w", opt, e)
			}
		}
	}
	set(unix.PACKET_VERSION, unix.TPACKET_V2)
	set(unix.PACKET_VNET_HDR, 1)
	set(unix.PACKET_RESERVE, reserve)
	set(unix.PACKET_IGNORE_OUTGOING, 1)
	l.wide = c.NoForce || unix.SetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 32<<20) != nil
	if !l.wide {
		set(unix.PACKET_COPY_THRESH, 1)
	}
	if err != nil {
		return nil, err
	}
	req := unix.TpacketReq{Block_size: 1 << 18, Block_nr: 32, Frame_size: 2048, Frame_nr: 4096}
	if l.wide {
		req = unix.TpacketReq{Block_size: 257 * 4096, Block_nr: 16, Frame_size: 65792, Frame_nr: 256}
	}
	if err := unix.SetsockoptTpacketReq(l.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return nil, fmt.Errorf("ring: %w", err)
	}
	l.stride, l.blkSize, l.slots = int(req.Frame_size), int(req.Block_size), int(req.Frame_nr)
	l.perBlk = l.blkSize / l.stride
	l.ring, err = unix.Mmap(l.fd, 0, l.blkSize*int(req.Block_nr), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	l.lane = make([]byte, 8*laneRoom)
	if l.fast, err = newTx(ifi.Index, true); err != nil {
		return nil, err
	}
	if l.gso, err = newTx(ifi.Index, false); err != nil {
		return nil, err
	}
	all, _ := bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: 0x40000}})
	return l, conn.SetBPF(all)
}

const laneRoom = pk.Headroom + pk.MaxFrame + 16

func (l *Link) slot(i int) []byte {
	at := i/l.perBlk*l.blkSize + i%l.perBlk*l.stride
	return l.ring[at : at+l.stride : at+l.stride]
}

func status(s []byte) *uint32 { return (*uint32)(unsafe.Pointer(&s[0])) }

func (l *Link) Recv(batch []pk.Packet) (int, error) {
	for ; l.lent > 0; l.lent-- {
		i := (l.next - l.lent + l.slots) % l.slots
		atomic.StoreUint32(status(l.slot(i)), unix.TP_STATUS_KERNEL)
	}
	l.laneN = 0
	n := 0
	for n < len(batch) && l.laneN < 8 {
		s := l.slot(l.next)
		st := atomic.LoadUint32(status(s))
		if st&unix.TP_STATUS_USER == 0 {
			break
		}
		l.next = (l.next + 1) % l.slots
		l.lent++
		if l.lend(&batch[n], s, st) {
			n++
		}
	}
	return n, nil
}

func (l *Link) lend(p *pk.Packet, s []byte, st uint32) bool {
	h := (*unix.Tpacket2Hdr)(unsafe.Pointer(&s[0]))
	sll := (*unix.RawSockaddrLinklayer)(unsafe.Pointer(&s[unix.SizeofTpacket2Hdr]))
	kind := sll.Pkttype
	if kind == unix.PACKET_OUTGOING || kind == unix.PACKET_LOOPBACK {
		if st&unix.TP_STATUS_COPY != 0 {
			l.fromLane()
		}
		return false
	}
	*p = pk.Packet{ToUs: kind == unix.PACKET_HOST}
	if st&unix.TP_STATUS_VLAN_VALID != 0 {
		p.VLAN = h.Vlan_tci & 0xfff
	}
	var v []byte
	if st&unix.TP_STATUS_COPY != 0 {
		b, ok := l.fromLane()
		if !ok {
			l.lost++
			return false
		}
		p.Buf, p.Off, p.End = b, pk.Headroom, len(b)
		v = b[pk.Headroom-vnetLen : pk.Headroom]
	} else {
		if h.Snaplen < h.Len {
			l.lost++
			return false
		}
		p.Buf, p.Off = s, int(h.Mac)
		p.End = p.Off + int(h.Snaplen)
		v = s[p.Off-vnetLen : p.Off]
	}
	offload(&p.Offload, v)
	if p.Offload.Kind != 0 && !p.Offload.Partial {
		if p.Parse() == pk.None {
			p.MakePartial()
		}
	}
	return true
}

func offload(o *pk.Offload, v []byte) {
	h := (*vnet)(unsafe.Pointer(&v[0]))
	if h.flags&1 != 0 {
		o.Partial, o.Start, o.Offset = true, h.start, h.offset
	}
	o.Kind, o.Seg, o.HdrLen = h.kind, h.size, h.hdrLen
}

type vnet struct {
	flags, kind                 uint8
	hdrLen, size, start, offset uint16
}

func (l *Link) fromLane() ([]byte, bool) {
	b := l.lane[l.laneN*laneRoom : (l.laneN+1)*laneRoom]
	n, _, err := unix.Recvfrom(l.fd, b[pk.Headroom-vnetLen:], unix.MSG_DONTWAIT)
	if err != nil {
		return nil, false
	}
	l.laneN++
	return b[:pk.Headroom-vnetLen+n], true
}

func (l *Link) Send(batch []*pk.Packet, sent []pk.Drop) {
	for i := 0; i < len(batch); {
		j := i
		super := batch[i].Offload.Kind != 0
		for j < len(batch) && (batch[j].Offload.Kind != 0) == super && j-i < 64 {
			j++
		}
		t := l.fast
		if super {
			t = l.gso
		}
		t.send(batch[i:j], sent[i:j])
		i = j
	}
}

type tx struct {
	fd   int
	msgs [64]struct {
		hdr unix.Msghdr
		n   uint32
		_   uint32
	}
	iov [64]unix.Iovec
}

func newTx(index int, bypass bool) (*tx, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1); err != nil {
		return nil, err
	}
	if bypass {
		_ = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 32<<20)
	return &tx{fd: fd}, unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: index})
}

func (t *tx) send(batch []*pk.Packet, sent []pk.Drop) {
	for i, p := range batch {
		v := p.Buf[p.Off-vnetLen : p.End]
		h := (*vnet)(unsafe.Pointer(&v[0]))
		o := &p.Offload
		*h = vnet{kind: o.Kind, hdrLen: o.HdrLen, size: o.Seg}
		if o.Partial {
			h.flags, h.start, h.offset = 1, o.Start, o.Offset
		}
		t.iov[i] = unix.Iovec{Base: &v[0], Len: uint64(len(v))}
		t.msgs[i].hdr = unix.Msghdr{Iov: &t.iov[i], Iovlen: 1}
		sent[i] = pk.None
	}
	for i := 0; i < len(batch); {
		n, _, e := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(t.fd), uintptr(unsafe.Pointer(&t.msgs[i])), uintptr(len(batch)-i), unix.MSG_DONTWAIT, 0, 0)
		if e != 0 {
			switch e {
			case unix.EINTR:
				continue
			case unix.ENOBUFS, unix.EAGAIN:
				sent[i] = pk.LinkFull
			case unix.ENETDOWN:
				sent[i] = pk.LinkDown
			case unix.EMSGSIZE:
				sent[i] = pk.TooBig
			default:
				sent[i] = pk.LinkRefused
			}
			n = 1
		}
		i += int(n)
	}
}

func (l *Link) Fd() int        { return l.fd }
func (l *Link) Lost() uint64   { return l.lost }
func (l *Link) String() string { return fmt.Sprintf("afpacket: %d slots of %d bytes", l.slots, l.stride) }
func (l *Link) Close() error {
	unix.Munmap(l.ring)
	unix.Close(l.fast.fd)
	unix.Close(l.gso.fd)
	unix.Close(l.fd)
	return l.conn.Close()
}
