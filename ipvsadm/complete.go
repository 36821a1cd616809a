// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"slices"
	"strings"
)

// Complete is the words that may stand behind args and begin with prefix, for
// a shell to offer. schedulers are those there are.
func Complete(args []string, prefix string, schedulers []string) (words []string) {
	for _, w := range next(args, schedulers) {
		if strings.HasPrefix(w, prefix) {
			words = append(words, w)
		}
	}
	return words
}

// next is the words that may stand behind args: a command, the value of the
// last option, or an option that goes with the command and is not there yet.
func next(args, schedulers []string) (words []string) {
	p := newParser(Names{}, args)
	if len(args) == 0 {
		return optionNames(func(o *option) bool { return o.command != cmdNone })
	}
	if o := optionCalled(args[len(args)-1]); o != nil && o.arity == required {
		return valuesOf(o, schedulers)
	}
	if p.first() != nil || p.command == cmdHelp || p.command == cmdVersion {
		return nil
	}
	for {
		o, _, err := p.words.option()
		if err != nil || o == nil {
			break
		}
		p.seen[o.slot] = true
	}
	return optionNames(func(o *option) bool {
		return o.slot != slotFree && !p.seen[o.slot] && !unsupported[o.long] &&
			rules[o.slot].columns[commands[p.command].column] != 'x'
	})
}

// optionCalled is the option that a word is, alone; nil: none.
func optionCalled(word string) *option {
	if name, long := strings.CutPrefix(word, "--"); long {
		return longOption(name)
	}
	if len(word) == 2 && word[0] == '-' {
		return shortOption(word[1])
	}
	return nil
}

// valuesOf are the values of an option that can be counted.
func valuesOf(o *option, schedulers []string) (words []string) {
	switch o.slot {
	case slotScheduler:
		return schedulers
	case slotEngine:
		return []string{"sip"}
	case slotSchedFlags:
		for _, f := range schedFlags {
			words = append(words, f.name)
		}
	}
	return words
}

// optionNames are the options that fit, short and long.
func optionNames(fits func(*option) bool) (words []string) {
	for i := range options {
		o := &options[i]
		if unsupported[o.long] || !fits(o) {
			continue
		}
		if o.short != 0 {
			words = append(words, "-"+string(o.short))
		}
		if !slices.Contains(words, "--"+o.long) { // -l is -L
			words = append(words, "--"+o.long)
		}
	}
	return words
}
