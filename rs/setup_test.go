// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A server is a namespace with e0, and what can be known of it from outside.
func server(t *testing.T) *Host {
	t.Helper()
	needs(t, "ip")
	namespace(t)
	run(t, "ip link add e0 type veth peer name e1 && ip addr add 192.0.2.11/24 dev e0 && ip link set e0 up")
	h, err := Open(t.TempDir())
	must(t, err)
	return h
}

// everything is all that Setup may touch, as text.
func everything(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, key := range []string{"arp_ignore", "arp_announce", "rp_filter"} {
		files, err := filepath.Glob(sysctlRoot + conf("*", key))
		must(t, err)
		for _, f := range files {
			value, err := os.ReadFile(f)
			must(t, err)
			b.WriteString(f + " " + string(value))
		}
	}
	return b.String() + run(t, "ip -o addr; ip -br link; arptables -S 2>/dev/null || true")
}

func TestSetupTwiceAndBack(t *testing.T) {
	for _, mode := range []string{DR, Tun} {
		for _, arp := range []string{Sysctl, ARPTables, Static} {
			t.Run(mode+" "+arp, func(t *testing.T) {
				h := server(t)
				must(t, writeSysctl(conf("all", "rp_filter"), "1"))
				before := everything(t)
				w := Wish{mode, arp, dr.VIPs}
				must(t, h.Setup(w))
				once := everything(t)
				if once == before {
					t.Fatal("nothing was done")
				}
				must(t, h.Setup(w))
				if twice := everything(t); twice != once {
					t.Errorf("after a second setup:\n%s\nafter the first:\n%s", twice, once)
				}
				h.mustRestore(t, before)
			})
		}
	}
}

// mustRestore tears down and wants the host as it was, and no journal.
func (h *Host) mustRestore(t *testing.T, before string) {
	t.Helper()
	must(t, h.Teardown())
	if after := everything(t); after != before {
		t.Errorf("after teardown:\n%s\nbefore setup:\n%s", after, before)
	}
	if left, _ := os.ReadDir(filepath.Dir(string(h.journal))); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
	must(t, h.Teardown()) // does nothing
}

// TestSetupChangesItsMind goes through all cures and modes without a teardown.
func TestSetupChangesItsMind(t *testing.T) {
	h := server(t)
	must(t, writeSysctl(conf("e0", "rp_filter"), "1"))
	before := everything(t)
	for _, w := range []Wish{
		{DR, Sysctl, []netip.Addr{vip}}, {Tun, ARPTables, []netip.Addr{vip6}}, {Tun, Static, nil}, {DR, ARPTables, nil}, {Tun, Sysctl, nil},
	} {
		w.VIPs = append(w.VIPs, netip.MustParseAddr("192.0.2.201"))
		must(t, h.Setup(w))
	}
	vips, err := h.VIPs()
	must(t, err)
	if len(vips) != 3 {
		t.Errorf("the host holds %v: each setup adds", vips)
	}
	h.mustRestore(t, before)
}

// TestSetupTun has a device like the kernel's tunl0, and a filter in its way.
func TestSetupTun(t *testing.T) {
	h := server(t)
	run(t, "ip link add tunl0 type veth peer name t1")
	must(t, writeSysctl(conf("tunl0", "rp_filter"), "1"))
	must(t, writeSysctl(conf("all", "rp_filter"), "2"))
	must(t, writeSysctl(conf("e0", "rp_filter"), "1"))
	before := everything(t)
	must(t, h.Setup(Wish{Tun, Sysctl, dr.VIPs}))
	for device, want := range map[string]string{"all": "0", "tunl0": "0", "e0": "2"} {
		if got, _ := readSysctl(conf(device, "rp_filter")); got != want {
			t.Errorf("rp_filter of %s is %s, want %s", device, got, want)
		}
	}
	if !strings.Contains(run(t, "ip -o link show tunl0"), ",UP") {
		t.Error("tunl0 is down")
	}
	h.mustRestore(t, before)
}

// TestSetupKeepsOthersWork: what was right before us stays when we go.
func TestSetupKeepsOthersWork(t *testing.T) {
	h := server(t)
	run(t, "ip addr add 192.0.2.200/32 dev lo")
	must(t, writeSysctl(conf("all", "arp_announce"), "2"))
	before := everything(t)
	must(t, h.Setup(dr))
	h.mustRestore(t, before)
}

// TestSetupKilled stops after each write of the journal, as a kill would.
func TestSetupKilled(t *testing.T) {
	h := server(t)
	before := everything(t)
	s := &state{}
	must(t, s.add(dr))
	wanted, err := s.plan()
	must(t, err)
	for n := range wanted {
		half := &state{Wish: s.Wish}
		for i := range wanted[:n] {
			must(t, h.do(half, &wanted[i]))
		}
		c := wanted[n] // written down, not done
		_, c.Was, err = kinds[c.Kind].look(&c)
		must(t, err)
		half.Done = append(half.Done, c)
		must(t, h.journal.write(half))
		if n%2 == 0 {
			must(t, h.Setup(dr))
		}
		h.mustRestore(t, before)
	}
}

func TestTeardownOfOne(t *testing.T) {
	h := server(t)
	before := everything(t)
	must(t, h.Setup(with(ARPTables)))
	must(t, h.Teardown(vip))
	if now := everything(t); strings.Contains(now, vip.String()) || !strings.Contains(now, vip6.String()) {
		t.Errorf("after giving up %v alone:\n%s", vip, now)
	}
	if err := h.Teardown(vip); err == nil {
		t.Error("an address was given up twice")
	}
	must(t, h.Teardown(vip6))
	h.mustRestore(t, before)
}

func TestSetupRefuses(t *testing.T) {
	h := server(t)
	before := everything(t)
	for name, w := range map[string]Wish{
		"own address": {DR, Sysctl, []netip.Addr{netip.MustParseAddr("192.0.2.11")}},
		"multicast":   {DR, Sysctl, []netip.Addr{netip.MustParseAddr("224.0.0.18")}},
		"mode":        {"nat", Sysctl, dr.VIPs},
		"cure":        {DR, "hope", dr.VIPs},
		"nothing":     {DR, Sysctl, nil},
	} {
		if err := h.Setup(w); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
	run(t, "ip addr add 192.0.2.200/24 dev lo")
	if err := h.Setup(dr); err == nil || !strings.Contains(err.Error(), "ip address del 192.0.2.200/24 dev lo") {
		t.Errorf("a whole network on lo: %v", err)
	}
	run(t, "ip addr del 192.0.2.200/24 dev lo")
	h.mustRestore(t, before)
}

// TestSetupStepsChangeNothing types what a dry run of the teardown prints.
func TestSetupStepsChangeNothing(t *testing.T) {
	h := server(t)
	needs(t, "sysctl")
	before := everything(t)
	_, err := h.Steps(dr)
	must(t, err)
	if after := everything(t); after != before {
		t.Error("a dry run changed something")
	}
	must(t, h.Setup(dr))
	steps, err := h.BackSteps()
	must(t, err)
	for _, s := range steps {
		run(t, s.Command)
	}
	if after := everything(t); after != before {
		t.Errorf("after what teardown prints:\n%s\nbefore:\n%s", after, before)
	}
}

// TestSetupAlready: a dry run shows what is so already, and setup leaves it alone.
func TestSetupAlready(t *testing.T) {
	h := server(t)
	must(t, writeSysctl(conf("all", "arp_ignore"), "2"))
	check := func(want bool) {
		t.Helper()
		steps, err := h.Steps(dr)
		must(t, err)
		for i, s := range steps {
			if s.Already != (want || i == 0) {
				t.Errorf("%s: already %v", s.Command, s.Already)
			}
		}
		if len(steps) < 3 || steps[0].Command != "sysctl -w net.ipv4.conf.all.arp_ignore=2" {
			t.Errorf("the steps are %v", steps)
		}
	}
	check(false)
	must(t, h.Setup(dr))
	check(true)
	must(t, h.Teardown())
	if v, _ := readSysctl(conf("all", "arp_ignore")); v != "2" {
		t.Errorf("arp_ignore is %s after teardown, and was 2", v)
	}
}

// TestToUndoAddressesFirst: what keeps an address quiet outlives it.
func TestToUndoAddressesFirst(t *testing.T) {
	s := &state{Done: []change{{Kind: addAddress, Name: "a"}, {Kind: setSysctl, Name: "b"}, {Kind: arpCommand, Name: "c"}}}
	var names []string
	for _, c := range s.toUndo(nil) {
		names = append(names, c.Name)
	}
	if want := []string{"a", "c", "b"}; !slices.Equal(names, want) {
		t.Errorf("undone in the order %v, want %v", names, want)
	}
}
