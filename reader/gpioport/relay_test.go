package gpioport

import (
	"errors"
	"slices"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"
)

// The timer of a pulse may run late, when the next pulse has begun: it does not cut
// that one short.
func TestALateTimerReleasesNoLaterPulse(t *testing.T) {
	pin := &gpiotest.Pin{}
	r := NewRelay(pin)
	if err := r.On(time.Now().Add(Cap)); err != nil {
		t.Fatal(err)
	}
	r.switchOffExpired() // of the pulse before
	if pin.Read() != gpio.High {
		t.Error("the pulse was cut short")
	}
	if err := r.Close(); err != nil || pin.Read() != gpio.Low {
		t.Errorf("after the end the relay is %v, %v", pin.Read(), err)
	}
}

// pinOfAnother writes down what its relay does with it.
type pinOfAnother struct {
	gpiotest.Pin
	relay *Relay
	did   []string
}

func (p *pinOfAnother) Out(l gpio.Level) error {
	p.did = append(p.did, l.String())
	return p.Pin.Out(l)
}

func (p *pinOfAnother) yield() {
	did := "yield"
	if !p.relay.mu.TryLock() {
		did = "yield with the lock held"
	} else {
		p.relay.mu.Unlock()
	}
	p.did = append(p.did, did)
}

// Whoever opens the lock runs as soon as it was told, and nobody who wants to release it waits
// meanwhile.
func TestARelayLetsWhoOpensTheLockRun(t *testing.T) {
	pin := &pinOfAnother{}
	pin.relay = NewRelay(pin)
	if err := errors.Join(pin.relay.On(time.Now().Add(Cap)), pin.relay.Off()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"High", "yield", "Low"}; !slices.Equal(pin.did, want) {
		t.Errorf("the relay did %q, want %q", pin.did, want)
	}
}
