// SPDX-License-Identifier: Apache-2.0

// Package ipvsadm turns ipvsadm's words into commands for a director, and what
// the director says into ipvsadm's tables, byte for byte.
//
// The way of a command line through the files:
//
//	words.go        which option comes next, and what is its value
//	options.go      all options and commands there are; flags.go, mask.go: of their values
//	parse.go        from words to a Line
//	matrix.go       which option goes with which command
//	unsupported.go  what ipvsadm has and ulvs has not yet
//	program.go      Main: what a Line does
//	list.go         -L, in the order of sort.go, as the tables of table.go
//	conns.go        the table of -L -c
//	format.go       the lines of -S
//	restore.go      many Lines, from -R
//	script.go       ipvsadm-save and ipvsadm-restore
//	rules.go        what their files have besides, which is ulvs's own
//	complete.go     which words a shell may offer next
//
// The package opens no file and no socket: the director, and what turns names
// into addresses, are given to it.
package ipvsadm
