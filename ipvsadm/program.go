// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ulvs/ulvs"
)

// A Dial reaches the director.
type Dial func(context.Context) (ulvs.Director, error)

// A Program is ipvsadm, with all that it needs of the world. Each Main uses it
// alone.
type Program struct {
	Argv0      string // its last element says who we are: ipvsadm, ipvsadm-save, ipvsadm-restore
	Dial       Dial
	Names      Names
	Schedulers []string // those that ulvs has, for the help

	In       io.Reader
	Out, Err io.Writer
}

// Main is ipvsadm without names for addresses and ports: it carries out args
// and returns what the process exits with.
func Main(ctx context.Context, argv0 string, args []string, d Dial, in io.Reader, out, err io.Writer) int {
	p := Program{Argv0: argv0, Dial: d, In: in, Out: out, Err: err}
	return p.Main(ctx, args)
}

// Main carries out args and returns what the process exits with. The director
// is looked for before args are looked at, as the original does; only help and
// version, for which the original wants the kernel's module too, need none.
func (p *Program) Main(ctx context.Context, args []string) int {
	s := session{Program: p, name: p.Argv0, ctx: ctx, out: bufio.NewWriter(p.Out)}
	if !p.alone(args) {
		d, err := p.Dial(ctx)
		if err != nil {
			fmt.Fprintf(p.Err, "%s: %v\n", p.Argv0, err)
			return 2
		}
		s.director = d
	}
	return s.flushed(s.main(args))
}

// flushed is the exit status when all is written: a listing that is cut off is
// none.
func (s *session) flushed(code int) int {
	err := s.out.Flush()
	if err == nil {
		return code
	}
	fmt.Fprintf(s.Err, "%s: %v\n", s.name, err)
	return max(code, 1)
}

// called is the name that we go by, whatever directory it stands in.
func (p *Program) called() string { return p.Argv0[strings.LastIndexByte(p.Argv0, '/')+1:] }

// alone reports whether args ask for nothing that a director knows.
func (p *Program) alone(args []string) bool {
	line := newParser(Names{}, args)
	script := p.called() == "ipvsadm-save" || p.called() == "ipvsadm-restore"
	return !script && line.first() == nil && (line.command == cmdHelp || line.command == cmdVersion)
}

// main is the program that goes by our name.
func (s *session) main(args []string) int {
	switch s.called() {
	case "ipvsadm-save":
		s.name = "ipvsadm" // which the original's scripts call
		return s.saveScript(args)
	case "ipvsadm-restore":
		s.name = "ipvsadm"
		return s.restoreScript()
	}
	return s.run(args)
}

// A session is one run of a Program, with the director it has found.
type session struct {
	*Program
	name     string // ours, in messages
	ctx      context.Context
	director ulvs.Director // nil for a help or version that stands alone
	out      *bufio.Writer
}

// run carries out one command line that somebody typed.
func (s *session) run(args []string) int {
	l, err := s.Names.Parse(args)
	if err == nil && l.Action == Restore {
		return s.restore(s.In)
	}
	if err == nil {
		err = s.do(l)
	}
	return s.fail(err)
}

// do carries out any line but a Restore.
func (s *session) do(l Line) error {
	switch l.Action {
	case List:
		return listing(l.list(s.ctx, s.director, s.shown(l), s.out))
	case Connections:
		return listing(l.connections(s.ctx, s.director, s.shown(l), s.out))
	case Timeouts:
		return listing(timeouts(s.ctx, s.director, s.out))
	case Daemons: // there are none, which the original tells by silence
	case Save:
		return listing(l.save(s.ctx, s.director, s.shown(l), s.out))
	case Help:
		io.WriteString(s.out, help(s.name, s.Schedulers))
	case Version:
		fmt.Fprintln(s.out, versionText)
	default:
		if err := s.director.Do(s.ctx, l.Command); err != nil {
			return refused(l.Command.Verb, err)
		}
	}
	return nil
}

// shown are the names that the output of l has.
func (s *session) shown(l Line) Names {
	if l.Numeric {
		return Names{}
	}
	return s.Names
}

// listing words the failure of a listing, which ends a restore.
func listing(err error) error {
	if err == nil {
		return nil
	}
	return &Error{Text: refused("", err).Error(), Code: 1, Ends: true}
}

// fail tells an error, if there is one, and returns the exit status.
func (s *session) fail(err error) int {
	if err == nil {
		return 0
	}
	s.out.Flush()
	e := &Error{Text: err.Error(), Code: 255}
	errors.As(err, &e)
	if e == errTry {
		fmt.Fprintf(s.Err, "Try `%s -h' or '%s --help' for more information.\n", s.name, s.name)
	} else {
		fmt.Fprintln(s.Err, e.Text)
	}
	return e.Code
}
