package gpioport

import (
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
	r.expire() // of the pulse before
	if pin.Read() != gpio.High {
		t.Error("the pulse was cut short")
	}
	if err := r.Close(); err != nil || pin.Read() != gpio.Low {
		t.Errorf("after the end the relay is %v, %v", pin.Read(), err)
	}
}
