// SPDX-License-Identifier: Apache-2.0

package iptables

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ulvs/ulvs"
)

// A command is what to do with a chain.
type command int

// The commands.
const (
	appendTo command = iota + 1
	insert
	remove
	check
	flush
	list
	spell // list as the words that make it
	policy
	nothing // what changes nothing here: there are no counters to zero, and no chains of one's own
	help
)

// commands are their spellings.
var commands = map[string]command{
	"-A": appendTo, "--append": appendTo,
	"-I": insert, "--insert": insert,
	"-D": remove, "--delete": remove,
	"-C": check, "--check": check,
	"-F": flush, "--flush": flush,
	"-L": list, "--list": list,
	"-S": spell, "--list-rules": spell,
	"-P": policy, "--policy": policy,
	"-X": nothing, "--delete-chain": nothing,
	"-Z": nothing, "--zero": nothing,
	"-h": help, "--help": help, "-V": help, "--version": help,
}

// switches have no value. All but verbose and numbers change nothing: addresses
// and ports are shown as numbers anyway, and rules need no lock.
var switches = []string{"-n", "--numeric", "-v", "--verbose", "-x", "--exact", "--line-numbers", "-w", "--wait"}

// A request is a command line, read.
type request struct {
	command          command
	table, chain     string // no chain: all
	number           int    // of a rule, from 1; 0: none given
	rule             []string
	verbose, numbers bool
}

func (r request) shows() bool { return r.command == list || r.command == spell }

// A reader reads a request, word by word.
type reader struct {
	request
	args []string
}

func parse(args []string) (request, error) {
	r := reader{request{table: "filter"}, args}
	for len(r.args) > 0 {
		if err := r.word(); err != nil {
			return request{}, err
		}
	}
	return r.done()
}

// word reads an option with its values; one that is not ours is a rule's.
func (r *reader) word() error {
	word := r.args[0]
	name, value, attached := ulvs.SplitOption(word)
	r.args = r.args[1:]
	_, isCommand := commands[name]
	isSwitch := slices.Contains(switches, name)
	switch {
	case !isCommand && !isSwitch && name != "-t" && name != "--table":
		r.rule = append(r.rule, word)
		return nil
	case attached && isSwitch && !strings.HasPrefix(name, "--"):
		value = "-" + value // of -nvL the rest is options, too
	}
	if attached {
		r.args = slices.Insert(slices.Clone(r.args), 0, value)
	}
	switch {
	case isCommand:
		return r.takeCommand(name)
	case isSwitch:
		r.turnOn(name)
		return nil
	}
	return r.take(name, &r.table)
}

func (r *reader) turnOn(name string) {
	switch name {
	case "-v", "--verbose":
		r.verbose = true
	case "--line-numbers":
		r.numbers = true
	case "-w", "--wait":
		r.takeNumber(new(int))
	}
}

// takeCommand reads a command with its chain, and a rule's number.
func (r *reader) takeCommand(name string) error {
	if r.command != 0 {
		return fmt.Errorf("%s: one command at a time", name)
	}
	r.command = commands[name]
	switch r.command {
	case appendTo, check:
		return r.take(name, &r.chain)
	case insert, remove:
		err := r.take(name, &r.chain)
		r.takeNumber(&r.number)
		return err
	case policy:
		return r.takePolicy(name)
	}
	if len(r.args) > 0 && !strings.HasPrefix(r.args[0], "-") {
		return r.take(name, &r.chain)
	}
	return nil
}

// takePolicy reads what becomes of packets that no rule takes. All chains
// accept them, and that is all there is.
func (r *reader) takePolicy(name string) error {
	var target string
	if err := errors.Join(r.take(name, &r.chain), r.take(name, &target)); err != nil {
		return err
	}
	if target != "ACCEPT" {
		return fmt.Errorf("-P %s %s: %w", r.chain, target, errSmall)
	}
	r.command = nothing
	return nil
}

// take reads a value that must be there.
func (r *reader) take(name string, into *string) error {
	if len(r.args) == 0 {
		return fmt.Errorf("%s: its value is missing", name)
	}
	*into, r.args = r.args[0], r.args[1:]
	return nil
}

// takeNumber reads a number if there is one.
func (r *reader) takeNumber(into *int) {
	if len(r.args) == 0 {
		return
	}
	if n, err := strconv.Atoi(r.args[0]); err == nil {
		*into, r.args = n, r.args[1:]
	}
}

// done judges the line as a whole.
func (r *reader) done() (request, error) {
	ruled := r.command <= check && r.number == 0 || r.command == insert
	switch {
	case r.command == 0 && slices.ContainsFunc(r.rule, func(w string) bool { return strings.HasPrefix(w, "-") }):
		return request{}, fmt.Errorf("%s: no command that is known: %w", strings.Join(r.rule, " "), errSmall)
	case r.command == 0:
		return request{}, errors.New("what to do? -A CHAIN RULE adds, -S spells the rules: -h tells more")
	case ruled && len(r.rule) == 0:
		return request{}, errors.New("which rule? -d VIP -p tcp --dport 80 -j MARK --set-mark 1")
	case !ruled && len(r.rule) > 0 && r.command != help:
		return request{}, fmt.Errorf("%q: unexpected here", strings.Join(r.rule, " "))
	}
	return r.request, nil
}
