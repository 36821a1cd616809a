// SPDX-License-Identifier: Apache-2.0

package tun

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/ulvs/ulvs/packet"
)

// What the IPVS of Linux 6.1 made of packets: see testdata/record.go. A
// director of a few lines does the same here, with a router's part played as
// forward plays it; all bytes must agree, but for what is drawn by chance:
// identifications and GUE's source port, which are taken over.

var be = binary.BigEndian

// A scene is a line of the recording.
type scene struct {
	tunnel packet.Tunnel
	pmtu   bool
	mtu    int
	steps  []string

	stale bool // the kernel told what it knew of the path before
}

func TestKernel(t *testing.T) {
	b, err := os.ReadFile("testdata/kernel.txt")
	if err != nil {
		t.Fatal(err)
	}
	head, lines, _ := strings.Cut(string(b), "\n\n")
	if !strings.Contains(head, "Linux version") {
		t.Errorf("nobody knows which kernel this was: %s", head)
	}
	kinds, stale := map[string]int{}, 0
	for line := range strings.Lines(lines) {
		s := read(t, line)
		if err := s.play(); err != nil {
			t.Errorf("%.150s\n%v", line, err)
		}
		kinds[fmt.Sprint(s.tunnel)]++
		if s.stale {
			stale++
		}
	}
	if len(kinds) != 6 {
		t.Errorf("not all tunnels: %v", kinds)
	}
	if stale != 1 {
		t.Errorf("%d stale errors, and there is only one that is the first about its path", stale)
	}
}

func read(t *testing.T, line string) (s scene) {
	words := strings.Split(strings.TrimSpace(line), " | ")
	var n [5]int
	for i, w := range strings.Fields(words[0]) {
		var err error
		if n[i], err = strconv.Atoi(w); err != nil {
			t.Fatal(err)
		}
	}
	s.tunnel = packet.Tunnel{Kind: packet.TunnelKind(n[0]), Flags: packet.TunnelFlags(n[1]), Port: uint16(n[2])}
	s.pmtu, s.mtu, s.steps = n[3] != 0, n[4], words[1:]
	return s
}

// play carries out the steps of a scene and compares what came of each.
func (s *scene) play() error {
	path := s.mtu
	for i := 0; i < len(s.steps); {
		n := i + 1
		for n < len(s.steps) && s.steps[n][0] == '<' {
			n++
		}
		answers := s.steps[i+1 : n]
		var err error
		if words, ok := strings.CutPrefix(s.steps[i], "> in "); ok {
			err = s.forward(words, answers, path)
		} else {
			path, err = s.refused(s.steps[i][len("> out "):], answers, path)
		}
		if err != nil {
			return err
		}
		i = n
	}
	return nil
}

// forward sends a client's packet through the tunnel.
func (s *scene) forward(words string, answers []string, path int) error {
	if len(answers) == 0 {
		return fmt.Errorf("%s: the kernel said nothing", words)
	}
	p := &packet.Packet{}
	if err := p.FromText(words); err != nil {
		return err
	}
	outer4 := strings.HasPrefix(answers[0], "< out 4") || strings.HasPrefix(answers[0], "< in") && s.outer4(answers[0], p)
	mtu, _ := s.tunnel.MTU(path, outer4)
	switch {
	case p.DecTTL() != packet.None:
		return told(answers, p, packet.TimeExceeded, 0)
	case p.Segments() > 0 && s.tunnel.Flags == packet.TunnelRemoteSum:
		return nil // a difference, see packet.TunnelRemoteSum
	case p.SegLen() > mtu && (!p.Is4() || p.DF() && s.pmtu):
		return told(answers, p, packet.TooLong, mtu)
	}
	return s.wrapped(p, answers, path)
}

// outer4 is the family of the server's address, where only an error came back:
// of its MTU. Where that tells nothing, neither matters.
func (s *scene) outer4(answer string, p *packet.Packet) bool {
	b, _ := unhex(answer[len("< in "):])
	four, _ := s.tunnel.MTU(s.mtu, true)
	if p.Is4() {
		return s.mtu != 1400 || int(be.Uint16(b[26:])) == four
	}
	return s.mtu != 1400 || int(be.Uint32(b[44:])) == four
}

// wrapped compares the packets that a packet becomes with those of the kernel.
func (s *scene) wrapped(p *packet.Packet, answers []string, path int) error {
	theirs, err := whole(answers)
	if err != nil {
		return err
	}
	if want := max(p.Segments(), 1); len(theirs) != want {
		return fmt.Errorf("%d packets, the kernel made %d", want, len(theirs))
	}
	super, first := *p, theirs[0]
	w := packet.Wrap{Tunnel: s.tunnel, PMTU: s.pmtu, Source: sender(first)}
	to := receiver(first)
	if first[0]>>4 == 4 && first[6]&0x40 == 0 {
		w.ID = be.Uint16(first[4:])
	}
	for i, want := range theirs {
		if super.Segments() > 0 {
			p = &packet.Packet{Buf: make([]byte, 3000), Off: packet.Headroom}
			p.Segment(&super, i)
			w.Segment = uint16(i)
		}
		if s.tunnel.Kind == packet.GUE {
			port := be.Uint16(want[4*int(want[0]&0xf):])
			if want[0]>>4 == 6 {
				port = be.Uint16(want[40:])
			}
			w.Ports = [2]uint16{port, port}
		}
		if why := Wrap(p, &to, &w); why != packet.None {
			return why
		}
		if got := p.Buf[p.L3:p.End]; !bytes.Equal(got, want) {
			return fmt.Errorf("packet %d\nours   %x\nkernel %x", i, got, want)
		}
		if err := fragments6(p, answers, path); err != nil {
			return err
		}
	}
	return nil
}

// fragments6 compares the pieces of an outer IPv6 packet that is too long.
func fragments6(p *packet.Packet, answers []string, path int) error {
	if p.Is4() || p.L3Len() <= path {
		return nil
	}
	for i, a := range answers {
		theirs, _ := unhex(a[len("< out "):])
		f := packet.Packet{Buf: make([]byte, 3000), Off: packet.Headroom}
		if !f.Fragment6(p, path, i, be.Uint32(theirs[44:])) {
			return fmt.Errorf("no piece %d", i)
		}
		if got := f.Buf[f.L3:f.End]; !bytes.Equal(got, theirs) {
			return fmt.Errorf("piece %d\nours   %x\nkernel %x", i, got, theirs)
		}
	}
	if (&packet.Packet{Buf: make([]byte, 3000), Off: packet.Headroom}).Fragment6(p, path, len(answers), 0) {
		return fmt.Errorf("a piece more than the kernel's")
	}
	return nil
}

// refused hears an ICMP error about what came out, and returns the MTU of the
// path as it is known from then on.
func (s *scene) refused(text string, answers []string, path int) (int, error) {
	b, err := unhex(text)
	if err != nil {
		return path, err
	}
	p := received(b)
	if why := p.Parse(); why != packet.None {
		return path, why
	}
	e, ok := p.TunnelError()
	if ok && (e.Kind != s.tunnel.Kind || e.Server.Port != s.tunnel.Port || e.Inner.Flow.Dst.Port != 80) {
		return path, fmt.Errorf("took it for %+v", e)
	}
	d, was := packet.Packet{Buf: make([]byte, 3000), Off: packet.Headroom}, path
	if ok && e.Path != 0 {
		path = min(path, e.Path)
	}
	if !ok || !e.Relay(&d, p, e.Inner.Flow.Dst.Addr, path) {
		if len(answers) > 0 {
			return path, fmt.Errorf("the kernel told the client %s", answers[0])
		}
		return path, nil
	}
	err = same(answers, &d)
	if err == nil || e.Path == 0 {
		return path, err
	}
	// The kernel hears of a path for the first time, and tells the client what
	// it knew before: a difference, by which he learns the less sooner.
	e.Relay(&d, p, e.Inner.Flow.Dst.Addr, was)
	if s.stale = same(answers, &d) == nil; s.stale {
		err = nil
	}
	return path, err
}

// told compares our error about p with the kernel's.
func told(answers []string, p *packet.Packet, e packet.Error, mtu int) error {
	d := packet.Packet{Buf: make([]byte, 3000), Off: packet.Headroom}
	packet.ICMPError(&d, p, p.Flow.Dst.Addr, e, mtu)
	return same(answers, &d)
}

// same compares all that an error says: not its identification or flow label.
func same(answers []string, d *packet.Packet) error {
	if len(answers) != 1 {
		return fmt.Errorf("%d answers of the kernel's", len(answers))
	}
	theirs, err := unhex(strings.TrimPrefix(answers[0], "< in "))
	if err != nil {
		return err
	}
	ours := d.Buf[d.L3:d.End]
	for _, b := range [][]byte{ours, theirs} {
		if b[0]>>4 == 4 {
			clear(b[4:6])
			clear(b[10:12])
		} else {
			clear(b[1:4])
		}
	}
	if !bytes.Equal(ours, theirs) {
		return fmt.Errorf("error\nours   %x\nkernel %x", ours, theirs)
	}
	return nil
}

// received is an IP packet in a frame.
func received(b []byte) *packet.Packet {
	p := packet.Packet{Buf: make([]byte, packet.Headroom+14+len(b)), Off: packet.Headroom, ToUs: true}
	p.End = len(p.Buf)
	copy(p.Buf[p.Off+14:], b)
	be.PutUint16(p.Buf[p.Off+12:], map[byte]uint16{4: packet.TypeIPv4, 6: packet.TypeIPv6}[b[0]>>4])
	return &p
}

// whole are the outer packets, put together from their fragments.
func whole(answers []string) (all [][]byte, err error) {
	for _, a := range answers {
		text, ok := strings.CutPrefix(a, "< out ")
		b, err := unhex(text)
		if err != nil || !ok {
			return nil, fmt.Errorf("not sent: %s %w", a, err)
		}
		var offset int
		if b[0]>>4 == 4 {
			offset = int(be.Uint16(b[6:])&0x1fff) * 8
			b[6] &^= 0x20
			b[6], b[7] = b[6]&0xe0, 0
		} else if b[6] == 44 {
			offset = int(be.Uint16(b[42:]) &^ 7)
			b[6] = b[40]
			b = append(b[:40:40], b[48:]...)
		}
		if offset > 0 {
			last := &all[len(all)-1]
			b = append(*last, b[int(map[byte]int{4: 20, 6: 40}[b[0]>>4]):]...)
			all = all[:len(all)-1]
		}
		all = append(all, mended(b))
	}
	return all, nil
}

// mended gives a packet that was put together its length and checksum.
func mended(b []byte) []byte {
	if b[0]>>4 == 6 {
		be.PutUint16(b[4:], uint16(len(b)-40))
		return b
	}
	be.PutUint16(b[2:], uint16(len(b)))
	be.PutUint16(b[10:], 0)
	be.PutUint16(b[10:], ^uint16(packet.Sum(b[:20], 0)))
	return b
}

func sender(b []byte) packet.Addr {
	p := received(b)
	p.Parse()
	return p.Flow.Src.Addr
}

func receiver(b []byte) packet.Addr {
	p := received(b)
	p.Parse()
	return p.Flow.Dst.Addr
}

// unhex reads hexadecimal with [n] for n zeros.
func unhex(text string) (b []byte, err error) {
	for text != "" {
		hexed, rest, _ := strings.Cut(text, "[")
		part, err := hex.DecodeString(hexed)
		if err != nil {
			return nil, err
		}
		b = append(b, part...)
		zeros, rest, found := strings.Cut(rest, "]")
		if found {
			n, err := strconv.Atoi(zeros)
			if err != nil {
				return nil, err
			}
			b = append(b, make([]byte, n)...)
		}
		text = rest
	}
	return b, nil
}
