// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"errors"
	"net/http"

	"github.com/ulvs/ulvs"
)

// codes are the errors that a director answers with, and what they are called
// on the wire. errors.Is works the same on both ends.
var codes = []struct {
	err    error
	code   string
	status int
}{
	{ulvs.ErrServiceExists, "service_exists", http.StatusConflict},
	{ulvs.ErrNoService, "no_service", http.StatusNotFound},
	{ulvs.ErrServerExists, "server_exists", http.StatusConflict},
	{ulvs.ErrNoServer, "no_server", http.StatusNotFound},
	{ulvs.ErrNoScheduler, "no_scheduler", http.StatusUnprocessableEntity},
	{ulvs.ErrInvalid, "invalid", http.StatusBadRequest},
	{ulvs.ErrRange, "range", http.StatusUnprocessableEntity},
	{ulvs.ErrFamily, "family", http.StatusUnprocessableEntity},
	{ulvs.ErrPermission, "permission", http.StatusForbidden},
	{ulvs.ErrNoDirector, "no_director", http.StatusServiceUnavailable},
	{ulvs.ErrBusy, "busy", http.StatusConflict},
	{ulvs.ErrNoSysctl, "no_sysctl", http.StatusNotFound},
	{ulvs.ErrNoEngine, "no_engine", http.StatusUnprocessableEntity},
	{ulvs.ErrNoLocals, "no_locals", http.StatusUnprocessableEntity},
	{ulvs.ErrMarkExists, "mark_exists", http.StatusConflict},
	{ulvs.ErrNoMark, "no_mark", http.StatusNotFound},
	{ulvs.ErrNotYetSupported, "not_yet_supported", http.StatusNotImplemented},
}

// A failure is an error on the wire; the zero failure is none.
type failure struct {
	Code  string `json:"code,omitempty"` // empty: an error that has no name
	Error string `json:"error,omitempty"`
}

// failureOf is err on the wire, and the HTTP status that goes with it.
func failureOf(err error) (failure, int) {
	if err == nil {
		return failure{}, http.StatusOK
	}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return failure{c.code, err.Error()}, c.status
		}
	}
	return failure{Error: err.Error()}, http.StatusInternalServerError
}

// err is what the failure was on the other end.
func (f failure) err() error {
	if f == (failure{}) {
		return nil
	}
	for _, c := range codes {
		if c.code == f.Code {
			return &remoteError{f.Error, c.err}
		}
	}
	return errors.New(f.Error)
}

// A remoteError has the words of the other end, and is one of ulvs's errors.
type remoteError struct {
	text string
	is   error
}

func (e *remoteError) Error() string { return e.text }
func (e *remoteError) Unwrap() error { return e.is }
