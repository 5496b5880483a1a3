package main

import (
	"os"
	"strings"
	"testing"
)

const (
	osdpCapture = "../../testdata/vectors/osdp-secure-channel.osdpcap"
	osdpKey     = "101112131415161718191A1B1C1D1E1F"

	osdpEvents = `{"kind":"alarm","why":"weak_key"}
{"kind":"card","number":"166A37","hex":"8B351B80","bits":26,"format":"H10301","facility":22,"card":27191}
{"kind":"key","key":"*"}
{"kind":"key","key":"7"}
{"kind":"key","key":"3"}
{"kind":"key","key":"6"}
{"kind":"key","key":"5"}
{"kind":"key","key":"#"}
`
)

func TestDecodeOSDP(t *testing.T) {
	all, err := os.ReadFile(osdpCapture)
	if err != nil {
		t.Fatal(err)
	}
	damaged := strings.Replace(string(all), "ad 12 18 a9 84 3e", "ad 12 18 a9 84 3f", 1)
	const late = `{"kind":"fault","why":"timeout"}` + "\n" + `{"kind":"summary","frames":0,"crc_bad":0,"macs_ok":0,"macs_bad":0,"keys":[]}` + "\n"
	for _, tt := range []struct {
		name, in string
		args     []string
		want     string
		code     int
	}{
		{"the shared capture", string(all), []string{"-o", "key=" + osdpKey},
			osdpEvents + `{"kind":"summary","frames":46,"crc_bad":0,"macs_ok":38,"macs_bad":0,"keys":[]}` + "\n", 0},
		{"without its key, which can be guessed", string(all), nil,
			osdpEvents + `{"kind":"summary","frames":46,"crc_bad":0,"macs_ok":38,"macs_bad":0,"keys":["` + osdpKey + `"]}` + "\n", 0},
		{"dashes, and no time", `{"io":"trace","data":"FF-53-81-0B-00-06-53-00-01-34-95-62"}`, nil,
			`{"kind":"key","key":"4"}` + "\n" + `{"kind":"summary","frames":1,"crc_bad":0,"macs_ok":0,"macs_bad":0,"keys":[]}` + "\n", 0},
		{"times that are strings", `{"timeSec":"1700000000","timeNano":"5","data":"FF-53-81-0B-00"}` + "\n" +
			`{"timeSec":"1700000005","timeNano":"0","data":"06-53-00-01-34-95-62"}`, nil, late, 1},
		{"times that are numbers", `{"timeSec":1700000000,"timeNano":5,"data":"FF-53-81-0B-00"}` + "\n" +
			`{"timeSec":1700000005,"timeNano":0,"data":"06-53-00-01-34-95-62"}`, nil, late, 1},
		{"months", `{"timeSec":"1700000000","timeNano":"0","data":"FF"}` + "\n" + `{"timeSec":"1710000000","timeNano":"0","data":"FF53810B0006530001349562"}`, nil,
			`{"kind":"key","key":"4"}` + "\n" + `{"kind":"summary","frames":1,"crc_bad":0,"macs_ok":0,"macs_bad":0,"keys":[]}` + "\n", 0},
		{"a keypad", "FFFF53810B0006530001349562", nil,
			`{"kind":"key","key":"4"}` + "\n" + `{"kind":"summary","frames":1,"crc_bad":0,"macs_ok":0,"macs_bad":0,"keys":[]}` + "\n", 0},
		{"FMT", "53800F000651000004313233342064", nil,
			`{"kind":"fault","why":"format"}` + "\n" + `{"kind":"summary","frames":1,"crc_bad":0,"macs_ok":0,"macs_bad":0,"keys":[]}` + "\n", 1},
		{"no osdpcap", `{"kind":"card"}`, nil, "", 1},
		{"no hex in it", `{"timeSec":"1","timeNano":"2","data":"zz"}`, nil, "", 1},
		{"no such key", "", []string{"-o", "key=12"}, "", 64},
		{"no such address", "", []string{"-o", "address=127"}, "", 64},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, tt.in, append([]string{"decode", "--protocol", "osdp"}, tt.args...)...)
			if got.out != tt.want || got.code != tt.code {
				t.Errorf("code %d, want %d; printed\n%swant\n%s%s", got.code, tt.code, got.out, tt.want, got.stderr)
			}
		})
	}
	got := run(t, damaged, "decode", "--protocol", "osdp", "-o", "key="+osdpKey)
	if got.code != 1 || !strings.Contains(got.out, `"crc_bad":1`) || !strings.Contains(got.out, `{"kind":"fault","why":"checksum"}`) {
		t.Errorf("one byte changed: code %d, printed\n%s", got.code, got.out)
	}
}
