package box

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"badged/firmware/bundle"
	"badged/firmware/slot"
	"badged/internal/boxctl"
	"badged/internal/httpserve"
	"badged/internal/unixsock"
)

// The files of an update.
const (
	trustFile  = "/share/badged.trust"
	bundleFile = "/data/box/update.bundle"
	updatesDir = stateDir + "/updates" // where the agent puts what it fetches from the hub
	maxBundle  = 512 << 20

	lastAnswers = 2 * time.Second // for who follows an update that ends in a reboot
)

// serve answers a technician's tool until ctx ends.
func (b *Box) serve(ctx context.Context) error {
	ln, err := unixsock.Listen(boxctl.Socket)
	if err != nil {
		return fmt.Errorf("open the socket of the box: %w", err)
	}
	// The agent may ask how the box is, and hand over a release that the hub assigned.
	if err := errors.Join(os.Chown(boxctl.Socket, 0, badgedGID), os.Chmod(boxctl.Socket, 0o660)); err != nil {
		return fmt.Errorf("open the socket of the box: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/box", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(b.status()) // whoever went away needs no answer
	})
	mux.HandleFunc("POST /v1/update", func(w http.ResponseWriter, r *http.Request) {
		var u boxctl.Update
		if err := json.NewDecoder(io.LimitReader(r.Body, 4096)).Decode(&u); err != nil {
			http.Error(w, "the request cannot be read", http.StatusBadRequest)
			return
		}
		if !isRoot(r) && !fromHub(u.From) {
			http.Error(w, "the agent installs only what it fetched from the hub", http.StatusForbidden)
			return
		}
		b.stream(w, func(tell func(boxctl.Step)) error { return b.update(r.Context(), u, tell) })
	})
	mux.HandleFunc("POST /v1/rollback", func(w http.ResponseWriter, r *http.Request) {
		if !isRoot(r) {
			http.Error(w, "only root rolls a box back", http.StatusForbidden)
			return
		}
		b.stream(w, func(tell func(boxctl.Step)) error {
			tell(boxctl.Step{What: "reboot into the release of before"})
			return errors.Join(b.writeBaseline(r.Context()), b.card.Rollback())
		})
	})
	return httpserve.Run(ctx, ln, httpserve.Server{Name: "box", Handler: mux, Log: b.log, Grace: lastAnswers, Finish: true, Conn: rememberPeer})
}

type peerKey struct{}

// rememberPeer keeps the connection of a request, of which the kernel knows the caller.
func rememberPeer(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, peerKey{}, c)
}

// fromHub reports whether a bundle is one that the agent fetched from the hub.
func fromHub(path string) bool { return filepath.Dir(path) == updatesDir }

// isRoot reports whether root makes a request: a technician at the console, not the agent.
func isRoot(r *http.Request) bool {
	c, ok := r.Context().Value(peerKey{}).(net.Conn)
	if !ok {
		return false
	}
	uid, err := unixsock.PeerUID(c)
	return err == nil && uid == 0
}

// stream runs what changes the card, one at a time, and tells its steps.
func (b *Box) stream(w http.ResponseWriter, do func(tell func(boxctl.Step)) error) {
	if !b.busy.TryLock() {
		http.Error(w, "an update is under way", http.StatusConflict)
		return
	}
	defer b.busy.Unlock()
	out, flush := json.NewEncoder(w), http.NewResponseController(w)
	tell := func(s boxctl.Step) {
		_ = out.Encode(s) // the update goes on when nobody looks
		_ = flush.Flush()
	}
	if err := do(tell); err != nil {
		b.log.Warn("update", "err", err)
		tell(boxctl.Step{What: "failed", Error: err.Error()})
	}
}

func (b *Box) status() boxctl.Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.card.State.Record
	s := boxctl.Status{
		Terminal: b.settings.Name, Board: b.settings.Board, Version: b.version, Sequence: r.Installed.Sequence, Slot: b.card.State.Booted.String(),
		Other: "empty", Verdict: string(b.card.Verdict), Trial: b.trial, Network: b.net.State(), Agent: b.agent.State(), Failed: len(r.Quarantined),
	}
	if r.Other.Sequence != 0 {
		s.Other = "rollback"
	}
	s.Release = bundle.Hash(r.Installed.ID).String()
	if r.Phase == slot.Trying {
		s.Trying = bundle.Hash(r.Update.ID).String()
	}
	for _, id := range r.Quarantined {
		s.Quarantined = append(s.Quarantined, bundle.Hash(id).String())
	}
	if n := len(s.Quarantined); n > 0 {
		s.Why = whyFailed(failedFile, s.Quarantined[n-1])
	}
	return s
}

// update installs a release, from a file or an address. Nothing of it is believed before its
// signatures were checked.
func (b *Box) update(ctx context.Context, u boxctl.Update, tell func(boxctl.Step)) error {
	path := u.From
	if strings.HasPrefix(u.From, "http://") || strings.HasPrefix(u.From, "https://") {
		path = bundleFile
		if err := fetch(ctx, u.From, path, tell); err != nil {
			return err
		}
		defer os.Remove(bundleFile)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := openBundle(f)
	if err != nil {
		return err
	}
	if err := b.writeBaseline(ctx); err != nil {
		return err
	}
	return b.card.Install(ctx, r, b.now(), u.Retry, everySecond("install "+r.Release.Version, tell))
}

// openBundle verifies a release by the keys of the one that runs.
func openBundle(f *os.File) (*bundle.Bundle, error) {
	text, err := os.ReadFile(trustFile)
	if err != nil {
		return nil, err
	}
	chain, err := bundle.ParseTrustFile(text)
	if err != nil {
		return nil, err
	}
	trust, err := chain.Trusted()
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return bundle.Open(f, info.Size(), trust)
}

// fetch gets a bundle. What came before the connection broke is asked for no second time.
func fetch(ctx context.Context, from, to string, tell func(boxctl.Step)) error {
	f, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	var done int64
	for tries := 0; ; tries++ {
		n, complete, err := fetchFrom(ctx, from, f, done, tell)
		if done += n; complete {
			return f.Sync()
		}
		if n > 0 {
			tries = 0
		}
		if tries >= 5 || ctx.Err() != nil || err == nil {
			return fmt.Errorf("fetch %s: %w", from, errors.Join(err, ctx.Err()))
		}
	}
}

// fetchFrom gets what is left of a file from a byte on.
func fetchFrom(ctx context.Context, from string, to io.WriterAt, off int64, tell func(boxctl.Step)) (n int64, complete bool, err error) {
	req, err := http.NewRequestWithContext(ctx, "GET", from, nil)
	if err != nil {
		return 0, false, err
	}
	want := http.StatusOK
	if off > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", off))
		want = http.StatusPartialContent
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != want || resp.ContentLength < 0 || off+resp.ContentLength > maxBundle {
		return 0, false, fmt.Errorf("the server answers %s, with %d bytes", resp.Status, resp.ContentLength)
	}
	count := &counter{done: off, total: off + resp.ContentLength, progress: everySecond("fetch", tell)}
	n, err = io.Copy(io.NewOffsetWriter(to, off), io.TeeReader(resp.Body, count))
	return n, err == nil && n == resp.ContentLength, err
}

// everySecond gives a function that tells how far a step is: every second, and at its end.
func everySecond(what string, tell func(boxctl.Step)) func(done, total int64) {
	var told time.Time
	return func(done, total int64) {
		if now := time.Now(); now.Sub(told) > time.Second || done == total {
			told = now
			tell(boxctl.Step{What: what, Done: done, Total: total})
		}
	}
}

// counter counts the bytes that are written to it.
type counter struct {
	done, total int64
	progress    func(done, total int64)
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	c.done += int64(len(p))
	c.progress(c.done, c.total)
	return len(p), nil
}
