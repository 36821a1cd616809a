// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// sketched reads the words of a line.
func sketched(line string) (*sketch, error) {
	words, err := split(line)
	if err != nil {
		return nil, err
	}
	r := &reader{words: words}
	s := r.sketch()
	if len(r.words) > 0 && r.err == nil {
		r.fail("unexpected %q", r.words[0])
	}
	return s, r.err
}

// split cuts a line into words; a quoted string is one, and so is [ … ] if no
// port follows it.
func split(line string) ([]string, error) {
	var words []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		n, err := wordLen(line)
		if err != nil {
			return nil, err
		}
		words = append(words, line[:n])
		line = line[n:]
	}
	return words, nil
}

func wordLen(line string) (int, error) {
	if line[0] == '"' {
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return 0, errors.New("a string does not end")
		}
		return len(quoted), nil
	}
	if line[0] == '[' {
		n := strings.IndexByte(line, ']') + 1
		if n == 0 {
			return 0, errors.New("a bracket does not end")
		}
		if !strings.HasPrefix(line[n:], ":") {
			return n, nil
		}
	}
	if n := strings.IndexAny(line, " \t\r\n"); n > 0 {
		return n, nil
	}
	return len(line), nil
}

// A reader takes words from the front. After the first error it only gives
// empty ones.
type reader struct {
	words  []string
	err    error
	nested bool // within { }
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
	r.words = nil
}

func (r *reader) next() string {
	if len(r.words) == 0 {
		r.fail("more words are wanted at the end")
		return ""
	}
	w := r.words[0]
	r.words = r.words[1:]
	return w
}

func (r *reader) peek() string {
	if len(r.words) == 0 {
		return ""
	}
	return r.words[0]
}

// took takes the next word if it is this one.
func (r *reader) took(word string) bool {
	if r.peek() != word {
		return false
	}
	r.next()
	return true
}

func (r *reader) want(word string) {
	if got := r.next(); got != word {
		r.fail("%q instead of %q", got, word)
	}
}

// number is the next word, which may be at most max.
func (r *reader) number(max uint64) uint64 {
	word := r.next()
	n, err := strconv.ParseUint(word, 0, 64)
	if err != nil || n > max {
		r.fail("%q: want a number up to %d", word, max)
		return 0
	}
	return n
}

func (r *reader) mac() (m MAC) {
	word := r.next()
	b := strings.Split(word, ":")
	if len(b) != len(m) {
		r.fail("%q: want a MAC such as 02:00:00:00:00:01", word)
		return m
	}
	for i := range m {
		n, err := strconv.ParseUint(b[i], 16, 8)
		if err != nil {
			r.fail("%q: want a MAC such as 02:00:00:00:00:01", word)
		}
		m[i] = byte(n)
	}
	return m
}

func (r *reader) addr() Addr {
	word := r.next()
	a, err := netip.ParseAddr(word)
	if err != nil || a.Zone() != "" || a.Is4In6() {
		r.fail("%q: want an address", word)
	}
	return AddrFrom(a)
}

// end is an address, with a port or without.
func (r *reader) end() Endpoint {
	word := r.next()
	if a, err := netip.ParseAddr(word); err == nil && a.Zone() == "" && !a.Is4In6() {
		return Endpoint{Addr: AddrFrom(a)}
	}
	ap, err := netip.ParseAddrPort(word)
	if err != nil || ap.Addr().Zone() != "" || ap.Addr().Is4In6() {
		r.fail("%q: want an address, or address:port", word)
	}
	return Endpoint{AddrFrom(ap.Addr()), ap.Port()}
}
