// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"time"

	"github.com/ulvs/ulvs"
)

// The bounds of a request.
const (
	maxBody  = 64 << 10 // bytes, of one command
	maxApply = 64 << 20 // bytes, of many
	maxTime  = time.Minute
)

// Serve answers on l until ctx ends, then lets those finish who are being
// answered, and returns nil. status is what GET /v1/status tells, as JSON.
func Serve(ctx context.Context, l net.Listener, d ulvs.Director, status func() any) error {
	s := &http.Server{
		Handler:           onlyTrusted(handler(d, status)),
		ConnContext:       noteTrust,
		ReadHeaderTimeout: patience,
		ReadTimeout:       maxTime,
		WriteTimeout:      maxTime,
		IdleTimeout:       maxTime,
		MaxHeaderBytes:    16 << 10,
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		if s.Shutdown(grace) != nil {
			s.Close()
		}
	})
	err := s.Serve(l)
	if stop() { // ctx has not ended: it is the listener that failed
		return err
	}
	<-stopped
	return nil
}

// handler is the resource tree.
func handler(d ulvs.Director, status func() any) http.Handler {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, req *http.Request) { do(w, req, d, r) })
	}
	list := func(w http.ResponseWriter, req *http.Request) { list(w, req, d) }
	mux.HandleFunc("GET "+onAll, list)
	mux.HandleFunc("GET "+onService, list)
	mux.HandleFunc("POST /v1/apply", func(w http.ResponseWriter, req *http.Request) { apply(w, req, d) })
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, status()) })
	mux.HandleFunc("GET "+onConns, func(w http.ResponseWriter, req *http.Request) { array(w, d.Conns(req.Context())) })
	mux.HandleFunc("GET /v1/info", told(d.Info))
	mux.HandleFunc("GET /v1/sysctls", toldAll(d.Sysctls))
	mux.HandleFunc("GET /v1/marks", toldAll(d.Marks))
	return mux
}

// do carries out one command.
func do(w http.ResponseWriter, req *http.Request, d ulvs.Director, r route) {
	req.Body = http.MaxBytesReader(w, req.Body, maxBody)
	c, err := r.command(req)
	if err == nil {
		err = whole(c)
	}
	if err == nil {
		err = d.Do(req.Context(), c)
	}
	if err != nil {
		fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// list streams the services that the path names.
func list(w http.ResponseWriter, req *http.Request, d ulvs.Director) {
	named, err := nameOf(req)
	if err != nil {
		fail(w, err)
		return
	}
	array(w, d.List(req.Context(), ulvs.Query{ID: named.Service.ID}))
}

// array streams values as one array.
func array[T any](w http.ResponseWriter, values iter.Seq2[T, error]) {
	between := "["
	for v, err := range values {
		if err != nil && between == "[" {
			fail(w, err)
			return
		}
		if err != nil {
			panic(http.ErrAbortHandler) // net/http's way to break off an answer
		}
		line, _ := json.Marshal(v) // plain fields: cannot fail
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, between)
		w.Write(line)
		between = ",\n"
	}
	if between == "[" {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, between)
	}
	io.WriteString(w, "]\n")
}

// told answers with what a director says of itself.
func told[T any](of func(context.Context) (T, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		v, err := of(req.Context())
		if err != nil {
			fail(w, err)
			return
		}
		answer(w, http.StatusOK, v)
	}
}

// toldAll is told for what there may be none of: an empty array, not null.
func toldAll[T any](of func(context.Context) ([]T, error)) http.HandlerFunc {
	return told(func(ctx context.Context) ([]T, error) {
		all, err := of(ctx)
		return append([]T{}, all...), err
	})
}

// An outcome is what became of one line of an apply. The last one has no line:
// it says what became of the whole.
type outcome struct {
	Line int `json:"line,omitempty"` // from 1
	failure
}

// apply reads commands, one JSON value after the other, and writes an outcome
// for each while it still reads.
func apply(w http.ResponseWriter, req *http.Request, d ulvs.Director) {
	// Else net/http throws away what is unread when the first outcome leaves;
	// but then the rest is ours to read, or it trips over it in the end.
	http.NewResponseController(w).EnableFullDuplex()
	body := http.MaxBytesReader(w, req.Body, maxApply)
	defer io.Copy(io.Discard, body)
	w.Header().Set("Content-Type", "application/jsonl")
	out := json.NewEncoder(w)
	in := json.NewDecoder(body)
	in.DisallowUnknownFields()
	var bad error
	lines := func(yield func(ulvs.Command) bool) {
		for {
			var c ulvs.Command
			if bad = in.Decode(&c); bad == nil {
				complete(&c)
				bad = whole(c)
			}
			if bad != nil || !yield(c) {
				return
			}
		}
	}
	err := d.Apply(req.Context(), lines, func(line int, err error) error {
		f, _ := failureOf(err)
		return errors.Join(out.Encode(outcome{line, f}), req.Context().Err())
	})
	if err == nil && bad != nil && bad != io.EOF {
		err = fmt.Errorf("read the commands: %w: %w", ulvs.ErrInvalid, bad)
	}
	f, _ := failureOf(err)
	out.Encode(outcome{0, f})
}

// fail answers with an error.
func fail(w http.ResponseWriter, err error) {
	f, status := failureOf(err)
	answer(w, status, f)
}

// answer writes v as the whole answer.
func answer(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(text, '\n'))
}
