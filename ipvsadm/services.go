// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"bufio"
	"io"
	"strconv"
	"strings"

	"github.com/ulvs/ulvs"
)

// Services are the names of ports, as a file in the form of /etc/services has
// them. The zero Services knows none.
type Services struct {
	ports map[portName]uint16
	names map[portNumber]string
}

type portName struct{ name, proto string }

type portNumber struct {
	port  uint16
	proto string
}

// ReadServices reads lines like "domain 53/udp nameserver # comment". Of two
// lines that say the same the first counts; lines that say nothing are skipped.
func ReadServices(in io.Reader) Services {
	s := Services{map[portName]uint16{}, map[portNumber]string{}}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if words := strings.Fields(text); len(words) >= 2 {
			s.add(words[1], words[0], words[2:])
		}
	}
	return s
}

// add notes one line of the file.
func (s Services) add(number, name string, aliases []string) {
	port, proto, _ := strings.Cut(number, "/")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return
	}
	for _, word := range append([]string{name}, aliases...) {
		if _, ok := s.ports[portName{word, proto}]; !ok {
			s.ports[portName{word, proto}] = uint16(n)
		}
	}
	if _, ok := s.names[portNumber{uint16(n), proto}]; !ok {
		s.names[portNumber{uint16(n), proto}] = name
	}
}

// Port is the port of a service, by its name or an alias.
func (s Services) Port(name string, p ulvs.Proto) (uint16, bool) {
	n, ok := s.ports[portName{name, strings.ToLower(p.String())}]
	return n, ok
}

// Name is the name of the service at a port.
func (s Services) Name(port uint16, p ulvs.Proto) (string, bool) {
	name, ok := s.names[portNumber{port, strings.ToLower(p.String())}]
	return name, ok
}
