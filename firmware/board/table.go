package board

// Boards lists the boards that there are profiles of.
func Boards() []Board {
	const (
		started  = "QEMU with EDK II and systemd-boot starts a card; not run on a board"
		modelled = "not run: no board was at hand; the layout of the card is held against the maker's documents"
	)
	return []Board{
		{"uefi-amd64", "PC with UEFI", UEFI, "amd64", "", started},
		{"uefi-arm64", "ARM board with UEFI", UEFI, "arm64", "", started},
		{"rpi-zero-2-w", "Raspberry Pi Zero 2 W", Pi, "arm64", "pinctrl-bcm2835", modelled},
		{"rpi-3", "Raspberry Pi 3", Pi, "arm64", "pinctrl-bcm2835", modelled},
		{"rpi-4", "Raspberry Pi 4", Pi, "arm64", "pinctrl-bcm2711", modelled},
		{"rpi-5", "Raspberry Pi 5", Pi, "arm64", "pinctrl-rp1", modelled},
	}
}

// Hat is a board on the header of another, or a way to wire the header.
type Hat struct {
	Name    string
	Title   string
	Relays  []Line
	Inputs  []Line
	Wiegand [][2]int // D0 and D1
	SPI     string   // path of the bus with its chip select
	Source  string   // where its pins are written
}

// Hats lists the hats that there are profiles of. None has been in our hands: each names the
// document that its lines are from.
func Hats() []Hat {
	return []Hat{
		{
			Name: "waveshare-relay-3", Title: "Waveshare RPi Relay Board (3 relays)",
			Relays: low(26, 20, 21),
			Source: "RPi Relay Board user manual: channels 1 to 3 are BCM 26, 20, 21, low active",
		},
		{
			Name: "waveshare-relay-8", Title: "Waveshare RPi Relay Board (B) (8 relays)",
			Relays: low(5, 6, 13, 16, 19, 20, 21, 26),
			Source: "waveshare.com/wiki/RPi_Relay_Board_(B): BCM 5, 6, 13, 16, 19, 20, 21, 26; its example energises with low",
		},
		{
			Name: "keyestudio-relay-4", Title: "Keyestudio KS0212 relay shield (4 relays)",
			Relays: high(4, 22, 6, 26),
			Source: "wiki.keyestudio.com KS0212: wiringPi 7, 3, 22, 25, which are BCM 4, 22, 6, 26; high energises",
		},
		{
			Name: "pirelay-v2", Title: "SB Components PiRelay V2 (4 relays)",
			Relays: high(19, 13, 6, 5),
			Source: "github.com/sbcshop/PiRelay-V2: relays 1 to 4 are BCM 19, 13, 6, 5; high energises",
		},
		{
			Name: "automation-hat", Title: "Pimoroni Automation HAT (3 relays, 3 inputs for 24 V)",
			Relays: high(13, 19, 16), Inputs: high(26, 20, 21),
			Source: "pinout.xyz/pinout/automation_hat: relays BCM 13, 19, 16, inputs BCM 26, 20, 21, all high active",
		},
		{
			Name: "automation-phat", Title: "Pimoroni Automation pHAT (1 relay, 3 inputs for 24 V)",
			Relays: high(16), Inputs: high(26, 20, 21),
			Source: "github.com/pimoroni/automation-hat: the relay is BCM 16, the inputs are those of the HAT",
		},
		{
			Name: "header", Title: "No hat: a relay module, a reader and switches wired to the header",
			Relays:  high(17),
			Inputs:  []Line{{22, true, Up}, {27, true, Up}},
			Wiegand: [][2]int{{23, 24}, {5, 6}},
			SPI:     "/dev/spidev0.0",
			Source:  "our own proposal: lines that no bus needs; a 5 V reader needs a level shifter",
		},
	}
}

func high(numbers ...int) (lines []Line) {
	for _, n := range numbers {
		lines = append(lines, Line{Number: n})
	}
	return lines
}

func low(numbers ...int) (lines []Line) {
	for _, n := range numbers {
		lines = append(lines, Line{Number: n, ActiveLow: true})
	}
	return lines
}
