package cups

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/OpenPrinting/goipp"
)

// maxNesting is of collections within collections. None that is asked for has any, but who
// sends a job may put one in the place of another value, and the decoder calls itself.
const maxNesting = 8

// decode gives the groups of an answer, or what its status means.
func decode(b []byte) (goipp.Groups, error) {
	if err := checkNesting(b); err != nil {
		return nil, err
	}
	var m goipp.Message
	if err := m.DecodeBytes(b); err != nil {
		return nil, fmt.Errorf("its answer is not IPP: %w", err)
	}
	switch status := goipp.Status(m.Code); {
	case status < goipp.StatusRedirectionOtherSite:
		return m.Groups, nil
	case status == goipp.StatusErrorNotFound, status == goipp.StatusErrorGone:
		return nil, ErrNotFound
	case status == goipp.StatusErrorNotPossible:
		return nil, ErrNotPossible
	case status == goipp.StatusErrorForbidden, status == goipp.StatusErrorNotAuthenticated, status == goipp.StatusErrorNotAuthorized:
		return nil, fmt.Errorf("%w: %s", ErrDenied, status)
	case status == goipp.StatusErrorServiceUnavailable, status == goipp.StatusErrorBusy:
		return nil, fmt.Errorf("%w: %s", ErrAway, status)
	default:
		return nil, fmt.Errorf("it answers %s", status)
	}
}

// checkNesting walks over the tags of a message (RFC 8010 §3.1) before anything is made of
// them.
func checkNesting(b []byte) error {
	const header = 8 // version, status, request
	depth := 0
	for at := header; at < len(b); {
		tag := goipp.Tag(b[at])
		at++
		switch {
		case tag == goipp.TagEnd:
			return nil
		case tag.IsDelimiter():
			continue
		case tag == goipp.TagBeginCollection:
			depth++
		case tag == goipp.TagEndCollection:
			depth--
		}
		if depth > maxNesting {
			return fmt.Errorf("its answer has collections %d deep", depth)
		}
		for range 2 { // name, value
			if at+2 > len(b) {
				return errors.New("its answer ends early")
			}
			at += 2 + int(binary.BigEndian.Uint16(b[at:]))
		}
	}
	return errors.New("its answer ends early")
}

// attributes are those of one group. Of an attribute that comes twice the first counts.
type attributes map[string]goipp.Values

func attributesOf(group goipp.Group) attributes {
	list := make(attributes, len(group.Attrs))
	for _, a := range group.Attrs {
		if _, twice := list[a.Name]; !twice {
			list[a.Name] = a.Values
		}
	}
	return list
}

// text is the first value; empty: there is none, or it is no text.
func (a attributes) text(name string) string {
	if texts := a.texts(name); len(texts) > 0 {
		return texts[0]
	}
	return ""
}

func (a attributes) texts(name string) (list []string) {
	for _, v := range a[name] {
		switch v := v.V.(type) {
		case goipp.String:
			list = append(list, string(v))
		case goipp.TextWithLang:
			list = append(list, v.Text)
		}
	}
	return list
}

// number is the first value, if it is a whole one from 0 on; else 0.
func (a attributes) number(name string) int {
	if vs := a[name]; len(vs) > 0 {
		if n, ok := vs[0].V.(goipp.Integer); ok {
			return max(0, int(n))
		}
	}
	return 0
}

func (a attributes) boolean(name string) bool {
	vs := a[name]
	if len(vs) == 0 {
		return false
	}
	b, ok := vs[0].V.(goipp.Boolean)
	return ok && bool(b)
}

func (a attributes) job() Job {
	return Job{
		ID: a.number("job-id"), Queue: lastPart(a.text("job-printer-uri")),
		User: a.text("job-originating-user-name"), Title: a.text("job-name"),
		State: JobState(a.number("job-state")), Age: a.age(),
		KBytes: a.number("job-k-octets"), Documents: a.number("number-of-documents"),
		Copies: max(1, a.number("copies")), Pages: a.number("job-impressions"), Colour: a.colour(),
		TwoSided: strings.HasPrefix(a.text("sides"), "two-sided"), Format: a.text("document-format"),
		Printed: max(a.number("job-impressions-completed"), a.number("job-media-sheets-completed")),
	}
}

// age is by the server's clock: that of the terminal may be another.
func (a attributes) age() time.Duration {
	made, now := a.number("time-at-creation"), a.number("job-printer-up-time")
	if made == 0 || now < made {
		return 0
	}
	return time.Duration(now-made) * time.Second
}

func (a attributes) colour() Colour {
	switch a.text("print-color-mode") {
	case "monochrome", "process-monochrome", "bi-level", "process-bi-level", "auto-monochrome":
		return Monochrome
	case "color":
		return InColour
	default:
		return ColourUnknown
	}
}

func (a attributes) printer() Printer {
	const stopped = 5 // RFC 8011 §5.4.11
	p := Printer{
		Name: a.text("printer-name"), Stopped: a.number("printer-state") == stopped, Accepting: a.boolean("printer-is-accepting-jobs"),
		Sides: a.texts("sides-supported"), Formats: a.texts("document-format-supported"),
		Policy: a.text("printer-op-policy"), Hold: a.text("job-hold-until-default"),
	}
	for _, r := range a.texts("printer-state-reasons") {
		if r != "none" {
			p.Reasons = append(p.Reasons, r)
		}
	}
	return p
}

// lastPart is the name in the address of a queue.
func lastPart(uri string) string { return uri[strings.LastIndexByte(uri, '/')+1:] }
