// SPDX-License-Identifier: Apache-2.0

// Package iptables stands in for iptables and ip6tables on machines without
// them, as far as lessons on LVS need them: for the rules of chain PREROUTING
// in table mangle that set marks, which become mark rules of the director. The
// other chains and tables are there, and empty.
package iptables

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ulvs/ulvs"
)

// Names are the programs that a Program can be.
var Names = []string{"iptables", "ip6tables"}

// A Program is iptables or ip6tables, with what it needs.
type Program struct {
	Name     string                        // one of Names, which tells the family
	Dial     func() (ulvs.Director, error) // reaches the director, whose marks are set
	Out, Err io.Writer
}

// The originals' exit codes.
const (
	failed  = 1
	misused = 2
	noTable = 3
)

// Main does what the words say, and returns the exit code.
func (p Program) Main(args []string) int {
	r, err := parse(args)
	if err != nil {
		return p.fail(misused, err)
	}
	if r.command == help {
		fmt.Fprintf(p.Out, "%s: %v\n", p.Name, errSmall)
		return 0
	}
	if tables[r.table] == nil {
		return p.fail(noTable, fmt.Errorf("there is no table %q: there are filter, nat, mangle and raw", r.table))
	}
	if code, err := p.do(r); err != nil {
		return p.fail(code, err)
	}
	return 0
}

func (p Program) fail(code int, err error) int {
	fmt.Fprintf(p.Err, "%s: %v\n", p.Name, err)
	return code
}

// tables are the chains of each, in the order in which they are listed.
var tables = map[string][]string{
	"filter": {"INPUT", "FORWARD", "OUTPUT"},
	"nat":    {"PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"},
	"mangle": {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"},
	"raw":    {"PREROUTING", "OUTPUT"},
}

// Where marks are set.
const (
	markTable = "mangle"
	markChain = "PREROUTING"
)

// errSmall says what there is, to somebody who asked for more.
var errSmall = errors.New("this is the lab's small one, which sets marks for LVS: it knows " +
	"-A -I -D -C -F -L -S, and rules of -t mangle, PREROUTING, -j MARK; install iptables for more")

// do carries out a request whose table is one.
func (p Program) do(r request) (code int, err error) {
	marks := r.table == markTable && (r.chain == markChain || r.chain == "")
	switch {
	case !slices.Contains(tables[r.table], r.chain) && r.chain != "":
		return failed, noChain(r)
	case r.command == nothing:
		return 0, nil
	case !marks:
		return failed, p.empty(r, errSmall)
	}
	rule, err := p.rule(r)
	if err != nil {
		return misused, fmt.Errorf("%w: %w", err, errSmall)
	}
	b, err := p.book()
	switch {
	case errors.Is(err, ulvs.ErrNoDirector): // as on a real server
		return failed, p.empty(r, err)
	case err != nil:
		return failed, err
	}
	return failed, p.change(r, rule, b)
}

// empty carries out a request where there are no rules, and can be none: why.
func (p Program) empty(r request, why error) error {
	switch {
	case r.shows():
		return p.show(r, nil)
	case r.command == flush:
		return nil
	}
	return why
}

// rule reads a request's; the zero one, if it has none.
func (p Program) rule(r request) (ulvs.MarkRule, error) {
	if len(r.rule) == 0 {
		return ulvs.MarkRule{}, nil
	}
	family := "-4"
	if p.Name == "ip6tables" {
		family = "-6"
	}
	return ulvs.ParseMark(append([]string{family}, r.rule...))
}

// change does what needs the director: all that it can be asked about marks.
func (p Program) change(r request, rule ulvs.MarkRule, b *book) error {
	n := slices.Index(b.own, rule) + 1
	adds := r.command == appendTo || r.command == insert
	switch {
	case r.shows():
		return p.show(r, b.own)
	case r.command == flush:
		return b.write(nil)
	case r.command == remove && r.number != 0:
		return b.remove(r.number)
	case adds && n > 0:
		fmt.Fprintf(p.Err, "%s: this rule is there already, as number %d, and once is enough\n", p.Name, n)
		return nil
	case r.command == appendTo:
		return b.add(rule)
	case adds:
		return b.insert(max(r.number, 1), rule)
	case n == 0:
		return errors.New("there is no such rule: -t mangle -S spells those that there are")
	case r.command == remove:
		return b.remove(n)
	}
	return nil // -C: it is there
}

// noChain helps who forgot the table, as most do once.
func noChain(r request) error {
	if r.table == "filter" && r.chain == markChain {
		return errors.New("table filter has no chain PREROUTING: marks are set in another: -t mangle")
	}
	return fmt.Errorf("table %s has no chain %s: there are %s", r.table, r.chain, strings.Join(tables[r.table], ", "))
}

// show lists a chain, or all of a table; the rules are those of PREROUTING.
func (p Program) show(r request, rules []ulvs.MarkRule) error {
	chains := tables[r.table]
	if r.chain != "" {
		chains = []string{r.chain}
	}
	if r.command == spell {
		spellChains(p.Out, chains, rules)
		return nil
	}
	for i, name := range chains {
		if i > 0 {
			fmt.Fprintln(p.Out)
		}
		printer{p.Out, r.verbose, r.numbers}.chain(name, rules)
		rules = nil // PREROUTING is the first
	}
	return nil
}
