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
	port int
	conn *raw.Conn
	buf  []byte
	sent tally
}

// A tally counts what was sent into a wire, ever.
type tally struct {
	frames uint64
	pings  uint64 // of these, to the director's host
}

// ethAll is the kernel's ETH_P_ALL: frames of every protocol.
const ethAll = 3

// patience is how long a director that is well may take to answer a ping.
const patience = 10 * time.Second

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
	w.sent.frames++
	_, err := w.conn.WriteTo(frame, &raw.Addr{HardwareAddr: net.HardwareAddr(frame[:6])})
	if err != nil {
		return fmt.Errorf("send to %s: %w", portNames[w.port], err)
	}
	return nil
}

// ping asks the director's own stack, which answers in turn: what it had to say
// about earlier frames comes before the answer.
func (w *wire) ping() error {
	w.sent.pings++
	e := w.end()
	var p packet.Packet
	if err := p.FromText(fmt.Sprintf("%v > %v icmp echo-request %s", e.router, e.own.Addr(), w.mark())); err != nil {
		return err
	}
	p.SetMAC(portMAC(w.port), mac(e.router))
	return w.send(p.Buf[p.Off:p.End])
}

// mark tells the last ping from others; no lesson uses this ident.
func (w *wire) mark() string { return fmt.Sprintf("ident 30039 seq %d", w.sent.pings&0xffff) }

// end is the IPv4 end of the port.
func (w *wire) end() end { return plan[w.port] }

// collect returns what came before the answer to the last ping.
func (w *wire) collect(ctx context.Context) (frames [][]byte, err error) {
	e := w.end()
	answer := hear(fmt.Sprintf("%v > %v icmp echo-reply %s", e.own.Addr(), e.router, w.mark()))
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
		if answer.agrees(hear(text(parsed(frame))), answer) {
			return frames, nil
		}
		if !isNoise(parsed(frame)) {
			frames = append(frames, frame)
		}
	}
}

func deadline(ctx context.Context) time.Time {
	end := time.Now().Add(patience)
	if d, ok := ctx.Deadline(); ok && d.Before(end) {
		return d
	}
	return end
}
