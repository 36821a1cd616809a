// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"
	"slices"
)

// Interface is the interface with that index.
func (s *Snapshot) Interface(index int) (Interface, bool) {
	i, ok := s.byIndex[index]
	if !ok {
		return Interface{}, false
	}
	return s.interfaces[i], true
}

// ByName is the interface with that name.
func (s *Snapshot) ByName(name string) (Interface, bool) {
	for i := range s.interfaces {
		if s.interfaces[i].Name == name {
			return s.interfaces[i], true
		}
	}
	return Interface{}, false
}

// Interfaces are all of them, in the kernel's order.
func (s *Snapshot) Interfaces() []Interface { return slices.Clone(s.interfaces) }

// Ports are the interfaces that carry virtual services unless told otherwise:
// those that Refuse has nothing against.
func (s *Snapshot) Ports() []Interface {
	var ports []Interface
	for _, i := range s.interfaces {
		if s.Refuse(i.Name) == nil {
			ports = append(ports, i)
		}
	}
	return ports
}

// Refuse is the reason why the interface cannot carry virtual services, nil if
// it can. Of a bridge and its members, or a device and its VLANs, only one
// level may be taken, or each packet would be handled twice.
func (s *Snapshot) Refuse(name string) error {
	i, ok := s.ByName(name)
	switch {
	case !ok:
		return fmt.Errorf("use %s: no such interface in this network namespace: see ip link", name)
	case !i.Ether:
		return fmt.Errorf("use %s: not an Ethernet interface: choose one that is", name)
	case !i.Up:
		return fmt.Errorf("use %s: it is down: ip link set %s up", name, name)
	case i.Master != 0:
		return fmt.Errorf("use %s: it belongs to %s: use %s instead", name, s.name(i.Master), s.name(i.Master))
	case i.Upper != 0:
		return fmt.Errorf("use %s: %s lives on top of it: use %s instead", name, s.name(i.Upper), s.name(i.Upper))
	}
	return nil
}

func (s *Snapshot) name(index int) string {
	if i, ok := s.Interface(index); ok {
		return i.Name
	}
	return fmt.Sprintf("interface %d", index)
}
