package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

const (
	leaseFor   = 3 * time.Second
	renewEvery = leaseFor / 3
	askEvery   = leaseFor / 20
)

// lease makes one hub at a time the hub of a site. It ends by itself when the hub that holds
// it dies or stands still. A holder has an epoch, which the row that gives writers their turn
// has too: whoever wakes up after another has taken over finds another epoch there.
//
// The times are the server's. Renewals do not wait for the turn of a writer.
type lease struct {
	db    *sql.DB // one connection, so that a busy store does not hold up a renewal
	epoch int64
	lost  chan struct{} // closed when another hub has it
	stop  func()
	over  sync.WaitGroup
}

// acquire takes the lease. It waits for that of a hub that has just died to end.
func acquire(ctx context.Context, db *sql.DB) (*lease, error) {
	host, _ := os.Hostname() // only to say who
	holder := fmt.Sprintf("%s, process %d", host, os.Getpid())
	l := &lease{db: db, lost: make(chan struct{})}
	for deadline := time.Now().Add(leaseFor + renewEvery); ; {
		other, err := l.acquire(ctx, holder)
		if err != nil {
			return nil, err
		}
		if other == "" {
			break
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%w: %s", ErrInUse, other)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(askEvery):
		}
	}
	renewing, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	l.over.Go(func() { l.renew(renewing) })
	return l, nil
}

// acquire tries once, and says which other hub has the lease.
func (l *lease) acquire(ctx context.Context, holder string) (other string, err error) {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return "", err
	}
	defer func() { _ = tx.Rollback() }() // without effect after the commit
	err = tx.QueryRowContext(ctx, `UPDATE lease SET epoch = epoch + 1, holder = $1, until = clock_timestamp() + $2::interval
		WHERE until < clock_timestamp() RETURNING epoch`, holder, leaseFor.String()).Scan(&l.epoch)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.QueryRowContext(ctx, `SELECT holder FROM lease`).Scan(&other)
		return other, err
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, `UPDATE site SET epoch = $1`, l.epoch)
	}
	if err != nil {
		return "", err
	}
	return "", tx.Commit()
}

// renew goes on until another hub has the lease, whatever its errors are: without an answer
// from the server there is nobody else who could take over, and the epoch guards what is
// written.
func (l *lease) renew(ctx context.Context) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			done, err := l.db.ExecContext(ctx, `UPDATE lease SET until = clock_timestamp() + $1::interval WHERE epoch = $2`,
				leaseFor.String(), l.epoch)
			if err != nil {
				continue
			}
			if rows, err := done.RowsAffected(); err == nil && rows == 0 {
				close(l.lost)
				return
			}
		}
	}
}

// release lets the next hub in at once.
func (l *lease) release() error {
	l.stop()
	l.over.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), leaseFor)
	defer cancel()
	_, _ = l.db.ExecContext(ctx, `UPDATE lease SET until = '-infinity' WHERE epoch = $1`, l.epoch) // or it ends by itself
	return l.db.Close()
}

// guard gives a transaction its turn, if this hub still is the hub of the site.
func (l *lease) guard() string {
	return fmt.Sprintf(`SELECT seq FROM site WHERE epoch = %d FOR UPDATE`, l.epoch)
}
