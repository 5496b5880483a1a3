//go:build power

package forgetful

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Disk is a mounted file system.
type Disk struct {
	dir    string
	server *fuse.Server

	mu     sync.Mutex // guards what follows, and is held while somebody looks at an image
	names  map[string]*file
	kept   map[string]*file // the names that are on the disk
	broken bool
	syncs  Syncs
	next   *cut // nil: none is asked for
}

// cut is a power cut to come.
type cut struct {
	ctx   context.Context // of who waits for it
	steps int             // changes until then
	image chan *Image
}

// Syncs counts how often files were synced, and by which call.
type Syncs struct{ Full, Data int }

// Image is what is on a disk after a power cut, and what programs saw before it, by name.
type Image struct {
	Left map[string][]byte
	Seen map[string][]byte
	done chan struct{}
}

// Mount mounts an empty one at a folder. It needs root, in a namespace of its own at least.
func Mount(dir string) (*Disk, error) {
	d := &Disk{names: map[string]*file{}, kept: map[string]*file{}}
	long := time.Hour // nobody else changes anything
	options := &fs.Options{AttrTimeout: &long, EntryTimeout: &long}
	options.DirectMountStrict, options.FsName, options.Name = true, "forgetful", "forgetful"
	var err error
	if d.server, err = fs.Mount(dir, &folder{disk: d}, options); err != nil {
		return nil, fmt.Errorf("mount the file system of the test at %s (as root): %w", dir, err)
	}
	d.dir = dir
	return d, nil
}

// Unmount ends it, and waits until the kernel has let go of its files.
func (d *Disk) Unmount() error {
	if err := syscall.Unmount(d.dir, syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount %s: %w", d.dir, err)
	}
	d.server.Wait()
	return nil
}

// Syncs gives how often was synced since Mount.
func (d *Disk) Syncs() Syncs {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.syncs
}

// Break makes every sync fail from now on, and keep nothing.
func (d *Disk) Break() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = true
}

// errTwo is the error of a second Cut before the first has ended.
var errTwo = errors.New("a power cut is under way")

// Cut lets the disk change so many times more, and calls look with what a power cut then
// leaves, while whoever uses the disk waits. Then the disk goes on as if there had been
// none. Which of the changes that were not synced are left is r's choice.
func (d *Disk) Cut(ctx context.Context, steps int, r *rand.Rand, look func(*Image)) error {
	c := &cut{ctx, steps, make(chan *Image)}
	if !d.plan(c) {
		return errTwo
	}
	select {
	case image := <-c.image:
		defer close(image.done)
		image.fill(d, r)
		look(image)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *Disk) plan(c *cut) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.next != nil && d.next.ctx.Err() == nil {
		return false
	}
	d.next = c
	return true
}

// change runs fn, which changes the disk, and counts it. The power goes before it.
func (d *Disk) change(fn func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.next; c != nil {
		if c.steps--; c.steps < 0 {
			d.next = nil
			c.happen()
		}
	}
	fn()
}

// happen hands out an image and waits until it was looked at.
func (c *cut) happen() {
	image := &Image{done: make(chan struct{})}
	select {
	case c.image <- image:
		<-image.done
	case <-c.ctx.Done():
	}
}

// fill takes the image while change waits with the lock.
func (i *Image) fill(d *Disk, r *rand.Rand) {
	names, share := d.kept, r.Float64()
	switch r.IntN(4) {
	case 0:
		share = 0
	case 1:
		names, share = d.names, 1
	}
	i.Left, i.Seen = map[string][]byte{}, map[string][]byte{}
	for name, f := range names {
		i.Left[name] = f.left(r, share)
	}
	for name, f := range d.names {
		i.Seen[name] = f.now
	}
}

// sync keeps a file's content.
func (d *Disk) sync(f *file, data bool) (ok bool) {
	d.change(func() {
		if data {
			d.syncs.Data++
		} else {
			d.syncs.Full++
		}
		if ok = !d.broken; ok {
			f.sync()
		}
	})
	return ok
}

// syncNames keeps which files there are.
func (d *Disk) syncNames() (ok bool) {
	d.change(func() {
		if ok = !d.broken; ok {
			d.kept = maps.Clone(d.names)
		}
	})
	return ok
}
