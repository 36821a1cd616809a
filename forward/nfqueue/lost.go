// SPDX-License-Identifier: Apache-2.0

package nfqueue

import (
	"bytes"
	"strconv"
)

// Lost counts the packets that were to be queued and that Recv never lent: the
// queue or the socket was full, or the packet did not come whole.
func (l *Link) Lost() uint64 {
	if l.stats == nil {
		return l.lost
	}
	var b [4096]byte
	n, _ := l.stats.ReadAt(b[:], 0)
	return l.lost + dropped(b[:n], l.number)
}

// dropped reads from the kernel's table of queues how many packets of one were
// dropped. A line is: queue, socket, waiting, mode, bytes to copy, dropped since
// too many waited, dropped since the socket was full, last id, 1.
func dropped(table []byte, number uint16) (n uint64) {
	for line := range bytes.Lines(table) {
		words := bytes.Fields(line)
		if len(words) < 7 || string(words[0]) != strconv.Itoa(int(number)) {
			continue
		}
		for _, w := range words[5:7] {
			c, _ := strconv.ParseUint(string(w), 10, 64)
			n += c
		}
	}
	return n
}
