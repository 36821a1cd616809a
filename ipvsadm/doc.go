// SPDX-License-Identifier: Apache-2.0

// Package ipvsadm turns ipvsadm's words into commands for a director, and what
// the director says into ipvsadm's tables, byte for byte.
//
// The way of a command line through the files:
//
//	words.go        which option comes next, and what is its value
//	options.go      all options and commands there are
//	parse.go        from words to a Line
//	matrix.go       which option goes with which command
//	unsupported.go  what ipvsadm has and ulvs has not yet
//	program.go      Main: what a Line does
//	list.go         the tables of -L, in the order of sort.go
//	format.go       the lines of -S
//	restore.go      many Lines, from -R
//
// The package opens no file and no socket: the director, and what turns names
// into addresses, are given to it.
package ipvsadm
