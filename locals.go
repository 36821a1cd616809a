// SPDX-License-Identifier: Apache-2.0

package ulvs

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Locals are the addresses of the director's that a service speaks to its
// fullnat servers from, as text: addresses and ranges of them, with commas, like
// 10.0.0.200,10.0.0.210-10.0.0.219. It is text so that services can be compared;
// what ParseLocals returns says the same always in the same way.
type Locals string

// MaxLocals is how many addresses Locals can hold.
const MaxLocals = 256

// ParseLocals reads Locals: unicast addresses of one family, at most MaxLocals.
// The empty text is none.
func ParseLocals(text string) (Locals, error) {
	if text == "" {
		return "", nil
	}
	words := strings.Split(text, ",")
	count, is4 := 0, strings.IndexByte(text, ':') < 0
	for i, word := range words {
		first, last, err := localRange(word)
		if err != nil {
			return "", err
		}
		if first.Is4() != is4 {
			return "", fmt.Errorf("local addresses %s: want one family", text)
		}
		for a := first; ; a = a.Next() {
			if count++; count > MaxLocals {
				return "", fmt.Errorf("local addresses %s: want at most %d", text, MaxLocals)
			}
			if a == last {
				break
			}
		}
		if words[i] = first.String(); first != last {
			words[i] += "-" + last.String()
		}
	}
	return Locals(strings.Join(words, ",")), nil
}

// localRange reads ADDRESS or FIRST-LAST.
func localRange(word string) (first, last netip.Addr, err error) {
	from, to, ranged := strings.Cut(word, "-")
	if !ranged {
		to = from
	}
	first, err1 := netip.ParseAddr(from)
	last, err2 := netip.ParseAddr(to)
	switch {
	case err1 != nil || err2 != nil || first.Is4() != last.Is4() || last.Less(first):
		return first, last, fmt.Errorf("local address %q: want ADDRESS or FIRST-LAST", word)
	case !local(first) || !local(last):
		return first, last, fmt.Errorf("local address %q: want one that a host can have", word)
	}
	return first, last, nil
}

// local reports whether a packet on a wire can come from an address.
func local(a netip.Addr) bool {
	return !a.Is4In6() && a.Zone() == "" && !a.IsUnspecified() && !a.IsMulticast() && !a.IsLoopback() && !a.IsLinkLocalUnicast() &&
		(a.Is6() || a.As4()[0] != 0 && a.As4()[0] < 240)
}

// Addrs are the addresses, each once, in their order; none if the text is not
// one that ParseLocals returns.
func (l Locals) Addrs() (all []netip.Addr) {
	if l == "" {
		return nil
	}
	if _, err := ParseLocals(string(l)); err != nil {
		return nil
	}
	for word := range strings.SplitSeq(string(l), ",") {
		first, last, _ := localRange(word)
		for a := first; a.Compare(last) <= 0; a = a.Next() {
			if !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	return all
}
