// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/ulvs/ulvs"
)

// A director claims its socket first of all, and answers when it has taken its
// interfaces; whoever asks in between waits in the socket's queue. Before that
// there is only a young process (`ulvs run &`), and that is looked for: where
// there is none, nobody waits longer than a shell takes to start one.
const (
	forkTime  = 60 * time.Millisecond // from a shell's & to the process's own name
	startTime = time.Second           // from there to the socket
	youth     = 2 * time.Second       // the age at which a director without a socket has failed
	pollTime  = 20 * time.Millisecond
)

// await asks the director until it answers, or will not. starting tells whether
// one is about to listen.
func (c *Client) await(ctx context.Context, starting func() bool) error {
	for begin := time.Now(); ; time.Sleep(pollTime) {
		_, err := c.Info(ctx)
		if hungUp(err) {
			return fmt.Errorf("%w: one was about to start, and ended: read what it said", ulvs.ErrNoDirector)
		}
		waited := time.Since(begin)
		if !errors.Is(err, ulvs.ErrNoDirector) || waited > startTime || waited > forkTime && !starting() {
			return err
		}
	}
}

// hungUp reports whether the other end closed the connection in place of an
// answer. If it does so before we have asked, net/http has only words for it.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		err != nil && strings.HasSuffix(err.Error(), "server closed idle connection")
}

// starting reports whether a young process of this network namespace is called
// `ulvs run`, or like this binary.
func starting() bool {
	exe, err := os.Executable()
	return err == nil && (young("ulvs", youth) || young(filepath.Base(exe), youth))
}

// young looks for a process with the words "NAME run" that is not much older
// than we are.
func young(name string, age time.Duration) bool {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return false
	}
	space, err := os.Readlink("/proc/self/ns/net")
	own, known := born("/proc/self")
	return err == nil && known && slices.ContainsFunc(dirs, func(dir string) bool {
		words, _ := os.ReadFile(dir + "/cmdline")
		if !runs(string(words), name) {
			return false
		}
		there, err := os.Readlink(dir + "/ns/net")
		then, ok := born(dir)
		return err == nil && there == space && ok && own-then < age
	})
}

// runs reports whether a command line, its words parted by zeros, holds "NAME
// run", whoever starts it (sudo, go run).
func runs(cmdline, name string) bool {
	words := strings.Split(cmdline, "\x00")
	for i := range len(words) - 1 {
		if filepath.Base(words[i]) == name && words[i+1] == "run" {
			return true
		}
	}
	return false
}

// born is when a process began, since the machine did: in proc(5) the 22nd
// field of stat, in ticks of which every Linux counts 100 a second.
func born(dir string) (time.Duration, bool) {
	b, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:])) // the name may hold anything
	const start = 22 - 3                                                          // two stand before
	if len(fields) <= start {
		return 0, false
	}
	ticks, err := strconv.ParseInt(fields[start], 10, 64)
	return time.Duration(ticks) * time.Second / 100, err == nil
}
