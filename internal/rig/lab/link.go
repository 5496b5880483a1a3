// Package lab runs the built badged in virtual machines with real Debian kernels, and
// holds what both sides of that share. The host's side is tests behind the build tag
// "lab" (make lab): it makes the machines, and is the hand that types, plugs and
// presents badges outside of them. The guest's side is internal/rig/lab/guest, which is the
// init of a machine and runs the steps.
//
//	host                                        guest
//	  | <------------ Steps ------------------- | booted
//	  | ------------- Run --------------------> |
//	  | <------------ Ask --------------------- | as often as the step likes
//	  | ------------- Answer -----------------> |
//	  | <------------ Done -------------------- |
package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Port is the name of the virtio port that the messages go through.
const Port = "badged.lab"

// Message is one line of JSON between host and guest. One of its fields is set.
type Message struct {
	Steps  []string `json:"steps,omitempty"`  // the guest is up, and can run these
	Run    string   `json:"run,omitempty"`    // run this step
	Done   *Done    `json:"done,omitempty"`   // it is over
	Ask    *Ask     `json:"ask,omitempty"`    // do something outside of the machine
	Answer *Answer  `json:"answer,omitempty"` // it is done
}

// Done is how a step ended.
type Done struct {
	Figure  string `json:"figure"`            // what was seen, with its numbers
	Problem string `json:"problem,omitempty"` // empty: all was as it must be
}

// Ask is what a step wants from the world outside of the machine.
type Ask struct {
	What string   `json:"what"`
	With []string `json:"with,omitempty"`
}

// Answer is that it was done.
type Answer struct {
	Problem string `json:"problem,omitempty"`
}

// Link carries messages over a byte stream.
type Link struct {
	dec *json.Decoder
	mu  sync.Mutex // guards enc
	enc *json.Encoder
}

// NewLink speaks on rw.
func NewLink(rw io.ReadWriter) *Link {
	return &Link{dec: json.NewDecoder(rw), enc: json.NewEncoder(rw)}
}

// Send says one thing.
func (l *Link) Send(m Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.enc.Encode(m); err != nil {
		return fmt.Errorf("send to the other side of the lab: %w", err)
	}
	return nil
}

// Receive waits for the next thing that is said.
func (l *Link) Receive() (m Message, err error) {
	if err := l.dec.Decode(&m); err != nil {
		return m, fmt.Errorf("listen to the other side of the lab: %w", err)
	}
	return m, nil
}

// Ask asks and waits for the answer. Nothing else may be received meanwhile.
func (l *Link) Ask(what string, with ...string) error {
	if err := l.Send(Message{Ask: &Ask{what, with}}); err != nil {
		return err
	}
	m, err := l.Receive()
	if err != nil {
		return err
	}
	if m.Answer == nil {
		return fmt.Errorf("ask the host to %s: it said something else", what)
	}
	if m.Answer.Problem != "" {
		return errors.New("ask the host to " + what + ": " + m.Answer.Problem)
	}
	return nil
}
