package workbench

import (
	"context"
	"slices"
	"sync"
)

// feed is a list that grows and can be waited for.
type feed[T any] struct {
	mu    sync.Mutex // guards what follows
	items []T
	grown chan struct{} // closed and renewed with every item
}

func newFeed[T any]() *feed[T] { return &feed[T]{grown: make(chan struct{})} }

// add puts an item at the end.
func (f *feed[T]) add(item T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.items = append(f.items, item)
	close(f.grown)
	f.grown = make(chan struct{})
}

// len is the number of items so far: a mark to wait from.
func (f *feed[T]) len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.items)
}

// from gives the items from the mark on, and a channel that closes with the next.
func (f *feed[T]) from(mark int) ([]T, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.items[min(mark, len(f.items)):]), f.grown
}

// wait gives the first item from the mark on that matches, as soon as it is there.
func (f *feed[T]) wait(ctx context.Context, mark int, match func(T) bool) (T, error) {
	for {
		items, grown := f.from(mark)
		if i := slices.IndexFunc(items, match); i >= 0 {
			return items[i], nil
		}
		mark += len(items)
		select {
		case <-grown:
		case <-ctx.Done():
			var zero T
			return zero, ctx.Err()
		}
	}
}
