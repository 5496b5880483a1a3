package gpioport_test

import (
	"strings"
	"testing"

	"periph.io/x/conn/v3/gpio"

	"badged/reader/gpioport"
)

func TestParseSpec(t *testing.T) {
	for text, want := range map[string]gpioport.Spec{
		"virtual:/run/p.sock#relay":        {Board: "/run/p.sock", Pin: "relay"},
		"gpiochip0:17":                     {Chip: "gpiochip0", Line: 17},
		"/dev/gpiochip1:0 active-low":      {Chip: "/dev/gpiochip1", ActiveLow: true},
		"9030000.pl061:3 pull-up":          {Chip: "9030000.pl061", Line: 3, Pull: gpio.PullUp},
		"i2c:20:7 active-low pull-down":    {Chip: "i2c:20", Line: 7, ActiveLow: true, Pull: gpio.PullDown},
		"pinctrl-bcm2711:4095":             {Chip: "pinctrl-bcm2711", Line: 4095},
		"gpiochip0:17 active-low pull-up":  {Chip: "gpiochip0", Line: 17, ActiveLow: true, Pull: gpio.PullUp},
		"virtual:/run/badged/p.sock#exit":  {Board: "/run/badged/p.sock", Pin: "exit"},
		"virtual:/run/badged/#1.s#contact": {},
	} {
		s, err := gpioport.ParseSpec(text)
		if want == (gpioport.Spec{}) {
			if err == nil {
				t.Errorf("%q is taken", text)
			}
			continue
		}
		if err != nil || s != want || s.String() != text {
			t.Errorf("%q: %+v, %v", text, s, err)
		}
	}
	for _, bad := range []string{
		"", "virtual:", "virtual:/x", "virtual:x#relay", "virtual:/x#lamp", "virtual:/" + strings.Repeat("x", 100) + "#exit",
		"gpiochip0", "gpiochip0:", ":17", "gpiochip0:x", "gpiochip0:-1", "gpiochip0:4096", "gpiochip0:17,27", "dev/gpiochip0:1",
		"gpiochip0:17 active-high", "gpiochip0:17 pull-up pull-down", "gpiochip0:17 pull-up pull-up", "gpiochip0:17  pull-up",
		"gpiochip0:17 up", "gpiochip0:17 ", strings.Repeat("x", 101) + ":1",
	} {
		if _, err := gpioport.ParseSpec(bad); err == nil || !strings.Contains(err.Error(), "write CHIP:LINE") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestParseLinesSpec(t *testing.T) {
	for text, want := range map[string]gpioport.LinesSpec{
		"gpiochip0:17,27":                     {Chip: "gpiochip0", D0: 17, D1: 27},
		"/dev/gpiochip4:1,0 pull-up":          {Chip: "/dev/gpiochip4", D0: 1, Pull: gpio.PullUp},
		"gpiochip0:5,6 active-high pull-down": {Chip: "gpiochip0", D0: 5, D1: 6, ActiveHigh: true, Pull: gpio.PullDown},
	} {
		if s, err := gpioport.ParseLinesSpec(text); err != nil || s != want || s.String() != text {
			t.Errorf("%q: %+v, %v", text, s, err)
		}
	}
	for _, bad := range []string{"", "gpiochip0:17", "gpiochip0:17,17", "gpiochip0:17,", "gpiochip0:1,2,3", "gpiochip0:1,2 active-low", "/dev/ttyUSB0"} {
		if _, err := gpioport.ParseLinesSpec(bad); err == nil || !strings.Contains(err.Error(), "write CHIP:D0,D1") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
