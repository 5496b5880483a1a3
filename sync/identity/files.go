package identity

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"badged/internal/ownfile"
	"badged/internal/sitekey"
)

// The files of an identity, each with mode 0600. identity.json is written last: without it
// there is no identity.
const (
	fileKey     = "terminal.key"  // PKCS #8, PEM
	fileCert    = "terminal.crt"  // PEM
	fileCA      = "ca.crt"        // PEM
	fileSiteKey = "site.key"      // 64 hex digits
	fileAbout   = "identity.json" // about
)

// maxFile bounds what is read of a file.
const maxFile = 64 << 10

// about is what identity.json holds.
type about struct {
	Site           string `json:"site"`
	Terminal       string `json:"terminal"`
	MQTT           string `json:"mqtt"`
	HubKey         []byte `json:"hub_key"`
	SiteKeyVersion uint32 `json:"site_key_version"`
	Incarnation    []byte `json:"incarnation"`
}

func hasIdentity(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, fileAbout))
	return err == nil
}

// Load reads the identity in dir. An error is ErrNotJoined or ErrBadIdentity, or names the
// file that cannot be read and why.
func Load(dir string) (*Identity, error) {
	if _, err := os.Stat(filepath.Join(dir, fileAbout)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the identity in %s: %w", dir, ErrNotJoined)
	}
	files := map[string][]byte{}
	for _, name := range []string{fileAbout, fileKey, fileCert, fileCA, fileSiteKey} {
		b, err := readFile(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("read the identity in %s: %w", dir, err)
		}
		files[name] = b
	}
	id, err := parseFiles(files)
	if err != nil {
		return nil, fmt.Errorf("read the identity in %s: %w: %w", dir, err, ErrBadIdentity)
	}
	return &id, nil
}

// readFile reads a secret file. It fails if others than the owner may read it.
func readFile(path string) ([]byte, error) {
	b, err := ownfile.Read(path, ownfile.Secret, maxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %w", err, ErrBadIdentity)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%w (it must belong to the user that badged runs as)", err)
	case errors.Is(err, ownfile.ErrUnsafe):
		return nil, fmt.Errorf("%w; join anew if somebody could read or change it", err)
	}
	return b, err
}

func parseFiles(files map[string][]byte) (Identity, error) {
	var a about
	if err := json.Unmarshal(files[fileAbout], &a); err != nil {
		return Identity{}, fmt.Errorf("%s: %w", fileAbout, err)
	}
	key, err := parseKey(files[fileKey])
	if err != nil {
		return Identity{}, fmt.Errorf("%s: %w", fileKey, err)
	}
	cert, err := parseCertificate(files[fileCert])
	if err != nil {
		return Identity{}, fmt.Errorf("%s: %w", fileCert, err)
	}
	ca, err := parseCertificate(files[fileCA])
	if err != nil {
		return Identity{}, fmt.Errorf("%s: %w", fileCA, err)
	}
	site, err := parseSiteKey(a.SiteKeyVersion, files[fileSiteKey])
	if err != nil {
		return Identity{}, fmt.Errorf("%s: %w", fileSiteKey, err)
	}
	if len(a.Incarnation) != 16 {
		return Identity{}, fmt.Errorf("%s: the incarnation has a wrong length", fileAbout)
	}
	id := Identity{
		Site: a.Site, Terminal: a.Terminal, MQTT: a.MQTT, Key: key, Certificate: cert, CA: ca,
		HubKey: a.HubKey, SiteKey: site, Incarnation: [16]byte(a.Incarnation),
	}
	return id, id.check()
}

func parseKey(b []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("it is not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("it is not a PKCS #8 key")
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("it is not an Ed25519 key")
	}
	return key, nil
}

func parseCertificate(b []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("it is not a certificate in PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

func parseSiteKey(version uint32, b []byte) (sitekey.Key, error) {
	var raw [sitekey.Size]byte
	if len(b) != 2*len(raw)+1 {
		return sitekey.Key{}, errors.New("it has a wrong length")
	}
	if _, err := hex.Decode(raw[:], b[:2*len(raw)]); err != nil {
		return sitekey.Key{}, errors.New("it is not hex")
	}
	return sitekey.New(version, raw), nil
}

// Write stores the identity in dir, and makes dir if it does not exist. It replaces each file
// as a whole, identity.json last, so that a power cut leaves the former identity, none, or
// this one.
func Write(dir string, id Identity) error {
	if err := id.check(); err != nil {
		return fmt.Errorf("write the identity in %s: %w", dir, err)
	}
	key, err := marshalKey(id.Key)
	if err != nil {
		return fmt.Errorf("write the identity in %s: %w", dir, err)
	}
	text, err := json.MarshalIndent(about{id.Site, id.Terminal, id.MQTT, id.HubKey, id.SiteKey.Version, id.Incarnation[:]}, "", "  ")
	if err != nil {
		return fmt.Errorf("write the identity in %s: %w", dir, err)
	}
	site := id.SiteKey.Reveal()
	return writeFiles(dir, []file{
		{fileKey, key},
		{fileCert, marshalCertificate(id.Certificate)},
		{fileCA, marshalCertificate(id.CA)},
		{fileSiteKey, []byte(hex.EncodeToString(site[:]) + "\n")},
		{fileAbout, append(text, '\n')},
	})
}

// pendingKey returns the key of an interrupted join, or makes and stores a new one.
func pendingKey(dir string) (ed25519.PrivateKey, error) {
	if b, err := readFile(filepath.Join(dir, fileKey)); err == nil {
		if key, err := parseKey(b); err == nil {
			return key, nil
		}
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, fmt.Errorf("make the terminal's key: %w", err)
	}
	b, err := marshalKey(key)
	if err != nil {
		return nil, err
	}
	return key, writeFiles(dir, []file{{fileKey, b}})
}

func marshalKey(key ed25519.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func marshalCertificate(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

type file struct {
	name string
	body []byte
}

func writeFiles(dir string, files []file) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the identity folder: %w (it must be writable for the user that badged runs as)", err)
	}
	for _, f := range files {
		if err := writeFile(dir, f); err != nil {
			return err
		}
	}
	return nil
}

// writeFile replaces one file and returns once it and its name are on disk.
func writeFile(dir string, f file) error {
	tmp, err := os.CreateTemp(dir, "."+f.name+"-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write the identity: %w (the folder must be writable for the user that badged runs as)", err)
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	if _, err := tmp.Write(f.body); err != nil {
		return fmt.Errorf("write the identity: %w (is the disk full?)", err)
	}
	if err := tmp.Sync(); err != nil {
		return fmt.Errorf("write the identity: %w (is the disk full?)", err)
	}
	if err := os.Rename(tmp.Name(), filepath.Join(dir, f.name)); err != nil {
		return fmt.Errorf("write the identity: %w", err)
	}
	return syncDir(dir)
}

// syncDir writes the names in dir to disk. It ignores EINVAL, which file systems that cannot
// do that return.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("write the identity: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("write the identity: %w", err)
	}
	return nil
}
