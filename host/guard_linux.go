// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"
	"slices"
	"sync"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/userdata"
)

// guardTable is the name of the guard's table, and guardPriority its place
// among other ingress chains: before them, since what we took they need not see.
const (
	guardTable    = "ulvs"
	guardPriority = -500
)

// A Guard keeps packets of virtual services from the host's own stack. Our
// packet sockets see each packet before it. The kernel removes it with the
// process, also after kill -9.
type Guard struct {
	mu sync.Mutex
	filled
	vary variable

	devices []string // which have a chain
}

// NewGuard sets up a guard on the devices, which takes nothing yet. It belongs
// to the network namespace of the calling thread, which has room for one.
func NewGuard(devices []string) (*Guard, error) {
	nft, err := newOwnTable(nftables.TableFamilyNetdev, guardTable)
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	g := &Guard{filled: newFilled(nft)}
	if err := g.build(devices); err != nil {
		_ = nft.CloseLasting()
		return nil, fmt.Errorf("guard %v: %w: the kernel needs nftables with the netdev family (CONFIG_NF_TABLES_NETDEV)", devices, err)
	}
	return g, nil
}

// build makes sets, rules and chains in one transaction.
func (g *Guard) build(devices []string) error {
	for i := range layouts {
		if err := g.buildVersion(&layouts[i]); err != nil {
			return err
		}
	}
	if err := g.Follow(devices); err != nil {
		return err
	}
	return g.Set(GuardSet{})
}

// Follow has the guard stand on these devices, and on no others: the kernel
// knows its place by a device's name, which may change.
func (g *Guard) Follow(devices []string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if slices.Equal(devices, g.devices) {
		return nil
	}
	for _, d := range g.devices {
		if !slices.Contains(devices, d) {
			g.nft.DelChain(&nftables.Chain{Name: chainOn(d), Table: g.nft.table})
		}
	}
	for _, d := range devices {
		if !slices.Contains(g.devices, d) {
			g.buildDevice(d)
		}
	}
	if err := g.nft.Flush(); err != nil {
		return fmt.Errorf("guard %v: %w", devices, err)
	}
	g.devices = slices.Clone(devices)
	return nil
}

func chainOn(device string) string { return "ingress_" + device }

func (g *Guard) buildVersion(l *layout) error {
	if err := g.addSets(l.sets(g.nft.table)); err != nil {
		return err
	}
	for _, name := range chainsThatVary {
		g.buildChain(name+l.suffix, nil)
	}
	for _, r := range l.endings() {
		g.buildChain(l.ending(r.name), []rule{r})
	}
	g.buildChain(l.fragChain(), l.fragRules())
	g.buildChain(l.chain(), l.rules())
	return nil
}

func (g *Guard) buildDevice(name string) {
	c := g.nft.AddChain(&nftables.Chain{
		Name:     chainOn(name),
		Table:    g.nft.table,
		Type:     nftables.ChainTypeFilter,
		Hooknum:  nftables.ChainHookIngress,
		Priority: nftables.ChainPriorityRef(guardPriority),
		Device:   name,
	})
	for i := range layouts {
		l := &layouts[i]
		g.nft.AddRule(&nftables.Rule{Table: g.nft.table, Chain: c, Exprs: l.entry()})
	}
}

// Counters are what each rule has met so far, in the rules' order.
func (g *Guard) Counters() ([]Counter, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]Counter, len(ruleNames))
	for i, name := range ruleNames {
		out[i].Rule = name
	}
	for i := range layouts {
		for _, chain := range layouts[i].counting() {
			rules, err := g.nft.GetRules(g.nft.table, &nftables.Chain{Name: chain})
			if err != nil {
				return nil, fmt.Errorf("read the guard's counters: %w", err)
			}
			count(out, rules)
		}
	}
	return out, nil
}

// count adds each rule's counter to that of its name.
func count(out []Counter, rules []*nftables.Rule) {
	for _, r := range rules {
		name, _ := userdata.GetString(r.UserData, userdata.TypeComment)
		i := slices.IndexFunc(out, func(c Counter) bool { return c.Rule == name })
		for _, e := range r.Exprs {
			if c, ok := e.(*expr.Counter); ok && i >= 0 {
				out[i].Packets += c.Packets
				out[i].Bytes += c.Bytes
			}
		}
	}
}

// Close takes the guard down: every packet is the host's again.
func (g *Guard) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.nft.CloseLasting()
}
