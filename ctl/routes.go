// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/ulvs/ulvs"
)

// A body says what a request carries.
type body uint8

const (
	nothing body = iota
	aService
	aServer
	timeouts
	aSysctl
	aMark
)

// A route is how a command that changes something is written in HTTP; the
// server and the client read the same table.
type route struct {
	verb         ulvs.Verb
	method, path string
	body         body
}

const (
	onAll     = "/v1/services"
	onService = "/v1/services/{proto}/{addr}"
	onConns   = "/v1/connections"
	onServer  = "/v1/services/{proto}/{addr}/servers/{server}"
)

var routes = []route{
	{ulvs.AddService, "POST", onAll, aService},
	{ulvs.EditService, "PUT", onService, aService},
	{ulvs.DeleteService, "DELETE", onService, nothing},
	{ulvs.Flush, "DELETE", onAll, nothing},
	{ulvs.AddServer, "POST", onService + "/servers", aServer},
	{ulvs.EditServer, "PUT", onServer, aServer},
	{ulvs.DeleteServer, "DELETE", onServer, nothing},
	{ulvs.Zero, "POST", onService + "/zero", nothing},
	{ulvs.Zero, "POST", "/v1/zero", nothing},
	{ulvs.SetTimeouts, "PUT", "/v1/timeouts", timeouts},
	{ulvs.SetSysctl, "PUT", "/v1/sysctls", aSysctl},
	{ulvs.AddMark, "POST", "/v1/marks", aMark},
	{ulvs.InsertMark, "POST", "/v1/marks/first", aMark},
	{ulvs.DeleteMark, "POST", "/v1/marks/delete", aMark},
	{ulvs.FlushMarks, "DELETE", "/v1/marks", nothing},
}

// routeOf is how to write c; of two routes the first is about one service.
func routeOf(c ulvs.Command) (route, error) {
	for _, r := range routes {
		if r.verb == c.Verb && (c.Service.ID != ulvs.ID{} || !strings.Contains(r.path, "{")) {
			return r, nil
		}
	}
	return route{}, fmt.Errorf("command %q: %w", c.Verb, ulvs.ErrInvalid)
}

// target is the path of the route for c.
func (r route) target(c ulvs.Command) string {
	return fill(r.path, c.Service.ID, c.Server.Addr)
}

// payload is what the request for c carries.
func (r route) payload(c ulvs.Command) any {
	switch r.body {
	case aService:
		return c.Service
	case aServer:
		return c.Server
	case timeouts:
		return c.Timeouts
	case aSysctl:
		return c.Sysctl
	case aMark:
		return c.Mark
	}
	return nil
}

// command is what a request on this route asks for. What the path says and what
// the body says must not differ; the body may leave it out.
func (r route) command(req *http.Request) (ulvs.Command, error) {
	c := ulvs.Command{Verb: r.verb}
	named, err := nameOf(req)
	if err != nil {
		return c, err
	}
	switch r.body {
	case aService:
		err = decode(req.Body, &c.Service)
	case aServer:
		err = decode(req.Body, &c.Server)
	case timeouts:
		err = decode(req.Body, &c.Timeouts)
	case aSysctl:
		err = decode(req.Body, &c.Sysctl)
	case aMark:
		err = decode(req.Body, &c.Mark)
	}
	if err != nil {
		return c, err
	}
	complete(&c)
	if strings.Contains(r.path, "{addr}") {
		c.Service.ID, err = same(named.Service.ID, c.Service.ID)
	}
	if strings.Contains(r.path, "{server}") && err == nil {
		c.Server.Addr, err = same(named.Server.Addr, c.Server.Addr)
	}
	return c, err
}

// same is what both say, where the second may say nothing.
func same[T comparable](path, body T) (T, error) {
	var silent T
	if body != silent && body != path {
		return path, fmt.Errorf("the path says %v, the body %v: %w", path, body, ulvs.ErrInvalid)
	}
	return path, nil
}

// decode reads one JSON value, and nothing else, with no field unknown.
func decode(in io.Reader, into any) error {
	d := json.NewDecoder(in)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read the body: %v: %w", err, ulvs.ErrInvalid)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("read the body: more than one value: %w", ulvs.ErrInvalid)
	}
	return nil
}
