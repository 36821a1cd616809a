// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// The modes of a real server that has something to set up. A server behind
// nat or fullnat needs a gateway and nothing else.
const (
	DR  = "dr"  // packets come with the server's own link address
	Tun = "tun" // packets come wrapped in a packet to the server's own address
)

// The cures of the ARP problem: who asks for the virtual address must hear the
// director, and no real server.
const (
	Sysctl    = "sysctl"    // arp_ignore and arp_announce
	ARPTables = "arptables" // rules that drop and rewrite ARP
	Static    = "static"    // nobody asks: the gateway knows by a permanent entry
)

// A Wish is what a real server shall be.
type Wish struct {
	Mode string       // DR or Tun
	ARP  string       // Sysctl, ARPTables or Static
	VIPs []netip.Addr // the virtual addresses to hold
}

// Check refuses what cannot be meant.
func (w *Wish) Check() error {
	if w.Mode != DR && w.Mode != Tun {
		return fmt.Errorf("mode %q: there are dr and tun", w.Mode)
	}
	if !slices.Contains([]string{Sysctl, ARPTables, Static}, w.ARP) {
		return fmt.Errorf("cure %q: there are sysctl, arptables and static", w.ARP)
	}
	if len(w.VIPs) == 0 {
		return errors.New("no virtual address: name one with --vip")
	}
	for _, vip := range w.VIPs {
		if !vip.IsValid() || vip.IsUnspecified() || vip.IsMulticast() || vip.IsLoopback() || vip.Zone() != "" {
			return fmt.Errorf("%v cannot be a virtual address: want a unicast one", vip)
		}
	}
	return nil
}

// A Host is the real server whose thread calls, with its journal.
type Host struct{ journal journal }

// Open finds this host's journal in the directory. It changes nothing, and
// needs no privilege.
func Open(dir string) (*Host, error) {
	j, err := journalIn(dir)
	if err != nil {
		return nil, fmt.Errorf("find the journal: %w", err)
	}
	return &Host{j}, nil
}

// Setup makes the host what is wished. Virtual addresses of an earlier Setup
// stay; mode and cure are the host's, and the last word holds for all. What an
// interrupted Setup left half done is completed. Without privilege nothing is
// changed.
func (h *Host) Setup(w Wish) error {
	return h.locked(func(s *state) error {
		if err := s.add(w); err != nil {
			return err
		}
		return h.become(s)
	})
}

// Teardown gives up these virtual addresses, or all if none is named; with the
// last one the host is again what it was before the first Setup. Where nothing
// was set up it does nothing.
func (h *Host) Teardown(vips ...netip.Addr) error {
	return h.locked(func(s *state) error {
		if err := s.drop(vips); err != nil {
			return err
		}
		return h.become(s)
	})
}

// locked reads the journal, and keeps other processes out until do is done.
func (h *Host) locked(do func(*state) error) error {
	unlock, err := h.journal.lock()
	if err != nil {
		return err
	}
	defer unlock()
	s, err := h.journal.read()
	if err != nil {
		return err
	}
	return do(s)
}

// VIPs are the virtual addresses that the host was told to hold.
func (h *Host) VIPs() ([]netip.Addr, error) {
	s, err := h.journal.read()
	if err != nil {
		return nil, err
	}
	return s.VIPs, nil
}
