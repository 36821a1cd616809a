// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// maxMessage bounds a message: the kernel takes no more at once from a socket
// with the default buffer.
const maxMessage = 208 << 10

// maxFiles is how many open files a message may carry: input, output, errors.
const maxFiles = 3

// A line is one end of a connection between two processes of a lab. It carries
// whole messages (JSON), and open files beside them: so a program in a host
// reads and writes the terminal of whoever asked for it.
type line struct{ *net.UnixConn }

// newPair makes a line, and its other end as a file for a child to inherit.
func newPair() (line, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return line{}, nil, fmt.Errorf("make a socket pair: %w", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "line")
	ours, err := inherited(fds[0])
	if err != nil {
		theirs.Close()
		return line{}, nil, err
	}
	return ours, theirs, nil
}

// inherited is a line on a descriptor, which it takes over.
func inherited(fd int) (line, error) {
	f := os.NewFile(uintptr(fd), "line")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return line{}, fmt.Errorf("open the line %d: %w", fd, err)
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		return line{}, fmt.Errorf("open the line %d: it is no Unix socket", fd)
	}
	return line{u}, nil
}

// send sends one message.
func (l line) send(v any, files ...*os.File) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(b) > maxMessage {
		return fmt.Errorf("send %d bytes: too long: a command line and its environment may have %d", len(b), maxMessage)
	}
	var oob []byte
	if len(files) > 0 {
		oob = unix.UnixRights(descriptors(files)...)
	}
	_, _, err = l.WriteMsgUnix(b, oob, nil)
	return err
}

// recv waits for one message; the files that came with it are the caller's.
func (l line) recv(v any) ([]*os.File, error) {
	b, oob := make([]byte, maxMessage), make([]byte, unix.CmsgSpace(4*maxFiles))
	n, oobn, flags, _, err := l.ReadMsgUnix(b, oob)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, io.EOF
	}
	files, err := received(oob[:oobn])
	if err == nil && flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 {
		err = errors.New("read a message: it is too long")
	}
	if err == nil {
		err = json.Unmarshal(b[:n], v)
	}
	if err != nil {
		closeAll(files)
		return nil, err
	}
	return files, nil
}

// received takes the files out of control messages.
func received(oob []byte) (files []*os.File, err error) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, fmt.Errorf("read the files of a message: %w", err)
	}
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			continue // no files: somebody's credentials, or what else may come
		}
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "passed"))
		}
	}
	return files, nil
}

func descriptors(files []*os.File) (fds []int) {
	for _, f := range files {
		fds = append(fds, int(f.Fd()))
	}
	return fds
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// A report says how something went; no text: well.
type report struct {
	Error string `json:"error,omitempty"`
}

func reportOf(err error) report {
	if err == nil {
		return report{}
	}
	return report{err.Error()}
}

// hear waits for a report, and makes it an error again.
func (l line) hear() error {
	var r report
	if _, err := l.recv(&r); err != nil {
		return err
	}
	if r.Error != "" {
		return errors.New(r.Error)
	}
	return nil
}
