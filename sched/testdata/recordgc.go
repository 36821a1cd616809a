// SPDX-License-Identifier: Apache-2.0

//go:build ignore

package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// manyDestinations are enough that the collector needs two ticks for them.
const manyDestinations = 30000

// A gc is a service whose destinations nobody asks for, but for a third.
type gc struct {
	*recorder
	begin time.Time
	out   strings.Builder
}

// recordGC sees what lblc and lblcr forget while they remember too much.
//
// The kernel asks for a timer of 60 s. Its timer wheel lets timers as long go
// off at multiples of 5.12 s or 4.096 s only (at HZ 100 or 1000; likewise at
// others), and rounds up: the first tick comes after 60 to 65.12 s or so, each
// further one after 61.44 s. No event here is near one.
//
// It writes:
//
//	fill MILLISECOND STEP           every STEP-th destination is asked for, and A serves it
//	see MILLISECOND STEP SERVERS    likewise, and these serve them
//
// It takes nine minutes, as the kernel does.
func recordGC(names []string) {
	sock, all := raw(), []*gc(nil)
	for i, name := range names {
		r := &recorder{sock: sock, number: i + 1, udp: true, hash: hashService{mark: true, sched: name}}
		g := &gc{recorder: r}
		g.hashBegin("udp")
		g.begin = time.Now()
		fmt.Fprintf(&g.out, "\nscheduler %s udp\nservers %s 0\n", name, r.rip(0))
		g.add(0, 1)
		all = append(all, g)
	}
	at := func(second int, do func(*gc)) {
		for _, g := range all {
			time.Sleep(time.Until(g.begin.Add(time.Duration(second) * time.Second)))
			do(g)
		}
	}
	at(0, func(g *gc) { g.fill(999, manyDestinations) }) // the first request
	at(14, func(g *gc) { g.fill(1000, 1) })
	if last := all[len(all)-1]; time.Since(last.begin) > time.Minute {
		die("too slow: what was asked for last is not idle for six minutes at the seventh tick")
	}
	at(260, func(g *gc) { g.fill(1001, 3) })
	at(500, func(g *gc) { g.add(1, 60000); g.see(1002, 7) })
	for _, g := range all {
		fmt.Print(g.out.String())
	}
}

func (g *gc) add(n, weight int) {
	args := append([]string{"-a"}, g.service...)
	run("ipvsadm", append(args, "-r", g.rport(n), "-g", "-w", fmt.Sprint(weight))...)
	fmt.Fprintln(&g.out, "add", letter(n), weight, 0, 0)
}

func (g *gc) fill(port uint16, step int) {
	fmt.Fprintln(&g.out, "fill", g.ask(port, step), step)
}

// ask opens a connection to every step-th destination.
func (g *gc) ask(port uint16, step int) (millisecond int64) {
	if err := syscall.SetsockoptInt(g.sock, syscall.SOL_SOCKET, soMark, g.number); err != nil {
		die(err)
	}
	millisecond = time.Since(g.begin).Milliseconds()
	for i := 0; i < manyDestinations; i += step {
		g.send(conn{src: []byte{11, 0, 0, 1}, dst: []byte{10, 254, byte(i >> 8), byte(i)}, port: port}, 0)
	}
	return millisecond
}

func (g *gc) see(port uint16, step int) {
	fmt.Fprintln(&g.out, "see", g.ask(port, step), step, g.servers(port, step))
}

// servers are those that serve these connections, a letter each.
func (g *gc) servers(port uint16, step int) string {
	b, err := os.ReadFile("/proc/net/ip_vs_conn")
	if err != nil {
		die(err)
	}
	to := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 6 && f[2] == fmt.Sprintf("%04X", port) {
			to[f[3]+f[5][:4]] = f[5]
		}
	}
	var s strings.Builder
	for i := 0; i < manyDestinations; i += step {
		d := to[fmt.Sprintf("0AFE%04X0A%02X", i, g.number)]
		switch d {
		case hex(g.rip(0)):
			s.WriteByte('A')
		case hex(g.rip(1)):
			s.WriteByte('B')
		default:
			s.WriteByte('-')
		}
	}
	return s.String()
}
