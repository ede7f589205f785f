// SPDX-License-Identifier: MIT

package vectors

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// asNumber reads what is written as a decimal integer that a double holds exactly.
func asNumber(value any) uint64 {
	digits, ok := value.(json.Number)
	number, err := strconv.ParseUint(string(digits), 10, 64)
	if !ok || err != nil || uint64(float64(number)) != number {
		refuse("no number: %v", value)
	}
	return number
}

// number takes a number; 0 where it is absent.
func (o object) number(key string) uint64 {
	if !o.has(key) {
		return 0
	}
	return asNumber(take[json.Number](o, key))
}

// time takes a number of ns, or "never".
func (o object) time(key string) uint64 {
	if o[key] == any("never") {
		delete(o, key)
		return math.MaxUint64
	}
	return o.number(key)
}

// only tells which of the keys is there: at most one. -1: none.
func (o object) only(keys []string) int {
	found := -1
	for i, key := range keys {
		if o.has(key) && found >= 0 {
			refuse("%s and %s", keys[found], key)
		}
		if o.has(key) {
			found = i
		}
	}
	return found
}

// oneOf takes a word of a list, and gives its position.
func (o object) oneOf(key string, words []string) int {
	word := required[string](o, key)
	i := slices.Index(words, word)
	if i < 0 {
		refuse("%s: %s", key, word)
	}
	return i
}

// list takes a list, and reads each of its elements.
func list[T any](o object, key string, read func(any) T) []T {
	var out []T
	for _, value := range take[[]any](o, key) {
		out = append(out, read(value))
	}
	return out
}

// asString takes a string, which must be one that C can hold.
func asString(value any) string {
	text, ok := value.(string)
	if !ok || strings.ContainsRune(text, 0) {
		refuse("no string: %v", value)
	}
	return text
}

// text takes a string; "" where it is absent.
func (o object) text(key string) string {
	if !o.has(key) {
		return ""
	}
	return asString(take[any](o, key))
}

func asHex(value any) []byte {
	data, err := hex.DecodeString(strings.ReplaceAll(asString(value), " ", ""))
	if err != nil {
		refuse("no hexadecimal digits: %v", value)
	}
	return data
}

// masked gives data, masked with the key (RFC 6455 5.3).
func masked(key, data []byte) []byte {
	out := slices.Clone(data)
	for i := range out {
		out[i] ^= key[i%4]
	}
	return out
}

// naming is the DATA of a file that has a name.
type naming map[string]any

// data takes DATA; empty where it is absent.
func (n naming) data(o object, key string) []byte {
	if !o.has(key) {
		return nil
	}
	return n.read(take[any](o, key))
}

// read reads DATA.
func (n naming) read(value any) []byte {
	switch value := value.(type) {
	case string:
		return asHex(value)
	case []any:
		var out []byte
		for _, part := range value {
			out = append(out, n.read(part)...)
		}
		return out
	}
	o := asObject(value)
	if len(o) != 1 {
		refuse("no DATA: %v", value)
	}
	for form, argument := range o {
		return n.readForm(form, argument)
	}
	return nil
}

func (n naming) readForm(form string, argument any) []byte {
	switch form {
	case "text":
		return []byte(asString(argument))
	case "use":
		named, ok := n[asString(argument)]
		if !ok {
			refuse("no data has the name %v", argument)
		}
		return n.read(named)
	}
	parts, ok := argument.([]any)
	switch {
	case ok && form == "lines":
		var out []byte
		for _, line := range parts {
			out = append(out, asString(line)+"\r\n"...)
		}
		return out
	case ok && form == "repeat" && len(parts) == 2:
		return bytes.Repeat(n.read(parts[0]), int(asNumber(parts[1])))
	case ok && form == "masked" && len(parts) == 2:
		key := asKey(parts[0])
		return slices.Concat(key, masked(key, n.read(parts[1])))
	}
	refuse("no DATA: %s %v", form, argument)
	return nil
}

func asKey(value any) []byte {
	key := asHex(value)
	if len(key) != 4 {
		refuse("no masking key: %v", value)
	}
	return key
}
