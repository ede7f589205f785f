// SPDX-License-Identifier: MIT

package vectors

import (
	"path/filepath"
	"slices"
	"strings"
)

// ReadFile reads a vector file. Whatever is not in the format is an error.
func ReadFile(path string) (found []*Vector, err error) {
	defer catch(path, &err)
	o := readJSON(path)
	required[string](o, "about")
	named := naming(o.object("data"))
	file := strings.TrimSuffix(filepath.Base(path), ".json")
	names := map[string]bool{}
	for _, value := range required[[]any](o, "vectors") {
		vector := readVector(asObject(value), named)
		if names[vector.ID] {
			refuse("%s comes twice", vector.ID)
		}
		names[vector.ID] = true
		vector.ID = file + "/" + vector.ID
		found = append(found, vector)
	}
	o.end()
	return found, nil
}

func readVector(o object, named naming) *Vector {
	required[string](o, "section")
	take[string](o, "comment")
	v := &Vector{
		ID:         required[string](o, "name"),
		IsClient:   o.oneOf("role", roles) == 1,
		Flags:      map[string]bool{},
		Config:     map[string]uint64{},
		Negotiated: readTerms(o, "negotiated"),
		Random:     make([]byte, 256),
	}
	readConfig(o.object("config"), v)
	if o.has("handshake") {
		v.Handshake = readHandshake(o.object("handshake"))
	}
	if o.has("deflate") {
		v.Deflate = readNumbers(o.object("deflate"), deflateNumbers)
	}
	for i := range v.Random {
		v.Random[i] = byte(i)
	}
	if o.has("random") {
		v.Random = named.data(o, "random")
	}
	for _, step := range required[[]any](o, "steps") {
		v.Steps = append(v.Steps, readStep(asObject(step), named))
	}
	readEnd(o, v)
	o.end()
	return v
}

func readConfig(o object, v *Vector) {
	for _, key := range configFlags {
		if o.flag(key) {
			v.Flags[key] = true
		}
	}
	for _, key := range configTimes {
		if o.has(key) {
			v.Config[key] = o.time(key)
		}
	}
	for key, number := range readNumbers(o, configNumbers) {
		v.Config[key] = number
	}
}

// readNumbers reads an object of numbers with these names.
func readNumbers(o object, names []string) map[string]uint64 {
	numbers := map[string]uint64{}
	for _, name := range names {
		if o.has(name) {
			numbers[name] = o.number(name)
		}
	}
	o.end()
	return numbers
}

func readHandshake(o object) *Handshake {
	h := &Handshake{
		Host:         o.text("host"),
		Target:       o.text("target"),
		Origin:       o.text("origin"),
		Subprotocols: list(o, "subprotocols", asString),
		Origins:      list(o, "origins", asString),
		Headers:      list(o, "headers", asHeader),
		AnyOrigin:    o.flag("any_origin"),
	}
	h.Numbers = readNumbers(o, handshakeNumbers)
	return h
}

func asHeader(value any) [2]string {
	pair, ok := value.([]any)
	if !ok || len(pair) != 2 {
		refuse("no header: %v", value)
	}
	return [2]string{asString(pair[0]), asString(pair[1])}
}

// readTerms takes TERMS, or "none"; nil where they are absent.
func readTerms(o object, key string) *Terms {
	if !o.has(key) {
		return nil
	}
	if o[key] == any("none") {
		delete(o, key)
		return &Terms{}
	}
	t := o.object(key)
	terms := &Terms{
		Enabled:           true,
		SendTakeover:      take[bool](t, "send_takeover"),
		ReceiveTakeover:   take[bool](t, "receive_takeover"),
		SendWindowBits:    windowBits(t, "send_window_bits"),
		ReceiveWindowBits: windowBits(t, "receive_window_bits"),
	}
	t.end()
	return terms
}

func windowBits(o object, key string) uint8 {
	if !o.has(key) {
		return 15
	}
	return uint8(o.number(key))
}

func readStep(o object, named naming) Step {
	step := Step{
		status: "TW_OK",
		events: list(o, "events", named.event),
		form:   form(max(0, o.only(forms))),
		Action: Action(max(0, o.only(actions))),
	}
	readAction(o, named, &step)
	readOutput(o, named, &step)
	if o.has("status") {
		step.status = take[string](o, "status")
	}
	if o.has("wants") {
		step.wants = append([]string{}, list(o, "wants", asWant)...)
	}
	o.end()
	return step
}

// readAction takes what belongs to the step's action.
func readAction(o object, named naming, step *Step) {
	key := actions[step.Action]
	switch step.Action {
	case Create, EOF:
		o.flag(key)
	case Input, Ping, Pong:
		step.Data = named.data(o, key)
	case Send:
		step.Data = named.data(o, key)
		step.Opcode = uint8(o.oneOf("opcode", opcodes))
		step.More = o.flag("more")
		if o.has("compress") {
			compress := take[bool](o, "compress")
			step.Compress = &compress
		}
	case Close:
		step.Number = o.number(key)
		step.Data = named.data(o, "reason")
	case Tick:
		step.Number = o.number(key)
		if !o.has("deadline") {
			refuse("a tick without deadline")
		}
		step.deadline = o.time("deadline")
	case Consume:
		step.Number = o.number(key)
	}
}

// readOutput takes what belongs to the step's form of output.
func readOutput(o object, named naming, step *Step) {
	key := forms[step.form]
	switch step.form {
	case whole, prefix:
		step.output = named.data(o, key)
	case deflated:
		step.frames = list(o, key, named.frame)
	case kept:
		o.flag(key)
	}
}

func asWant(value any) string {
	word := asString(value)
	if !slices.Contains(wants, word) {
		refuse("no want: %s", word)
	}
	return word
}

// event reads an event as the engine tells it.
func (n naming) event(value any) Event {
	o := asObject(value)
	name := required[string](o, "type")
	event, ok := eventTypes[name]
	if !ok {
		refuse("no event: %s", name)
	}
	event.Data = n.data(o, "data")
	event.Code = uint32(o.number("code"))
	event.Offset = o.number("offset")
	if event.Type == eventChunk && o.flag("fin") {
		event.Flags = flagFIN
	}
	o.end()
	return event
}

func (n naming) frame(value any) frame {
	o := asObject(value)
	first := asHex(required[string](o, "first"))
	if len(first) != 1 {
		refuse("first: %x", first)
	}
	f := frame{first: first[0], data: n.data(o, "data")}
	if o.has("key") {
		f.key = asKey(take[any](o, "key"))
	}
	o.end()
	return f
}

// readEnd takes what must be so after the last step.
func readEnd(o object, v *Vector) {
	v.state = states[o.oneOf("state", states)]
	failure := o.object("error")
	v.failure = Failure{Status: "TW_OK", Limit: take[string](failure, "limit")}
	if failure.has("status") {
		v.failure.Status = take[string](failure, "status")
	}
	v.hasHTTP = failure.has("http_status")
	v.failure.HTTPStatus = failure.number("http_status")
	v.failure.CloseCode = failure.number("close_code")
	v.failure.Offset = failure.number("offset")
	failure.end()
	if o.has("close_info") {
		info := o.object("close_info")
		v.closeInfo = &CloseInfo{
			Local:  info.number("local_code"),
			Remote: info.number("remote_code"),
			Cause:  uint32(info.oneOf("cause", causes)),
		}
		info.end()
	}
	v.agreed = readTerms(o, "agreed")
	v.stats = readNumbers(o.object("stats"), statsNumbers)
}
