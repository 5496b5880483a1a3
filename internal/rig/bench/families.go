package bench

import "time"

type options = map[string]string

// families is what Frame measures: one line a family, or one a speed where that counts.
// The serial frames are those of testdata/vectors, or made alike.
var families = []family{
	onWire("rdm6300", "rdm6300", nil, 9600, "\x0262E3086CED08\x03"),
	onWire("id12", "id12", nil, 9600, "\x0262E3086CED08\r\n\x03"),
	onWire("parallax", "parallax", nil, 2400, "\n62E3086CED\r"),
	onWire("line", "line", nil, 9600, "0012345678\r"),
	onWire("stxlen", "stxlen", nil, 9600, "\x02\x0A\x02\x06\x00\x8E\x6D\x5D\xB0\x03"),
	onWire("twn3", "twn3", nil, 9600, ":112233445501\r\n"),
	onWire("twn4_simple", "twn4", options{"crc": "off", "format": "raw"}, 9600, "00014028051122334455\r"),
	onWire("pn532", "pn532", nil, 115200, "\x00\x00\xFF\x0C\xF4\xD5\x4B\x01\x01\x00\x04\x08\x04\xFB\x0E\xE2\x0B\xD8\x00"),
	onWire("yhy52x", "yhy52x", nil, 19200,
		"\xAA\xBB\x12\x51\x5E\xC0\xE0\x7A\x04\x88\x04\x00\x47\x51\x35\x56\x61\x10\x28\x08\xEB"),

	onWire("asciikeypad", "asciikeypad", nil, 9600, "7"),

	terminated("hid_enter", "hid", nil, typed("0012345678", hidEnter)),
	terminated("hid_tab", "hid", nil, typed("0012345678", hidTab)),
	terminated("sycreader", "sycreader", nil, []piece{
		{8 * time.Millisecond, []byte("\x03\x00\x00\x00\x00\x00\x00\x00\x02\x00\x06\x00\x4D\x00\x96\x02\xD2\x0D\x03")},
	}),
	terminated("pcprox", "pcprox", options{"format": "raw"}, []piece{
		{8 * time.Millisecond, []byte("\xD2\x02\x96\x00\x00\x00\x00\x00")},
		{16 * time.Millisecond, []byte("\x18\x18\x00\x00\x00\x00\x00\x00")},
	}),
	terminated("ccid", "ccid", nil, []piece{
		{time.Millisecond, []byte("\x80\x14\x00\x00\x00\x00\x01\x00\x00\x00\x3B\x8F\x80\x01\x80\x4F\x0C\xA0\x00\x00\x03\x06\x03\x00\x01\x00\x00\x00\x00\x6A")},
		{2 * time.Millisecond, []byte("\x80\x09\x00\x00\x00\x00\x02\x00\x00\x00\x04\xA1\xB2\xC3\xD4\xE5\xF6\x90\x00")},
	}),
	paused("hid_no_end", "hid", options{"terminator": "none"}, 150*time.Millisecond, typed("0012345678")),

	quiet("wiegand26_0.2ms", raw, bits(26), 200*time.Microsecond),
	quiet("wiegand26_1ms", raw, bits(26), time.Millisecond),
	quiet("wiegand26_2ms", raw, bits(26), 2*time.Millisecond),
	quiet("wiegand26_20ms", raw, bits(26), 20*time.Millisecond),
	quiet("wiegand37_2ms", raw, bits(37), 2*time.Millisecond),
	quiet("wiegand48_2ms", raw, bits(48), 2*time.Millisecond),
	quiet("wiegand_key_4bit", options{"keypad": "4bit"}, "1010", 2*time.Millisecond),
	quiet("wiegand_key_8bit", options{"keypad": "8bit"}, "01011010", 2*time.Millisecond),
	{"code", code},

	{"osdp_9600", cycle(9600, nil)},
	{"osdp_9600_secure", cycle(9600, benchKey)},
	{"osdp_115200", cycle(115200, nil)},
	{"osdp_115200_secure", cycle(115200, benchKey)},
}

// The keys that end a badge: HUT 1.12, section 10.
const (
	hidEnter = 0x28
	hidTab   = 0x2B
)

var raw = options{"format": "raw"}
