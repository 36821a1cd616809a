// SPDX-License-Identifier: Apache-2.0

package tool

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// curl's own exit codes, as far as lessons look at them.
const (
	curlUsage       = 2
	curlBadURL      = 3
	curlNoConnect   = 7
	curlHTTPError   = 22
	curlWriteFailed = 23
	curlTimeout     = 28
	curlUntrusted   = 60
)

// A fetch is what curl was asked for.
type fetch struct {
	silent, showError, insecure, headers, failing bool

	method, data, output, local string
	header                      []string
	connect, total              float64 // seconds; zero: no limit
	urls                        []string
}

// curl fetches by HTTP and HTTPS, a connection a URL.
func curl(args []string, out, err io.Writer) int {
	f, parseErr := parseFetch(args)
	if parseErr != nil {
		return fail(err, curlUsage, "curl: %v", parseErr)
	}
	last := 0
	for _, url := range f.urls {
		code, fetchErr := f.get(url, out)
		if fetchErr != nil && (!f.silent || f.showError) {
			fail(err, code, "curl: (%d) %v", code, fetchErr)
		}
		last = code
	}
	return last
}

func parseFetch(args []string) (*fetch, error) {
	f := &fetch{}
	s := pflag.NewFlagSet("curl", pflag.ContinueOnError)
	s.SetOutput(io.Discard)
	s.BoolVarP(&f.silent, "silent", "s", false, "say nothing of errors")
	s.BoolVarP(&f.showError, "show-error", "S", false, "but do")
	s.BoolVarP(&f.insecure, "insecure", "k", false, "trust any certificate")
	s.BoolVarP(&f.headers, "include", "i", false, "print the answer's headers")
	s.BoolVarP(&f.failing, "fail", "f", false, "an HTTP error is an error")
	s.StringVarP(&f.method, "request", "X", "", "the method")
	s.StringVarP(&f.data, "data", "d", "", "post this; @FILE: what is in it")
	s.StringVar(&f.data, "data-binary", "", "the same")
	s.StringVarP(&f.output, "output", "o", "", "write the answer there")
	s.StringVar(&f.local, "interface", "", "ask from this address or interface")
	s.StringArrayVarP(&f.header, "header", "H", nil, "send this header too")
	s.Float64Var(&f.connect, "connect-timeout", 0, "seconds")
	s.Float64VarP(&f.total, "max-time", "m", 0, "seconds")
	if err := s.Parse(args); err != nil {
		return nil, fmt.Errorf("%w: this is the lab's small curl; install curl for more", err)
	}
	if f.urls = s.Args(); len(f.urls) == 0 {
		return nil, fmt.Errorf("no URL")
	}
	if f.method == "" {
		f.method = http.MethodGet
		if s.Changed("data") || s.Changed("data-binary") {
			f.method = http.MethodPost
		}
	}
	return f, nil
}

// get fetches one URL; the code is curl's for the error.
func (f *fetch) get(url string, out io.Writer) (int, error) {
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	ctx := context.Background()
	if f.total > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, seconds(f.total))
		defer stop()
	}
	req, err := f.request(ctx, url)
	if err != nil {
		return curlBadURL, err
	}
	dialer, err := f.dialer()
	if err != nil {
		return curlUsage, err
	}
	t := &http.Transport{
		DialContext:       dialer.DialContext,
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: f.insecure},
	}
	resp, err := t.RoundTrip(req)
	if err != nil {
		return codeOf(err), err
	}
	defer resp.Body.Close()
	return f.write(resp, out)
}

func (f *fetch) request(ctx context.Context, url string) (*http.Request, error) {
	body := io.Reader(strings.NewReader(f.data))
	if name, ok := strings.CutPrefix(f.data, "@"); ok {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		body = file // the request closes it
	}
	req, err := http.NewRequestWithContext(ctx, f.method, url, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "curl/ulvs")
	for _, h := range f.header {
		if name, value, ok := strings.Cut(h, ":"); ok {
			req.Header.Set(name, strings.TrimSpace(value))
		}
	}
	return req, nil
}

func (f *fetch) dialer() (*net.Dialer, error) {
	d := &net.Dialer{Timeout: seconds(f.connect)}
	if f.local == "" {
		return d, nil
	}
	addr, err := netip.ParseAddr(f.local)
	if err != nil {
		if addr, err = addressOf(f.local); err != nil {
			return nil, err
		}
	}
	d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, 0))
	return d, nil
}

// addressOf is the first IPv4 address of an interface.
func addressOf(name string) (netip.Addr, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("--interface %s: %w", name, err)
	}
	addrs, err := i.Addrs()
	if err != nil {
		return netip.Addr{}, fmt.Errorf("--interface %s: %w", name, err)
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			return p.Addr(), nil
		}
	}
	return netip.Addr{}, fmt.Errorf("--interface %s: it has no IPv4 address", name)
}

func (f *fetch) write(resp *http.Response, out io.Writer) (int, error) {
	if f.failing && resp.StatusCode >= http.StatusBadRequest {
		return curlHTTPError, fmt.Errorf("the server answered %s", resp.Status)
	}
	if f.output != "" {
		file, err := os.Create(f.output)
		if err != nil {
			return curlWriteFailed, err
		}
		defer file.Close()
		out = file
	}
	if f.headers {
		fmt.Fprintf(out, "%s %s\r\n", resp.Proto, resp.Status)
		if err := resp.Header.Write(out); err != nil {
			return curlWriteFailed, err
		}
		fmt.Fprint(out, "\r\n")
	}
	if _, err := io.Copy(out, resp.Body); err != nil {
		return codeOf(err), err
	}
	return 0, nil
}

func codeOf(err error) int {
	var timeout interface{ Timeout() bool }
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return curlTimeout
	case errors.As(err, &untrusted):
		return curlUntrusted
	}
	return curlNoConnect
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
