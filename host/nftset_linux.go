// SPDX-License-Identifier: Apache-2.0

package host

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// An nftSet is a set or map of the host's rules, as a list of ranges of keys.
type nftSet struct {
	fields []int // bytes of each part of a key, padded to four
	ranges []keyRange
}

type keyRange struct {
	least, most []byte // of each part separately
	verdict     *expr.Verdict
}

// newNftSet brings the three ways in which the kernel lists elements into one:
// single keys, keys with an end each, and, for plain intervals, keys at which a
// range begins or the one before it has ended.
func newNftSet(s *nftables.Set, list []nftables.SetElement) *nftSet {
	out := &nftSet{}
	for _, t := range nftables.ConcatSetTypeElements(s.KeyType) {
		out.fields = append(out.fields, int(t.Bytes+3)&^3)
	}
	slices.SortStableFunc(list, func(a, b nftables.SetElement) int { return bytes.Compare(a.Key, b.Key) })
	for i, e := range list {
		if e.IntervalEnd {
			continue
		}
		r := keyRange{least: e.Key, most: e.Key}
		switch {
		case e.KeyEnd != nil:
			r.most = e.KeyEnd
		case s.Interval && len(out.fields) == 1:
			r.most = until(list, i)
		}
		if s.IsMap && s.KeyType.Name == nftables.TypeVerdict.Name { // so the library calls a map to verdicts
			r.verdict = readVerdict(e.Val)
		}
		out.ranges = append(out.ranges, r)
	}
	return out
}

// readVerdict reads what the library leaves as bytes: the attributes
// NFTA_VERDICT_CODE and NFTA_VERDICT_CHAIN.
func readVerdict(b []byte) *expr.Verdict {
	ad, err := netlink.NewAttributeDecoder(b)
	if err != nil {
		return nil
	}
	ad.ByteOrder = binary.BigEndian
	v := &expr.Verdict{}
	for ad.Next() {
		switch ad.Type() {
		case unix.NFTA_VERDICT_CODE:
			v.Kind = expr.VerdictKind(ad.Int32())
		case unix.NFTA_VERDICT_CHAIN:
			v.Chain = ad.String()
		}
	}
	return v
}

// until is the last key of the range that begins at list[i]: the one before
// the next element, or all ones.
func until(list []nftables.SetElement, i int) []byte {
	if i+1 == len(list) {
		return bytes.Repeat([]byte{0xff}, len(list[i].Key))
	}
	last := slices.Clone(list[i+1].Key)
	for j := len(last) - 1; j >= 0; j-- {
		if last[j]--; last[j] != 0xff {
			break
		}
	}
	return last
}

// lookup plays a question to a set, of which nil says that it is not known; a
// map's verdicts for the packet are kept.
func (p *probe) lookup(e *expr.Lookup, s *nftSet) bool {
	if e.IsDestRegSet && e.DestRegister != unix.NFT_REG_VERDICT {
		defer p.load(e.DestRegister, make([]cell, 16)) // what the map holds is not looked at
	}
	if s == nil {
		return true
	}
	found := false
	for _, r := range s.ranges {
		may, must, dest := s.holds(p.at(e.SourceRegister, len(r.least)), r)
		if e.Invert {
			if must {
				return false
			}
			continue
		}
		if may {
			found = true
			p.aimed = p.aimed || dest
			if r.verdict != nil {
				p.verdicts = append(p.verdicts, r.verdict)
			}
		}
	}
	return found || e.Invert
}

// holds compares key and range part by part.
func (s *nftSet) holds(c []cell, r keyRange) (may, must, dest bool) {
	if len(r.least) != len(r.most) {
		return true, false, false
	}
	may, must = true, true
	fields := s.fields
	if len(fields) < 2 {
		fields = []int{len(c)}
	}
	for _, n := range fields {
		n = min(n, len(c))
		a, b, d := inRange(c[:n], r.least[:n], r.most[:n])
		may, must, dest = may && a, must && b, dest || d
		c, r.least, r.most = c[n:], r.least[n:], r.most[n:]
	}
	return may, must, dest
}
