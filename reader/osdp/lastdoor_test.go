package osdp

import (
	"slices"
	"testing"
	"time"

	"badged/reader"
)

// Whatever way a unit came to be asked for badges, a channel with the default key, or
// none, does not count.
func TestTheLastDoor(t *testing.T) {
	at := time.Unix(0, 0)
	for name, make := range map[string]func(*unit){
		"default key": func(u *unit) { u.open, u.keys = true, []Key{scbkD} },
		"no channel":  func(u *unit) { u.keys = []Key{scbkD} },
	} {
		for _, s := range []state{status, online} {
			for _, code := range []byte{replyRaw, replyACK, replyLocal, replyNAK} {
				u := newUnit(Unit{Address: 1})
				make(u)
				u.state = s
				var told []reader.Kind
				data := []byte{0, 1, 26, 0, 0x8B, 0x35, 0x1B, 0x80}
				u.handleAnswer(at, &frame{code: code, data: data}, func(e reader.Event) { told = append(told, e.Kind) })
				if u.state >= status || len(told) != 2 || told[0] != reader.KindAlarm || told[1] != reader.KindDown {
					t.Errorf("%s, state %d, reply %#x: %q", name, s, code, told)
				}
			}
		}
		b := &Bus{units: []*unit{newUnit(Unit{Address: 1})}}
		make(b.units[0])
		b.units[0].state = online
		if s, _ := b.Status(1); s.Secure {
			t.Errorf("%s: the status says that it is secure", name)
		}
	}
}

// That a reader wants the channel counts while it is asked who it is, and never else.
func TestOnlyAReaderThatIsAskedWantsTheChannel(t *testing.T) {
	for s, want := range map[state]bool{shut: false, lost: false, ident: true, inventory: true, status: false, online: false} {
		u := newUnit(Unit{Address: 1})
		u.state, u.keys = s, []Key{scbkD}
		u.handleNAK(time.Unix(0, 0), []byte{nakSecurity}, func(reader.Event) {})
		if (u.state == challenge) != want {
			t.Errorf("state %d led to %d", s, u.state)
		}
	}
}

// A reader moves where it was told to, and nowhere else.
func TestComSetIsNotTakenElsewhere(t *testing.T) {
	asked := []byte{5, 0, 0x96, 0, 0}
	for name, com := range map[string][]byte{
		"address": {6, 0, 0x96, 0, 0}, "speed": {5, 0x80, 0x25, 0, 0}, "no number": {5, 0, 0, 0, 0xFF},
		"short": {5}, "all": {0x7F, 0, 0x96, 0, 0}, "nothing": nil,
	} {
		u := newUnit(Unit{Address: 1, Keys: []Key{newKey([]byte("0123456789abcdef"))}})
		u.state, u.code, u.data = online, cmdComSet, asked
		var told []reader.Kind
		u.handlePollReply(time.Unix(0, 0), &frame{code: replyCom, data: com}, func(e reader.Event) { told = append(told, e.Kind) })
		if u.cfg.Address != 1 || u.baud != 0 || slices.Contains(told, reader.KindFault) {
			t.Errorf("%s: address %d, %d bit/s, told %q", name, u.cfg.Address, u.baud, told)
		}
	}
}
