// SPDX-License-Identifier: Apache-2.0

package ulvs

import (
	"fmt"
	"slices"
	"strings"
)

// A pasted line is one of iptables', of which the rule is wanted. What stands
// around the rule must say what `ulvs mark` does anyway.
type pasted struct {
	args    []string
	program string // "iptables", "ip6tables"; none: the line began behind it
	table   string // of -t
	command string // "-A", "-I", "-D"; none: a bare rule
	number  string // of the rule, behind -I or -D
	rule    []string
}

// unpaste takes off a line what stands around the rule.
func unpaste(args []string) (p pasted, err error) {
	p.args = args
	p.takeProgram()
	for len(p.args) > 0 {
		if err := p.word(); err != nil {
			return p, err
		}
	}
	if p.program != "" && p.table == "" {
		return p, fmt.Errorf("-t mangle is missing: without it %s means another table", p.program)
	}
	if p.program == "ip6tables" {
		p.rule = append([]string{"-6"}, p.rule...)
	} else if p.program != "" {
		p.rule = append([]string{"-4"}, p.rule...)
	}
	return p, nil
}

// takeProgram reads the program's name, also with its path, or behind sudo.
func (p *pasted) takeProgram() {
	if len(p.args) > 1 && p.args[0] == "sudo" {
		p.args = p.args[1:]
	}
	if len(p.args) == 0 {
		return
	}
	name := p.args[0][strings.LastIndexByte(p.args[0], '/')+1:]
	name = strings.TrimSuffix(strings.TrimSuffix(name, "-legacy"), "-nft")
	if name == "iptables" || name == "ip6tables" {
		p.program, p.args = name, p.args[1:]
	}
}

// pastedCommands are the spellings of what may be done with a rule.
var pastedCommands = map[string]string{
	"-A": "-A", "--append": "-A", "-I": "-I", "--insert": "-I", "-D": "-D", "--delete": "-D",
}

// word reads a word of a line; what is not about chains is the rule's.
func (p *pasted) word() error {
	word := p.args[0]
	name, value, given := SplitOption(word)
	p.args = p.args[1:]
	command, commands := pastedCommands[name]
	switch {
	case name == "-w" || name == "--wait": // ours needs no lock
		p.takeNumber()
		return nil
	case !commands && name != "-t" && name != "--table":
		p.rule = append(p.rule, word)
		return nil
	case !given && len(p.args) == 0:
		return fmt.Errorf("%s: its value is missing", name)
	case !given:
		value, p.args = p.args[0], p.args[1:]
	}
	if !commands {
		p.table = value
		return only(name, value, "mangle", "marks are set in table mangle")
	}
	p.command = command
	if command != "-A" {
		p.number = p.takeNumber()
	}
	return only(name, value, "PREROUTING", "marks are heeded that chain PREROUTING sets")
}

// only refuses every value but one.
func only(name, value, want, why string) error {
	if value != want {
		return fmt.Errorf("%s %s: want %s: %s", name, value, want, why)
	}
	return nil
}

// takeNumber reads a number, if one stands there.
func (p *pasted) takeNumber() (number string) {
	if len(p.args) > 0 && isNumber(p.args[0]) {
		number, p.args = p.args[0], p.args[1:]
	}
	return number
}

func isNumber(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// verb is what the line does, where `ulvs mark` has said add or del.
func (p *pasted) verb(said string) (Verb, error) {
	byNumber := p.number != "" || len(p.rule) > 0 && isNumber(p.rule[0])
	switch {
	case said == "del" && byNumber:
		return "", fmt.Errorf("rules are deleted by their words: \"ulvs mark list\" shows them")
	case said == "del" && slices.Contains([]string{"", "-D"}, p.command):
		return DeleteMark, nil
	case said == "add" && p.command == "-I" && (p.number == "" || p.number == "1"):
		return InsertMark, nil
	case said == "add" && p.command == "-I":
		return "", fmt.Errorf("-I PREROUTING %s: a rule goes before all others, or behind them with -A", p.number)
	case said == "add" && p.command != "-D":
		return AddMark, nil
	case said == "add":
		return "", fmt.Errorf("-D deletes: that is ulvs mark del")
	}
	return "", fmt.Errorf("%s adds: that is ulvs mark add", p.command)
}
