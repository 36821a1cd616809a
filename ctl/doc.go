// SPDX-License-Identifier: Apache-2.0

// Package ctl is the director's control socket: HTTP and JSON over a Unix
// socket, and the client of it, which is a director as well.
//
//	GET    /v1/info                                      version, size of the connection table, timeouts
//	GET    /v1/status                                    what the director tells about itself
//	GET    /v1/services                                  all services, streamed as an array
//	POST   /v1/services                                  add a service
//	DELETE /v1/services                                  delete all services
//	GET    /v1/services/{proto}/{addr}                   one service, as an array of one
//	PUT    /v1/services/{proto}/{addr}                   change a service
//	DELETE /v1/services/{proto}/{addr}                   delete a service
//	POST   /v1/services/{proto}/{addr}/servers           add a real server
//	PUT    /v1/services/{proto}/{addr}/servers/{server}  change a real server
//	DELETE /v1/services/{proto}/{addr}/servers/{server}  delete a real server
//	POST   /v1/services/{proto}/{addr}/zero              set its counters to zero
//	POST   /v1/zero                                      set all counters to zero
//	PUT    /v1/timeouts                                  set the timeouts of silent connections
//	GET    /v1/connections                               all connections, streamed as an array
//	GET    /v1/sysctls                                   the settings net.ipv4.vs, as an array
//	PUT    /v1/sysctls                                   change one of them
//	GET    /v1/marks                                     the rules for firewall marks, as an array, in their order
//	POST   /v1/marks                                     add a rule behind the others
//	POST   /v1/marks/delete                              delete a rule
//	DELETE /v1/marks                                     delete all rules
//	POST   /v1/apply                                     many commands at once
//
// A service by firewall mark has fwm (IPv4) or fwm6 in the place of {proto} and
// the mark in that of {addr}: /v1/services/fwm/6666/servers.
//
// By default the socket is the abstract one named ulvs, which belongs to the
// network namespace:
//
//	curl --abstract-unix-socket ulvs http://ulvs/v1/services
//
// Both ends look at each other's credentials: the director serves root and its
// own user, a client believes only root's director and its own.
package ctl
