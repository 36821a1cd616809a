// SPDX-License-Identifier: Apache-2.0

package host

import (
	"encoding/binary"
	"hash/maphash"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// LegacyPrints are fingerprints of iptables-legacy's rules, by which a change
// is known without reading what they mean.
type legacyPrints struct {
	seed maphash.Seed
	last uint64
}

func newLegacyPrints() *legacyPrints {
	p := &legacyPrints{seed: maphash.MakeSeed()}
	p.changed()
	return p
}

// changed reports whether the rules are others than when it was asked before.
func (p *legacyPrints) changed() bool {
	was := p.last
	p.last = p.print()
	return p.last != was
}

// print is the fingerprint of all tables that the kernel has. It asks only for
// those: asking would make others.
func (p *legacyPrints) print() uint64 {
	var h maphash.Hash
	h.SetSeed(p.seed)
	for i := range legacyFamilies {
		f := &legacyFamilies[i]
		names, err := os.ReadFile("/proc/thread-self/net/" + f.names)
		if err != nil || len(names) == 0 {
			continue
		}
		f.hash(&h, strings.Fields(string(names)))
	}
	return h.Sum64()
}

// A legacyFamily is how one family's tables are asked for, and where things lie
// in the kernel's struct ipt_entry or ip6t_entry.
type legacyFamily struct {
	names         string
	family, level int
	next          int // two bytes: the length of the entry
	counters      int // 16 bytes, which change with every packet
}

var legacyFamilies = [...]legacyFamily{
	{"ip_tables_names", unix.AF_INET, unix.SOL_IP, 90, 96},
	{"ip6_tables_names", unix.AF_INET6, unix.SOL_IPV6, 142, int(148+unsafe.Alignof(uint64(0))-1) &^ int(unsafe.Alignof(uint64(0))-1)},
}

// hash adds the tables' entries, without their counters.
func (f *legacyFamily) hash(h *maphash.Hash, tables []string) {
	fd, err := unix.Socket(f.family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	for _, t := range tables {
		_, _ = h.WriteString(t)
		entries := f.entries(fd, t)
		for len(entries) >= f.counters+16 {
			n := int(binary.NativeEndian.Uint16(entries[f.next:]))
			if n < f.counters+16 || n > len(entries) {
				break
			}
			_, _ = h.Write(entries[:f.counters])
			_, _ = h.Write(entries[f.counters+16 : n])
			entries = entries[n:]
		}
	}
}

// Of the options IPT_SO_GET_INFO and IPT_SO_GET_ENTRIES: their numbers, the
// table's name that both begin with, and where in the first's answer the length
// of all entries lies, with which the second's question goes on.
const (
	legacyInfo, legacyEntries = 64, 65

	legacyName = 32
	infoSize   = legacyName + 4 + 5*4 + 5*4 + 4
	infoLen    = infoSize + 4
)

// entries are a table's; nil if they cannot be had, as while they change.
func (f *legacyFamily) entries(fd int, table string) []byte {
	info := make([]byte, infoLen)
	copy(info[:legacyName-1], table)
	if getsockopt(fd, f.level, legacyInfo, info) != nil {
		return nil
	}
	const head = legacyName + 8 // the entries are aligned to eight
	b := make([]byte, head+int(binary.NativeEndian.Uint32(info[infoSize:])))
	copy(b[:legacyName-1], table)
	copy(b[legacyName:], info[infoSize:])
	if getsockopt(fd, f.level, legacyEntries, b) != nil {
		return nil
	}
	return b[head:]
}

// getsockopt fills b, which also holds the question.
func getsockopt(fd, level, option int, b []byte) error {
	size := uint32(len(b))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option),
		uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return errno
	}
	return nil
}
