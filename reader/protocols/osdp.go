package protocols

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"badged/internal/spelling"
	"badged/reader"
	"badged/reader/dump"
	"badged/reader/osdp"
	"badged/reader/pacs"
)

var osdpRows = []Protocol{{
	Name:        "osdp",
	Doc:         "OSDP readers and keypads on RS-485, in the secure channel",
	Port:        Bus,
	DefaultBaud: osdp.DefaultBaud,
	Options: []Option{
		{"address", "address on the line, 0 to 126; decode listens to all without it", ""},
		{"fmt", "whether FMT replies, which are out of use, are badges: on or off", "off"},
		{"format", "auto, raw, names of formats (H10302), or a definition (bits=26 facility=2-9 card=10-25 even=1:2-13 odd=26:14-25)", "auto"},
		{"key", "keys of the line in hex, joined by commas; for decode only", ""},
		{"key_file", "file with the reader's key in hex, if badgectl osdp commission did not give it", ""},
		{"reply_timeout", "how long the reader may take to begin its reply, its adapter included: 200ms to 1s", osdp.DefaultReply.String()},
		{"secure", "on; off speaks in the clear, and whoever reaches the wire can make badges", "on"},
		{"text", "what a display says: off, en or fr", "off"},
	},
	make: newMonitor,
}}

// newMonitor makes the decoder that listens to a line. OSDPUnit serves the host's side.
func newMonitor(v values) (reader.Decoder, error) {
	u, _, err := osdpUnit(v)
	if err != nil {
		return nil, err
	}
	cfg := osdp.MonitorConfig{Address: u.Address, Formats: u.Formats, FMT: u.FMT}
	if v["address"] == "" {
		cfg.Address = -1
	}
	for text := range strings.SplitSeq(v["key"], ",") {
		if text == "" {
			continue
		}
		if b, err := dump.Bytes(text); err == nil {
			text = hex.EncodeToString(b) // as people paste it
		}
		key, err := osdp.ParseKey(text)
		if err != nil {
			return nil, fmt.Errorf("key: %w", err)
		}
		cfg.Keys = append(cfg.Keys, key)
	}
	return osdp.NewMonitor(cfg), nil
}

// OSDPUnit reads the options of a reader that speaks osdp, without its key: the key is in
// keyFile, or, if that is empty, where a commissioning stored it.
func OSDPUnit(opts map[string]string) (u osdp.Unit, keyFile string, err error) {
	if u, keyFile, err = osdpUnit(opts); err == nil && opts["key"] != "" {
		err = errors.New("key: is for badgectl decode only; give the reader its key with badgectl osdp commission, or name a key_file")
	}
	if err != nil {
		err = fmt.Errorf("protocol osdp: option %w", err)
	}
	return u, keyFile, err
}

func osdpUnit(v values) (u osdp.Unit, keyFile string, err error) {
	if s := v["address"]; s != "" {
		const most = 126
		if u.Address, err = strconv.Atoi(s); err != nil || u.Address < 0 || u.Address > most {
			return u, "", fmt.Errorf("address %q: must be a number, 0 to %d", s, most)
		}
	}
	if u.Formats, err = pacs.Select(v["format"]); err != nil {
		return u, "", fmt.Errorf("format: %w", err)
	}
	if u.FMT, err = v.readOnOff("fmt", false); err != nil {
		return u, "", err
	}
	secure, err := v.readOnOff("secure", true)
	if err != nil {
		return u, "", err
	}
	switch u.Text = v["text"]; u.Text {
	case osdp.English, osdp.French, "":
	case "off":
		u.Text = ""
	default:
		return u, "", spelling.Word("text", u.Text, "off", "en", "fr")
	}
	if s := v["reply_timeout"]; s != "" {
		u.Reply, err = time.ParseDuration(s)
		if err != nil || u.Reply < osdp.ShortestReply || u.Reply > osdp.LongestReply {
			return u, "", fmt.Errorf("reply_timeout %.20q: must be %v to %v, as in 400ms", s, osdp.ShortestReply, osdp.LongestReply)
		}
	}
	u.ClearText, keyFile = !secure, v["key_file"]
	u.Unproven = keyFile != ""
	if u.ClearText && keyFile != "" {
		return u, "", errors.New("secure: off, and yet there is a key_file")
	}
	return u, keyFile, nil
}
