package cups

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/OpenPrinting/goipp"
)

// answering is a client of a server that answers this.
func answering(t *testing.T, status int, body []byte) *Client {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
	_ = srv.Listener.Close()
	srv.Listener = ln
	srv.Start()
	t.Cleanup(srv.Close)
	return New(socket, "badged")
}

func encoded(t *testing.T, status goipp.Status, jobs ...goipp.Attributes) []byte {
	t.Helper()
	groups := goipp.Groups{{Tag: goipp.TagOperationGroup, Attrs: goipp.Attributes{goipp.MakeAttr("attributes-charset", goipp.TagCharset, goipp.String("utf-8"))}}}
	for _, j := range jobs {
		groups.Add(goipp.Group{Tag: goipp.TagJobGroup, Attrs: j})
	}
	b, err := goipp.NewMessageWithGroups(goipp.DefaultVersion, goipp.Code(status), 1, groups).EncodeBytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What a server answers is one of four things that people are told, or its own words.
func TestErrorsAreToldApart(t *testing.T) {
	ok := encoded(t, goipp.StatusOk)
	for name, c := range map[string]struct {
		status int
		body   []byte
		want   error
	}{
		"refused by policy":    {401, nil, ErrDenied},
		"forbidden":            {403, nil, ErrDenied},
		"wants encryption":     {426, nil, ErrDenied},
		"reloads":              {503, nil, ErrAway},
		"busy":                 {200, encoded(t, goipp.StatusErrorBusy), ErrAway},
		"not there":            {200, encoded(t, goipp.StatusErrorNotFound), ErrNotFound},
		"in the wrong state":   {200, encoded(t, goipp.StatusErrorNotPossible), ErrNotPossible},
		"not authorised":       {200, encoded(t, goipp.StatusErrorNotAuthorized), ErrDenied},
		"well":                 {200, ok, nil},
		"well, with remarks":   {200, encoded(t, goipp.StatusOkIgnoredOrSubstituted), nil},
		"another server":       {200, []byte("<html>"), nil},
		"sends it elsewhere":   {302, nil, nil},
		"has an error":         {500, nil, nil},
		"cut":                  {200, ok[:len(ok)-3], nil},
		"empty":                {200, nil, nil},
		"has an error in IPP":  {200, encoded(t, goipp.StatusErrorInternal), nil},
		"asks for a value":     {200, encoded(t, goipp.StatusErrorAttributesOrValues), nil},
		"has endless headings": {200, bytes.Repeat([]byte{byte(goipp.TagJobGroup)}, 1000), nil},
	} {
		_, err := answering(t, c.status, c.body).Jobs(t.Context(), "follow")
		good := strings.HasPrefix(name, "well")
		if good != (err == nil) || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		for _, known := range []error{ErrAway, ErrDenied, ErrNotFound, ErrNotPossible} {
			if known != c.want && errors.Is(err, known) {
				t.Errorf("%s passes for %v", name, known)
			}
		}
		if err != nil && !strings.HasPrefix(err.Error(), "ask the print server to list queue follow: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAServerThatIsAwayIsAway(t *testing.T) {
	c := New(filepath.Join(t.TempDir(), "nobody"), "badged")
	if _, err := c.Jobs(t.Context(), "follow"); !errors.Is(err, ErrAway) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Release(ctx, 1); !errors.Is(err, ErrAway) {
		t.Error(err)
	}
}

// A job's attributes come from whoever sent it: other types, twice, negative, none at all.
func TestHostileAttributes(t *testing.T) {
	text := func(name, value string) goipp.Attribute {
		return goipp.MakeAttr(name, goipp.TagName, goipp.String(value))
	}
	number := func(name string, value int) goipp.Attribute {
		return goipp.MakeAttr(name, goipp.TagInteger, goipp.Integer(value))
	}
	body := encoded(t, goipp.StatusOk,
		goipp.Attributes{
			number("job-id", 7), text("job-name", "a\xff\n<b>"), text("job-name", "Untitled"), number("copies", -5), number("job-impressions", -1),
			number("time-at-creation", 100), number("job-printer-up-time", 160), text("job-printer-uri", "ipp://localhost/printers/follow"),
			goipp.MakeAttr("print-color-mode", goipp.TagKeyword, goipp.String("color")), text("sides", "two-sided-short-edge"),
		},
		goipp.Attributes{
			text("job-id", "8"), number("job-name", 3), goipp.MakeAttr("copies", goipp.TagBoolean, goipp.Boolean(true)),
			goipp.MakeAttrCollection("print-color-mode", goipp.MakeAttr("x", goipp.TagInteger, goipp.Integer(1))),
			number("time-at-creation", 200), number("job-printer-up-time", 160),
			goipp.MakeAttr("job-originating-user-name", goipp.TagNameLang, goipp.TextWithLang{Lang: "fr", Text: "ada"}),
		},
		goipp.Attributes{},
	)
	jobs, err := answering(t, 200, body).Jobs(t.Context(), "follow")
	if err != nil || len(jobs) != 3 {
		t.Fatal(len(jobs), err)
	}
	want := Job{ID: 7, Queue: "follow", Title: "a\xff\n<b>", Age: 60e9, Copies: 1, Colour: InColour, TwoSided: true}
	if jobs[0] != want {
		t.Errorf("%+v", jobs[0])
	}
	if want := (Job{User: "ada", Copies: 1}); jobs[1] != want {
		t.Errorf("%+v", jobs[1])
	}
	if want := (Job{Copies: 1}); jobs[2] != want {
		t.Errorf("%+v", jobs[2])
	}
}

// nested is an answer with collections within collections.
func nested(depth int) []byte {
	b := []byte{2, 0, 0, 0, 0, 0, 0, 1, byte(goipp.TagJobGroup), byte(goipp.TagBeginCollection), 0, 1, 'x', 0, 0}
	for range depth - 1 {
		b = append(b, byte(goipp.TagMemberName), 0, 0, 0, 1, 'y', byte(goipp.TagBeginCollection), 0, 0, 0, 0)
	}
	for range depth {
		b = append(b, byte(goipp.TagEndCollection), 0, 0, 0, 0)
	}
	return append(b, byte(goipp.TagEnd))
}

// The decoder calls itself for each collection: an answer must not fill the stack.
func TestNestingIsBounded(t *testing.T) {
	if _, err := decode(nested(maxNesting)); err != nil {
		t.Error(err)
	}
	for _, depth := range []int{maxNesting + 1, 1 << 20} {
		if _, err := decode(nested(depth)); err == nil || !strings.Contains(err.Error(), "deep") {
			t.Errorf("%d deep: %v", depth, err)
		}
	}
}

func TestAnAnswerIsBounded(t *testing.T) {
	_, err := answering(t, 200, bytes.Repeat([]byte{byte(goipp.TagJobGroup)}, maxAnswer+100)).Jobs(t.Context(), "follow")
	if err == nil || !strings.Contains(err.Error(), "more than") {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(nested(3))
	f.Add([]byte{2, 0, 0, 0, 0, 0, 0, 1, 3})
	f.Fuzz(func(_ *testing.T, b []byte) {
		groups, err := decode(b)
		for _, g := range groups {
			if err == nil {
				_, _ = attributesOf(g).job(), attributesOf(g).printer()
			}
		}
	})
}
