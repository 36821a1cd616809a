// SPDX-License-Identifier: Apache-2.0

package afpacket_test

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"
	"unsafe"

	"github.com/ulvs/ulvs/packet"
	"golang.org/x/sys/unix"
)

// A far is the other end of a veth pair. It reads and writes with one plain
// packet socket, one frame a call: slow, and nothing in common with the link.
type far struct {
	t          testing.TB
	near, away *place
	fd         int
	mac        packet.MAC
}

// newFar takes the interface "far" of away; "near" of near is its peer.
func newFar(t testing.TB, near, away *place) *far {
	t.Helper()
	f := &far{t: t, near: near, away: away, mac: packet.MAC(near.mac("near"))}
	away.do(func() (err error) {
		if f.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0); err != nil {
			return err
		}
		all := uint16(unix.ETH_P_ALL)
		return errors.Join(
			unix.SetsockoptInt(f.fd, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1),
			unix.SetsockoptInt(f.fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1),
			unix.SetsockoptInt(f.fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
			unix.SetsockoptInt(f.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 8<<20),
			unix.Bind(f.fd, &unix.SockaddrLinklayer{Ifindex: away.link("far").Attrs().Index, Protocol: all<<8 | all>>8}),
		)
	})
	t.Cleanup(func() { _ = unix.Close(f.fd) })
	return f
}

func (f *far) MAC() packet.MAC { return f.mac }

// Inject writes the frame with its tag in it.
func (f *far) Inject(p packet.Packet) {
	f.t.Helper()
	raw, o := p.Buf[p.Off:p.End], p.Offload
	if p.VLAN != 0 {
		tagged := append([]byte(nil), raw[:12]...)
		tagged = append(tagged, 0x81, 0, byte(p.VLAN>>8), byte(p.VLAN))
		raw = append(tagged, raw[12:]...)
		o.Start, o.HdrLen = o.Start+4, o.HdrLen+4
	}
	b := make([]byte, 10, 10+len(raw))
	if o.Partial {
		b[0] = 1
		binary.NativeEndian.PutUint16(b[6:], o.Start)
		binary.NativeEndian.PutUint16(b[8:], o.Offset)
	}
	if b[1] = o.Kind; o.Kind != packet.GSONone {
		binary.NativeEndian.PutUint16(b[2:], o.HdrLen)
		binary.NativeEndian.PutUint16(b[4:], o.Seg)
	}
	b = append(b, raw...)
	_, err := unix.Write(f.fd, b)
	for end := time.Now().Add(time.Second); err == unix.ENOBUFS && time.Now().Before(end); {
		_, err = unix.Write(f.fd, b) // the port was set up a moment ago, and its queue is not ready
	}
	if err != nil {
		f.t.Fatalf("inject a frame of %d bytes: %v", len(raw), err)
	}
}

// Take waits for the next frame.
func (f *far) Take() (packet.Packet, bool) {
	fds := []unix.PollFd{{Fd: int32(f.fd), Events: unix.POLLIN}}
	if n, _ := unix.Poll(fds, int(2*time.Second/time.Millisecond)); n == 0 {
		return packet.Packet{}, false
	}
	b, oob := make([]byte, 10+packet.MaxFrame), make([]byte, 128)
	n, oobn, _, _, err := unix.Recvmsg(f.fd, b, oob, 0)
	if err != nil {
		return packet.Packet{}, false
	}
	p := packet.Packet{Buf: b, Off: 10, End: n, VLAN: vlanOf(f.t, oob[:oobn])}
	p.Offload.Partial = b[0]&1 != 0
	if p.Offload.Partial {
		p.Offload.Start, p.Offload.Offset = binary.NativeEndian.Uint16(b[6:]), binary.NativeEndian.Uint16(b[8:])
	}
	p.Offload.Kind, p.Offload.Seg = b[1], binary.NativeEndian.Uint16(b[4:])
	return p, true
}

// vlanOf finds the tag that the kernel took off a frame.
func vlanOf(t testing.TB, oob []byte) uint16 {
	messages, err := unix.ParseSocketControlMessage(oob)
	must(t, err)
	for _, m := range messages {
		if m.Header.Level == unix.SOL_PACKET && m.Header.Type == unix.PACKET_AUXDATA {
			aux := (*unix.TpacketAuxdata)(unsafe.Pointer(&m.Data[0]))
			if aux.Status&unix.TP_STATUS_VLAN_VALID != 0 {
				return aux.Vlan_tci & 0xfff
			}
		}
	}
	return 0
}

func (f *far) SetUp(up bool) {
	f.t.Helper()
	if !up {
		must(f.t, f.near.nl.LinkSetDown(f.near.link("near")))
		return
	}
	must(f.t, f.near.nl.LinkSetUp(f.near.link("near")))
}

func (f *far) Remove() {
	f.t.Helper()
	must(f.t, f.near.nl.LinkDel(f.near.link("near")))
}
