//go:build cards

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"badged/firmware/flash"
	"badged/firmware/site"
	"badged/internal/cli"
)

// hand puts cards into a reader and takes them out, as the tool asks for it. It has a card for
// each terminal, and at times one that is no good before it.
type hand struct {
	t     *testing.T
	said  *bytes.Buffer // what the tool told the person
	cards []string      // files; "ro:" before one that is write-protected
	in    string        // loop device of the card in the reader
	out   []string      // cards that were in
	asked int           // how often the tool has asked to take a card out
	slow  int           // how often the tool still looks before the person does it
	looks int           // how often the tool may still look
}

// disks is the reader: what the tool sees of the machine. The tool asks again and again, and each
// time the person may have done something.
func (h *hand) disks() ([]flash.Disk, error) {
	if h.looks--; h.looks < 0 {
		return nil, errors.New("the tool waits for something that nobody does")
	}
	if n := strings.Count(h.said.String(), "take the card out"); n > h.asked {
		h.asked, h.slow = n, 2
	} else if h.slow > 0 {
		if h.slow--; h.slow == 0 {
			h.pull()
		}
	} else if h.in == "" && len(h.cards) > 0 && strings.Count(h.said.String(), "put a card in") > 0 {
		h.push()
	}
	all, err := flash.ThisMachine()
	var mine []flash.Disk
	for _, d := range all {
		if h.in == "/dev/"+d.Name {
			d.Removable = true // a loop device does not say so
			mine = append(mine, d)
		}
	}
	return mine, err
}

func (h *hand) push() {
	file, protected := strings.CutPrefix(h.cards[0], "ro:")
	args := []string{"-f", "--show", file}
	if protected {
		args = append([]string{"-r"}, args...)
	}
	out, err := exec.Command("losetup", args...).CombinedOutput()
	if err != nil {
		h.t.Fatalf("losetup: %v %s", err, out)
	}
	h.in, h.out, h.cards = strings.TrimSpace(string(out)), append(h.out, file), h.cards[1:]
}

func (h *hand) pull() {
	if err := exec.Command("losetup", "-d", h.in).Run(); err != nil {
		h.t.Errorf("losetup -d: %v", err)
	}
	backing := filepath.Join("/sys/block", filepath.Base(h.in), "loop/backing_file")
	h.in = ""
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if _, err := os.Stat(backing); errors.Is(err, os.ErrNotExist) {
			return
		}
	}
	h.t.Error("the card is still in use when it is taken out")
}

// flashRoster writes the cards of a roster of n terminals, one of which has a write-protected card
// first, and reads them back.
func flashRoster(t *testing.T, n int) {
	t.Helper()
	d := newDesk(t)
	roster := "name,kind,door,reader,address\n"
	for i := range n {
		roster += fmt.Sprintf("t%d,door,d%d,/dev/ttyUSB%d,10.0.%d.%d/16\n", i, i, i, i/200, i%200+1)
	}
	if err := os.WriteFile(d.path("terminals.csv"), []byte(roster), 0o600); err != nil {
		t.Fatal(err)
	}
	said := &bytes.Buffer{}
	h := &hand{t: t, said: said, looks: 100 * n}
	for i := range n {
		card := d.path(fmt.Sprintf("card-%d", i))
		for _, name := range []string{card, card + "-bad"} {
			if err := errors.Join(os.WriteFile(name, nil, 0o600), os.Truncate(name, 300<<20)); err != nil {
				t.Fatal(err)
			}
		}
		if i == 1 {
			h.cards = append(h.cards, "ro:"+card+"-bad")
		}
		h.cards = append(h.cards, card)
	}
	var out bytes.Buffer
	stdio := cli.Stdio{In: strings.NewReader(strings.Repeat("\n", n)), Out: &out, Err: said}
	a := &app{env: os.Getenv, io: stdio, disks: h.disks}
	if err := cli.Execute(t.Context(), a.root(), d.args(), stdio); err != nil {
		t.Fatalf("%v\n%.4000s%.2000s", err, out.String(), said)
	}
	h.pull()
	if got := strings.Count(out.String(), "\nPASS "); got != 0 && got != n || strings.Count(out.String(), "PASS t") != n {
		t.Errorf("%d cards passed:\n%s", strings.Count(out.String(), "PASS t"), out.String())
	}
	if !strings.Contains(said.String(), "t1: ") || !strings.Contains(said.String(), "write-protected") {
		t.Errorf("the bad card: %s", said)
	}
	for i := range n {
		checkOne(t, d, i)
	}
}

// checkOne demands that a card is the one of its terminal, and has no private key.
func checkOne(t *testing.T, d desk, i int) {
	t.Helper()
	card := d.path(fmt.Sprintf("card-%d", i))
	if got := d.verify(t, card); got.out != fmt.Sprintf("PASS t%d: release 1.4.0, all of it\n", i) {
		t.Errorf("card %d: %d %s%s", i, got.code, got.out, got.stderr)
	}
	b := readFile(t, card)
	copies := bytes.Split(b, []byte("# badged provisioning 1 "))
	if len(copies) != 3 {
		t.Fatalf("card %d has settings %d times", i, len(copies)-1)
	}
	for _, c := range copies[1:] {
		p, err := site.Parse(append([]byte("# badged provisioning 1 "), c...))
		if err != nil || p.Name != fmt.Sprintf("t%d", i) || p.Network.Address != fmt.Sprintf("10.0.%d.%d/16", i/200, i%200+1) ||
			!strings.Contains(p.Config, fmt.Sprintf("door = \"d%d\"\n", i)) || !strings.Contains(p.Config, fmt.Sprintf("/dev/ttyUSB%d", i)) {
			t.Errorf("card %d: %+v, %v", i, p, err)
		}
	}
	if bytes.Contains(b, []byte("PRIVATE KEY")) {
		t.Errorf("card %d has a private key", i)
	}
}

// Issue 12, 3: a roster is written card by card, with one keystroke each. A card is never written
// twice, though it stays in the reader after it passed; one that is no good is named and replaced.
func TestARosterIsWrittenCardByCard(t *testing.T) { flashRoster(t, 4) }
