// SPDX-License-Identifier: Apache-2.0

package afpacket_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/safchain/ethtool"
	"github.com/ulvs/ulvs/forward/afpacket"
	"github.com/ulvs/ulvs/packet"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// TestRefused: where SO_RCVBUFFORCE is refused, slots are wide.
func TestRefused(t *testing.T) {
	l, _ := openNear(t, 1500, afpacket.Config{NoForce: true})
	defer l.Close()
	if want := "afpacket: 256 slots of 66 KiB"; l.String() != want {
		t.Errorf("the link is %q, want %q", l, want)
	}
}

// TestSmallQueue: of super-frames that the queue had no room for, the ring has
// the first part. They are lost, and said to be; none comes in part.
func TestSmallQueue(t *testing.T) {
	const frames = 40
	l, far := openNear(t, 1500, afpacket.Config{RecvBuf: 300 << 10})
	defer l.Close()
	if !strings.HasSuffix(l.String(), "lane") {
		t.Skipf("%s needs SO_RCVBUFFORCE: run it as root", t.Name())
	}
	super := draw(t, "192.0.2.1:7 > 198.51.100.1:9 tcp PA len 60000 gso 1448")
	for range frames {
		far.Inject(super)
	}
	batch, lent := make([]packet.Packet, 64), 0
	for end := time.Now().Add(3 * time.Second); uint64(lent)+l.Lost() < frames && time.Now().Before(end); {
		n, err := l.Recv(batch)
		must(t, err)
		for _, p := range batch[:n] {
			if !bytes.Equal(p.Buf[p.Off:p.End], super.Buf[super.Off:super.End]) {
				t.Fatalf("frame %d of %d bytes is not what was sent", lent, p.End-p.Off)
			}
			lent++
		}
	}
	if lent == 0 || lent == frames || uint64(lent)+l.Lost() != frames {
		t.Errorf("of %d frames, %d came and %d were lost; want some of either", frames, lent, l.Lost())
	}
}

// TestTooBig: what is longer than the MTU is refused, and said why.
func TestTooBig(t *testing.T) {
	l, far := openNear(t, 1500, afpacket.Config{})
	defer l.Close()
	big := draw(t, "192.0.2.1:7 > 198.51.100.1:9 udp len 1473")
	fits := draw(t, "192.0.2.1:7 > 198.51.100.1:9 udp len 1472")
	sent := make([]packet.Drop, 3)
	l.Send([]*packet.Packet{&fits, &big, &fits}, sent)
	if want := [3]packet.Drop{packet.None, packet.TooBig, packet.None}; [3]packet.Drop(sent) != want {
		t.Errorf("sent %v, want %v", sent, want)
	}
	for range 2 {
		if p, ok := far.Take(); !ok || p.End-p.Off != 1514 {
			t.Errorf("took a frame of %d bytes, want 1514", p.End-p.Off)
		}
	}
}

// TestServiceTag: a tag that is not of 802.1Q comes and goes in the frame.
func TestServiceTag(t *testing.T) {
	l, far := openNear(t, 1500, afpacket.Config{})
	defer l.Close()
	p := draw(t, "192.0.2.1:7 > 198.51.100.1:9 tcp PA len 9000 gso 1448")
	frame := append([]byte(nil), p.Buf[p.Off:p.Off+12]...)
	frame = append(frame, 0x88, 0xa8, 0x20, 7)
	frame = append(frame, p.Buf[p.Off+12:p.End]...)
	p.Buf, p.Off, p.End = frame, 0, len(frame)
	p.Offload.Start, p.Offload.HdrLen = p.Offload.Start+4, p.Offload.HdrLen+4
	far.Inject(p)
	got := next(t, l)
	if !bytes.Equal(got.Buf[got.Off:got.End], frame) || got.Offload != p.Offload || got.VLAN != 0 {
		t.Errorf("got %x %+v, want %x %+v", got.Buf[got.Off:got.Off+40], got.Offload, frame[:40], p.Offload)
	}
	if got.Off < packet.Headroom {
		t.Errorf("%d bytes of headroom, want %d", got.Off, packet.Headroom)
	}
}

// TestNoTSO: a device that cannot cut super-frames has them cut by the kernel.
func TestNoTSO(t *testing.T) {
	l, far := openNear(t, 1500, afpacket.Config{})
	defer l.Close()
	far.near.do(func() error {
		e, err := ethtool.NewEthtool()
		if err != nil {
			return err
		}
		defer e.Close()
		return e.Change("near", map[string]bool{"tx-tcp-segmentation": false, "tx-tcp6-segmentation": false})
	})
	super := draw(t, `192.0.2.1:7 > 198.51.100.1:9 tcp PA seq 1 len 4344 gso 1448`)
	sent := []packet.Drop{packet.NoRoute}
	l.Send([]*packet.Packet{&super}, sent)
	if sent[0] != packet.None {
		t.Fatal(sent[0])
	}
	for i := range 3 {
		p, ok := far.Take()
		if !ok || p.Offload.Kind != packet.GSONone || p.End-p.Off != 54+1448 {
			t.Fatalf("segment %d: %v, %d bytes, %+v; want 1502 bytes", i, ok, p.End-p.Off, p.Offload)
		}
	}
}

// TestVLANThrough: a stream over VLAN interfaces, whose tags the kernel takes
// off and we put on again.
func TestVLANThrough(t *testing.T) {
	l := newLine(t, 1500)
	f := carry(t, l.middle, "a", "b", afpacket.Config{})
	l.left.vlan("l0", 42, "10.42.0.1/24")
	l.right.vlan("r0", 42, "10.42.0.2/24")
	stream(t, l, "10.42.0.2:9", 8<<20)
	f.end()
	if f.seen[0].super == 0 || f.seen[0].tagged < f.seen[0].super {
		t.Errorf("no tagged super-frame came through: %+v", f.seen)
	}
}

func (p *place) vlan(parent string, id int, cidr string) {
	p.t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.ParentIndex = "vlan", p.link(parent).Attrs().Index
	err := p.nl.LinkAdd(&netlink.Vlan{LinkAttrs: attrs, VlanId: id})
	if errors.Is(err, unix.EOPNOTSUPP) {
		p.t.Skipf("%s needs VLAN interfaces (the kernel's 8021q): %v", p.t.Name(), err)
	}
	must(p.t, err)
	must(p.t, p.nl.LinkSetUp(p.link("vlan")))
	p.addr("vlan", cidr)
}

// TestJumboThrough: plain frames of 9000 bytes, and super-frames of such.
func TestJumboThrough(t *testing.T) {
	l := newLine(t, 9000)
	f := carry(t, l.middle, "a", "b", afpacket.Config{})
	stream(t, l, "10.9.0.2:9", 8<<20)
	datagrams(t, l, 8972, 0)
	f.end()
}

// TestUDPThrough: datagrams, and many in one super-frame.
func TestUDPThrough(t *testing.T) {
	l := newLine(t, 1500)
	f := carry(t, l.middle, "a", "b", afpacket.Config{})
	datagrams(t, l, 1400, 0)
	datagrams(t, l, 12000, 1200)
	f.end()
	if f.seen[0].super == 0 {
		t.Error("the kernel sent no UDP super-frame")
	}
}

// datagrams sends n bytes from left to right, in segments of seg bytes if that
// is not zero, and compares what arrives.
func datagrams(t *testing.T, l line, n, seg int) {
	t.Helper()
	var in, out net.PacketConn
	l.right.do(func() (err error) { in, err = net.ListenPacket("udp", "10.9.0.2:9"); return err })
	defer in.Close()
	l.left.do(func() (err error) { out, err = net.ListenPacket("udp", "10.9.0.1:7"); return err })
	defer out.Close()
	if seg != 0 {
		raw, err := out.(*net.UDPConn).SyscallConn()
		must(t, err)
		must(t, raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT, seg) }))
		must(t, err)
	}
	want := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(want)
	_, err := out.WriteTo(want, in.LocalAddr())
	must(t, err)
	must(t, in.SetReadDeadline(time.Now().Add(3*time.Second)))
	got, buf := []byte(nil), make([]byte, 65536)
	for len(got) < n {
		k, _, err := in.ReadFrom(buf)
		must(t, err)
		got = append(got, buf[:k]...)
	}
	if !bytes.Equal(got, want) {
		t.Error("other bytes arrived than were sent")
	}
}

// draw makes a frame in memory with headroom.
func draw(t *testing.T, text string) packet.Packet {
	t.Helper()
	var p packet.Packet
	must(t, p.FromText(text))
	b := append(make([]byte, packet.Headroom), p.Buf[p.Off:p.End]...)
	return packet.Packet{Buf: b, Off: packet.Headroom, End: len(b), Offload: p.Offload, VLAN: p.VLAN}
}

// next waits for one frame.
func next(t *testing.T, l *afpacket.Link) packet.Packet {
	t.Helper()
	batch := make([]packet.Packet, 1)
	for range 30 {
		if n, err := l.Recv(batch); n > 0 || err != nil {
			must(t, err)
			return batch[0]
		}
		_, _ = unix.Poll([]unix.PollFd{{Fd: int32(l.Fd()), Events: unix.POLLIN}}, 100)
	}
	t.Fatal("no frame came")
	return packet.Packet{}
}
