// SPDX-License-Identifier: Apache-2.0

package tool

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/pflag"
)

// The ICMP of RFC 792, as far as ping speaks it.
const (
	echoReply  = 0
	echoAsk    = 8
	echoHeader = 8 // type, code, checksum, identifier, sequence number
	echoData   = 56
)

// A pinger asks one host whether it is there.
type pinger struct {
	count          int // 0: until interrupted
	interval, wait time.Duration
	to             *net.IPAddr
	id             uint16
	conn           *net.IPConn
}

// ping asks with ICMP echoes, one a second: -c COUNT, -i and -W SECONDS.
func ping(args []string, out, err io.Writer) int {
	p, pingErr := newPinger(args)
	if pingErr != nil {
		return fail(err, 2, "ping: %v", pingErr)
	}
	defer p.conn.Close()
	fmt.Fprintf(out, "PING %s (%s) %d bytes of data.\n", args[len(args)-1], p.to, echoData)
	sent, heard := p.run(out)
	fmt.Fprintf(out, "\n%d packets transmitted, %d received, %d%% packet loss\n", sent, heard, 100*(sent-heard)/max(sent, 1))
	if heard == 0 {
		return 1
	}
	return 0
}

func newPinger(args []string) (*pinger, error) {
	var interval, wait float64
	p := &pinger{id: uint16(os.Getpid())}
	s := pflag.NewFlagSet("ping", pflag.ContinueOnError)
	s.SetOutput(io.Discard)
	s.IntVarP(&p.count, "count", "c", 0, "how many")
	s.Float64VarP(&interval, "interval", "i", 1, "seconds")
	s.Float64VarP(&wait, "timeout", "W", 1, "seconds")
	s.BoolP("numeric", "n", false, "no names: ours asks for none")
	if err := s.Parse(args); err != nil {
		return nil, fmt.Errorf("%w: this is the lab's small ping: it knows -c, -i, -W and -n", err)
	}
	if s.NArg() != 1 {
		return nil, fmt.Errorf("whom: ping -c 3 HOST")
	}
	p.interval, p.wait = seconds(interval), seconds(wait)
	var err error
	if p.to, err = net.ResolveIPAddr("ip4", s.Arg(0)); err != nil {
		return nil, err
	}
	p.conn, err = net.ListenIP("ip4:icmp", nil)
	return p, err
}

// run asks until it has asked enough, or somebody presses Ctrl-C.
func (p *pinger) run(out io.Writer) (sent, heard int) {
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	defer signal.Stop(interrupt)
	for {
		sent++
		took, err := p.ask(uint16(sent))
		if err == nil {
			heard++
			fmt.Fprintf(out, "%d bytes from %s: icmp_seq=%d time=%.3f ms\n", echoHeader+echoData, p.to, sent, took.Seconds()*1000)
		} else {
			fmt.Fprintf(out, "From %s: icmp_seq=%d: no answer\n", p.to, sent)
		}
		if sent == p.count {
			return sent, heard
		}
		select {
		case <-interrupt:
			return sent, heard
		case <-time.After(p.interval):
		}
	}
}

// ask sends one echo, and waits for its reply.
func (p *pinger) ask(seq uint16) (time.Duration, error) {
	start := time.Now()
	if _, err := p.conn.WriteToIP(echo(p.id, seq), p.to); err != nil {
		return 0, err
	}
	if err := p.conn.SetReadDeadline(start.Add(p.wait)); err != nil {
		return 0, err
	}
	for b := make([]byte, 1500); ; {
		n, from, err := p.conn.ReadFromIP(b)
		if err != nil {
			return 0, err
		}
		if from.IP.Equal(p.to.IP) && replies(b[:n], p.id, seq) {
			return time.Since(start), nil
		}
	}
}

// echo is an echo request.
func echo(id, seq uint16) []byte {
	b := make([]byte, echoHeader+echoData)
	b[0] = echoAsk
	binary.BigEndian.PutUint16(b[4:], id)
	binary.BigEndian.PutUint16(b[6:], seq)
	binary.BigEndian.PutUint16(b[2:], checksum(b))
	return b
}

// replies reports whether a message answers that echo request.
func replies(b []byte, id, seq uint16) bool {
	return len(b) >= echoHeader && b[0] == echoReply &&
		binary.BigEndian.Uint16(b[4:]) == id && binary.BigEndian.Uint16(b[6:]) == seq
}

// checksum is RFC 1071's, of an even number of bytes.
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
