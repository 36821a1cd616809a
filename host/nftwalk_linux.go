// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// A walk goes through the host's nftables rules as a packet would.
type walk struct {
	conn  *nftables.Conn
	rules map[string][]*nftables.Rule // by table and chain, read when first met
	sets  map[string]*nftSet          // by table and name, likewise
	from  *nftables.Chain             // where the packet came in

	// note is told of each rule that the packet may meet, where it stands and
	// what it does, as effect says.
	note func(where, does string, p *probe)
}

func nftIneffective(virtual []Tuple) ([]string, error) {
	var found findings
	err := walkAll(virtual, func(_ *nftables.Chain, where, does string, p *probe) {
		if p.aimed && does != "" {
			found.add(where+": "+does, p.to)
		}
	})
	return found.lines(), err
}

// walkAll sends a packet to each tuple through all chains that are hooked
// behind our packet sockets.
func walkAll(to []Tuple, note func(from *nftables.Chain, where, does string, p *probe)) error {
	conn, err := nftables.New(nftables.AsLasting())
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseLasting() }()
	chains, err := conn.ListChains()
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EPROTONOSUPPORT) {
		return nil // no nftables, no rules
	}
	if err != nil {
		return err
	}
	w := &walk{conn: conn, rules: map[string][]*nftables.Rule{}, sets: map[string]*nftSet{}}
	w.note = func(where, does string, p *probe) { note(w.from, where, does, p) }
	for _, c := range chains {
		w.from = c
		if err := w.start(c, to); err != nil {
			return err
		}
	}
	return nil
}

// start goes through a chain if it is hooked behind our packet sockets and is
// not ours.
func (w *walk) start(c *nftables.Chain, virtual []Tuple) error {
	if c.Hooknum == nil || !hookedBehind(c) || ours(c.Table.Name) {
		return nil
	}
	for _, t := range virtual {
		if !applies(c.Table.Family, t) {
			continue
		}
		if err := w.chain(c.Table, c.Name, t, map[string]bool{}); err != nil {
			return err
		}
	}
	return nil
}

// inetIngress is NF_INET_INGRESS, which x/sys does not have.
const inetIngress = 5

// hookedBehind reports whether c is hooked to prerouting or input, or to
// ingress, which is behind packet sockets too.
func hookedBehind(c *nftables.Chain) bool {
	switch c.Table.Family {
	case nftables.TableFamilyNetdev:
		return *c.Hooknum == unix.NF_NETDEV_INGRESS
	case nftables.TableFamilyINet, nftables.TableFamilyIPv4, nftables.TableFamilyIPv6:
		return *c.Hooknum == unix.NF_INET_PRE_ROUTING || *c.Hooknum == unix.NF_INET_LOCAL_IN ||
			*c.Hooknum == inetIngress
	}
	return false
}

func applies(f nftables.TableFamily, t Tuple) bool {
	v4 := t.Addr.Addr().Unmap().Is4()
	return !(f == nftables.TableFamilyIPv4 && !v4) && !(f == nftables.TableFamilyIPv6 && v4)
}

// chain notes the rules of a chain that t may meet, and follows their jumps.
func (w *walk) chain(table *nftables.Table, name string, t Tuple, seen map[string]bool) error {
	if seen[name] {
		return nil
	}
	seen[name] = true
	rules, err := w.rulesOf(table, name)
	if err != nil {
		return err
	}
	for _, r := range rules {
		p := newProbe(t)
		if !w.meets(p, r) {
			continue
		}
		does, next := effect(r, p)
		w.note(fmt.Sprintf("nftables %s %s %s handle %d", familyName(table.Family), table.Name, name, r.Handle), does, p)
		for _, n := range next {
			if err := w.chain(table, n, t, seen); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *walk) rulesOf(table *nftables.Table, chain string) ([]*nftables.Rule, error) {
	key := fmt.Sprintf("%d %s %s", table.Family, table.Name, chain)
	if r, ok := w.rules[key]; ok {
		return r, nil
	}
	r, err := w.conn.GetRules(table, &nftables.Chain{Name: chain})
	if errors.Is(err, unix.ENOENT) {
		err = nil // went away under our eyes
	}
	w.rules[key] = r
	return r, err
}

// meets plays the rule for the probe's packet; false if it cannot match.
func (w *walk) meets(p *probe, r *nftables.Rule) bool {
	for _, e := range r.Exprs {
		met := false
		if l, ok := e.(*expr.Lookup); ok {
			met = p.lookup(l, w.setOf(r.Table, l.SetName))
		} else {
			met = p.step(e)
		}
		if !met {
			return false
		}
	}
	return true
}

// setOf is a set of the host's; nil if it cannot be read: its type may be one
// that the library does not know.
func (w *walk) setOf(table *nftables.Table, name string) *nftSet {
	key := fmt.Sprintf("%d %s %s", table.Family, table.Name, name)
	if s, ok := w.sets[key]; ok {
		return s
	}
	w.sets[key] = nil
	set, err := w.conn.GetSetByName(table, name)
	if err != nil {
		return nil
	}
	if list, err := w.conn.GetSetElements(set); err == nil {
		w.sets[key] = newNftSet(set, list)
	}
	return w.sets[key]
}

// effect is what the rule does with a packet, "" if it only marks or counts,
// and the chains it may go on to.
func effect(r *nftables.Rule, p *probe) (does string, next []string) {
	for _, v := range p.verdicts {
		does, next = verdictOf(v, does, next)
	}
	for _, e := range r.Exprs {
		switch e := e.(type) {
		case *expr.Verdict:
			does, next = verdictOf(e, does, next)
		case *expr.Target:
			if e.Name != "MARK" && e.Name != "CONNMARK" {
				does = e.Name
			}
		case *expr.Reject:
			does = "reject"
		case *expr.NAT:
			does = "nat"
		case *expr.Redir:
			does = "redirect"
		case *expr.TProxy:
			does = "tproxy"
		}
	}
	return does, next
}

func verdictOf(v *expr.Verdict, does string, next []string) (string, []string) {
	switch v.Kind {
	case expr.VerdictAccept:
		return "accept", next
	case expr.VerdictDrop:
		return "drop", next
	case expr.VerdictReturn:
		return "return", next
	case expr.VerdictJump, expr.VerdictGoto:
		return "jump " + v.Chain, append(next, v.Chain)
	}
	return does, next
}

func familyName(f nftables.TableFamily) string {
	switch f {
	case nftables.TableFamilyIPv4:
		return "ip"
	case nftables.TableFamilyIPv6:
		return "ip6"
	case nftables.TableFamilyINet:
		return "inet"
	}
	return "netdev"
}
