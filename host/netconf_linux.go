// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// all is the pseudo interface of the switches that hold for every interface.
const all = -1

// The attributes of an RTM_NEWNETCONF message that are read here
// (linux/netconf.h).
const (
	confIfindex    = 1
	confForwarding = 2
)

// forwarding is which interfaces forward what arrives on them. IPv4 has a
// switch each; for IPv6 the switch for all decides (a newer one for each,
// force_forwarding of Linux 6.17, is not told by netlink and not followed).
type forwarding struct{ v4, v6 map[int]bool }

// forwarding asks netlink rather than /proc/sys, which shows the network
// namespace of whatever thread happens to read it.
func (r *reader) forwarding() (f forwarding, err error) {
	if f.v4, err = r.netconf(unix.AF_INET); err != nil {
		return f, err
	}
	f.v6, err = r.netconf(unix.AF_INET6)
	if errors.Is(err, unix.EOPNOTSUPP) {
		err = nil // a kernel without IPv6 forwards none
	}
	return f, err
}

func (r *reader) netconf(family byte) (map[int]bool, error) {
	msgs, err := r.conf.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.RTM_GETNETCONF, Flags: netlink.Request | netlink.Dump},
		Data:   []byte{family, 0, 0, 0},
	})
	on := make(map[int]bool)
	for _, m := range msgs {
		if err := readNetconf(m, on); err != nil {
			return nil, err
		}
	}
	return on, err
}

func readNetconf(m netlink.Message, on map[int]bool) error {
	if m.Header.Type != unix.RTM_NEWNETCONF || len(m.Data) < 4 {
		return nil
	}
	ad, err := netlink.NewAttributeDecoder(m.Data[4:])
	if err != nil {
		return err
	}
	var index int
	var forward bool
	for ad.Next() {
		switch ad.Type() {
		case confIfindex:
			index = int(ad.Int32())
		case confForwarding:
			forward = ad.Int32() > 0
		}
	}
	on[index] = forward
	return ad.Err()
}
