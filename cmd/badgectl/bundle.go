package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"badged/firmware/bundle"
	"badged/internal/cli"
)

func (a *app) bundle() *cobra.Command {
	cmd := cli.Group("bundle", "Make and verify the signed file that terminals are flashed and updated with",
		a.bundleKey(), a.bundleTrust(), a.bundleMake(), a.bundleSign(), a.bundleInspect(), a.bundleVerify())
	cmd.Example = "  badgectl bundle verify badged-1.4.0.bundle --trust badged.trust --board rpi-4"
	return cmd
}

func (a *app) bundleKey() *cobra.Command {
	return &cobra.Command{
		Use:   "key FILE",
		Short: "Make a key for signing, and print its public half",
		Long: "key writes a new Ed25519 key (PKCS #8, PEM, mode 0600) and prints the public half, which `bundle trust`\n" +
			"takes. Keep root keys on machines that have no network; two of three must sign a change of keys.",
		Example: "  badgectl bundle key root-1.key",
		Args:    cli.Args(1),
		RunE: func(_ *cobra.Command, args []string) error {
			public, err := makeKey(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.io.Out, public)
			return written(err)
		},
	}
}

// trustFlags are the flags of bundle trust.
type trustFlags struct {
	root, release           []string
	rootNeeds, releaseNeeds int
	previous, out           string
	keys                    []string
}

func (a *app) bundleTrust() *cobra.Command {
	var f trustFlags
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Say which keys may sign, and change them",
		Long: "trust writes the file of trust: which root keys may sign the next trust, and which keys releases. A\n" +
			"change needs signatures of the root keys before it and of its own; with --key it is signed at once,\n" +
			"and `bundle sign` adds the others, each on the machine where its key is. Bundles bring the file along.",
		Example: "  badgectl bundle trust --root K1,K2,K3 --root-needs 2 --release K4 --key root-1.key --key root-2.key --out badged.trust",
		Args:    cli.Args(0),
		RunE:    func(*cobra.Command, []string) error { return a.makeTrust(f) },
	}
	cmd.Flags().StringSliceVar(&f.root, "root", nil, "public root keys, as badgectl bundle key printed them")
	cmd.Flags().StringSliceVar(&f.release, "release", nil, "public keys that sign releases")
	cmd.Flags().IntVar(&f.rootNeeds, "root-needs", 2, "root keys that must sign")
	cmd.Flags().IntVar(&f.releaseNeeds, "release-needs", 1, "release keys that must sign")
	cmd.Flags().StringVar(&f.previous, "previous", "", "file of the trust that this one follows")
	cmd.Flags().StringArrayVar(&f.keys, "key", nil, "file of a root key that signs; may stand several times")
	cmd.Flags().StringVar(&f.out, "out", "badged.trust", "file to write")
	return cmd
}

func (a *app) makeTrust(f trustFlags) (err error) {
	t := bundle.Trust{Root: bundle.Role{Threshold: f.rootNeeds}, Release: bundle.Role{Threshold: f.releaseNeeds}}
	if t.Root.Keys, err = parseKeys("--root", f.root); err != nil {
		return err
	}
	if t.Release.Keys, err = parseKeys("--release", f.release); err != nil {
		return err
	}
	var file bundle.TrustFile
	if f.previous != "" {
		if file, err = readTrustFile(f.previous); err != nil {
			return err
		}
	}
	if file, err = bundle.NewTrustFile(file, t); err != nil {
		return cli.Usage(err)
	}
	keys, err := readKeys(f.keys)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := file.Sign(k); err != nil {
			return err
		}
	}
	if err := replaceFile(f.out, func(w io.Writer) error { _, err := w.Write(file.Bytes()); return err }); err != nil {
		return err
	}
	return a.sayTrust(f.out, file)
}

// sayTrust tells whether the file is signed by enough keys.
func (a *app) sayTrust(path string, file bundle.TrustFile) error {
	t, err := file.Trusted()
	if err != nil {
		_, err = fmt.Fprintf(a.io.Out, "%s: not yet signed by enough keys; next: badgectl bundle sign %s --key FILE\n", path, path)
		return written(err)
	}
	_, err = fmt.Fprintf(a.io.Out, "%s: trust %d, signed; %d of %d keys sign releases\n", path, t.Version, t.Release.Threshold, len(t.Release.Keys))
	return written(err)
}

// makeFlags are the flags of bundle make.
type makeFlags struct {
	release    bundle.Release
	trust, out string
	keys       []string
}

func (a *app) bundleMake() *cobra.Command {
	var f makeFlags
	cmd := &cobra.Command{
		Use:   "make FOLDER",
		Short: "Pack the files of a release into a bundle, and sign it",
		Long: "make packs a folder that has one folder for each board, named as `badgectl board list` does, and\n" +
			"perhaps one named all. Files that boards share are stored once. The same files make the same bundle.",
		Example: "  badgectl bundle make build/ --version 1.4.0 --sequence 14 --expires 2027-12-31 --trust badged.trust --key release.key --out badged-1.4.0.bundle",
		Args:    cli.Args(1),
		RunE:    func(_ *cobra.Command, args []string) error { return a.makeBundle(args[0], f) },
	}
	r := &f.release
	cmd.Flags().StringVar(&r.Version, "version", "", "version, for people")
	cmd.Flags().Uint64Var(&r.Sequence, "sequence", 0, "order of releases: higher than that of every release before")
	cmd.Flags().Uint64Var(&r.Minimum, "minimum", 0, "sequence of the oldest release that may be updated to this one in one step")
	cmd.Flags().Uint64Var(&r.Floor, "floor", 0, "sequence below which nothing is accepted once this is installed")
	cmd.Flags().StringVar(&r.Expires, "expires", "", "last day on which to install it, such as 2027-12-31")
	cmd.Flags().StringVar(&f.trust, "trust", "badged.trust", "file of trust")
	cmd.Flags().StringArrayVar(&f.keys, "key", nil, "file of a release key that signs; may stand several times")
	cmd.Flags().StringVar(&f.out, "out", "", "file to write")
	for _, needed := range []string{"version", "sequence", "expires", "out"} {
		_ = cmd.MarkFlagRequired(needed)
	}
	return cmd
}

func (a *app) makeBundle(folder string, f makeFlags) error {
	trust, err := readTrustFile(f.trust)
	if err != nil {
		return err
	}
	keys, err := readKeys(f.keys)
	if err != nil {
		return err
	}
	files, boards, err := listTree(folder)
	if err != nil {
		return err
	}
	f.release.Boards = boards
	draft, err := bundle.NewDraft(f.release)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := addFile(draft, file); err != nil {
			return err
		}
	}
	if err := replaceFile(f.out, func(w io.Writer) error { return draft.Write(w, trust, keys...) }); err != nil {
		return err
	}
	return a.inspect(f.out)
}

func (a *app) bundleSign() *cobra.Command {
	var keyFile string
	cmd := &cobra.Command{
		Use:     "sign FILE",
		Short:   "Add a signature to a bundle or to a file of trust",
		Long:    "sign adds the signature of one key. What it signs, `bundle inspect` tells before.",
		Example: "  badgectl bundle sign badged.trust --key root-2.key",
		Args:    cli.Args(1),
		RunE:    func(_ *cobra.Command, args []string) error { return a.sign(args[0], keyFile) },
	}
	cmd.Flags().StringVar(&keyFile, "key", "", "file of the key")
	_ = cmd.MarkFlagRequired("key")
	return cmd
}

func (a *app) sign(path, keyFile string) error {
	keys, err := readKeys([]string{keyFile})
	if err != nil {
		return err
	}
	if trust, err := readTrustFile(path); err == nil {
		if err := trust.Sign(keys[0]); err != nil {
			return err
		}
		if err := replaceFile(path, func(w io.Writer) error { _, err := w.Write(trust.Bytes()); return err }); err != nil {
			return err
		}
		return a.sayTrust(path, trust)
	} else if !errors.Is(err, bundle.ErrDamaged) {
		return err
	}
	return a.signBundle(path, keys[0])
}

func (a *app) signBundle(path string, key ed25519.PrivateKey) error {
	in, size, err := openSized(path)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := replaceFile(path, func(w io.Writer) error { return bundle.Sign(w, in, size, key) }); err != nil {
		return err
	}
	return a.inspect(path)
}

func (a *app) bundleInspect() *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:     "inspect FILE",
		Short:   "Tell what a bundle says of itself, and who signed it",
		Long:    "inspect tells what a bundle claims. Only `bundle verify` says whether that is to be believed.",
		Example: "  badgectl bundle inspect badged-1.4.0.bundle",
		Args:    cli.Args(1),
		RunE:    func(_ *cobra.Command, args []string) error { return a.inspect(args[0]) },
	})
}

// claims is what inspect prints as JSON.
type claims struct {
	Version  string       `json:"version"`
	Sequence uint64       `json:"sequence"`
	Minimum  uint64       `json:"minimum"`
	Floor    uint64       `json:"floor"`
	Expires  string       `json:"expires"`
	Boards   []string     `json:"boards"`
	Signers  []bundle.Key `json:"signers"`
	Trust    uint64       `json:"trust"`
	Files    []claimed    `json:"files"`
}

type claimed struct {
	Path   string      `json:"path"`
	Boards []string    `json:"boards"`
	Size   int64       `json:"size"`
	SHA256 bundle.Hash `json:"sha256"`
}

func (a *app) inspect(path string) error {
	in, size, err := openSized(path)
	if err != nil {
		return err
	}
	defer in.Close()
	c, err := bundle.Inspect(in, size)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	r := c.Release
	if a.json {
		out := claims{r.Version, r.Sequence, r.Minimum, r.Floor, r.Expires, r.Boards, c.Signers, c.Trust, nil}
		for _, f := range r.Files {
			out.Files = append(out.Files, claimed{f.Path, f.Boards, f.Size, f.SHA256})
		}
		return a.print(out)
	}
	fmt.Fprintf(a.io.Out, "%s: release %s, sequence %d, until %s, %s\n", path, r.Version, r.Sequence, r.Expires, megabytes(size))
	for _, f := range r.Files {
		boards := "all boards"
		if len(f.Boards) > 0 {
			boards = strings.Join(f.Boards, ", ")
		}
		fmt.Fprintf(a.io.Out, "  %-32s %10s  %s\n", f.Path, megabytes(f.Size), boards)
	}
	for _, k := range c.Signers {
		fmt.Fprintf(a.io.Out, "  signed by %s\n", k)
	}
	_, err = fmt.Fprintf(a.io.Out, "  not verified: badgectl bundle verify %s --trust FILE\n", path)
	return written(err)
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// verifyFlags are the flags of bundle verify.
type verifyFlags struct {
	trust    string
	terminal bundle.Terminal
}

func (a *app) bundleVerify() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Verify the signatures and every byte of a bundle",
		Long: "verify checks the signatures against a file of trust, reads every file of the bundle, and, with\n" +
			"--board, tells whether a terminal would take the release. It ends with 1 if not.",
		Example: "  badgectl bundle verify badged-1.4.0.bundle --trust badged.trust --board rpi-4 --installed 13",
		Args:    cli.Args(1),
		RunE:    func(_ *cobra.Command, args []string) error { return a.verify(args[0], f) },
	}
	cmd.Flags().StringVar(&f.trust, "trust", "badged.trust", "file of trust")
	cmd.Flags().StringVar(&f.terminal.Board, "board", "", "board of the terminal")
	cmd.Flags().Uint64Var(&f.terminal.Installed, "installed", 0, "sequence of the release that the terminal has")
	cmd.Flags().Uint64Var(&f.terminal.Floor, "floor", 0, "floor of the terminal")
	return cmd
}

func (a *app) verify(path string, f verifyFlags) error {
	b, done, err := openBundle(path, f.trust)
	if err != nil {
		return err
	}
	defer done()
	if f.terminal.Board != "" {
		f.terminal.Now = time.Now()
		if err := b.Release.Accept(f.terminal); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	p := a.progress("verified")
	if err := b.Check(p.show); err != nil {
		p.end()
		return fmt.Errorf("%s: %w", path, err)
	}
	p.end()
	_, err = fmt.Fprintf(a.io.Out, "%s: release %s, sequence %d, is signed by the keys of trust %d, and whole\n", path, b.Release.Version, b.Release.Sequence, b.Trust.Version)
	return written(err)
}

// openBundle opens a bundle and verifies its signatures; done closes it.
func openBundle(path, trustPath string) (b *bundle.Bundle, done func(), err error) {
	file, err := readTrustFile(trustPath)
	if err != nil {
		return nil, nil, err
	}
	trust, err := file.Trusted()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", trustPath, err)
	}
	in, size, err := openSized(path)
	if err != nil {
		return nil, nil, err
	}
	b, err = bundle.Open(in, size, trust)
	if err != nil {
		in.Close()
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, func() { in.Close() }, nil
}

func openSized(path string) (*os.File, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s has mode %v: it is no file", path, info.Mode())
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}
