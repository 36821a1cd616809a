// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// A change of kind arpRule is a rule in an nftables table of our own, for hosts
// without the program arptables. Each rule carries the words it was made of.
// The table goes with its last rule.

// ownTable is as a listing of nftables shows it: table arp ulvs_rs.
var ownTable = &nftables.Table{Family: nftables.TableFamilyARP, Name: "ulvs_rs"}

// Where the fields of an ARP packet for Ethernet and IPv4 lie.
const (
	arpSizes   = 4 // lengths of both kinds of address: 6 and 4
	arpSender  = 14
	arpTarget  = 24
	inputHook  = 0 // the kernel's NF_ARP_IN and NF_ARP_OUT
	outputHook = 1
	ipv4Length = 4
)

// findRule is the rule in our table, nil if it is not there.
func findRule(conn *nftables.Conn, c *change) (*nftables.Rule, int, error) {
	tables, err := conn.ListTablesOfFamily(ownTable.Family)
	if err != nil {
		return nil, 0, fmt.Errorf("list nftables: %w", err)
	}
	var found *nftables.Rule
	n := 0
	for _, t := range tables {
		if t.Name != ownTable.Name {
			continue
		}
		for _, name := range []string{"INPUT", "OUTPUT"} {
			rules, err := conn.GetRules(ownTable, &nftables.Chain{Name: name, Table: ownTable})
			if err != nil {
				return nil, 0, fmt.Errorf("list the rules of %s: %w", name, err)
			}
			for _, r := range rules {
				if n++; string(r.UserData) == c.Name {
					found = r
				}
			}
		}
	}
	return found, n, nil
}

func lookRule(c *change) (bool, string, error) {
	conn, err := nftables.New()
	if err != nil {
		return false, "", err
	}
	r, _, err := findRule(conn, c)
	return r != nil, "", err
}

func doRule(c *change) error {
	conn, err := nftables.New()
	if err != nil {
		return err
	}
	if r, _, err := findRule(conn, c); r != nil || err != nil {
		return err
	}
	chains := addTable(conn)
	chain, exprs, err := compileRule(c.Name)
	if err != nil {
		return err
	}
	conn.AddRule(&nftables.Rule{Table: ownTable, Chain: chains[chain], Exprs: exprs, UserData: []byte(c.Name)})
	return conn.Flush()
}

// addTable makes the table and its chains, or finds them made.
func addTable(conn *nftables.Conn) map[string]*nftables.Chain {
	conn.AddTable(ownTable)
	chains := map[string]*nftables.Chain{}
	for name, hook := range map[string]nftables.ChainHook{"INPUT": inputHook, "OUTPUT": outputHook} {
		chains[name] = conn.AddChain(&nftables.Chain{
			Name: name, Table: ownTable, Type: nftables.ChainTypeFilter,
			Hooknum: &hook, Priority: nftables.ChainPriorityFilter,
		})
	}
	return chains
}

func undoRule(c *change) error {
	conn, err := nftables.New()
	if err != nil {
		return err
	}
	r, n, err := findRule(conn, c)
	if r == nil || err != nil {
		return err
	}
	if n == 1 {
		conn.DelTable(ownTable)
	} else if err := conn.DelRule(r); err != nil {
		return err
	}
	return conn.Flush()
}

// compileRule makes of arptables' words what the kernel's nftables run.
func compileRule(words string) (chain string, list []expr.Any, err error) {
	w := strings.Fields(words)
	chain = w[0]
	list = same(arpSizes, []byte{6, ipv4Length})
	for i := 1; i+1 < len(w); i += 2 {
		switch w[i] {
		case "-o":
			list = append(list, outBy(w[i+1])...)
		case "-d":
			list = append(list, same(arpTarget, bytes4(w[i+1]))...)
		case "-s":
			list = append(list, same(arpSender, bytes4(w[i+1]))...)
		case "--mangle-ip-s":
			list = append(list, putSender(bytes4(w[i+1]))...)
		case "-j":
			if w[i+1] == "DROP" {
				list = append(list, &expr.Verdict{Kind: expr.VerdictDrop})
			}
		default:
			return "", nil, fmt.Errorf("rule %q: %s is not one of the words I make rules of", words, w[i])
		}
	}
	return chain, list, nil
}

// same passes on packets that have these bytes there.
func same(offset uint32, want []byte) []expr.Any {
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: uint32(len(want))},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: want},
	}
}

// outBy passes on packets that leave by the interface.
func outBy(device string) []expr.Any {
	name := make([]byte, unix.IFNAMSIZ)
	copy(name, device)
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyOIFNAME, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: name},
	}
}

// putSender writes the sender's address.
func putSender(addr []byte) []expr.Any {
	return []expr.Any{
		&expr.Immediate{Register: 1, Data: addr},
		&expr.Payload{
			OperationType: expr.PayloadWrite, SourceRegister: 1,
			Base: expr.PayloadBaseNetworkHeader, Offset: arpSender, Len: ipv4Length,
		},
	}
}

// bytes4 are an address's bytes; none if it is no address.
func bytes4(s string) []byte {
	a, _ := netip.ParseAddr(s)
	return a.AsSlice()
}
