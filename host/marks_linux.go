// SPDX-License-Identifier: Apache-2.0

package host

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/xt"
	"golang.org/x/sys/unix"
)

// marksTable is the name of the tables for marked packets, one in each family,
// and marksPriority the place of their chains in PREROUTING: right behind
// iptables' mangle, where a tutorial sets marks.
const (
	marksTable    = "ulvs_marks"
	marksPriority = -149
)

// Marks puts packets that the host's own rules have marked for a service of
// ours into a queue (package nfqueue reads it), together with those that the
// Guard leaves aside because such a rule may match them: so that each packet
// comes to us one way and no other. In order, of TCP, UDP and SCTP that came in
// by a port of ours and is addressed to us on the link level:
//
//	a later fragment  unless to a virtual address with nothing aside: queued
//	aside             to a tuple aside, marked or not: queued
//	marked            with a mark of GuardSet.Marks: queued
//
// What is queued and dropped there the host never sees, what is passed goes on
// as if nobody had looked. The kernel removes the tables with the process.
type Marks struct {
	mu       sync.Mutex
	ports    []int
	families []filled // as layouts are
	native   bool
}

// NewMarks sets up the tables, which queue nothing yet, for packets that come
// in by the ports, given by their index. Somebody must have the queue already.
func NewMarks(queue uint16, ports []int) (*Marks, error) {
	m, err := newMarks(queue, ports, true)
	if err != nil {
		var other error
		if m, other = newMarks(queue, ports, false); other != nil {
			return nil, fmt.Errorf("queue what the host's rules mark: %w, and by iptables' NFQUEUE: %w: the kernel needs one of both (CONFIG_NFT_QUEUE, or CONFIG_NFT_COMPAT and CONFIG_NETFILTER_XT_TARGET_NFQUEUE)", err, other)
		}
	}
	return m, nil
}

func newMarks(queue uint16, ports []int, native bool) (*Marks, error) {
	m := &Marks{ports: ports, native: native}
	for i, family := range [...]nftables.TableFamily{nftables.TableFamilyIPv4, nftables.TableFamilyIPv6} {
		nft, err := newOwnTable(family, marksTable)
		if err != nil {
			return nil, errors.Join(err, m.Close())
		}
		m.families = append(m.families, newFilled(nft))
		if err := m.build(&m.families[i], &layouts[i], queue); err != nil {
			return nil, errors.Join(err, m.Close())
		}
	}
	if err := m.Set(GuardSet{}); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// build makes the table of one family in one transaction.
func (m *Marks) build(t *filled, l *layout, queue uint16) error {
	if err := t.addSets(l.marksSets(t.nft.table)); err != nil {
		return err
	}
	c := t.nft.AddChain(&nftables.Chain{
		Name: "prerouting", Table: t.nft.table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookPrerouting, Priority: nftables.ChainPriorityRef(marksPriority),
	})
	t.addRules(c, l.marksRules(m.toQueue(queue)))
	return t.nft.Flush()
}

// toQueue is how a rule hands a packet to the queue: some kernels have only
// iptables' way. Without a reader of the queue, the packet is dropped.
func (m *Marks) toQueue(number uint16) expr.Any {
	if m.native {
		return &expr.Queue{Num: number}
	}
	// The kernel's struct xt_NFQ_info_v3: number, how many queues, flags; padded
	// to eight.
	info := binary.NativeEndian.AppendUint16(nil, number)
	info = binary.NativeEndian.AppendUint16(info, 1)
	info = append(info, 0, 0, 0, 0)
	return &expr.Target{Name: "NFQUEUE", Rev: 3, Info: (*xt.Unknown)(&info)}
}

// The sets of the tables for marked packets, besides those for tuples aside.
const (
	setDevices = "devices" // the ports; empty while no service waits for a mark
	setMarks   = "marks"
	setFixed   = "fixed"
)

func (l *layout) marksSets(t *nftables.Table) []*nftables.Set {
	host := func(name string, key nftables.SetDatatype) *nftables.Set {
		return &nftables.Set{Table: t, Name: name + l.suffix, KeyType: key, KeyByteOrder: binaryutil.NativeEndian}
	}
	net := func(name string, key nftables.SetDatatype) *nftables.Set {
		return &nftables.Set{Table: t, Name: name + l.suffix, KeyType: key, KeyByteOrder: binaryutil.BigEndian}
	}
	proto, port := nftables.TypeInetProto, nftables.TypeInetService
	return []*nftables.Set{
		host(setDevices, nftables.TypeIFIndex), host(setMarks, nftables.TypeMark),
		net(setPorted, proto), net(setFixed, l.keyType()),
		net(setAside, l.keyType(proto, port)), net(setAsideAny, l.keyType(proto)),
	}
}

// marksRules are the rules that Marks documents.
func (l *layout) marksRules(queue expr.Any) []rule {
	meta := func(k expr.MetaKey) expr.Any { return &expr.Meta{Key: k, Register: key} }
	to := func(e ...expr.Any) rule { return rule{exprs: append(e, &expr.Counter{}, queue)} }
	return []rule{
		l.accept("", exprs{meta(expr.MetaKeyIIF), l.lacks(setDevices)}),
		l.accept("", exprs{meta(expr.MetaKeyPKTTYPE), unequal(key, unix.PACKET_HOST)}),
		l.accept("", exprs{meta(expr.MetaKeyL4PROTO), l.lacks(setPorted)}),
		l.accept("", l.later(), l.load(l.dst), l.found(setFixed)),
		to(l.later()...),
		to(append(l.toPort(), l.lookup(setAside))...),
		to(append(l.toPort(), l.lookup(setAsideAny))...),
		to(meta(expr.MetaKeyMARK), l.lookup(setMarks)),
	}
}

func (l *layout) lacks(set string) *expr.Lookup {
	e := l.lookup(set)
	e.Invert = true
	return e
}

// Set makes the tables queue what want says, by its Marks and Aside.
func (m *Marks) Set(want GuardSet) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.families {
		if err := m.families[i].fill(layouts[i].marksContents(&want, m.ports), func(*filling) {}); err != nil {
			return fmt.Errorf("queue what the host's rules mark: %w", err)
		}
	}
	return nil
}

func (l *layout) marksContents(g *GuardSet, ports []int) content {
	c := make(content)
	l.putBytes(c, setPorted, ported[:])
	if len(g.Marks) == 0 {
		return c
	}
	for _, index := range ports {
		c.put(setDevices+l.suffix, binary.NativeEndian.AppendUint32(nil, uint32(index)))
	}
	for _, mark := range g.Marks {
		c.put(setMarks+l.suffix, binary.NativeEndian.AppendUint32(nil, mark))
	}
	l.putAddrs(c, setFixed, g.fixed())
	l.putTuples(c, setAside, setAsideAny, g.Aside)
	return c
}

// String says how packets come to the queue.
func (m *Marks) String() string {
	way := "nft's queue"
	if !m.native {
		way = "iptables' NFQUEUE (nft's queue is missing in this kernel)"
	}
	return fmt.Sprintf("the nft tables %s, by %s", marksTable, way)
}

// Close takes the tables down: every packet goes the host's way.
func (m *Marks) Close() error {
	var errs []error
	for i := range m.families {
		errs = append(errs, m.families[i].nft.CloseLasting())
	}
	return errors.Join(errs...)
}
