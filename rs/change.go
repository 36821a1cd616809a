// SPDX-License-Identifier: Apache-2.0

package rs

// A change is one thing that is done to the host, and what was there before.
type change struct {
	Kind  string // a name in kinds
	Name  string // what is changed; with Kind it makes the change itself
	Value string `json:",omitempty"` // what it becomes
	Was   string `json:",omitempty"` // what it was
	Why   string `json:"-"`          // for who reads the commands
}

// same reports whether two changes are about the same thing.
func (c change) same(d change) bool { return c.Kind == d.Kind && c.Name == d.Name }

// String is the command that makes the change.
func (c change) String() string { return kinds[c.Kind].say(&c) }

// A kind says how changes of one kind are made, taken back, and typed.
type kind struct {
	look       func(*change) (there bool, was string, err error)
	do         func(*change) error // does no harm where it is done already
	undo       func(*change) error // does no harm where there is nothing to undo
	say, unsay func(*change) string
	lasting    int // what is smaller is undone first
}

// The kinds of change.
const (
	setSysctl  = "sysctl"
	linkUp     = "link"
	addAddress = "address"
	arpCommand = "arptables" // a rule that the program arptables makes
	arpRule    = "nft"       // the same rule, in a table of our own
)

// kinds is filled by hand, one file a kind.
var kinds = map[string]kind{
	setSysctl:  {lookSysctl, doSysctl, undoSysctl, saySysctl, unsaySysctl, 1},
	linkUp:     {lookLink, doLink, undoLink, sayLink, unsayLink, 1},
	addAddress: {lookAddress, doAddress, undoAddress, sayAddress, unsayAddress, 0},
	arpCommand: {lookCommand, doCommand, undoCommand, sayRule, unsayRule, 1},
	arpRule:    {lookRule, doRule, undoRule, sayRule, unsayRule, 1},
}
