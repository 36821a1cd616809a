// SPDX-License-Identifier: Apache-2.0

package sched_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/ulvs/ulvs/sched"
	"github.com/ulvs/ulvs/sched/schedtest"
)

// TestKernel plays what the IPVS of a real kernel was seen to do: see
// testdata/record.go.
func TestKernel(t *testing.T) {
	b, err := os.ReadFile("testdata/kernel.txt")
	if err != nil {
		t.Fatal(err)
	}
	head, scripts, _ := strings.Cut(string(b), "\n\n")
	if !strings.Contains(head, "Linux version") {
		t.Errorf("nobody knows which kernel this was: %s", head)
	}
	picks := 0
	for i, text := range strings.Split(scripts, "\n\n") {
		name, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
		t.Run(fmt.Sprintf("%d %s", i+1, name), func(t *testing.T) {
			f := strings.Fields(name)
			r := replay{t: t, service: newService(t, f[1]), tcp: f[2] == "tcp"}
			for line := range strings.Lines(rest) {
				r.line(strings.Fields(line))
			}
			picks += len(r.conns)
		})
	}
	if picks < 1000 {
		t.Errorf("only %d picks: is the recording whole?", picks)
	}
}

// A replay is a recorded service that lives again.
type replay struct {
	*service
	t     *testing.T
	tcp   bool
	conns []conn
}

// A conn is one of the picks, in their order.
type conn struct {
	server *sched.Server // nil: nobody could take it
	active bool
}

func (r *replay) line(words []string) {
	switch name, args := words[1], words[1:]; words[0] {
	case "add":
		n := r.numbers(words[2:])
		r.add(name, n[0], n[1], n[2])
	case "edit":
		n := r.numbers(words[2:])
		r.edit(name, n[0], n[1], n[2])
	case "del":
		r.del(name)
	case "pick":
		r.pick(args)
	case "fin":
		r.fin(r.numbers(args)[0])
	case "expire":
		for _, n := range r.numbers(args) {
			r.conns[n].server.Unbind(r.conns[n].active)
		}
	case "count":
		n, d := r.numbers(words[2:]), r.server(name)
		if d.Active() != n[0] || d.Inactive() != n[1] {
			r.t.Errorf("%s counts %d active, %d inactive; the kernel %d, %d", name, d.Active(), d.Inactive(), n[0], n[1])
		}
	default:
		r.t.Fatalf("line %q: what is that?", words)
	}
}

func (r *replay) pick(want []string) {
	for i, w := range want {
		d := r.sched.Pick(schedtest.Request(len(r.conns)))
		if r.names[d] != w {
			r.t.Fatalf("pick %d of %v, number %d of all, is %s", i, want, len(r.conns), r.names[d])
		}
		if d != nil {
			d.Bind(false)
			if r.tcp { // its SYN makes it active at once
				d.Activate()
			}
		}
		r.conns = append(r.conns, conn{d, r.tcp})
	}
}

func (r *replay) fin(n int) {
	r.conns[n].server.Deactivate()
	r.conns[n].active = false
}

func (r *replay) numbers(words []string) []int {
	out := make([]int, len(words))
	for i, w := range words {
		n, err := strconv.Atoi(w)
		if err != nil {
			r.t.Fatal(err)
		}
		out[i] = n
	}
	return out
}
