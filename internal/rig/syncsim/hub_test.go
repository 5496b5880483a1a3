package syncsim

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"

	"badged/sync/hub/fleet"
)

func (w *world) ctx() context.Context { return context.Background() }

var hubSuffixes = []string{"", "-wal"}

// hubImage is a copy of the hub's disk, with the members that it knew.
type hubImage struct {
	files   map[string][]byte
	members []string
}

func (w *world) copyHub() hubImage {
	img := hubImage{map[string][]byte{}, slices.Clone(w.members)}
	for _, suffix := range hubSuffixes {
		data, err := os.ReadFile(w.hubPath() + suffix)
		if err == nil {
			img.files[suffix] = data
		} else if !errors.Is(err, fs.ErrNotExist) {
			w.must(err)
		}
	}
	return img
}

// startHub runs the hub from a disk.
func (w *world) startHub(img hubImage) {
	w.closeHub()
	for _, suffix := range append([]string{"-shm"}, hubSuffixes...) {
		_ = os.Remove(w.hubPath() + suffix)
	}
	for suffix, data := range img.files {
		w.must(os.WriteFile(w.hubPath()+suffix, data, 0o600))
	}
	w.members = slices.Clone(img.members)
	w.openHub()
}

func (w *world) crashHub() {
	w.logf("the hub crashes")
	w.startHub(w.copyHub())
}

func (w *world) backUpHub() {
	w.logf("the hub is backed up")
	w.must(w.hub.Backup(w.ctx(), func() error {
		w.hubPast = append(w.hubPast, w.copyHub())
		return nil
	}))
}

// restoreHub runs the hub from the first backup that was made.
func (w *world) restoreHub() { w.startHub(w.hubPast[0]) }

// putHubBack puts an older image on the hub's disk, mostly as badgehub restore does.
func (w *world) putHubBack() {
	if len(w.hubPast) == 0 {
		return
	}
	w.logf("the hub is put back")
	w.startHub(w.hubPast[w.rand.IntN(len(w.hubPast))])
	clear(w.ended)
	if w.chance(0.7) {
		w.change(fleet.MarkRestored)
	}
}

// member is somebody with a card.
func (w *world) member() string {
	if len(w.members) == 0 {
		return "nobody"
	}
	return w.members[w.rand.IntN(len(w.members))]
}

func (w *world) revokeSome() {
	if len(w.members) == 0 {
		return
	}
	badge := w.member()
	w.logf("%s is revoked", badge)
	w.revoked[badge] = true
	w.revoke(badge)
	for _, b := range w.boxes {
		b.recordDenied()
	}
}
