// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/ulvs/ulvs"
)

// A first is a listener that has accepted somebody already.
type first struct {
	net.Listener
	conn chan net.Conn
}

func (f *first) Accept() (net.Conn, error) {
	select {
	case c := <-f.conn:
		return c, nil
	default:
		return f.Listener.Accept()
	}
}

func testAddr(t *testing.T) string {
	return fmt.Sprintf("@ulvs-test-%d-%s", os.Getpid(), t.Name())
}

// listen opens a socket for this test.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := Listen(testAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// dialing begins to dial, and gives the outcome later.
func dialing(t *testing.T) <-chan error {
	done := make(chan error, 1)
	go func() {
		c, err := Dial(testAddr(t))
		if err == nil {
			err = c.Close()
		}
		done <- err
	}()
	return done
}

// TestDialQueues wants who comes while the director takes its interfaces to be
// answered when it has them.
func TestDialQueues(t *testing.T) {
	l := listen(t)
	done := dialing(t)
	c, err := l.Accept() // it is there, and nobody serves yet
	if err != nil {
		t.Fatal(err)
	}
	f := &first{l, make(chan net.Conn, 1)}
	f.conn <- c
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, f, &notebook{}, nil) }()
	if err := <-done; err != nil {
		t.Error(err)
	}
	stop()
	<-served
}

// TestDialIsLeft wants who waits for a director that fails to hear of it.
func TestDialIsLeft(t *testing.T) {
	l := listen(t)
	done := dialing(t)
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := <-done; !errors.Is(err, ulvs.ErrNoDirector) {
		t.Errorf("the director ended, and dial says %v", err)
	}
}

// TestDialAwaits wants a director that is about to listen to be awaited, and
// none that is not.
func TestDialAwaits(t *testing.T) {
	c := newClient(testAddr(t))
	defer c.Close()
	looked := 0
	nobody := func() bool { looked++; return false }
	if err := c.await(t.Context(), nobody); !errors.Is(err, ulvs.ErrNoDirector) || looked != 1 {
		t.Errorf("where nobody starts: %v after %d looks", err, looked)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	somebody := func() bool {
		if looked++; looked == 3 {
			l := listen(t)
			go func() { served <- Serve(ctx, l, &notebook{}, nil) }()
		}
		return true
	}
	if err := c.await(t.Context(), somebody); err != nil || looked != 3 {
		t.Errorf("where somebody starts: %v after %d looks", err, looked)
	}
	stop()
	<-served
}

// TestYoung finds a process by its words and its age.
func TestYoung(t *testing.T) {
	name := fmt.Sprintf("ulvs-test-%d", os.Getpid())
	c := exec.Command("cat", "-", "/nowhere/"+name, "run") // it waits for its input first
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Skip(err)
	}
	if !young(name, youth) {
		t.Error("a process that has just begun is not found")
	}
	if young(name, -time.Hour) || young(name[1:], youth) || young("run", youth) {
		t.Error("an old process is found, or one of another name")
	}
	in.Close()
	_ = c.Wait()
	if young(name, youth) {
		t.Error("a process that has ended is found")
	}
}
