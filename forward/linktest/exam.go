// SPDX-License-Identifier: Apache-2.0

package linktest

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/ulvs/ulvs/forward"
	"github.com/ulvs/ulvs/packet"
	"golang.org/x/sys/unix"
)

// An exam is of one sentence.
type exam struct {
	*testing.T
	link forward.Link
	far  Far
}

// patience is how long a frame may be on its way. Nobody waits so long unless
// something is wrong.
const patience = 3 * time.Second

// peer is whom the far end's frames come from.
var peer = packet.MAC{2, 0, 0, 0, 0xfa, 1}

// spare is headroom that our own frames have more than they must.
const spare = 7

// draw makes a frame from the text notation, in memory with headroom. It is
// addressed to the link's port.
func (e *exam) draw(text string) packet.Packet {
	e.Helper()
	var drawn packet.Packet
	if err := drawn.FromText(text); err != nil {
		e.Fatal(err)
	}
	p := packet.Packet{Offload: drawn.Offload, VLAN: drawn.VLAN, ToUs: drawn.ToUs}
	p.Off = packet.Headroom + spare
	p.Buf = append(make([]byte, p.Off), drawn.Buf[drawn.Off:drawn.End]...)
	p.End = len(p.Buf)
	p.SetMAC(e.far.MAC(), peer)
	return p
}

// numbered is a small frame that is known by its number.
func (e *exam) numbered(i int) packet.Packet {
	e.Helper()
	return e.draw(fmt.Sprintf(`192.0.2.1:7 > 198.51.100.1:9 udp id %d data "number %d"`, i%0xffff+1, i))
}

// sized is a frame of n bytes with a pattern in it. What is longer than the
// usual MTU lets through is a super-frame.
func (e *exam) sized(n int) packet.Packet {
	e.Helper()
	const udp, tcp = 14 + 20 + 8, 14 + 20 + 20
	text := fmt.Sprintf("192.0.2.1:7 > 198.51.100.1:9 udp len %d sum none", n-udp)
	if n > 1514 {
		text = fmt.Sprintf("192.0.2.1:7 > 198.51.100.1:9 tcp PA len %d gso 1448", n-tcp)
	}
	p := e.draw(text)
	for i := tcp; i < n; i++ {
		p.Buf[p.Off+i] = byte(i * 7 >> (i % 5))
	}
	return p
}

// inject sends frames to the link.
func (e *exam) inject(ps ...packet.Packet) {
	e.Helper()
	for _, p := range ps {
		e.far.Inject(p)
	}
}

// recv waits until the link lends frames.
func (e *exam) recv(batch []packet.Packet) []packet.Packet {
	e.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		n, err := e.link.Recv(batch)
		if err != nil {
			e.Fatalf("receive: %v", err)
		}
		if n > 0 {
			return batch[:n]
		}
		e.wait()
	}
	e.Fatal("no frame came")
	return nil
}

// wait waits until the link may have something to lend.
func (e *exam) wait() {
	if fd := e.link.Fd(); fd >= 0 {
		_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 100)
	}
}

// one is the next frame that the link lends.
func (e *exam) one() packet.Packet {
	e.Helper()
	return e.recv(make([]packet.Packet, 1))[0]
}

// together injects frames until a single Recv lends them all, as happens when
// they came quickly.
func (e *exam) together(ps ...packet.Packet) []packet.Packet {
	e.Helper()
	batch := make([]packet.Packet, len(ps))
	for range 100 {
		e.inject(ps...)
		n := len(e.recv(batch))
		if n == len(ps) {
			return batch
		}
		for n < len(ps) {
			n += len(e.recv(batch[:len(ps)-n]))
		}
	}
	e.Fatalf("%d frames were never lent together", len(ps))
	return nil
}

// send sends frames over the link, and wants each to be sent.
func (e *exam) send(ps ...packet.Packet) {
	e.Helper()
	for i, why := range e.try(ps...) {
		if why != packet.None {
			e.Fatalf("frame %d of %d bytes was not sent: %v", i, ps[i].End-ps[i].Off, why)
		}
	}
}

// try sends frames over the link and tells what became of each.
func (e *exam) try(ps ...packet.Packet) []packet.Drop {
	batch, sent := make([]*packet.Packet, len(ps)), make([]packet.Drop, len(ps))
	for i := range ps {
		batch[i], sent[i] = &ps[i], packet.NoRoute // not what was there before
	}
	e.link.Send(batch, sent)
	return sent
}

// taken is the next frame that came out at the far end.
func (e *exam) taken() packet.Packet {
	e.Helper()
	p, ok := e.far.Take()
	if !ok {
		e.Fatal("nothing came out at the far end")
	}
	return p
}

// same wants got to be the frame that want is, byte for byte.
func (e *exam) same(got, want packet.Packet) {
	e.Helper()
	if !bytes.Equal(frame(got), frame(want)) {
		e.Errorf("got the frame\n%x\nwant\n%x", short(frame(got)), short(frame(want)))
	}
	if got.VLAN != want.VLAN {
		e.Errorf("got VLAN %d, want %d", got.VLAN, want.VLAN)
	}
	g, w := got.Offload, want.Offload
	g.HdrLen, w.HdrLen = 0, 0 // may be unknown
	if g != w {
		e.Errorf("got offload %+v, want %+v", got.Offload, want.Offload)
	}
}

func frame(p packet.Packet) []byte { return p.Buf[p.Off:p.End] }

// short is enough of a frame to look at.
func short(f []byte) []byte { return f[:min(len(f), 80)] }
