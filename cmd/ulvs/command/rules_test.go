// SPDX-License-Identifier: Apache-2.0

package command

import (
	"strings"
	"testing"
)

func TestReadRules(t *testing.T) {
	rules, err := readRules(strings.NewReader("# saved\n\nipvsadm -A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 2\n"))
	if err != nil || len(rules) != 2 || rules[1].line != 4 || rules[1].command.Server.Weight != 2 {
		t.Errorf("got %+v, %v", rules, err)
	}
	rules, err = readRules(strings.NewReader("-A -f 6666 -s rr -p 360\n#ulvs mark flush\n#ulvs mark add -d 192.0.2.1 --set-mark 6666\n# end"))
	if err != nil || len(rules) != 3 || rules[2].command.Mark.Mark != 6666 || rules[0].command.Service.Persist != 360 {
		t.Errorf("got %+v, %v", rules, err)
	}
	for text, want := range map[string]string{
		"-A -t 192.0.2.1:80\n-A -t nonsense": "line 2: -A -t nonsense: illegal virtual server address[:port] specified",
		"#ulvs mark add -d 192.0.2.1":        "line 1: #ulvs mark add -d 192.0.2.1: which mark? --set-mark MARK is missing",
		"-L":                                 "line 1: -L: only lines that add, edit or delete make rules",
	} {
		if _, err := readRules(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("%q gave %v, want %s", text, err, want)
		}
	}
}
