package kiosk

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"runtime"
	"testing"
	"time"
)

// The flood of the test: each connection sends a header that never ends.
const (
	floodConns  = 2000
	floodHeader = 60 << 10
	// floodMemory is far above what the connections that the panel holds may cost, and
	// far below what the flood costs a panel that holds all of it (more than 120 MB).
	floodMemory = 24 << 20
)

// Thousands of connections took the agent from 18 to 329 MB before anybody had shown a
// token, and the panel's own browser must not be kept out by them either.
func TestAFloodOfConnectionsCostsAFixedAmountAndKeepsNobodyOut(t *testing.T) {
	d := newDesk()
	k := New(Options{Panel: d, Points: []string{"hall"}})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- k.Serve(ctx, ln) }()
	defer func() { stop(); <-served }()

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Transport: &http.Transport{DisableCompression: true}}
	defer browser.CloseIdleConnections()
	getPage(t, browser, k.URL(ln.Addr().String(), "hall"))
	stream, err := browser.Get("http://" + ln.Addr().String() + "/p/hall/events")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	before, goroutines := inUse(), runtime.NumGoroutine()
	attackers := flood(t, ln.Addr().String())
	d.swipe(anonym1) // the page that was open hears of it
	events := bufio.NewScanner(stream.Body)
	for n := 0; n < 2; {
		if !events.Scan() {
			t.Fatalf("the browser's own stream was cut: %v", events.Err())
		}
		if events.Text() == "event: screen" {
			n++
		}
	}
	newcomer := &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}
	getPage(t, newcomer, "http://"+ln.Addr().String()+"/p/hall") // and in one behind the flood: all of it was accepted

	awaitGoroutines(t, goroutines+2*maxStrangers+8)
	if grown := inUse() - before; grown > floodMemory {
		t.Errorf("the flood takes %d KiB, want at most %d", grown>>10, floodMemory>>10)
	}
	runtime.KeepAlive(attackers)
}

func getPage(t *testing.T, c *http.Client, url string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the page gives %s, %v", resp.Status, err)
	}
}

// flood opens connections and sends what is no whole header.
func flood(t *testing.T, addr string) (conns []net.Conn) {
	t.Helper()
	start := append([]byte("GET / HTTP/1.1\r\nX: "), bytes.Repeat([]byte{'x'}, floodHeader)...)
	for range floodConns {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetWriteDeadline(time.Now().Add(2 * time.Minute))
		_, _ = c.Write(start) // a panel that has hung up is what we want
		conns = append(conns, c)
	}
	return conns
}

func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// awaitGoroutines waits until those of closed connections have ended.
func awaitGoroutines(t *testing.T, most int) {
	t.Helper()
	again, late := time.NewTicker(10*time.Millisecond), time.After(2*time.Minute)
	defer again.Stop()
	for runtime.NumGoroutine() > most {
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("%d goroutines serve the flood, want at most %d", runtime.NumGoroutine(), most)
		}
	}
}
