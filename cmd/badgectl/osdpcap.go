package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"badged/reader"
	"badged/reader/capture"
	"badged/reader/dump"
	"badged/reader/osdp"
)

// parseOSDP reads a line of an osdpcap file, or of a capture of ours. An osdpcap file
// has one JSON object a line: the bytes have spaces or dashes between them, the times
// are strings; some tools write numbers. The error does not show the line.
//
// Source: Security Industry Association, libosdp-conformance, osdpcap-format.md,
// version 1.
func (l byteLines) parseOSDP(text string) (c capture.Chunk, timed bool, err error) {
	if !strings.HasPrefix(text, "{") {
		return l.parse(text)
	}
	var line struct {
		Sec  json.RawMessage `json:"timeSec"`
		Nano json.RawMessage `json:"timeNano"`
		Data string          `json:"data"`
	}
	if json.Unmarshal([]byte(text), &line) != nil || line.Data == "" {
		return c, false, errors.New("not osdpcap: a line is a JSON object with data, timeSec and timeNano")
	}
	c.Bytes, err = dump.Bytes(line.Data)
	if err != nil || len(c.Bytes) > capture.MaxChunk {
		return c, false, fmt.Errorf("data must be hex, at most %d bytes", capture.MaxChunk)
	}
	sec, secErr := osdpTime(line.Sec)
	nano, nanoErr := osdpTime(line.Nano)
	c.At = time.Duration(sec)*time.Second + time.Duration(nano)
	return c, secErr == nil && nanoErr == nil, nil
}

// osdpTime reads a number that may be a string.
func osdpTime(value json.RawMessage) (uint64, error) {
	return strconv.ParseUint(strings.Trim(string(value), `"`), 10, 32)
}

// summary is what decode prints of a whole OSDP line.
type summary struct {
	Kind    string   `json:"kind"` // "summary"
	Frames  int      `json:"frames"`
	BadCRC  int      `json:"crc_bad"`
	MACs    int      `json:"macs_ok"`
	BadMACs int      `json:"macs_bad"`
	Keys    []string `json:"keys"` // that the line gave away, in hex
}

// summary prints what a decoder of OSDP has seen; others have nothing to add.
func (p *printer) summary(dec reader.Decoder) {
	m, ok := dec.(*osdp.Monitor)
	if !ok || p.err != nil {
		return
	}
	s := m.Summary()
	keys := make([]string, len(s.Keys))
	for i, k := range s.Keys {
		keys[i] = strings.ToUpper(k.Hex())
	}
	p.err = p.app.print(summary{"summary", s.Frames, s.BadCRC, s.MACs, s.BadMACs, keys})
}
