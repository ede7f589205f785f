// SPDX-License-Identifier: MIT

package vectors

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// formatError is what a file says that the format does not know. Readers panic with it; [catch] makes it an error.
type formatError struct{ text string }

func refuse(format string, args ...any) { panic(formatError{fmt.Sprintf(format, args...)}) }

// catch turns a refusal into an error that names where it was.
func catch(where string, err *error) {
	switch cause := recover().(type) {
	case nil:
	case formatError:
		*err = fmt.Errorf("%s: %s", where, cause.text)
	default:
		panic(cause)
	}
}

// object is a JSON object. Each key that the format has is taken out of it; what is left at the end is unknown.
type object map[string]any

// readJSON reads a file that holds one object.
func readJSON(path string) object {
	file, err := os.Open(path)
	if err != nil {
		refuse("%v", err)
	}
	defer file.Close()
	decoder := json.NewDecoder(file)
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		refuse("%v", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		refuse("there is more behind the object")
	}
	return asObject(value)
}

func asObject(value any) object {
	o, ok := value.(map[string]any)
	if !ok {
		refuse("no object: %v", value)
	}
	return o
}

// object takes an object; an empty one where it is absent.
func (o object) object(key string) object {
	if !o.has(key) {
		return object{}
	}
	return asObject(take[any](o, key))
}

func (o object) has(key string) bool {
	_, ok := o[key]
	return ok
}

// end refuses keys that nothing took.
func (o object) end() {
	if len(o) > 0 {
		refuse("unknown: %v", slices.Sorted(maps.Keys(o)))
	}
}

// take removes a key, whose value must be a T. Where it is absent, that is the zero T.
func take[T any](o object, key string) T {
	raw, ok := o[key]
	value, is := raw.(T)
	if ok && !is {
		refuse("%s: %v", key, raw)
	}
	delete(o, key)
	return value
}

// required is take of a key that must be there.
func required[T any](o object, key string) T {
	if !o.has(key) {
		refuse("%s is missing", key)
	}
	return take[T](o, key)
}

// flag takes a key whose value can only be true.
func (o object) flag(key string) bool {
	isThere := o.has(key)
	if isThere && !take[bool](o, key) {
		refuse("%s: false", key)
	}
	return isThere
}
