// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"golang.org/x/sys/unix"

	"github.com/ulvs/ulvs"
)

// nobody is the uid that everybody has who has none in our user namespace.
const nobody = 65534

// credentials are those of the process at the other end, as the kernel noted
// them when it connected or began to listen.
func credentials(c net.Conn) (*unix.Ucred, error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return nil, errors.New("not a unix socket")
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return nil, err
	}
	var cred *unix.Ucred
	e := raw.Control(func(fd uintptr) {
		cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	return cred, errors.Join(e, err)
}

// trusted reports whether a process of that uid is root's or ours. If we are
// nobody ourselves, others who are nobody are not us.
func trusted(uid uint32, own int) bool {
	return uid == 0 || int(uid) == own && uid != nobody
}

// trust is nil if the process at the other end may be talked to.
func trust(c net.Conn) error {
	cred, err := credentials(c)
	if err != nil {
		return fmt.Errorf("ask who is at the other end: %w", err)
	}
	if !trusted(cred.Uid, os.Geteuid()) {
		return fmt.Errorf("the other end has uid %d, which is neither root nor us (uid %d): %w",
			cred.Uid, os.Geteuid(), ulvs.ErrPermission)
	}
	return nil
}

type trustKey struct{}

// noteTrust remembers with a connection whether its requests are heard.
func noteTrust(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, trustKey{}, trust(c))
}

// onlyTrusted answers those whom we do not trust, and closes.
func onlyTrusted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err, _ := r.Context().Value(trustKey{}).(error); err != nil {
			w.Header().Set("Connection", "close")
			fail(w, fmt.Errorf("you may not speak to this director: %w: be root, or the user it runs as", ulvs.ErrPermission))
			return
		}
		h.ServeHTTP(w, r)
	})
}
