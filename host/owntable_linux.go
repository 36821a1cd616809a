// SPDX-License-Identifier: Apache-2.0

package host

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// An ownTable is an nftables table that dies with the socket that made it, and
// so with the process, however that ends. Others may read it, but not change it.
type ownTable struct {
	*nftables.Conn
	table *nftables.Table
}

// tableOwner is NFT_TABLE_F_OWNER, known since Linux 5.12.
const tableOwner = 0x2

// newOwnTable makes the table, in place of one that nobody owns. The library
// cannot set a table's flags, so that one message is ours, on the library's
// socket: all that changes the table later must come from there.
func newOwnTable(family nftables.TableFamily, name string) (*ownTable, error) {
	var sock *netlink.Conn
	keep := func(c *netlink.Conn) error { sock = c; return nil }
	conn, err := nftables.New(nftables.AsLasting(), nftables.WithSockOptions(keep))
	if err != nil {
		return nil, fmt.Errorf("open nftables: %w", err)
	}
	t := &ownTable{conn, &nftables.Table{Family: family, Name: name}}
	if err := t.create(sock); err != nil {
		return nil, errors.Join(err, conn.CloseLasting())
	}
	return t, nil
}

func (t *ownTable) create(sock *netlink.Conn) error {
	if err := t.removeStale(); err != nil {
		return err
	}
	err := send(sock, unix.NFT_MSG_NEWTABLE, netlink.Create|netlink.Excl, t.table, tableOwner)
	switch {
	case errors.Is(err, unix.EEXIST), errors.Is(err, unix.EPERM):
		return t.elsewhere()
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EINVAL):
		return fmt.Errorf("create nftables table %s: this kernel has no owned tables: %w: Linux 5.12 has", t.table.Name, err)
	case err != nil:
		return fmt.Errorf("create nftables table %s: %w", t.table.Name, err)
	}
	return nil
}

// removeStale removes a table of our name that outlived its maker.
func (t *ownTable) removeStale() error {
	list, err := t.ListTablesOfFamily(t.table.Family)
	switch {
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("list nftables tables: %w: run as root, or with CAP_NET_ADMIN in this network namespace", err)
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.EINVAL):
		return fmt.Errorf("list nftables tables: %w: this kernel has no nftables", err)
	case err != nil:
		return fmt.Errorf("list nftables tables: %w", err)
	}
	for _, other := range list {
		if other.Name != t.table.Name {
			continue
		}
		t.DelTable(t.table)
		if err := t.Flush(); errors.Is(err, unix.EPERM) {
			return t.elsewhere()
		} else if err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("remove stale nftables table %s: %w", t.table.Name, err)
		}
	}
	return nil
}

// ErrOwned says that another process has a guard here: there is a director.
var ErrOwned = errors.New("another director's guard is here")

func (t *ownTable) elsewhere() error {
	return fmt.Errorf("create nftables table %s: %w: stop the other director of this network namespace", t.table.Name, ErrOwned)
}

// send makes a batch of one message about a table, and waits for the answer.
func send(sock *netlink.Conn, kind uint16, flags netlink.HeaderFlags, t *nftables.Table, tableFlags uint32) error {
	attrs, err := netlink.MarshalAttributes([]netlink.Attribute{
		{Type: unix.NFTA_TABLE_NAME, Data: append([]byte(t.Name), 0)},
		{Type: unix.NFTA_TABLE_FLAGS, Data: binary.BigEndian.AppendUint32(nil, tableFlags)},
	})
	if err != nil {
		return err
	}
	bracket := []byte{0, unix.NFNETLINK_V0, 0, unix.NFNL_SUBSYS_NFTABLES}
	_, err = sock.SendMessages([]netlink.Message{
		{Header: netlink.Header{Type: unix.NFNL_MSG_BATCH_BEGIN, Flags: netlink.Request}, Data: bracket},
		{
			Header: netlink.Header{
				Type:  netlink.HeaderType(unix.NFNL_SUBSYS_NFTABLES<<8 | kind),
				Flags: netlink.Request | netlink.Acknowledge | flags,
			},
			Data: append([]byte{byte(t.Family), unix.NFNETLINK_V0, 0, 0}, attrs...),
		},
		{Header: netlink.Header{Type: unix.NFNL_MSG_BATCH_END, Flags: netlink.Request}, Data: bracket},
	})
	if err != nil {
		return err
	}
	_, err = sock.Receive()
	return err
}
