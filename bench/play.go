// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/ulvs/ulvs/packet"
	"github.com/ulvs/ulvs/sched"
)

// Each source of chance has a stream of its own, so that every scheduler meets
// the same jobs.
const (
	chanceArrivals = iota
	chanceWork
	chanceClients
	chanceObjects
	chanceScheduler
)

func chance(seed uint64, stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) }

// A play is a scenario that is being played.
type play struct {
	scheduler sched.Scheduler
	servers   []*sched.Server // as the machines
	stations  []station
	caches    []*cache // nil: none
	place     map[*sched.Server]int
	agenda    *agenda
	linger    float64
	ended     lingering

	arrival        func() float64
	work           func() float64
	client, object func() uint32
	nextClient     uint32
	own            bool // each job has a client of its own
	flow           packet.Flow
	measurer       sched.Measures

	now    float64
	warm   int // jobs still to come before any is measured
	since  float64
	inside int // jobs under way
	seen   *Result
}

// Play plays a scenario with one scheduler. It fails only if no scheduler is
// called that.
func Play(s *Scenario, scheduler string, seed uint64) (*Result, error) {
	how, err := sched.New(scheduler, sched.Env{Rand: chance(seed, chanceScheduler)})
	if err != nil {
		return nil, err
	}
	p := begin(s, how, seed)
	for range s.Warm + s.Jobs {
		p.until(p.arrival())
		p.admit()
	}
	p.seen.Time = p.now - p.since
	p.drain()
	return p.seen, nil
}

func begin(s *Scenario, how sched.Scheduler, seed uint64) *play {
	work := chance(seed, chanceWork)
	p := &play{
		scheduler: how, agenda: newAgenda(len(s.Machines)), linger: s.Linger, warm: s.Warm,
		arrival: s.Arrivals.Start(chance(seed, chanceArrivals)),
		work:    func() float64 { return s.Work.Draw(work) },
		client:  s.Clients.draw(chance(seed, chanceClients)),
		object:  s.Objects.draw(chance(seed, chanceObjects)),
		own:     s.Clients.Size == 0,
		place:   map[*sched.Server]int{},
		seen:    newResult(len(s.Machines)),
	}
	p.flow.Proto = packet.ProtoTCP
	if m, ok := how.(sched.Measurer); ok {
		p.measurer = m.Measures()
	}
	how.Update(nil, sched.Change{Kind: sched.Init})
	for i := range s.Machines {
		p.add(&s.Machines[i], i)
	}
	return p
}

// add puts a machine into the service: at the head of the list, as IPVS does.
func (p *play) add(m *Machine, i int) {
	d := &sched.Server{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 80)}
	d.Added(m.Weight, m.Upper, m.Lower)
	p.place[d] = i
	p.servers = append(p.servers, d)
	p.stations = append(p.stations, newStation(m))
	var c *cache
	if m.Cache > 0 {
		c = newCache(m.Cache)
	}
	p.caches = append(p.caches, c)
	list := make([]*sched.Server, 0, len(p.servers))
	for k := len(p.servers) - 1; k >= 0; k-- {
		list = append(list, p.servers[k])
	}
	p.scheduler.Update(list, sched.Change{Kind: sched.Add, Server: d})
}

// until lets all happen that is due before the next job comes, and then it is
// that time.
func (p *play) until(arrival float64) {
	for {
		who, at := p.agenda.next()
		if gone := p.ended.next(p.linger); gone < at && gone < arrival {
			p.servers[p.ended.pop()].Unbind(false)
			continue
		}
		if at >= arrival {
			break
		}
		p.pass(at)
		p.depart(who)
	}
	p.pass(arrival)
}

// pass lets time pass, in which nothing happens.
func (p *play) pass(now float64) {
	if p.warm == 0 {
		p.seen.Inside += float64(p.inside) * (now - p.now)
	}
	p.now = now
}

// depart ends the job that is next at a server.
func (p *play) depart(who int) {
	j := p.stations[who].leave(p.now)
	p.agenda.set(who, p.stations[who].next())
	p.inside--
	d := p.servers[who]
	if p.linger > 0 {
		d.Deactivate()
		p.ended.push(who, p.now)
	} else {
		d.Unbind(true)
	}
	if p.measurer&sched.ByLatency != 0 {
		d.Observe(seconds(p.now-j.came), seconds(p.now))
	}
	if p.measurer&sched.ByBytes != 0 {
		d.Carried(int(j.work*1e6), seconds(p.now))
	}
	if p.warm == 0 && j.came > p.since {
		p.seen.stayed(p.now - j.came)
	}
}

// admit gives a job that has come to a server.
func (p *play) admit() {
	measured := p.warm == 0
	if !measured {
		p.warm--
		p.since = p.now
	}
	client, object, work := p.sender(), p.object(), p.work()
	d := p.scheduler.Pick(p.request(client, object))
	if d == nil {
		if measured {
			p.seen.Refused++
		}
		return
	}
	who := p.place[d]
	d.Bind(true)
	hit := p.caches[who] != nil && p.caches[who].holds(object)
	if measured {
		p.seen.picked(who, hit)
	}
	p.inside++
	p.stations[who].enter(job{p.now, work}, p.now)
	p.agenda.set(who, p.stations[who].next())
}

// request is the packet that opens the next job's connection: from a client's
// address to the object's.
func (p *play) request(client, object uint32) sched.Request {
	p.flow.Src = packet.Endpoint{Addr: address(10, client), Port: 1024}
	p.flow.Dst = packet.Endpoint{Addr: address(20, object), Port: 80}
	return sched.Request{Flow: p.flow, Now: seconds(p.now)}
}

// sender is who sends the next job.
func (p *play) sender() uint32 {
	if p.own {
		p.nextClient++
		return p.nextClient
	}
	return p.client()
}

// drain waits for the jobs that are still under way. What they do to time
// averages is not looked at any more.
func (p *play) drain() {
	inside := p.seen.Inside
	for p.inside > 0 {
		who, at := p.agenda.next()
		p.now = at
		p.depart(who)
	}
	p.seen.Inside = inside
}

// address is an address of a network of its own for each kind of party.
func address(kind byte, n uint32) packet.Addr {
	return packet.AddrFrom(netip.AddrFrom4([4]byte{kind, byte(n >> 16), byte(n >> 8), byte(n)}))
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// lingering are the connections that have ended and are still counted, in the
// order of their ends.
type lingering struct{ line }

func (l *lingering) push(who int, now float64) { l.line.push(job{now, float64(who)}) }

// next is when the first of them is forgotten.
func (l *lingering) next(linger float64) float64 {
	if l.n == 0 {
		return math.Inf(1)
	}
	return l.ring[l.first].came + linger
}

func (l *lingering) pop() int { return int(l.line.pop().work) }
