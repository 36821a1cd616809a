// SPDX-License-Identifier: Apache-2.0

package ipvsadm

// unsupported are the options that ipvsadm has and ulvs has not yet. A line
// that is right but for them is refused, never carried out by half. What
// becomes supported is deleted here, and nowhere else.
var unsupported = map[string]bool{
	"start-daemon": true,
	"stop-daemon":  true,
}

// supported refuses the first option that is in the table above. Those that
// only go with one of these (multicast settings) need no line.
func (p *parser) supported() error {
	for _, o := range p.used {
		if unsupported[o.long] {
			return usage("%v: not supported by ulvs yet", o)
		}
	}
	return nil
}
