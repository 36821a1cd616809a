// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import "strings"

// words walks over the words of a command line by the rules of libpopt, which
// the original uses: options and other words may be mixed, letters may share a
// dash, and names are not abbreviated.
type words struct {
	args    []string
	next    int    // the first word that was not read yet
	cluster string // letters that are left of the last word read
	ended   bool   // "--" was read: no more options
	left    []string
}

// option is the next option and its value; nil at the end. The words that are
// none go to left.
func (w *words) option() (*option, value, error) {
	for {
		if w.cluster != "" {
			return w.letter()
		}
		if w.next == len(w.args) {
			return nil, value{}, nil
		}
		word := w.args[w.next]
		w.next++
		switch {
		case w.ended || len(word) < 2 || word[0] != '-':
			w.left = append(w.left, word)
		case word == "--":
			w.ended = true
		case strings.HasPrefix(word, "--"):
			return w.name(word[2:])
		default:
			w.cluster = word[1:]
		}
	}
}

// letter reads an option from the cluster. One that takes a value takes the
// rest of the cluster, less one '='.
func (w *words) letter() (*option, value, error) {
	o := shortOption(w.cluster[0])
	w.cluster = w.cluster[1:]
	if o == nil {
		return nil, value{}, w.complain("unknown option")
	}
	if o.arity == alone {
		if strings.HasPrefix(w.cluster, "=") {
			return nil, value{}, w.complain("option does not take an argument")
		}
		return o, value{}, nil
	}
	if w.cluster == "" {
		return w.valued(o)
	}
	v := value{strings.TrimPrefix(w.cluster, "="), true}
	w.cluster = ""
	return o, v, nil
}

// name reads a long option, which may bring its value behind a '='.
func (w *words) name(word string) (*option, value, error) {
	name, text, given := strings.Cut(word, "=")
	o := longOption(name)
	switch {
	case o == nil:
		return nil, value{}, w.complain("unknown option")
	case o.arity == alone && given:
		return nil, value{}, w.complain("option does not take an argument")
	case o.arity == alone || given:
		return o, value{text, given}, nil
	}
	return w.valued(o)
}

// valued reads the next word as the value of o.
func (w *words) valued(o *option) (*option, value, error) {
	none := w.next == len(w.args)
	if o.arity == optional && (none || strings.HasPrefix(w.args[w.next], "-")) {
		return o, value{}, nil
	}
	if none {
		return nil, value{}, w.complain("missing argument")
	}
	w.next++
	return o, value{w.args[w.next-1], true}, nil
}

// last is the word that was read last: what complaints are about.
func (w *words) last() string { return w.args[w.next-1] }

func (w *words) complain(why string) error {
	return &Error{Text: w.last() + ": " + why, Code: 255}
}
