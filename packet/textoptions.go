// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// The options of TCP (RFC 9293 §3.2, RFC 7323, RFC 2018): a kind, and but for
// the first two a length of both and the value.
const (
	optEnd    = 0
	optNop    = 1
	optMSS    = 2
	optScale  = 3
	optSackOK = 4
	optTimes  = 8

	maxOptions = 40 // bytes
)

// options reads [mss 1460, sackok, nop, 254:0a0b].
func (r *reader) options(word string) []byte {
	var b []byte
	for _, text := range strings.Split(strings.Trim(word, "[]"), ",") {
		one, err := optionFrom(strings.Fields(text))
		if err != nil {
			r.fail("tcp option %q: %w", strings.TrimSpace(text), err)
			return nil
		}
		b = append(b, one...)
	}
	if len(b) > maxOptions {
		r.fail("tcp options: %d bytes, and %d at most", len(b), maxOptions)
	}
	return b
}

func optionFrom(f []string) ([]byte, error) {
	if len(f) == 0 {
		return nil, nil
	}
	switch name, values := f[0], f[1:]; {
	case name == "nop" && len(values) == 0:
		return []byte{optNop}, nil
	case name == "sackok" && len(values) == 0:
		return []byte{optSackOK, 2}, nil
	case name == "mss" && len(values) == 1:
		n, err := strconv.ParseUint(values[0], 0, 16)
		return be.AppendUint16([]byte{optMSS, 4}, uint16(n)), err
	case name == "wscale" && len(values) == 1:
		n, err := strconv.ParseUint(values[0], 0, 8)
		return []byte{optScale, 3, byte(n)}, err
	case name == "ts" && len(values) == 2:
		a, err1 := strconv.ParseUint(values[0], 0, 32)
		b, err2 := strconv.ParseUint(values[1], 0, 32)
		if err1 == nil {
			err1 = err2
		}
		return be.AppendUint32(be.AppendUint32([]byte{optTimes, 10}, uint32(a)), uint32(b)), err1
	case len(values) == 0:
		return rawOption(name)
	}
	return nil, fmt.Errorf("want mss N, wscale N, sackok, ts N N, nop or kind:hex")
}

// rawOption reads kind:hex, whose value is all that follows the length.
func rawOption(word string) ([]byte, error) {
	kind, digits, ok := strings.Cut(word, ":")
	n, err := strconv.ParseUint(kind, 10, 8)
	value, err2 := hex.DecodeString(digits)
	if !ok || err != nil || err2 != nil || n <= optNop || len(value) > maxOptions {
		return nil, fmt.Errorf("want mss N, wscale N, sackok, ts N N, nop or kind:hex")
	}
	return append([]byte{byte(n), byte(2 + len(value))}, value...), nil
}

// wordOptions is the inverse of options. It stops at the end of the list, or
// where the list makes no sense; words is empty if there is nothing before.
func wordOptions(b []byte) (words string) {
	var list []string
	for len(b) > 0 && b[0] != optEnd {
		n := 1
		if b[0] != optNop {
			if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
				break
			}
			n = int(b[1])
		}
		list = append(list, wordOption(b[:n]))
		b = b[n:]
	}
	if list == nil {
		return ""
	}
	return "[" + strings.Join(list, ", ") + "]"
}

func wordOption(b []byte) string {
	switch kind, n := b[0], len(b); {
	case kind == optNop:
		return "nop"
	case kind == optMSS && n == 4:
		return fmt.Sprintf("mss %d", be.Uint16(b[2:]))
	case kind == optScale && n == 3:
		return fmt.Sprintf("wscale %d", b[2])
	case kind == optSackOK && n == 2:
		return "sackok"
	case kind == optTimes && n == 10:
		return fmt.Sprintf("ts %d %d", be.Uint32(b[2:]), be.Uint32(b[6:]))
	}
	return fmt.Sprintf("%d:%x", b[0], b[2:])
}
