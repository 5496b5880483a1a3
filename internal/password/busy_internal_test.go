package password

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"badged/internal/secret"
)

// Whoever sends passwords without end fills no memory with requests that wait: beyond 32
// nobody joins them, and whoever gives up makes room.
func TestAFewHashesWaitAtMost(t *testing.T) {
	for range cap(slots) {
		slots <- struct{}{}
		line <- struct{}{}
	}
	ctx, giveUp := context.WithCancel(t.Context())
	gone := make(chan error)
	wait := cap(line) - len(line)
	for range wait {
		go func() {
			_, err := Hash(ctx, secret.New("le merle moqueur"))
			gone <- err
		}()
	}
	for len(line) < cap(line) {
		runtime.Gosched()
	}
	if _, err := Hash(t.Context(), secret.New("un de trop")); !errors.Is(err, ErrBusy) {
		t.Errorf("one more: %v", err)
	}
	if _, err := Verify(t.Context(), "", secret.New("un de trop")); !errors.Is(err, ErrBusy) {
		t.Errorf("one more check: %v", err)
	}
	giveUp()
	for range wait {
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("one that waited: %v", err)
		}
	}
	for range cap(slots) {
		<-slots
		<-line
	}
	if _, err := Hash(t.Context(), secret.New("le merle moqueur")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
