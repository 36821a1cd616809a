// SPDX-License-Identifier: Apache-2.0

package play

import "strings"

// said is a line of packet's notation, taken apart: who speaks to whom and how,
// the words after that, and the packet that an ICMP error quotes.
type said struct {
	head  string
	words map[string]string // "ttl": "63"; no value where a word takes none
	quote *said
}

// arity is how many words follow each word of the notation.
var arity = map[string]int{
	"seq": 1, "ack": 1, "ident": 1, "mtu": 1, "len": 1, "data": 1, "sum": 1, "ttl": 1, "tos": 1, "df": 0,
	"id": 1, "frag": 1, "gso": 1, "partial": 0, "vlan": 1, "mark": 1, "mac": 3, "not-to-us": 0,
}

// hear takes a line apart; that it is well formed, package packet has seen.
func hear(line string) said {
	s, _ := hearWords(split(line))
	return s
}

// hearWords stops behind the brace that ends a quote.
func hearWords(words []string) (said, []string) {
	s := said{words: map[string]string{}}
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		n, known := arity[word]
		switch {
		case word == "}":
			return s, words
		case word == "{":
			var q said
			q, words = hearWords(words)
			s.quote = &q
		case word[0] == '[' && !strings.Contains(word, "]:"):
			s.words["["] = word
		case known && len(words) >= n:
			s.words[word] = strings.Join(words[:n], " ")
			words = words[n:]
		default:
			s.head += word + " "
		}
	}
	return s, nil
}

// agrees reports whether two packets are the same in all that a line names.
// The payload may be told as a length or as data: naming either names it.
func (s said) agrees(got, named said) bool {
	if s.head != got.head || named.quote != nil && (got.quote == nil || !s.quote.agrees(*got.quote, *named.quote)) {
		return false
	}
	for word := range named.words {
		if s.words[word] != got.words[word] {
			return false
		}
		if (word == "len" || word == "data") && (s.words["len"] != got.words["len"] || s.words["data"] != got.words["data"]) {
			return false
		}
	}
	return true
}

// split cuts a line into words; a quoted string is one, and so is [ … ].
func split(line string) (words []string) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		n := wordLen(line)
		words = append(words, line[:n])
		line = line[n:]
	}
	return words
}

func wordLen(line string) int {
	stop := byte(' ')
	switch line[0] {
	case '"':
		stop = '"'
	case '[':
		stop = ']'
	}
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] == '\\' && stop == '"':
			i++
		case line[i] == ' ' && stop == ' ':
			return i
		case line[i] == stop && stop == ']' && i+1 < len(line) && line[i+1] == ':':
			stop = ' ' // an IPv6 address with its port
		case line[i] == stop:
			return i + 1
		}
	}
	return len(line)
}
