package protocols_test

import (
	"strings"
	"testing"
	"time"

	"badged/reader/osdp"
	"badged/reader/protocols"
)

const osdpKey = "8F1E6A0C5D2B93477A60E1F4B8C2D935"

func TestOSDPUnit(t *testing.T) {
	u, file, err := protocols.OSDPUnit(map[string]string{
		"address": "5", "format": "H10302", "fmt": "on", "text": "fr", "key_file": "/etc/badged/hall.key",
		"reply_timeout": "400ms",
	})
	if err != nil {
		t.Fatal(err)
	}
	if u.Address != 5 || !u.FMT || u.Text != osdp.French || u.ClearText || u.Keys != nil || u.Reply != 400*time.Millisecond || !u.Unproven || file != "/etc/badged/hall.key" {
		t.Error("the options do not reach the unit")
	}
	if u, _, err := protocols.OSDPUnit(nil); err != nil || u.ClearText || u.FMT || u.Text != "" || u.Address != 0 {
		t.Errorf("without options: not as safe as it can be: %v", err)
	}
	if u, _, err := protocols.OSDPUnit(map[string]string{"secure": "off"}); err != nil || !u.ClearText {
		t.Errorf("secure=off: %v", err)
	}
}

func TestOSDPErrorsSayWhatIsAllowed(t *testing.T) {
	for _, tt := range []struct {
		opts map[string]string
		want string
	}{
		{map[string]string{"address": "127"}, `protocol osdp: option address "127": must be a number, 0 to 126`},
		{map[string]string{"address": "-1"}, "0 to 126"},
		{map[string]string{"secure": "no"}, `option secure "no": must be on or off`},
		{map[string]string{"reply_timeout": "2s"}, `option reply_timeout "2s": must be 200ms to 1s, as in 400ms`},
		{map[string]string{"reply_timeout": "fast"}, `must be 200ms to 1s`},
		{map[string]string{"fmt": "yes"}, `option fmt "yes": must be on or off`},
		{map[string]string{"text": "de"}, "must be off, en or fr"},
		{map[string]string{"format": "H99"}, "option format: unknown format"},
		{map[string]string{"secure": "off", "key_file": "/k"}, "there is a key_file"},
	} {
		_, _, unitErr := protocols.OSDPUnit(tt.opts)
		_, newErr := protocols.New("osdp", tt.opts)
		for _, err := range []error{unitErr, newErr} {
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v: got %v, want %q", tt.opts, err, tt.want)
			}
		}
	}
}

func TestOSDPKeysStayOutOfTheConfiguration(t *testing.T) {
	if _, _, err := protocols.OSDPUnit(map[string]string{"key": osdpKey}); err == nil || strings.Contains(err.Error(), osdpKey) {
		t.Errorf("got %v", err)
	}
	if _, err := protocols.New("osdp", map[string]string{"key": osdpKey + "," + osdpKey}); err != nil {
		t.Error(err)
	}
	if _, err := protocols.New("osdp", map[string]string{"key": "8F:1E:6A:0C:5D:2B:93:47:7A:60:E1:F4:B8:C2:D9:35,0x" + osdpKey}); err != nil {
		t.Errorf("as people paste them: %v", err)
	}
	if _, err := protocols.New("osdp", map[string]string{"key": osdpKey + "00"}); err == nil || strings.Contains(err.Error(), osdpKey) {
		t.Errorf("a key of another length: %v", err)
	}
}
