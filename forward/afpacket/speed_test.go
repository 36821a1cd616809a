// SPDX-License-Identifier: Apache-2.0

package afpacket_test

import (
	"io"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/ulvs/ulvs/forward/afpacket"
	"github.com/ulvs/ulvs/packet"
)

// The speed of a cable through two links, for tuning: layouts beside each other
// in one run, since the machine is never the same twice.
//
//	go test -run xxx -bench . -benchtime 2s -count 5 ./forward/afpacket
//
// AFPACKET_SLOTS and AFPACKET_RECVBUF change the layouts.
var layouts = []struct {
	name string
	cfg  afpacket.Config
}{
	{"lane", afpacket.Config{Slots: env("AFPACKET_SLOTS"), RecvBuf: env("AFPACKET_RECVBUF")}},
	{"wide", afpacket.Config{Slots: env("AFPACKET_SLOTS"), Wide: true}},
}

func env(name string) int {
	n, _ := strconv.Atoi(os.Getenv(name))
	return n
}

// BenchmarkBulk is one TCP stream from kernel to kernel, with offloads.
func BenchmarkBulk(b *testing.B) {
	for _, l := range layouts {
		b.Run(l.name, func(b *testing.B) { bulk(b, l.cfg) })
	}
}

func bulk(b *testing.B, cfg afpacket.Config) {
	const piece = 256 << 10
	l := newLine(b, 1500)
	f := carry(b, l.middle, "a", "b", cfg)
	out, in := connect(b, l, "10.9.0.2:9")
	b.SetBytes(piece)
	b.ResetTimer()
	go func() {
		defer out.Close()
		for buf, i := make([]byte, piece), 0; i < b.N; i++ {
			if _, err := out.Write(buf); err != nil {
				b.Error(err)
				return
			}
		}
	}()
	if n, err := io.CopyBuffer(discard{}, in, make([]byte, 1<<20)); err != nil || n != int64(b.N)*piece {
		b.Fatalf("%d bytes of %d: %v", n, int64(b.N)*piece, err)
	}
	b.StopTimer()
	f.end()
	f.report(b)
	b.ReportMetric(float64(f.spent)/float64(f.seen[0].bytes>>10), "cpu-ns/KiB")
}

// discard is io.Discard without ReadFrom, which would read in small pieces.
type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// connect makes a TCP connection from left to right.
func connect(t testing.TB, l line, addr string) (out, in net.Conn) {
	t.Helper()
	var listener net.Listener
	l.right.do(func() (err error) { listener, err = net.Listen("tcp", addr); return err })
	defer listener.Close()
	l.left.do(func() (err error) { out, err = net.Dial("tcp", addr); return err })
	in, err := listener.Accept()
	must(t, err)
	t.Cleanup(func() { _, _ = out.Close(), in.Close() })
	return out, in
}

// BenchmarkFrames is as many frames of 60 bytes as can be injected by a link of
// the same kind at the left end; what arrives in the middle is what counts.
func BenchmarkFrames(b *testing.B) {
	for _, l := range layouts {
		b.Run(l.name, func(b *testing.B) { frames(b, l.cfg) })
	}
}

func frames(b *testing.B, cfg afpacket.Config) {
	l := newLine(b, 1500)
	f := carry(b, l.middle, "a", "b", cfg)
	source := openSource(b, l)
	stop := make(chan bool)
	done := make(chan int)
	go func() { done <- source.flood(stop) }()
	b.ResetTimer()
	for f.count.Load() < int64(b.N) {
		time.Sleep(time.Millisecond)
	}
	b.StopTimer()
	close(stop)
	sent := <-done
	f.end()
	b.ReportMetric(float64(f.count.Load())/b.Elapsed().Seconds(), "frames/s")
	b.ReportMetric(float64(f.count.Load())/float64(sent), "carried")
	f.report(b)
}

// A source sends frames as fast as it can.
type source struct {
	link  *afpacket.Link
	batch []*packet.Packet
}

func openSource(b *testing.B, l line) *source {
	b.Helper()
	s := &source{}
	l.left.do(func() (err error) { s.link, err = afpacket.Open("l0", afpacket.Config{Slots: 64}); return err })
	b.Cleanup(func() { _ = s.link.Close() })
	for range 64 {
		p := &packet.Packet{}
		must(b, p.FromText("10.9.0.1:7 > 10.9.0.2:9 udp len 18"))
		p.SetMAC(packet.MAC(l.middle.mac("a")), packet.MAC(l.left.mac("l0")))
		s.batch = append(s.batch, p)
	}
	return s
}

// flood returns how many frames it sent until it was stopped.
func (s *source) flood(stop chan bool) (n int) {
	sent := make([]packet.Drop, len(s.batch))
	for {
		select {
		case <-stop:
			return n
		default:
		}
		s.link.Send(s.batch, sent)
		n += len(s.batch)
	}
}
