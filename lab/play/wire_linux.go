// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	raw "github.com/mdlayher/packet"

	"github.com/ulvs/ulvs/packet"
)

// A wire is what hangs at one port of a real director: the place of all its
// neighbours.
type wire struct {
	port  int
	conn  *raw.Conn
	buf   []byte
	sent  uint64 // frames, ever
	fence uint32 // number of the last ping
}

// ethAll is the kernel's ETH_P_ALL: frames of every protocol.
const ethAll = 3

// patience is how long a director that is well may take to answer a ping.
const patience = 5 * time.Second

// openWire takes hold of an interface of the current network namespace.
func openWire(port int, name string) (*wire, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return nil, fmt.Errorf("open the wire at %s: %w", portNames[port], err)
	}
	conn, err := raw.Listen(i, raw.Raw, ethAll, nil)
	if err != nil {
		return nil, fmt.Errorf("open the wire at %s: %w", portNames[port], err)
	}
	return &wire{port: port, conn: conn, buf: make([]byte, packet.MaxFrame)}, nil
}

func (w *wire) send(frame []byte) error {
	w.sent++
	_, err := w.conn.WriteTo(frame, &raw.Addr{HardwareAddr: net.HardwareAddr(frame[:6])})
	if err != nil {
		return fmt.Errorf("send to %s: %w", portNames[w.port], err)
	}
	return nil
}

// ping asks the director's own stack, which answers in turn: what it had to say
// about earlier frames comes before the answer.
func (w *wire) ping() error {
	w.fence++
	e := w.end()
	var p packet.Packet
	line := fmt.Sprintf("%v > %v icmp echo-request ident %d seq %d", e.router, e.own.Addr(), fenceIdent, w.fence&0xffff)
	if err := p.FromText(line); err != nil {
		return err
	}
	p.SetMAC(portMAC(w.port), mac(e.router))
	return w.send(p.Buf[p.Off:p.End])
}

// fenceIdent marks our own pings; no lesson uses it.
const fenceIdent = 0x7557

// end is the IPv4 end of the port.
func (w *wire) end() end { return plan[w.port] }

// collect returns what came before the answer to the last ping.
func (w *wire) collect(ctx context.Context) (frames [][]byte, err error) {
	e := w.end()
	answer := fmt.Sprintf("%v > %v icmp echo-reply seq %d ident %d", e.own.Addr(), e.router, w.fence&0xffff, fenceIdent)
	if err := w.conn.SetReadDeadline(deadline(ctx)); err != nil {
		return nil, err
	}
	for {
		n, _, err := w.conn.ReadFrom(w.buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return frames, fmt.Errorf("the director's host does not answer a ping at %s", portNames[w.port])
		} else if err != nil {
			return frames, fmt.Errorf("receive from %s: %w", portNames[w.port], err)
		}
		frame := append([]byte(nil), w.buf[:n]...)
		if hear(text(parsed(frame))).isAnswer(answer) {
			return frames, nil
		}
		if !isNoise(frame) {
			frames = append(frames, frame)
		}
	}
}

// isAnswer reports whether s is the packet of a line, in all that the line says.
func (s said) isAnswer(line string) bool {
	want := hear(line)
	return want.agrees(s, want)
}

// isNoise reports whether a frame is what a host says of itself in IPv6:
// routers asked for, groups joined, addresses checked.
func isNoise(frame []byte) bool {
	p := parsed(frame)
	const mld, mld2 = 131, 143
	if p.Type != packet.TypeIPv6 || p.L4 == 0 || p.L4 >= p.End {
		return false
	}
	kind := p.Buf[p.L4]
	return p.IsND() || p.Flow.Proto == packet.ProtoICMPv6 && (kind == mld || kind == mld2 || kind == 133) || p.Flow.Dst.Addr[0] == 0xff
}

func deadline(ctx context.Context) time.Time {
	end := time.Now().Add(patience)
	if d, ok := ctx.Deadline(); ok && d.Before(end) {
		return d
	}
	return end
}
