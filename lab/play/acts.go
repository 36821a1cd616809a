// SPDX-License-Identifier: Apache-2.0

package play

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ulvs/ulvs/packet"
)

// An arrival is an in line.
type arrival struct {
	line  string
	port  int
	frame []byte
}

func readArrival(line string) (act, error) {
	_, text, _ := strings.Cut(line, " ")
	var p packet.Packet
	if err := p.FromText(text); err != nil {
		return nil, err
	}
	hop, port := way(p.Flow.Src.Addr.Netip())
	p.SetMAC(portMAC(port), mac(hop))
	return &arrival{line, port, p.Buf[p.Off:p.End]}, nil
}

func (a *arrival) play(p *player) error {
	return p.begin(a.line, func() (Effect, error) { return p.world.Arrive(p.ctx, a.port, a.frame) })
}

// A follower is an also line: what leaves for it, leaves for the in line above.
type follower struct{ arrival }

func readFollower(line string) (act, error) {
	a, err := readArrival(line)
	if err != nil {
		return nil, err
	}
	return &follower{*a.(*arrival)}, nil
}

func (f *follower) play(p *player) error {
	e, err := p.world.Arrive(p.ctx, f.port, f.frame)
	for port := range e.Left {
		p.effect.Left[port] = append(p.effect.Left[port], e.Left[port]...)
	}
	for why, n := range e.Counts {
		p.effect.Counts[why] += n
	}
	return err
}

// A pause is a wait line.
type pause struct {
	line string
	time time.Duration
}

func readWait(line string) (act, error) {
	d, err := time.ParseDuration(strings.TrimSpace(strings.TrimPrefix(line, "wait")))
	if err != nil || d <= 0 {
		return nil, errors.New("wait wants a duration such as 1.5s or 16m")
	}
	return &pause{line, d}, nil
}

func (w *pause) play(p *player) error {
	p.waited += w.time
	return p.begin(w.line, func() (Effect, error) { return p.world.Wait(p.ctx, w.time) })
}

// A silence is a silent line, or a drop line, which says why.
type silence struct{ reason string }

func readSilence(line string) (act, error) { return &silence{}, alone(line) }

// alone refuses words behind a word that takes none.
func alone(line string) error {
	if word, rest, _ := strings.Cut(line, " "); rest != "" {
		return fmt.Errorf("%s stands alone", word)
	}
	return nil
}

func readDrop(line string) (act, error) {
	reason := strings.TrimSpace(strings.TrimPrefix(line, "drop"))
	for why := range packet.Drop(packet.Drops) {
		if why.Error() == reason && why != packet.None && why != packet.NotOurs {
			return &silence{reason}, nil
		}
	}
	return nil, fmt.Errorf("drop %q: no such reason; packet/drop.go lists them", reason)
}

func (s *silence) play(p *player) error {
	for port, frames := range p.effect.Left {
		if len(frames) > 0 {
			return fmt.Errorf("  wanted: nothing leaves\n  came:   %s", seen(port, frames[0]))
		}
	}
	if s.reason == "" {
		return nil
	}
	return p.counted(s.reason)
}

// counted checks that the world counted a reason for the last packet.
func (p *player) counted(reason string) error {
	if p.effect.Counts == nil || p.effect.Counts[reason] == 1 {
		return nil
	}
	return fmt.Errorf("  wanted: 1 × %s\n  counted: %v", reason, p.effect.Counts)
}

// A pass is a pass line.
type pass struct{}

func readPass(line string) (act, error) { return pass{}, alone(line) }

func (pass) play(p *player) error {
	p.leave = true
	return p.counted(passed)
}
