// SPDX-License-Identifier: Apache-2.0

package afpacket

import (
	"github.com/ulvs/ulvs/packet"
	"golang.org/x/sys/unix"
)

// Send transmits the frames, as forward.Link says.
func (l *Link) Send(batch []*packet.Packet, sent []packet.Drop) {
	l.sending = batch
	for i := 0; i < len(batch); {
		fd, n := l.gather(batch[i:])
		l.transmit(fd, sent[i:i+n])
		i += n
	}
	l.sending = nil
}

// gather writes the messages for a run of frames that take the same way. The
// order within a port matters more than the length of the runs.
func (l *Link) gather(batch []*packet.Packet) (fd, n int) {
	super := false
	for n < min(len(batch), runLen) {
		p := batch[n]
		o := forDevice(p.Buf[p.Off:p.End], p.Offload)
		if s := o.Kind != packet.GSONone; n == 0 {
			super = s
		} else if s != super {
			break
		}
		l.out.put(n, p, o)
		n++
	}
	if super {
		return l.super, n
	}
	return l.plain, n
}

// transmit sends the first messages that were written, one for each of sent.
// The kernel stops at the first that it refuses; those behind it go on.
func (l *Link) transmit(fd int, sent []packet.Drop) {
	for i := 0; i < len(sent); {
		n, errno := l.out.send(fd, i, len(sent))
		switch errno {
		case 0:
			clear(sent[i : i+n])
			i += n
		case unix.EINTR:
		default:
			sent[i] = reason(errno)
			i++
		}
	}
}

// reason is why the kernel refused a frame.
func reason(errno unix.Errno) packet.Drop {
	switch errno {
	case unix.ENOBUFS, unix.EAGAIN, unix.ENOMEM:
		return packet.LinkFull
	case unix.EMSGSIZE:
		return packet.TooBig
	case unix.ENETDOWN, unix.ENXIO, unix.ENODEV:
		return packet.LinkDown
	}
	return packet.LinkRefused
}
