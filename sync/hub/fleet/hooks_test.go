package fleet_test

import (
	"context"
	"sync"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
)

// hook lets something else happen once, in the middle of what the hub does.
type hook struct {
	mu sync.Mutex // guards fn
	fn func()
}

// once sets what happens the next time.
func (h *hook) once(fn func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fn = fn
}

func (h *hook) run() {
	h.mu.Lock()
	fn := h.fn
	h.fn = nil
	h.mu.Unlock()
	if fn != nil {
		fn()
	}
}

// interruptible is a store in which another transaction may come between.
type interruptible struct {
	fleet.Store
	beforeWrite hook
	afterRead   hook
}

func (s *interruptible) Write(ctx context.Context, by audit.Actor, fn func(fleet.Tx) error) error {
	s.beforeWrite.run()
	return s.Store.Write(ctx, by, fn)
}

func (s *interruptible) Read(ctx context.Context, fn func(fleet.Tx) error) error {
	err := s.Store.Read(ctx, fn)
	s.afterRead.run()
	return err
}
