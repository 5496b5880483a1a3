package hub_test

import (
	"context"
	"sync"

	"badged/sync/hub"
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
	hub.Store
	beforeUpdate hook
	afterView    hook
}

func (s *interruptible) Update(ctx context.Context, fn func(hub.Tx) error) error {
	s.beforeUpdate.run()
	return s.Store.Update(ctx, fn)
}

func (s *interruptible) View(ctx context.Context, fn func(hub.Tx) error) error {
	err := s.Store.View(ctx, fn)
	s.afterView.run()
	return err
}
