// SPDX-License-Identifier: Apache-2.0

package ulvs

import (
	"fmt"
	"strings"
)

// Services know the ports of services by their names, as /etc/services does.
// nil knows none.
type Services func(name string, p Proto) (port uint16, known bool)

// numbers puts numbers in the place of names, in the ports of a rule.
func (s Services) numbers(text string, p Proto) string {
	if s == nil || p == 0 {
		return text
	}
	words := strings.Split(text, ",")
	for i, word := range words {
		ends := strings.Split(word, ":")
		for j, end := range ends {
			if port, known := s(end, p); known && !isNumber(end) {
				ends[j] = fmt.Sprint(port)
			}
		}
		words[i] = strings.Join(ends, ":")
	}
	return strings.Join(words, ",")
}
