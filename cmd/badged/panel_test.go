package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"badged/internal/ctl"
	"badged/internal/health"
	"badged/internal/rig/sim"
	"badged/sync/identity"
)

// panelBox is a terminal with a panel and a door, whose program a test starts and kills.
type panelBox struct {
	t    *testing.T
	dir  string
	addr string // of the panel
	pins *sim.Pins
	cmd  *exec.Cmd
	log  logBuffer
}

// newPanelBox makes a terminal whose panel is at the given port of an address that no other
// test process has.
func newPanelBox(t *testing.T, port int) *panelBox {
	t.Helper()
	t.Parallel()
	pid := os.Getpid()
	b := &panelBox{t: t, dir: t.TempDir(), addr: fmt.Sprintf("127.%d.%d.%d:%d", 64+(pid>>16&63), pid>>8&255, pid&255, port)}
	id, err := identity.SelfMade("lyon", "hall")
	if err == nil {
		err = identity.Write(filepath.Join(b.dir, "state"), id)
	}
	if err != nil {
		t.Fatal(err)
	}
	if b.pins, err = sim.NewPins(filepath.Join(b.dir, "pins")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.pins.Close() })
	if err := os.WriteFile(filepath.Join(b.dir, "badged.toml"), []byte(strings.NewReplacer("DIR", b.dir, "ADDRESS", b.addr).Replace(`state_dir = "DIR/state"
control = "DIR/c.sock"
[kiosk]
listen = "ADDRESS"
[[point]]
name = "hall"
kind = "print"
[[point]]
name = "front"
kind = "door"
door = "front"
open_for = "1s"
relay = "virtual:DIR/pins#relay"
exit = "virtual:DIR/pins#exit"
`)), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.kill)
	return b
}

// start starts badged, with a socket as systemd passes it if there is one.
func (b *panelBox) start(socket *os.File) {
	b.t.Helper()
	path, err := exec.LookPath("badged")
	if err != nil {
		b.t.Fatal(err)
	}
	b.cmd = exec.Command(path, "run", "--config", filepath.Join(b.dir, "badged.toml"))
	if socket != nil {
		b.cmd = exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=panel exec "$@"`, "sh", path, "run", "--config", filepath.Join(b.dir, "badged.toml"))
		b.cmd.ExtraFiles = []*os.File{socket}
	}
	b.cmd.Stderr = &b.log
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := b.cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
}

func (b *panelBox) kill() {
	if b.cmd != nil {
		_ = b.cmd.Process.Kill()
		_ = b.cmd.Wait()
		b.cmd = nil
	}
}

// await waits until the status is as wanted, and gives its item about the panel and the
// panel's address.
func (b *panelBox) await(ok func(it health.Item, url string) bool) (it health.Item, url string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	for ctx.Err() == nil {
		s, err := ctl.NewClient(filepath.Join(b.dir, "c.sock")).Status(ctx)
		for _, item := range s.Health {
			if item.Name == "panel" {
				it = item
			}
		}
		for _, p := range s.Points {
			if p.Name == "hall" {
				url = p.Kiosk
			}
		}
		if err == nil && ok(it, url) {
			return it, url
		}
		waitALittle(b.t, &b.log)
	}
	b.t.Fatalf("waited in vain, last seen: %+v, an address: %v; log:\n%s", it, url != "", b.log.String())
	return it, url
}

// served waits until the panel is served, and gives its address.
func (b *panelBox) served() string {
	b.t.Helper()
	_, url := b.await(func(it health.Item, url string) bool { return it.Name != "" && it.State == health.OK && url != "" })
	return url
}

// takePort listens on a port that is free, or will be: a child of the agent that was killed has it until
// it has become another program.
func (b *panelBox) takePort(addr string) net.Listener {
	b.t.Helper()
	for {
		ln, err := net.Listen("tcp", addr)
		if err == nil {
			return ln
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			b.t.Fatal(err)
		}
		waitALittle(b.t, &b.log)
	}
}

// doorOpens presses the exit button.
func (b *panelBox) doorOpens() {
	b.t.Helper()
	awaitPins(b.t, b.pins, &b.log, func(s sim.PinsState) bool { return s.Agents > 0 })
	before := b.pins.State().Pulses
	b.pins.PressExit()
	awaitPins(b.t, b.pins, &b.log, func(s sim.PinsState) bool { return s.Pulses > before && !s.Relay })
}

// browser keeps the panel's cookie.
func browser(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
}

func get(t *testing.T, c *http.Client, url string) int {
	t.Helper()
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// Issue 7, 4.7: any user of the machine can have the panel's port before the agent. That costs
// the panel and nothing else; status says it, and the panel is there when the port is free.
func TestATakenPortCostsThePanelOnly(t *testing.T) {
	b := newPanelBox(t, 8631)
	thief, err := net.Listen("tcp", b.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer thief.Close()
	b.start(nil)
	b.doorOpens()
	it, url := b.await(func(it health.Item, _ string) bool { return it.State == health.Fail })
	if !strings.Contains(it.Text, "another program has "+b.addr) || !strings.Contains(it.Do, "ss -ltnp") {
		t.Errorf("status says %q, what to do: %q", it.Text, it.Do)
	}
	if url != "" {
		t.Error("a browser would be sent to the thief, with the token")
	}
	if err := thief.Close(); err != nil {
		t.Fatal(err)
	}
	if code := get(t, browser(t), b.served()); code != http.StatusOK {
		t.Errorf("the panel answers %d", code)
	}
	b.doorOpens()
}

// Issue 7, 4.7: while the agent is down, another user takes the port, and the browser that
// goes on asking shows its cookie. It is worth nothing when the agent is back.
func TestAStolenCookieOpensNothing(t *testing.T) {
	b := newPanelBox(t, 8632)
	b.start(nil)
	c := browser(t)
	if code := get(t, c, b.served()); code != http.StatusOK {
		t.Fatalf("the panel answers %d", code)
	}
	b.kill()
	thief := b.takePort(b.addr)
	stolen := make(chan string, 1)
	go func() {
		_ = http.Serve(thief, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { stolen <- r.Header.Get("Cookie") }))
	}()
	get(t, c, "http://"+b.addr+"/p/hall")
	cookie := <-stolen
	if err := thief.Close(); err != nil {
		t.Fatal(err)
	}
	b.start(nil)
	url := b.served()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+b.addr+"/p/hall", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", cookie)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if cookie == "" || res.StatusCode != http.StatusForbidden {
		t.Errorf("the stolen cookie is answered with %d", res.StatusCode)
	}
	if code := get(t, c, url); code != http.StatusOK {
		t.Errorf("a browser that is opened anew gets %d", code)
	}
}

// held is a socket that systemd holds.
func (b *panelBox) held(addr string) *os.File {
	b.t.Helper()
	ln := b.takePort(addr)
	defer ln.Close()
	f, err := ln.(*net.TCPListener).File()
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = f.Close() })
	return f
}

// Issue 7, 4.7: the port stays with systemd while the agent is down: nobody else gets it, and
// a browser that is open goes on. Its token ends with that socket.
func TestThePortOutlivesTheAgent(t *testing.T) {
	b := newPanelBox(t, 8633)
	socket, c := b.held(b.addr), browser(t)
	b.start(socket)
	before := b.served()
	if code := get(t, c, before); code != http.StatusOK {
		t.Fatalf("the panel answers %d", code)
	}
	b.kill()
	if ln, err := net.Listen("tcp", b.addr); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("the port is free while the agent is down: %v, %v", ln, err)
	}
	b.start(socket)
	if code := get(t, c, "http://"+b.addr+"/p/hall"); code != http.StatusOK {
		t.Errorf("a browser that was open gets %d", code)
	}
	if after := b.served(); after != before {
		t.Error("the address is another one")
	}
	b.kill()
	if err := socket.Close(); err != nil {
		t.Fatal(err)
	}
	b.start(b.held(b.addr))
	if after := b.served(); after == before {
		t.Error("the token outlives the socket: whoever had the port in between knows it")
	}
}

// A socket of another address is told. The panel is where the configuration says.
func TestAPassedSocketMustBeTheConfiguredOne(t *testing.T) {
	b := newPanelBox(t, 8634)
	other := strings.Replace(b.addr, ":8634", ":8635", 1)
	b.start(b.held(other))
	it, url := b.await(func(it health.Item, url string) bool { return it.State == health.Fail && url != "" })
	if !strings.Contains(it.Text, "systemd holds "+other) || !strings.Contains(it.Text, "kiosk.listen is "+b.addr) || !strings.Contains(it.Do, "ListenStream="+b.addr) {
		t.Errorf("status says %q, what to do: %q", it.Text, it.Do)
	}
	if code := get(t, browser(t), url); code != http.StatusOK {
		t.Errorf("the panel answers %d", code)
	}
	b.doorOpens()
}

// Issue 10, 6: the technician's page of a real terminal tells of its points and what happened,
// to whoever has the address that the control socket gives, and to nobody else.
func TestTheTechniciansPageOfARealTerminal(t *testing.T) {
	b := newPanelBox(t, 8639)
	b.start(nil)
	panel := browser(t)
	if code := get(t, panel, b.served()); code != http.StatusOK {
		t.Fatalf("the panel answers %d", code)
	}
	if code := get(t, panel, "http://"+b.addr+"/status"); code != http.StatusForbidden {
		t.Errorf("the panel's browser gets %d for the technician's page", code)
	}
	b.doorOpens()
	s, err := ctl.NewClient(filepath.Join(b.dir, "c.sock")).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	technician := browser(t)
	var page string
	for !strings.Contains(page, "exit_button") {
		waitALittle(t, &b.log)
		res, err := technician.Get(s.Page)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s, %v", res.Status, err)
		}
		page = string(body)
	}
	for _, want := range []string{"hall", "front", "locked", "uplink", "terminal_started", "0 cards"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if code := get(t, technician, "http://"+b.addr+"/p/hall"); code != http.StatusForbidden {
		t.Errorf("the technician's browser gets %d for the panel", code)
	}
}
