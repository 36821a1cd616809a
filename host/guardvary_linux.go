// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// Matches stand in rules, and not in sets: they may overlap, which the kernel's
// sets of ranges must not. They are rare, and so are tuples aside, so the chains
// for both are empty until they are wanted, and cost a packet one jump.
//
// A chain that varies holds a jump to the present generation of its rules: the
// next is built beside it, and takes over between two packets. Rules that meet
// a packet go to an ending, which counts across generations.
const (
	chainAside       = "aside"
	chainAsideFrag   = "aside_fragments"
	chainMatches     = "matches"
	chainMatchesFrag = "matches_fragments"
	chainEnds        = "ends"
)

var chainsThatVary = [...]string{chainAside, chainAsideFrag, chainMatches, chainMatchesFrag, chainEnds}

// ruleWeight is what a rule counts in a batch, in elements: the kernel repeats
// each rule to us, and of 300 the socket could not hold the half.
const ruleWeight = 200

// A variable is what the chains that vary hold.
type variable struct {
	number      int    // of the last generation
	shown, next string // what the chains hold and will hold, in words; shown is "" if unknown
}

// change puts a new generation of rules in the place of the old, if want
// differs.
func (v *variable) change(f *filling, want *GuardSet) {
	v.next = fmt.Sprint("aside: ", len(want.Aside) > 0, " matches: ", want.Matches, " ends: ", len(want.Ends) > 0, want.EndPorts)
	if v.next == v.shown {
		return
	}
	v.number++
	v.shown = ""
	old := f.generations()
	next := map[string]string{}
	for i := range layouts {
		l := &layouts[i]
		for _, name := range chainsThatVary {
			if rules := l.varying(name, want); len(rules) > 0 {
				next[name+l.suffix] = f.build(fmt.Sprintf("%s%s_%d", name, l.suffix, v.number), rules)
			}
		}
	}
	f.replace(old, next)
}

// build makes a chain of its own for rules.
func (f *filling) build(name string, rules []rule) string {
	if f.err != nil {
		return ""
	}
	c := f.nft.AddChain(&nftables.Chain{Name: name, Table: f.nft.table})
	for _, r := range rules {
		if f.room(ruleWeight); f.err != nil {
			break
		}
		f.nft.AddRule(&nftables.Rule{Table: c.Table, Chain: c, Exprs: r.exprs})
	}
	return name
}

// replace lets the chains that vary go on in next, and removes the old, in one
// transaction.
func (f *filling) replace(old []*nftables.Chain, next map[string]string) {
	if f.room(batchElements); f.err != nil {
		return
	}
	nft := f.nft
	for i := range layouts {
		for _, name := range chainsThatVary {
			c := &nftables.Chain{Name: name + layouts[i].suffix, Table: nft.table}
			nft.FlushChain(c)
			if to := next[c.Name]; to != "" {
				nft.AddRule(&nftables.Rule{Table: nft.table, Chain: c, Exprs: exprs{jumpTo(to)}})
			}
		}
	}
	for _, c := range old {
		nft.FlushChain(c)
		nft.DelChain(c)
	}
}

// generations are the chains of earlier generations, as the kernel has them.
func (f *filling) generations() (out []*nftables.Chain) {
	nft := f.nft
	list, err := nft.ListChainsOfTableFamily(nft.table.Family)
	if err != nil {
		f.err = err
	}
	for _, c := range list {
		base, _, numbered := cutLast(c.Name, "_")
		if c.Table.Name == nft.table.Name && numbered && variesIn(base) {
			out = append(out, &nftables.Chain{Name: c.Name, Table: nft.table})
		}
	}
	return out
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// variesIn reports whether a chain that varies has that name.
func variesIn(chain string) bool {
	for _, l := range layouts {
		for _, name := range chainsThatVary {
			if name+l.suffix == chain {
				return true
			}
		}
	}
	return false
}

// jump goes to a chain that varies.
func (l *layout) jump(name string) rule {
	return rule{exprs: exprs{jumpTo(name + l.suffix)}}
}

func jumpTo(chain string) expr.Any { return &expr.Verdict{Kind: expr.VerdictJump, Chain: chain} }

// endings are where rules of the chains that vary lead.
func (l *layout) endings() []rule {
	return []rule{
		l.accept(ruleAside), l.drop(ruleMatch), l.drop(ruleMatchErr), l.drop(ruleMatchFrag),
		l.drop(ruleBack), l.drop(ruleBackErr),
	}
}

func (l *layout) ending(name string) string {
	return "met_" + strings.ReplaceAll(name, " ", "_") + l.suffix
}

// counting are the chains whose rules count.
func (l *layout) counting() []string {
	out := []string{l.chain(), l.fragChain()}
	for _, r := range l.endings() {
		out = append(out, l.ending(r.name))
	}
	return out
}
