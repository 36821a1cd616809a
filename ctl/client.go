// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"syscall"

	"github.com/ulvs/ulvs"
)

// A Client speaks to a director behind its control socket, and is a director
// itself. Any number of goroutines may use it.
type Client struct {
	addr string
	http http.Client
}

var _ ulvs.Director = (*Client)(nil)

// Dial reaches the director that listens at addr, and asks whether it listens
// to us. The error is ulvs.ErrNoDirector where nobody listens, and
// ulvs.ErrPermission where one of the two does not trust the other. A director
// that is just starting is awaited.
func Dial(addr string) (*Client, error) {
	c := newClient(addr)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.await(ctx, starting); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func newClient(addr string) *Client {
	c := &Client{addr: addr}
	c.http.Transport = &http.Transport{DialContext: c.connect, MaxIdleConnsPerHost: 2}
	return c
}

// Close lets go of the connections that are idle.
func (c *Client) Close() error { c.http.CloseIdleConnections(); return nil }

// connect opens a connection to a director that can be trusted.
func (c *Client) connect(ctx context.Context, _, _ string) (net.Conn, error) {
	d := net.Dialer{Timeout: patience}
	conn, err := d.DialContext(ctx, "unix", c.addr)
	if err != nil {
		return nil, c.explain(err)
	}
	if err := trust(conn); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// explain says why nobody was reached, and what to do about it.
func (c *Client) explain(err error) error {
	where := "with --socket " + c.addr
	if abstract(c.addr) {
		where = "in this network namespace"
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%w: start one with `ulvs run` %s", ulvs.ErrNoDirector, where)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w: be root, or the user that the director runs as", ulvs.ErrPermission)
	}
	return err
}

// Do carries out one command.
func (c *Client) Do(ctx context.Context, cmd ulvs.Command) error {
	r, err := routeOf(cmd)
	if err != nil {
		return err
	}
	return c.call(ctx, r.method, r.target(cmd), r.payload(cmd), nil)
}

// Info tells whom one talks to.
func (c *Client) Info(ctx context.Context) (info ulvs.Info, err error) {
	return info, c.call(ctx, "GET", "/v1/info", nil, &info)
}

// Status fills into with what the director tells about itself.
func (c *Client) Status(ctx context.Context, into any) error {
	return c.call(ctx, "GET", "/v1/status", nil, into)
}

// List streams the services.
func (c *Client) List(ctx context.Context, q ulvs.Query) iter.Seq2[ulvs.ServiceStatus, error] {
	path := onAll
	if q != (ulvs.Query{}) {
		path = fill(onService, q.ID, netip.AddrPort{})
	}
	return stream[ulvs.ServiceStatus](ctx, c, path)
}

// Conns streams the connections.
func (c *Client) Conns(ctx context.Context) iter.Seq2[ulvs.Conn, error] {
	return stream[ulvs.Conn](ctx, c, onConns)
}

// Sysctls are all there are.
func (c *Client) Sysctls(ctx context.Context) (all []ulvs.Sysctl, err error) {
	return all, c.call(ctx, "GET", "/v1/sysctls", nil, &all)
}

// Marks are the rules for marks.
func (c *Client) Marks(ctx context.Context) (all []ulvs.MarkRule, err error) {
	return all, c.call(ctx, "GET", "/v1/marks", nil, &all)
}

// stream reads an array as it comes.
func stream[T any](ctx context.Context, c *Client, path string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		answer, err := c.send(ctx, "GET", path, nil)
		if err != nil {
			yield(none, err)
			return
		}
		defer answer.Close()
		in := json.NewDecoder(answer)
		_, err = in.Token() // the bracket
		for err == nil && in.More() {
			var v T
			if err = in.Decode(&v); err == nil && !yield(v, nil) {
				return
			}
		}
		if err == nil {
			_, err = in.Token()
		}
		if err != nil {
			yield(none, fmt.Errorf("read %s from %s: %w", path, c.addr, err))
		}
	}
}

// Apply carries out many commands, which the data path sees at once. All lines
// are read before the first is sent. If report returns an error the director
// is told to stop, but may be some lines ahead by then.
func (c *Client) Apply(ctx context.Context, lines iter.Seq[ulvs.Command], report func(int, error) error) error {
	var body bytes.Buffer
	out := json.NewEncoder(&body)
	for line := range lines {
		if err := out.Encode(line); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answer, err := c.send(ctx, "POST", "/v1/apply", &body)
	if err != nil {
		return err
	}
	defer answer.Close()
	for in := json.NewDecoder(answer); ; {
		var o outcome
		if err := in.Decode(&o); err != nil {
			return fmt.Errorf("read the outcome from %s: %w", c.addr, err)
		}
		if o.Line == 0 {
			return o.err()
		}
		if err := report(o.Line, o.err()); err != nil {
			return err
		}
	}
}

// call sends one value and reads one, either of which may be nil.
func (c *Client) call(ctx context.Context, method, path string, send, into any) error {
	var body io.Reader
	if send != nil {
		text, err := json.Marshal(send)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	answer, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer answer.Close()
	if into == nil {
		return nil
	}
	return json.NewDecoder(answer).Decode(into)
}

// send makes a request and returns the body of the answer, or what it failed of.
func (c *Client) send(ctx context.Context, method, path string, body io.Reader) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://ulvs"+path, body)
	if err != nil {
		return nil, err
	}
	answer, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("reach the director at %s: %w", c.addr, cause(err))
	}
	if answer.StatusCode/100 == 2 {
		return answer.Body, nil
	}
	defer answer.Body.Close()
	var f failure
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxBody)).Decode(&f); err != nil || f == (failure{}) {
		return nil, fmt.Errorf("%s %s at %s: %s", method, path, c.addr, answer.Status)
	}
	return nil, f.err()
}

// cause is err without the URL that net/http puts around it: the host is made up.
func cause(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return u.Err
	}
	return err
}
