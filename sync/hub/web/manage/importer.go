package manage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"badged/internal/secret"
	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/roster"
)

// The bounds of imports on the web.
const (
	maxImportFile = 16 << 20
	importBatch   = 500 // lines that share a transaction
	previewLines  = 1000
	maxHeld       = 4 // files that wait for their confirmation
	heldFor       = 15 * time.Minute
)

// importer holds files between their preview and their confirmation, and brings those in that
// were confirmed, one after the other.
//
//	upload ─► held (15 minutes) ─► confirmed ─► running ─► done, or stopped with the hub: the
//	                                                        same file goes on where it stopped
type importer struct {
	Options
	work chan importJob

	mu   sync.Mutex // guards what follows
	held map[[32]byte]heldFile
}

// heldFile is a file that was shown and waits to be confirmed by who sent it.
type heldFile struct {
	name  string
	body  []byte
	by    people.ID
	until time.Time
}

// importJob is an import that was begun.
type importJob struct {
	id    people.ID
	sheet roster.Sheet
	by    audit.Actor
}

func newImporter(o Options) *importer {
	return &importer{Options: o, work: make(chan importJob, maxHeld), held: make(map[[32]byte]heldFile)}
}

// hold keeps a file for its sender, in place of the oldest one if there are too many.
func (i *importer) hold(f heldFile, now time.Time) [32]byte {
	sum := sha256.Sum256(f.body)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.forget(now)
	for len(i.held) >= maxHeld {
		i.dropOldest()
	}
	f.until = now.Add(heldFor)
	i.held[sum] = f
	return sum
}

func (i *importer) forget(now time.Time) {
	for sum, f := range i.held {
		if !now.Before(f.until) {
			delete(i.held, sum)
		}
	}
}

func (i *importer) dropOldest() {
	var oldest [32]byte
	var until time.Time
	for sum, f := range i.held {
		if until.IsZero() || f.until.Before(until) {
			oldest, until = sum, f.until
		}
	}
	delete(i.held, oldest)
}

// takeFile gives a held file to its sender, once.
func (i *importer) takeFile(sum [32]byte, by people.ID, now time.Time) (heldFile, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.forget(now)
	f, ok := i.held[sum]
	if !ok || f.by != by {
		return heldFile{}, false
	}
	delete(i.held, sum)
	return f, true
}

// run brings confirmed files in until ctx ends.
func (i *importer) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case job := <-i.work:
			if err := i.bringIn(ctx, job); err != nil && ctx.Err() == nil {
				i.Log.Error("an import stopped; the same file goes on where it stopped", "import", people.HexID(job.id), "error", err)
			}
		}
	}
}

func (i *importer) bringIn(ctx context.Context, job importJob) error {
	for more := true; more; {
		err := i.Store.Write(ctx, job.by, func(tx fleet.Tx) error {
			o, err := i.options(tx)
			if err != nil {
				return err
			}
			at, _, err := roster.Run(tx.Tx.Tx.Tx, job.id, job.sheet, o, importBatch)
			more = at.Done < at.Lines
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// options are those of a transaction. New accounts wait for their activation.
func (i *importer) options(tx fleet.Tx) (roster.Options, error) {
	site, err := access.Settings(tx.Tx.Tx)
	return roster.Options{
		State: people.Created, Zone: site.Location(),
		Give: func(a people.Account, number secret.Text) (bool, error) {
			if err := cmp.Or(people.NeedRight(tx.Tx.Tx.Tx, people.ManageCards), people.NeedRank(tx.Tx.Tx.Tx, a)); err != nil {
				return false, err
			}
			return access.GiveOnce(tx.Tx.Tx, i.Hub.SiteKey().Card(number.Reveal()), a.ID)
		},
	}, err
}

// preview tells what the first lines of a file would do, and changes nothing.
func (i *importer) preview(ctx context.Context, by audit.Actor, sheet roster.Sheet) (results []roster.Result, err error) {
	err = i.Store.Write(ctx, by, func(tx fleet.Tx) error {
		o, err := i.options(tx)
		if err != nil {
			return err
		}
		if results, err = roster.Preview(tx.Tx.Tx.Tx, sheet.Lines[:min(len(sheet.Lines), previewLines)], o); err != nil {
			return err
		}
		return roster.ErrPreview
	})
	if errors.Is(err, roster.ErrPreview) {
		err = nil
	}
	return results, err
}
