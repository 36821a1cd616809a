// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// load opens so many connections to a URL, at so many a second, with one
// request on each, and says how many failed: the role of a client.
func load(url string, n, rate int) {
	client := &http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{DisableKeepAlives: true},
	}
	var failed atomic.Int64
	var first atomic.Value
	var wg sync.WaitGroup
	tick := time.NewTicker(time.Second / time.Duration(rate))
	start := time.Now()
	for i := 0; i < n; {
		<-tick.C
		for due := int(time.Since(start).Seconds()*float64(rate)) + 1; i < min(due, n); i++ {
			wg.Go(func() {
				if err := fetch(client, url); err != nil {
					failed.Add(1)
					first.CompareAndSwap(nil, err.Error())
				}
			})
		}
	}
	wg.Wait()
	fmt.Printf("%d connections in %.1f s, %d failed %v\n", n, time.Since(start).Seconds(), failed.Load(), first.Load())
}

func fetch(client *http.Client, url string) error {
	r, err := client.Get(url)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	_, err = io.Copy(io.Discard, r.Body)
	return err
}

func loadFromArgs() {
	n, err := strconv.Atoi(os.Args[2])
	exitOn(err)
	rate, err := strconv.Atoi(os.Args[3])
	exitOn(err)
	load(os.Args[1], n, rate)
	os.Exit(0)
}

// TestManyConnections: short connections one after the other, none fails. The
// rate is modest, for the machine may be busy; the figures are bench's.
func TestManyConnections(t *testing.T) {
	const vip = "172.25.254.200"
	n, rate := "2000", "1000"
	if os.Getenv("ULVS_TEST_LOAD") != "" { // by hand: 2,000 a second for 10 s
		n, rate = "20000", "2000"
	}
	for _, h := range holdings {
		t.Run(h.name, func(t *testing.T) {
			w := natWorld(t, vip, h.held)
			w.sysctl("c", "net.ipv4.ip_local_port_range", "1024\\ 65535")
			w.director("-A -t "+vip+":80 -s rr", "-a -t "+vip+":80 -r "+rs1+":80 -m", "-a -t "+vip+":80 -r "+rs2+":80 -m")
			quiet := w.watch("c", "inbound and (tcp[tcpflags] & tcp-rst != 0 or icmp)")
			out := w.must("c", "env", "ULVS_TEST_ROLE=load", self(), "http://"+vip+"/", n, rate)
			if !strings.Contains(out, " 0 failed") {
				t.Errorf("%s\n%s", out, w.mustUlvs("status"))
			}
			t.Log(strings.TrimSpace(out))
			quiet.none(t)
		})
	}
}
