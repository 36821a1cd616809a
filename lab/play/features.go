// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"strings"
)

// features are what a churn may use: all that ulvs has.
type features struct {
	schedulers     []string
	sysctls        []string // NAME=VALUE
	schedulerFlags bool
	persistence    bool
	onePacket      bool
	thresholds     bool
	stats, conns   bool // can be listed
	waits          bool // since they take their time, only if asked for
}

// kernelSchedulers are all that Linux has, but for twos, which 6.1 lacks.
var kernelSchedulers = []string{"rr", "wrr", "lc", "wlc", "sed", "nq", "sh", "dh", "lblc", "lblcr", "mh", "fo", "ovf"}

// churnSysctls are the settings that change what happens to packets, and do not
// take chances.
var churnSysctls = []string{
	"conn_reuse_mode=0", "conn_reuse_mode=1", "conn_reuse_mode=1", "expire_nodest_conn=0", "expire_nodest_conn=1",
	"expire_quiescent_template=0", "expire_quiescent_template=1", "sloppy_tcp=0", "sloppy_tcp=1",
	"nat_icmp_send=0", "nat_icmp_send=1", "schedule_icmp=0", "schedule_icmp=1", "cache_bypass=0",
}

// probe finds out what ulvs can do today, and what is left out for that reason.
func probe(ctx context.Context) (f features, without []string, err error) {
	m, err := newMemory()
	if err != nil {
		return f, nil, err
	}
	defer m.engine.Close()
	can := func(line string) bool {
		a, err := m.Run(ctx, strings.Fields(line), "")
		if err != nil || a.Code != 0 {
			without = append(without, line)
		}
		return err == nil && a.Code == 0
	}
	for _, name := range kernelSchedulers {
		if can("ipvsadm -A -t 192.0.2.1:80 -s " + name) {
			f.schedulers = append(f.schedulers, name)
			m.Run(ctx, []string{"ipvsadm", "-C"}, "")
		}
	}
	for _, s := range churnSysctls {
		if can("sysctl " + s) {
			f.sysctls = append(f.sysctls, s)
		}
	}
	f.schedulerFlags = can("ipvsadm -A -t 192.0.2.1:1 -s sh -b sh-port")
	f.persistence = can("ipvsadm -A -t 192.0.2.1:2 -s rr -p 60")
	f.onePacket = can("ipvsadm -A -u 192.0.2.1:3 -s rr -o")
	f.thresholds = can("ipvsadm -A -t 192.0.2.1:4 -s rr") && can("ipvsadm -a -t 192.0.2.1:4 -r 10.0.0.1 -m -x 4")
	f.stats, f.conns = can("ipvsadm -Ln --stats"), can("ipvsadm -Lnc")
	return f, without, nil
}

// omissions are what scripts leave out, and why: where the kernel and ulvs differ,
// and it is meant so.
var omissions = []string{
	"an ICMPv6 error from a server: Linux 6.1 sums it without the pseudo-header unless hardware has, and drops it",
	"-m made -g by -e, or -g made -m: the kernel's cached way to the server, of an old connection, makes it ask for the VIP's MAC",
	"what comes within 50 ms of a SYN on an old connection, or of a packet that expire_nodest_conn ends one for: the kernel has that one until its next tick",
	"-Z, or a deleted service that comes again, within three seconds after packets: the kernel begins to count from what its last tick has seen, up to two seconds ago",
	"drop_entry, drop_packet, secure_tcp: they go by the kernel's memory and by ticks whose phase is not to be seen",
}

// listings are all that can be listed, the slow ones last.
func (f features) listings() []string {
	all := []string{"ipvsadm -Ln"}
	if f.persistence {
		all = append(all, "ipvsadm -Ln --persistent-conn")
	}
	if f.thresholds {
		all = append(all, "ipvsadm -Ln --thresholds")
	}
	if f.conns {
		all = append(all, "ipvsadm -Lnc")
	}
	if f.stats {
		all = append(all, "ipvsadm -Ln --stats")
	}
	return all
}

// quick is how many of the listings are never late.
func (f features) quick() int {
	if f.stats {
		return len(f.listings()) - 1
	}
	return len(f.listings())
}
