package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// pool is the connections of one kind, with the statements that are used so often
// that they are prepared once.
type pool struct {
	db       *sql.DB
	prepared map[string]*sql.Stmt
}

func newPool(ctx context.Context, d Database, db *sql.DB, hot []string) (*pool, error) {
	p := &pool{db: db, prepared: make(map[string]*sql.Stmt)}
	for _, query := range append(hot, d.Guard) {
		st, err := db.PrepareContext(ctx, d.Rebind(query))
		if err != nil {
			return p, fmt.Errorf("%w, in: %s", err, query)
		}
		p.prepared[query] = st
	}
	return p, nil
}

func (p *pool) close() error {
	var errs []error
	for _, st := range p.prepared {
		errs = append(errs, st.Close())
	}
	return errors.Join(errs...)
}
