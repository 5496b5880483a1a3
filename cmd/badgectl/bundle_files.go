package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"badged/firmware/board"
	"badged/firmware/bundle"
	"badged/internal/cli"
	"badged/internal/ownfile"
)

// makeKey writes a new key, over nothing that exists.
func makeKey(path string) (public bundle.Key, err error) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return public, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return public, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return public, err
	}
	if err := pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der}); err != nil {
		f.Close()
		return public, err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return public, err
	}
	return bundle.Key(pub), f.Close()
}

// readKeys reads private keys, which nobody else may read.
func readKeys(paths []string) (keys []ed25519.PrivateKey, err error) {
	for _, path := range paths {
		b, err := ownfile.Read(path, ownfile.Secret, 4096)
		if err != nil {
			return nil, fmt.Errorf("read the key: %w", err)
		}
		block, _ := pem.Decode(b)
		if block == nil {
			return nil, fmt.Errorf("read the key %s: it is no PEM (make one with `badgectl bundle key`)", path)
		}
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		key, ok := parsed.(ed25519.PrivateKey)
		if err != nil || !ok {
			return nil, fmt.Errorf("read the key %s: it is no Ed25519 key in PKCS #8 (make one with `badgectl bundle key`)", path)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func parseKeys(flag string, texts []string) (keys []bundle.Key, err error) {
	for _, text := range texts {
		k, err := bundle.ParseKey(text)
		if err != nil {
			return nil, cli.Usagef("%s: %w", flag, err)
		}
		keys = append(keys, k)
	}
	return keys, nil
}

func readTrustFile(path string) (bundle.TrustFile, error) {
	in, _, err := openSized(path)
	if err != nil {
		return bundle.TrustFile{}, err
	}
	defer in.Close()
	b, err := io.ReadAll(io.LimitReader(in, 1<<20))
	if err != nil {
		return bundle.TrustFile{}, err
	}
	f, err := bundle.ParseTrustFile(b)
	if err != nil {
		return f, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// replaceFile writes a file beside path and puts it in the place of path when it is whole.
func replaceFile(path string, write func(io.Writer) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	err = errors.Join(write(tmp), tmp.Chmod(0o644), tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// treeFile is one file of a release's folder.
type treeFile struct {
	path   string // in the bundle
	boards []string
	disk   string
}

// listTree lists the files of a folder that has a folder for each board, in order.
func listTree(folder string) (files []treeFile, boards []string, err error) {
	known := append(board.Names(), "all")
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		if !e.IsDir() {
			return nil, nil, fmt.Errorf("%s is no folder: files stand below the folder of their board, one of %s", filepath.Join(folder, e.Name()), strings.Join(known, ", "))
		}
		var of []string
		if e.Name() != "all" {
			if _, err := board.Find(e.Name()); err != nil {
				return nil, nil, fmt.Errorf("%s: %w, and a folder named all", filepath.Join(folder, e.Name()), err)
			}
			of = []string{e.Name()}
			boards = append(boards, e.Name())
		}
		below, err := listFiles(filepath.Join(folder, e.Name()), of)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, below...)
	}
	if len(boards) == 0 {
		return nil, nil, fmt.Errorf("%s has no folder of a board: one of %s", folder, strings.Join(board.Names(), ", "))
	}
	return files, boards, nil
}

func listFiles(root string, boards []string) (files []treeFile, err error) {
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if !e.Type().IsRegular() {
			return fmt.Errorf("%s is no regular file", path)
		}
		rel, err := filepath.Rel(root, path)
		files = append(files, treeFile{filepath.ToSlash(rel), boards, path})
		return err
	})
	return files, err
}

func addFile(d *bundle.Draft, f treeFile) error {
	in, err := os.Open(f.disk)
	if err != nil {
		return err
	}
	defer in.Close()
	return d.Add(f.path, f.boards, in)
}
