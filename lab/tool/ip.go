// SPDX-License-Identifier: Apache-2.0

package tool

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
)

// An object is what ip can be asked about, with the words after it.
type object struct {
	name string
	do   func(words []string, out io.Writer) error
}

// objects in the order in which ip understands their beginnings: "ip r" is
// route, "ip a" address.
var objects = []object{{"address", ipAddress}, {"link", ipLink}, {"neighbour", ipNeighbour}, {"neighbor", ipNeighbour}, {"route", ipRoute}}

var errIP = errors.New(`this is the lab's small ip: it knows
  ip addr [show [dev DEV]] | ip addr add|del PREFIX dev DEV
  ip link [show [DEV]]     | ip link set DEV up|down
  ip route [show]          | ip route add|del|replace PREFIX|default via ADDRESS
  ip neigh [show]`)

// ip shows and changes a host's network, in the original's words.
func ip(args []string, out, err io.Writer) int {
	for len(args) > 0 && slices.Contains([]string{"-4", "-br", "-o", "-c"}, args[0]) {
		args = args[1:] // how to print; ours is one way
	}
	doErr := errIP
	if len(args) > 0 {
		for _, o := range objects {
			if strings.HasPrefix(o.name, args[0]) {
				doErr = o.do(args[1:], out)
				break
			}
		}
	}
	switch {
	case doErr == nil:
		return 0
	case errors.Is(doErr, errIP):
		return fail(err, 1, "ip: %v", doErr)
	}
	return fail(err, 2, "ip: %v", doErr)
}

// showing reports whether the words ask to show, and of which device.
func showing(words []string) (dev string, ok bool) {
	if len(words) > 0 && slices.Contains([]string{"show", "list", "s", "sh", "ls", "l"}, words[0]) {
		words = words[1:]
	}
	if len(words) > 0 && words[0] == "dev" {
		words = words[1:]
	}
	switch len(words) {
	case 0:
		return "", true
	case 1:
		return words[0], words[0] != "dev"
	}
	return "", false
}

// links are all devices, or the one of that name.
func links(dev string) ([]netlink.Link, error) {
	if dev == "" {
		return netlink.LinkList()
	}
	l, err := netlink.LinkByName(dev)
	if err != nil {
		return nil, fmt.Errorf("find device %q: %w", dev, err)
	}
	return []netlink.Link{l}, nil
}

func ipLink(words []string, out io.Writer) error {
	if len(words) >= 3 && words[0] == "set" {
		return setLink(words[1:])
	}
	dev, ok := showing(words)
	if !ok {
		return errIP
	}
	all, err := links(dev)
	for _, l := range all {
		printLink(l, out)
	}
	return err
}

func setLink(words []string) error {
	if words[0] == "dev" {
		words = words[1:]
	}
	if len(words) != 2 {
		return errIP
	}
	l, err := links(words[0])
	if err != nil {
		return err
	}
	switch words[1] {
	case "up":
		return netlink.LinkSetUp(l[0])
	case "down":
		return netlink.LinkSetDown(l[0])
	}
	return errIP
}

func printLink(l netlink.Link, out io.Writer) {
	a := l.Attrs()
	kind := "ether"
	if a.Name == "lo" {
		kind = "loopback"
	}
	flags := strings.ToUpper(strings.ReplaceAll(a.Flags.String(), "|", ","))
	fmt.Fprintf(out, "%d: %s: <%s> mtu %d state %s\n", a.Index, a.Name, flags, a.MTU, strings.ToUpper(a.OperState.String()))
	fmt.Fprintf(out, "    link/%s %s\n", kind, a.HardwareAddr)
}
