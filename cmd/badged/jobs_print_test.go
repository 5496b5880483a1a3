//go:build print

package main

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"badged/internal/cli"
	"badged/internal/ctl"
	"badged/internal/health"
	"badged/internal/rig/printserver"
	"badged/internal/rig/sim"
	"badged/sync/identity"
)

// printHouse is the agent as a process, with two print points, and a print server.
type printHouse struct {
	t       *testing.T
	dir     string
	server  *printserver.Server
	readers map[string]*sim.Reader
	log     logBuffer
}

const printConfig = `state_dir = "DIR/state"
control = "DIR/c.sock"
[kiosk]
listen = "127.0.0.1:0"
[print]
socket = "SOCKET"
queues = ["follow"]
[[point]]
name = "hall"
kind = "print"
printer = "hall-mfp"
[[point]]
name = "cellar"
kind = "print"
printer = "cellar-mfp"
[[reader]]
name = "hall-rfid"
point = "hall"
protocol = "rdm6300"
port = "DIR/hall"
[[reader]]
name = "cellar-rfid"
point = "cellar"
protocol = "rdm6300"
port = "DIR/cellar"
`

func newPrintHouse(t *testing.T) *printHouse {
	t.Helper()
	h := &printHouse{t: t, dir: t.TempDir(), readers: map[string]*sim.Reader{}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var err error
	if h.server, err = printserver.New(ctx, t.TempDir(), "hall-mfp", "cellar-mfp"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.server.Kill() })
	for _, point := range []string{"hall", "cellar"} {
		if h.readers[point], err = sim.NewReader(filepath.Join(h.dir, point)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = h.readers[point].Close() })
	}
	id, err := identity.SelfMade("lyon", "hall")
	if err == nil {
		err = identity.Write(filepath.Join(h.dir, "state"), id)
	}
	if err == nil {
		err = os.WriteFile(h.config(), []byte(strings.NewReplacer("DIR", h.dir, "SOCKET", h.server.Socket).Replace(printConfig)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *printHouse) config() string { return filepath.Join(h.dir, "badged.toml") }

func (h *printHouse) start() {
	h.t.Helper()
	path, err := exec.LookPath("badged")
	if err != nil {
		h.t.Fatal(err)
	}
	cmd := exec.Command(path, "run", "--config", h.config())
	cmd.Stderr = &h.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	h.until("both readers are open", func(s ctl.Status) bool {
		return len(s.Readers) == 2 && s.Readers[0].State == health.OK && s.Readers[1].State == health.OK
	})
}

// until waits until the status is as wanted.
func (h *printHouse) until(what string, ok func(ctl.Status) bool) ctl.Status {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	for ctx.Err() == nil {
		if s, err := ctl.NewClient(filepath.Join(h.dir, "c.sock")).Status(ctx); err == nil && ok(s) {
			return s
		}
		waitALittle(h.t, &h.log)
	}
	h.t.Fatalf("never: %s\n%s", what, h.log.String())
	return ctl.Status{}
}

// says waits until the status says this of an item; empty: it is fine.
func (h *printHouse) says(item, text string) {
	h.t.Helper()
	h.until(item+": "+text, func(s ctl.Status) bool {
		return slices.ContainsFunc(s.Health, func(it health.Item) bool {
			return it.Name == item && strings.Contains(it.Text, text) && (it.State == health.OK) == (text == "")
		})
	})
}

// panelOf is a browser without script at the panel of a point.
type panelOf struct {
	h       *printHouse
	browser *http.Client
	site    string
	path    string
}

func (h *printHouse) panel(point string) *panelOf {
	h.t.Helper()
	s := h.until("panel "+point, func(s ctl.Status) bool {
		return slices.ContainsFunc(s.Points, func(p ctl.Point) bool { return p.Name == point && p.Kiosk != "" })
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	i := slices.IndexFunc(s.Points, func(p ctl.Point) bool { return p.Name == point })
	p := &panelOf{h, &http.Client{Jar: jar, Timeout: patience}, strings.Split(s.Points[i].Kiosk, "/?")[0], "/p/" + point}
	p.get(strings.TrimPrefix(s.Points[i].Kiosk, p.site))
	return p
}

func (p *panelOf) get(path string) string {
	p.h.t.Helper()
	return p.read(p.browser.Get(p.site + path))
}

func (p *panelOf) read(res *http.Response, err error) string {
	p.h.t.Helper()
	if err != nil {
		p.h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		p.h.t.Fatal(err)
	}
	return html.UnescapeString(string(b))
}

// sees waits until the page has all of these and, from then, none of those.
func (p *panelOf) sees(texts ...string) string {
	p.h.t.Helper()
	var page string
	p.h.until(p.path+" shows "+strings.Join(texts, ", "), func(ctl.Status) bool {
		page = p.get(p.path)
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(page, text) })
	})
	return page
}

var formField = regexp.MustCompile(`name="(session|form)" value="([^"]*)"`)

// press sends a form of the page that stands there.
func (p *panelOf) press(form string, pairs ...string) {
	p.h.t.Helper()
	values := url.Values{}
	for _, m := range formField.FindAllStringSubmatch(p.get(p.path), -1) {
		values.Set(m[1], m[2])
	}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequest(http.MethodPost, p.site+p.path+form, strings.NewReader(values.Encode()))
	if err != nil {
		p.h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", p.site)
	p.read(p.browser.Do(r))
}

var greeted = regexp.MustCompile(`<h1[^>]*>Bienvenue ([^<]+)</h1>`)

// tap presents a badge, and gives the name that the panel greets.
func (p *panelOf) tap(card string) string {
	p.h.t.Helper()
	if err := p.h.readers[strings.TrimPrefix(p.path, "/p/")].Tap(card); err != nil {
		p.h.t.Fatal(err)
	}
	return greeted.FindStringSubmatch(p.sees("Bienvenue "))[1]
}

func (h *printHouse) printed(printer string, documents ...string) {
	h.t.Helper()
	slices.Sort(documents)
	h.until(printer+" prints "+strings.Join(documents, ", "), func(ctl.Status) bool {
		got := h.server.Printed(printer)
		slices.Sort(got)
		return slices.Equal(got, documents)
	})
}

// Issue 10, 4, as people meet it: the agent as a process, its panels, a real CUPS. Two people,
// two printers; the print server is killed, and comes back.
func TestPeoplePrintTheirOwnAtThePrinterWhereTheyStand(t *testing.T) {
	h := newPrintHouse(t)
	h.start()
	for _, item := range []string{"print queue follow", "printer hall-mfp", "printer cellar-mfp"} {
		h.says(item, "")
	}
	hall, cellar := h.panel("hall"), h.panel("cellar")
	ada := hall.tap("0A00000001")
	hall.sees("Aucun document en attente")
	bob := cellar.tap("0A00000002")
	if ada == bob {
		t.Fatal("one account for two badges")
	}
	for _, d := range [][3]string{{ada, "Rapport <b>", "A1"}, {ada, "تقرير 🎉", "A2"}, {bob, "Facture", "B1"}} {
		if err := h.server.Send(t.Context(), d[0], d[1], d[2]); err != nil {
			t.Fatal(err)
		}
	}
	if page := hall.sees("Rapport <b>", "تقرير 🎉", "Tout imprimer (2)"); strings.Contains(page, "Facture") {
		t.Error("Ada sees Bob's document")
	}
	if page := cellar.sees("Facture"); strings.Contains(page, "Rapport") {
		t.Error("Bob sees Ada's document")
	}
	cellar.press("/print", "job", "1") // Ada's
	hall.press("/print", "job", "2")
	hall.sees("Imprimé")
	h.printed("hall-mfp", "A2")

	if err := h.server.Kill(); err != nil {
		t.Fatal(err)
	}
	hall.press("/signout")
	hall.sees("Présentez votre badge")
	if again := hall.tap("0A00000001"); again != ada {
		t.Errorf("logged in as %s, want %s", again, ada)
	}
	hall.sees("L’impression ne répond pas pour l’instant", "ne sont pas perdus")
	h.says("print queue follow", "does not answer")
	if err := h.server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	cellar.press("/signout")
	cellar.sees("Présentez votre badge")
	cellar.tap("0A00000001")
	cellar.sees("Rapport <b>", "1 document en attente")
	cellar.press("/print", "job", "all")
	h.printed("cellar-mfp", "A1")
	h.printed("hall-mfp", "A2")
	if log := h.log.String(); strings.Contains(log, "Rapport") || strings.Contains(log, "Facture") || !strings.Contains(log, "msg=printed") {
		t.Errorf("the log tells titles, or no release:\n%s", log)
	}
}

// badged check knows the queues: what the print server lacks, at one place with what to do.
func TestCheckKnowsTheQueues(t *testing.T) {
	h := newPrintHouse(t)
	check := func() (string, string) {
		var out, errs strings.Builder
		_ = Run(t.Context(), []string{"check", "--config", h.config()}, func(string) string { return "" }, cli.Stdio{Out: &out, Err: &errs})
		return out.String(), errs.String()
	}
	if out, errs := check(); strings.Contains(out, "warning") || !strings.Contains(out, "is fine: 2 points, 2 readers") {
		t.Errorf("%s%s", out, errs)
	}
	for _, args := range [][]string{{"cupsenable", "follow"}, {"lpadmin", "-x", "cellar-mfp"}} {
		if err := h.server.Run(t.Context(), args[0], args[1:]...); err != nil {
			t.Fatal(err)
		}
	}
	out, _ := check()
	for _, want := range []string{"warning: print queue follow: it is not paused", "cupsdisable follow", "warning: printer cellar-mfp: the print server has no queue of this name", "is fine"} {
		if !strings.Contains(out, want) {
			t.Errorf("check does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "hall-mfp") {
		t.Errorf("check says something of a printer that is well:\n%s", out)
	}
	if err := h.server.Kill(); err != nil {
		t.Fatal(err)
	}
	if out, _ = check(); !strings.Contains(out, "does not answer at "+h.server.Socket) || !strings.Contains(out, "is fine") {
		t.Errorf("check says of a print server that is away:\n%s", out)
	}
}
