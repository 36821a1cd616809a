// SPDX-License-Identifier: Apache-2.0

package packet

import "fmt"

// flagLetters are the letters of the flags of TCP, in the order in which they
// are written.
var flagLetters = []struct {
	letter byte
	flag   TCPFlags
}{
	{'S', SYN}, {'F', FIN}, {'R', RST}, {'P', PSH}, {'A', ACK}, {'U', URG}, {'E', 0x40}, {'C', 0x80},
}

// String is f in letters: SA. No flags are a dot.
func (f TCPFlags) String() string {
	var b []byte
	for _, l := range flagLetters {
		if f&l.flag != 0 {
			b = append(b, l.letter)
		}
	}
	if b == nil {
		return "."
	}
	return string(b)
}

// flagsFrom is the inverse of String; ok is false if the word is none.
func flagsFrom(word string) (f TCPFlags, ok bool) {
	if word == "." {
		return 0, true
	}
next:
	for i := range len(word) {
		for _, l := range flagLetters {
			if l.letter == word[i] {
				f |= l.flag
				continue next
			}
		}
		return 0, false
	}
	return f, word != ""
}

// An icmpName is what a type and code of ICMP are called.
type icmpName struct {
	code [2]uint8
	name string
}

var icmpNames4 = []icmpName{
	{[2]uint8{echoReply4, 0}, "echo-reply"},
	{[2]uint8{unreachable4, 0}, "net-unreachable"},
	{[2]uint8{unreachable4, 1}, "host-unreachable"},
	{[2]uint8{unreachable4, 2}, "protocol-unreachable"},
	{[2]uint8{unreachable4, 3}, "port-unreachable"},
	{[2]uint8{unreachable4, 4}, "frag-needed"},
	{[2]uint8{sourceQuench4, 0}, "source-quench"},
	{[2]uint8{redirect4, 1}, "redirect"},
	{[2]uint8{echoRequest4, 0}, "echo-request"},
	{[2]uint8{timeExceeded4, 0}, "time-exceeded"},
	{[2]uint8{parameterBad4, 0}, "parameter-problem"},
}

var icmpNames6 = []icmpName{
	{[2]uint8{unreachable6, 0}, "net-unreachable"},
	{[2]uint8{unreachable6, 3}, "host-unreachable"},
	{[2]uint8{unreachable6, 4}, "port-unreachable"},
	{[2]uint8{tooBig6, 0}, "too-big"},
	{[2]uint8{timeExceeded6, 0}, "time-exceeded"},
	{[2]uint8{parameterBad6, 0}, "parameter-problem"},
	{[2]uint8{echoRequest6, 0}, "echo-request"},
	{[2]uint8{echoReply6, 0}, "echo-reply"},
}

func icmpNames(is4 bool) []icmpName {
	if is4 {
		return icmpNames4
	}
	return icmpNames6
}

func icmpWord(is4 bool, code [2]uint8) string {
	for _, n := range icmpNames(is4) {
		if n.code == code {
			return n.name
		}
	}
	return fmt.Sprintf("%d/%d", code[0], code[1])
}

func icmpFrom(is4 bool, word string) (code [2]uint8, err error) {
	for _, n := range icmpNames(is4) {
		if n.name == word {
			return n.code, nil
		}
	}
	if n, _ := fmt.Sscanf(word, "%d/%d", &code[0], &code[1]); n != 2 {
		return code, fmt.Errorf("icmp %q: want a name such as echo-request, or type/code", word)
	}
	return code, nil
}

// protoWord is what the protocol of s is called.
func (s *sketch) protoWord() string {
	switch {
	case s.flow.Proto == ProtoTCP:
		return "tcp"
	case s.flow.Proto == ProtoUDP:
		return "udp"
	case s.flow.Proto == ProtoSCTP:
		return "sctp"
	case s.isICMP() && s.is4():
		return "icmp"
	case s.isICMP():
		return "icmp6"
	}
	return fmt.Sprintf("proto %d", s.flow.Proto)
}
